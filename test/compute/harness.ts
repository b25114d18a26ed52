/** A pool over real worker threads, under a clock that moves when told. */
import { Pool, type PoolOptions } from '../../src/compute/pool.ts';
import { createThreads } from '../../src/compute/threads.ts';
import { FakeClock, settle } from '../support/clock.ts';

const WORKER = new URL('./worker.mjs', import.meta.url);

/** Long enough for any clock the tests wind. */
export const NEVER_MS = 1e12;

export interface PoolUnderTest {
  readonly pool: Pool;
  readonly clock: FakeClock;
  /** Lets the clock run, but only while tasks wait for it, until a promise is settled. @returns what it came to */
  wind<T>(promise: Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export function openPool(options: Partial<PoolOptions> = {}, worker = WORKER): PoolUnderTest {
  const clock = new FakeClock();
  const max = options.max ?? 1;
  const threads = createThreads({ max, worker });
  const pool = new Pool({ threads, max, queue: 100, clock, ...options });
  const wind = async <T>(promise: Promise<T>): Promise<T> => {
    let done = false;
    const settled = promise.finally(() => {
      done = true;
    });
    settled.catch(() => {});
    const working = () => pool.running === max || (pool.running > 0 && pool.waiting === 0);
    while (!done) await (working() ? settle(1) : clock.advance(10));
    return settled;
  };
  return { pool, clock, wind, close: () => wind(pool.close()) };
}

/** Lets threads run until a condition holds. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await settle(1);
}

export const sharedInts = (length: number) => new Int32Array(new SharedArrayBuffer(4 * length));

/** A gate for the kernel `hold`, and the order in which tasks came to it. */
export function gate() {
  const state = sharedInts(2);
  const order = sharedInts(64);
  return {
    args: (name: number) => [state, order, name],
    arrived: () => [...order.subarray(0, Atomics.load(state, 1))],
    open: () => {
      Atomics.store(state, 0, 1);
      Atomics.notify(state, 0);
    },
  };
}
