/** Worker threads that die. */
import { afterEach, describe, expect, it } from 'vitest';
import { gate, NEVER_MS, openPool, type PoolUnderTest, sharedInts, until } from './harness.ts';

describe('a worker thread that dies', () => {
  let open: PoolUnderTest | undefined;

  const start = (options: Parameters<typeof openPool>[0] = {}) => {
    open = openPool(options);
    return open;
  };

  afterEach(async () => {
    await open?.close();
    open = undefined;
  });

  it('is replaced, and its task is tried once more', async () => {
    const { pool, wind } = start();
    const tries = sharedInts(1);
    const first = pool.run('exitOnce', [tries], NEVER_MS);
    const second = pool.run('echo', ['behind it'], NEVER_MS);
    expect(await wind(first)).toBe('done');
    expect(await wind(second)).toBe('behind it');
    expect(tries[0]).toBe(2);
    expect(pool.counts).toMatchObject({ crashes: 1, pooled: 2 });
    expect(pool.healthy).toBe(true);
  });

  it.each(['exit', 'unpostable'])(
    'twice over one task (%s) is reported to its caller; others are served',
    async (kernel) => {
      const { pool, wind } = start();
      const doomed = pool.run(kernel, [], NEVER_MS);
      const other = pool.run('echo', [1], NEVER_MS);
      await expect(wind(doomed)).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        message: expect.stringContaining(`kernel ${kernel}: its worker thread died 2 times`),
      });
      expect(await wind(other)).toBe(1);
      expect(pool.counts.crashes).toBe(2);
    },
  );

  it('between two tasks is replaced without anybody noticing', async () => {
    const { pool, wind } = start();
    for (let i = 0; i < 3; i++) expect(await wind(pool.run('aftermath', [], NEVER_MS))).toBe('done');
    expect(await wind(pool.run('echo', [1], NEVER_MS))).toBe(1);
  });

  it('takes only its own task with it', async () => {
    const { pool, wind } = start({ max: 2 });
    const { args, open: letGo, arrived } = gate();
    const held = pool.run('hold', args(7), NEVER_MS);
    await until(() => arrived().length === 1);
    await expect(wind(pool.run('exit', [], NEVER_MS))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    letGo();
    expect(await held).toBe(7);
    expect(arrived()).toEqual([7]);
  });

  it('again and again makes the pool refuse for a while, then serve again', async () => {
    const { pool, wind } = start();
    const doomed = [1, 2, 3].map(() => pool.run('exit', [], NEVER_MS));
    const outcomes = await wind(Promise.allSettled(doomed));
    for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: { code: 'UNAVAILABLE' } });
    // Two tries each, and no more than three restarts in five seconds: the fourth death ends it.
    expect(pool.counts.crashes).toBe(4);
    expect(pool.healthy).toBe(false);
    await expect(pool.run('echo', [1], NEVER_MS)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      retryAfterMs: expect.any(Number),
    });
    await open!.clock.advance(5_000);
    expect(pool.healthy).toBe(true);
    expect(await wind(pool.run('echo', [1], NEVER_MS))).toBe(1);
  });

  it('before it is up fails the task, and does not leave it waiting', async () => {
    open = openPool({}, new URL('./no-such-worker.mjs', import.meta.url));
    const { pool, wind } = open;
    await expect(wind(pool.run('echo', [1], NEVER_MS))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('in the middle of an end does not keep the pool from ending', async () => {
    const { pool, wind } = start();
    const tries = sharedInts(1);
    const task = pool.run('exitOnce', [tries], NEVER_MS);
    const closing = pool.close();
    expect(await wind(task)).toBe('done');
    await wind(closing);
  });
});
