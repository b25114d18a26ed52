/** The machine's clock. */
import type { Clock } from '../actors/ports.ts';

export class SystemClock implements Clock {
  now(): number {
    return Date.now();
  }

  monotonic(): number {
    return performance.now();
  }

  /** The timer keeps no process alive: what must finish is waited for by whoever closes the runtime. */
  setTimeout(fn: () => void, ms: number): { cancel(): void } {
    const timer = setTimeout(fn, ms);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  }
}
