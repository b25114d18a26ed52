/** How many attempts are under way at once. */
import { expect, it } from 'vitest';
import { Room } from '../../src/webhooks/room.ts';
import { settle } from '../support/clock.ts';

/** Work that ends when told. */
function gate() {
  const open: (() => void)[] = [];
  const begun: string[] = [];
  const work = (name: string) => () => {
    begun.push(name);
    return new Promise<void>((resolve) => open.push(resolve));
  };
  return { begun, work, release: () => open.shift()?.() };
}

it('lets in so many in all, and so many of one tenant; others do not wait behind them', async () => {
  const room = new Room({ total: 3, perTenant: 2 });
  const { begun, work, release } = gate();
  const names = ['a1', 'a2', 'a3', 'b1', 'b2', 'c1'];
  const all = Promise.all(names.map((name) => room.run(name[0]!, work(name))));
  await settle();
  expect(begun).toEqual(['a1', 'a2', 'b1']);
  release();
  await settle();
  expect(begun.at(-1)).toBe('a3');
  for (let i = 0; i < names.length; i++) {
    expect(room.taken).toBeLessThanOrEqual(3);
    release();
    await settle();
  }
  await all;
  expect(begun).toEqual(['a1', 'a2', 'b1', 'a3', 'b2', 'c1']);
  expect(room.taken).toBe(0);
});

it('gives the place back when the work fails', async () => {
  const room = new Room({ total: 1, perTenant: 1 });
  await expect(room.run('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await room.run('a', async () => 7)).toBe(7);
});
