/** Remembered replies do not stay for ever: one slow walk over the table deletes what nobody may ask for any more. */
import type { Clock } from '../../actors/ports.ts';
import type { Key, Op, Store } from '../store/store.ts';
import { decode } from './codec.ts';

/**
 * How long a reply is kept: the day clients are promised, and an hour more, so that a row is deleted only long after
 * others stopped to count on it.
 */
export const KEPT_MS = 25 * 3_600_000;
/** Rows looked at in one step. */
const CHUNK = 256;
const STEP_MS = 1_000;
/** Between two walks. */
const REST_MS = 600_000;

export class ReplySweep {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #ride: (ops: readonly Op[]) => void;
  #cursor: Key | undefined;
  #timer: { cancel(): void } | null = null;
  #running = false;

  /** @param ride takes rows along with the next commit */
  constructor(store: Store, clock: Clock, ride: (ops: readonly Op[]) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#ride = ride;
  }

  start(): void {
    this.#running = true;
    this.#after(REST_MS);
  }

  stop(): void {
    this.#running = false;
    this.#timer?.cancel();
  }

  #after(ms: number): void {
    if (!this.#running) return;
    this.#timer = this.#clock.setTimeout(() => this.#after(this.#step() ? STEP_MS : REST_MS), ms);
  }

  /** @returns whether there are rows left in this walk */
  #step(): boolean {
    const old = this.#clock.now() - KEPT_MS;
    const from = this.#cursor ? { from: this.#cursor } : {};
    const ops: Op[] = [];
    let looked = 0;
    this.#cursor = undefined;
    for (const { key, value } of this.#store.range('replay', { prefix: [], ...from, limit: CHUNK + 1 })) {
      if (looked++ === CHUNK) this.#cursor = key;
      else if (decode<{ at: number }>(value).at < old) ops.push({ op: 'del', table: 'replay', key });
    }
    if (ops.length > 0) this.#ride(ops);
    return this.#cursor !== undefined;
  }
}
