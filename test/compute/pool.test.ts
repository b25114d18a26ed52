/** The pool on real worker threads: order, bounds, deadlines, ends. */
import { afterEach, describe, expect, it } from 'vitest';
import { settle } from '../support/clock.ts';
import { gate, NEVER_MS, openPool, type PoolUnderTest, sharedInts, until } from './harness.ts';

describe('the pool', () => {
  let open: PoolUnderTest | undefined;

  const start = (options: Parameters<typeof openPool>[0] = {}) => {
    open = openPool(options);
    return open;
  };

  afterEach(async () => {
    await open?.close();
    open = undefined;
  });

  it('runs a kernel and brings its result, errors of the kernel included', async () => {
    const { pool } = start();
    expect(await pool.run('dot', [Float32Array.of(1, 2), Float32Array.of(3, 4)], NEVER_MS)).toBe(11);
    await expect(pool.run('throws', [], NEVER_MS)).rejects.toThrow(new RangeError('out of range'));
    await expect(pool.run('dot', [Float32Array.of(1), Float32Array.of(3, 4)], NEVER_MS)).rejects.toBeInstanceOf(
      TypeError,
    );
    expect(pool.counts).toMatchObject({ pooled: 3, crashes: 0 });
  });

  it('keeps the memory of its callers theirs', async () => {
    const { pool } = start();
    const pooled = Buffer.from('a small buffer shares its memory with others');
    const floats = Float32Array.of(1, 2, 3);
    expect(await pool.run('echo', [floats], NEVER_MS)).toEqual(floats);
    expect(Buffer.from((await pool.run('echo', [pooled], NEVER_MS)) as Uint8Array).equals(pooled)).toBe(true);
    expect(floats).toHaveLength(3);
    expect(pooled.toString()).toBe('a small buffer shares its memory with others');
  });

  it('shares shared memory in both directions', async () => {
    const { pool } = start();
    const rows = new Float64Array(new SharedArrayBuffer(32));
    rows.set([1, 0, 0, 1]);
    await pool.run('blendRows', [rows, Float64Array.of(3, 4), 1, rows], NEVER_MS);
    expect([...rows]).toEqual([0.6, 0.8, 0.6, 0.8]);
  });

  it('refuses a task that cannot be posted, and goes on', async () => {
    const { pool } = start();
    await expect(pool.run('echo', [() => {}], NEVER_MS)).rejects.toBeInstanceOf(TypeError);
    expect(await pool.run('echo', [1], NEVER_MS)).toBe(1);
    expect(pool.counts.crashes).toBe(0);
  });

  it('works first in, first out', async () => {
    const { pool } = start();
    const { args, open: letGo, arrived } = gate();
    const all = [1, 2, 3, 4, 5].map((name) => pool.run('hold', args(name), NEVER_MS));
    await until(() => arrived().length === 1);
    expect([pool.running, pool.waiting]).toEqual([1, 4]);
    letGo();
    expect(await Promise.all(all)).toEqual([1, 2, 3, 4, 5]);
    expect(arrived()).toEqual([1, 2, 3, 4, 5]);
  });

  it('uses as many threads as it may', async () => {
    const { pool } = start({ max: 2 });
    const { args, open: letGo, arrived } = gate();
    const all = [1, 2, 3].map((name) => pool.run('hold', args(name), NEVER_MS));
    await until(() => arrived().length === 2);
    expect([pool.running, pool.waiting]).toEqual([2, 1]);
    letGo();
    await Promise.all(all);
  });

  it('refuses what does not fit into its queue, and says when to come again', async () => {
    const { pool } = start({ queue: 2 });
    const { args, open: letGo, arrived } = gate();
    const all = [1, 2, 3].map((name) => pool.run('hold', args(name), NEVER_MS));
    await expect(pool.run('echo', [1], NEVER_MS)).rejects.toMatchObject({
      code: 'OVERLOADED',
      retryAfterMs: expect.any(Number),
    });
    expect(pool.counts).toMatchObject({ refused: 1, pooled: 3 });
    await until(() => arrived().length === 1);
    letGo();
    await Promise.all(all);
    expect(await pool.run('echo', [1], NEVER_MS)).toBe(1);
  });

  it('gives up a waiting task at its deadline; it never runs', async () => {
    const { pool, clock } = start();
    const { args, open: letGo, arrived } = gate();
    const first = pool.run('hold', args(1), NEVER_MS);
    const late = pool.run('hold', args(2), 1_000);
    const third = pool.run('hold', args(3), NEVER_MS);
    const failed = expect(late).rejects.toMatchObject({ code: 'DEADLINE', message: /hold.*1000 ms/ });
    await until(() => arrived().length === 1);
    await clock.advance(1_000);
    await failed;
    letGo();
    await Promise.all([first, third]);
    expect(arrived()).toEqual([1, 3]);
    expect(pool.counts).toMatchObject({ expired: 1, crashes: 0 });
  });

  it('stops a running kernel at its deadline, on the same thread', async () => {
    const { pool, clock } = start();
    const seen = sharedInts(1);
    const task = pool.run('patient', [seen], 1_000);
    const failed = expect(task).rejects.toMatchObject({ code: 'DEADLINE' });
    await until(() => Atomics.load(seen, 0) === 1);
    await clock.advance(1_000);
    await failed;
    await until(() => pool.running === 0);
    expect(Atomics.load(seen, 0)).toBe(2);
    // Whatever the clock does now, the thread is not killed for it.
    await clock.advance(10_000);
    expect(await pool.run('echo', [1], NEVER_MS)).toBe(1);
    expect(pool.counts.crashes).toBe(0);
  });

  it('kills a kernel that does not stop, and goes on with a new thread', async () => {
    const { pool, clock } = start({ graceMs: 500 });
    const seen = sharedInts(1);
    const failed = expect(pool.run('stubborn', [seen], 1_000)).rejects.toMatchObject({ code: 'DEADLINE' });
    const next = pool.run('echo', [1], NEVER_MS);
    await until(() => Atomics.load(seen, 0) === 1);
    await clock.advance(1_000);
    await failed;
    await settle();
    expect(pool.running).toBe(1);
    await clock.advance(500);
    expect(await next).toBe(1);
    expect(pool.counts).toMatchObject({ expired: 1, crashes: 0 });
  });

  it('works off what waits when it is closed, and takes no more', async () => {
    const { pool } = start();
    const { args, open: letGo, arrived } = gate();
    const all = [1, 2, 3].map((name) => pool.run('hold', args(name), NEVER_MS));
    await until(() => arrived().length === 1);
    let closed = false;
    const closing = pool.close().then(() => {
      closed = true;
    });
    await expect(pool.run('echo', [1], NEVER_MS)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await settle();
    expect(closed).toBe(false);
    letGo();
    expect(await Promise.all(all)).toEqual([1, 2, 3]);
    await closing;
  });

  it('closes at once without ever having been used', async () => {
    const { pool } = start();
    await pool.close();
    await expect(pool.run('echo', [1], NEVER_MS)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});
