/** Waiting, as a call or a stream does between two tries. */
import type { Backoff } from './options.ts';

/**
 * The wait after so many failures in a row: doubled each time, and drawn from the upper half, so that clients which
 * lost the same server do not all come back in the same moment.
 *
 * @param failures 1 for the first
 * @returns ms
 */
export function backoffMs({ firstMs, maxMs }: Backoff, failures: number): number {
  const full = Math.min(maxMs, firstMs * 2 ** (failures - 1));
  return full / 2 + (Math.random() * full) / 2;
}

/** @throws the signal's reason, at once */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });
}

/** A controller that another signal ends too, with the means to let go of that other one. */
export function controllerUnder(signal: AbortSignal | undefined): { controller: AbortController; release(): void } {
  const controller = new AbortController();
  const stop = () => controller.abort(signal?.reason);
  if (signal?.aborted) stop();
  signal?.addEventListener('abort', stop, { once: true });
  return { controller, release: () => signal?.removeEventListener('abort', stop) };
}
