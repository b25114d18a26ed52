/** Room for open streams: each holds a connection, a subscription and its buffer, so their number is bounded. */
import { AppError } from '../../actors/errors.ts';
import type { Config } from '../config.ts';

/** When a stream may have ended; nothing tells. */
const RETRY_MS = 5_000;

export class Places {
  readonly #bounds: Pick<Config, 'maxStreams' | 'maxStreamsPerTenant'>;
  readonly #taken = new Map<string, number>();
  /** How to end each of those that are open. */
  readonly #open = new Set<() => void>();
  #closed = false;

  constructor(bounds: Pick<Config, 'maxStreams' | 'maxStreamsPerTenant'>) {
    this.#bounds = bounds;
  }

  /**
   * @throws AppError RATE_LIMITED when the caller has as many as it may, OVERLOADED when everybody together has,
   * UNAVAILABLE when nobody is let in any more
   */
  require(tenant: string): void {
    if (this.#closed) throw new AppError('UNAVAILABLE', 'server is shutting down');
    const { maxStreams, maxStreamsPerTenant } = this.#bounds;
    const own = this.#taken.get(tenant) ?? 0;
    if (own >= maxStreamsPerTenant) {
      throw new AppError('RATE_LIMITED', `${own} streams of this caller are open, no more may be`, {
        retryAfterMs: RETRY_MS,
      });
    }
    if (this.#open.size >= maxStreams) {
      throw new AppError('OVERLOADED', 'the server has as many open streams as it may', { retryAfterMs: RETRY_MS });
    }
  }

  /**
   * @param end ends the stream, when nobody may stay
   * @returns gives the place back; a second call does nothing
   */
  take(tenant: string, end: () => void): () => void {
    const one = () => end();
    this.#open.add(one);
    this.#taken.set(tenant, (this.#taken.get(tenant) ?? 0) + 1);
    return () => {
      if (!this.#open.delete(one)) return;
      const left = (this.#taken.get(tenant) ?? 0) - 1;
      if (left > 0) this.#taken.set(tenant, left);
      else this.#taken.delete(tenant);
    };
  }

  /** Ends every open stream and lets nobody in any more. */
  close(): void {
    this.#closed = true;
    for (const end of [...this.#open]) end();
  }
}
