/** Room for open streams: each holds a socket, a subscription and its buffer, so their number is bounded. */
import { AppError } from '../../actors/errors.ts';
import type { Config } from '../config.ts';

/** When a stream may have ended; nothing tells. */
const RETRY_MS = 5_000;

export class Places {
  readonly #bounds: Pick<Config, 'maxStreams' | 'maxStreamsPerTenant'>;
  readonly #taken = new Map<string, number>();
  #all = 0;

  constructor(bounds: Pick<Config, 'maxStreams' | 'maxStreamsPerTenant'>) {
    this.#bounds = bounds;
  }

  /** @throws AppError RATE_LIMITED when the caller has as many as it may, OVERLOADED when everybody together has */
  require(tenant: string): void {
    const { maxStreams, maxStreamsPerTenant } = this.#bounds;
    const own = this.#taken.get(tenant) ?? 0;
    if (own >= maxStreamsPerTenant) {
      throw new AppError('RATE_LIMITED', `${own} streams of this caller are open, no more may be`, {
        retryAfterMs: RETRY_MS,
      });
    }
    if (this.#all >= maxStreams) {
      throw new AppError('OVERLOADED', 'the server has as many open streams as it may', { retryAfterMs: RETRY_MS });
    }
  }

  take(tenant: string): void {
    this.#all++;
    this.#taken.set(tenant, (this.#taken.get(tenant) ?? 0) + 1);
  }

  leave(tenant: string): void {
    this.#all--;
    const left = (this.#taken.get(tenant) ?? 0) - 1;
    if (left > 0) this.#taken.set(tenant, left);
    else this.#taken.delete(tenant);
  }
}
