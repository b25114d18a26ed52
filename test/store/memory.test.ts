/** The memory store: the contract, and the failures a test can make. */
import { expect, it } from 'vitest';
import { openStore } from '../../src/store/index.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import type { Key, Op } from '../../src/store/store.ts';
import { storeContract } from '../contract/store.ts';

storeContract('the memory store', async () => {
  const store = createMemoryStore();
  return { store, destroy: () => store.close() };
});

const put = (...key: Key): Op => ({ op: 'put', table: 'log', key, value: Uint8Array.of(1) });

it('is what `:memory:` opens', async () => {
  const store = await openStore({ data: ':memory:' });
  expect(store.name).toBe('memory');
  await store.close();
});

it('fails a commit when beforeCommit throws, and applies nothing of it', async () => {
  let full = false;
  const disk = new Error('no space');
  const store = createMemoryStore({
    beforeCommit: async () => {
      if (full) throw disk;
    },
  });
  await store.commit([put('a')]);
  full = true;
  await expect(store.commit([put('b'), { op: 'clear', table: 'log', prefix: [] }])).rejects.toMatchObject({
    code: 'STORE_FAILED',
    cause: disk,
  });
  full = false;
  await store.commit([put('c')]);
  expect([...store.range('log', { prefix: [] })].map((row) => row.key)).toEqual([['a'], ['c']]);
});

it('fails the commits called behind a failing one, and takes the ones called after it was reported', async () => {
  let calls = 0;
  const store = createMemoryStore({
    beforeCommit: () => {
      if (++calls === 2) throw new Error('no space');
    },
  });
  const all = ['a', 'b', 'c', 'd'].map((key) => store.commit([put(key)]));
  const outcomes = await Promise.allSettled(all);
  expect(outcomes.map((outcome) => outcome.status)).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected']);
  await store.commit([put('e')]);
  expect([...store.range('log', { prefix: [] })].map((row) => row.key)).toEqual([['a'], ['e']]);
});

it('hands each commit to beforeCommit alone and in order', async () => {
  const seen: unknown[] = [];
  let running = 0;
  const store = createMemoryStore({
    beforeCommit: async (ops) => {
      expect(++running).toBe(1);
      await new Promise(setImmediate);
      seen.push(...ops.map((op) => op.op === 'put' && op.key[0]));
      running--;
    },
  });
  await Promise.all([1, 2, 3].map((n) => store.commit([put(n)])));
  expect(seen).toEqual([1, 2, 3]);
});

it('inserts and deletes anywhere among 100,000 rows without moving them all', async () => {
  const store = createMemoryStore();
  const order = Array.from({ length: 100_000 }, (_, i) => (i * 61_813) % 100_000);
  await store.commit(order.map((n) => put(n)));
  expect(store.count('log')).toBe(100_000);
  await store.commit(order.filter((n) => n % 3 > 0).map((n): Op => ({ op: 'del', table: 'log', key: [n] })));
  const left = [...store.range('log', { prefix: [] })].map((row) => row.key[0]);
  expect(left).toEqual(Array.from({ length: 33_334 }, (_, i) => i * 3));
});
