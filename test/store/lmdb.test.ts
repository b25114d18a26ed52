/** The durable store: the contract, and what only a disk can do to it. */
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openStore } from '../../src/store/index.ts';
import { openLmdbStore } from '../../src/store/lmdb.ts';
import type { Key, Op, Table } from '../../src/store/store.ts';
import { storeContract } from '../contract/store.ts';
import { runFixture } from './fixtures/child.ts';
import { type Compiled, compile } from './fixtures/compile.ts';

const put = (key: Key, size = 1, table: Table = 'log'): Op => ({ op: 'put', table, key, value: new Uint8Array(size) });

storeContract('the LMDB store', async () => {
  // A dot in the name: lmdb would take such a path for a file.
  const path = mkdtempSync(join(tmpdir(), 'synod.store-'));
  let store = await openLmdbStore({ path });
  return {
    store,
    reopen: async () => {
      await store.close();
      store = await openLmdbStore({ path });
      return store;
    },
    destroy: async () => {
      await store.close();
      rmSync(path, { recursive: true });
    },
  };
});

let path: string;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'synod-lmdb-'));
});
afterEach(() => rmSync(path, { recursive: true, force: true }));

it('is what a path opens', async () => {
  const store = await openStore({ data: join(path, 'new', 'directory') });
  expect(store.name).toBe('lmdb');
  await store.close();
});

it('grows with its data, and uses the room again', async () => {
  const store = await openLmdbStore({ path });
  for (let i = 0; i < 40; i++) await store.commit([put(['big', i], 1_000_000)]);
  const full = store.sizeBytes();
  expect(full).toBeGreaterThan(40_000_000);
  expect(store.count('log')).toBe(40);
  await store.commit([{ op: 'clear', table: 'log', prefix: ['big'] }]);
  for (let i = 0; i < 30; i++) await store.commit([put(['again', i], 1_000_000)]);
  expect(store.sizeBytes()).toBeLessThan(full * 1.2);
  await store.close();
});

/** As much of the meta pages as says how long the file should be. */
function missingBytes(): number {
  const file = readFileSync(join(path, 'data.mdb'));
  const pageBytes = file.readUInt32LE(48);
  const last = [0, pageBytes].map(
    (at) => [file.readBigUInt64LE(at + 152), Number(file.readBigUInt64LE(at + 144))] as const,
  );
  const [, lastPage] = last.sort(([a], [b]) => (a < b ? 1 : -1))[0]!;
  return (lastPage + 1) * pageBytes - file.length;
}

it('leaves no file that would have to be read whole at the next start', async () => {
  const store = await openLmdbStore({ path });
  await store.commit([put(['a'])]);
  // These pages come and go within a transaction, at the end of the file.
  await store.commit([put(['big'], 1_000_000), { op: 'del', table: 'log', key: ['big'] }]);
  const before = missingBytes();
  await store.close();
  expect(before).toBeGreaterThan(0);
  expect(missingBytes()).toBe(0);
  const again = await openLmdbStore({ path });
  expect(again.get('log', ['a'])).toHaveLength(1);
  await again.commit([put(['b'], 500_000)]);
  expect(again.get('log', ['b'])).toHaveLength(500_000);
  await again.close();
});

it('can be read while it is written, without a lock, but not written by a reader', async () => {
  const writer = await openLmdbStore({ path });
  await writer.commit([put(['a'])]);
  const reader = await openLmdbStore({ path, readOnly: true });
  expect(reader.count('log')).toBe(1);
  await expect(reader.commit([put(['b'])])).rejects.toMatchObject({ code: 'STORE_FAILED' });
  await reader.close();
  await writer.commit([put(['b'])]);
  await writer.close();
  const later = await openLmdbStore({ path, readOnly: true });
  expect([...later.range('log', { prefix: [] })].map((row) => row.key)).toEqual([['a'], ['b']]);
  await later.close();
});

describe('a damaged data file', () => {
  let file: string;
  beforeEach(async () => {
    file = join(path, 'data.mdb');
    const store = await openLmdbStore({ path });
    await store.commit(Array.from({ length: 2000 }, (_, i) => put(['k', i], 300)));
    await store.close();
  });
  const overwrite = (from: number, to: number) => {
    const content = readFileSync(file);
    for (let i = from; i < to; i++) content[i] = (i * 7919) % 251;
    writeFileSync(file, content);
  };

  it.each<[string, () => void]>([
    ['that is empty', () => truncateSync(file, 0)],
    ['of 100 bytes', () => truncateSync(file, 100)],
    ['of one page', () => truncateSync(file, 4096)],
    ['with nothing but its two meta pages', () => truncateSync(file, 8192)],
    ['cut in the middle', () => truncateSync(file, statSync(file).size >> 1)],
    ['of random bytes', () => overwrite(0, statSync(file).size)],
    ['with a bad second meta page', () => overwrite(4096, 8192)],
    ['that is a text', () => writeFileSync(file, 'hello')],
    ['that is gone', () => rmSync(file)],
  ])('%s is refused with its path', async (_, damage) => {
    damage();
    const refused = expect.objectContaining({ code: 'UNAVAILABLE', message: expect.stringContaining(file) });
    await expect(openLmdbStore({ path })).rejects.toEqual(refused);
    await expect(openLmdbStore({ path, readOnly: true })).rejects.toEqual(refused);
  });

  it('that lacks only its list of free pages is refused to a writer, and can still be read', async () => {
    truncateSync(file, statSync(file).size - 4096);
    await expect(openLmdbStore({ path })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    const store = await openLmdbStore({ path, readOnly: true });
    expect([...store.range('log', { prefix: ['k'] })]).toHaveLength(2000);
    await store.close();
  });

  it('that is only shorter than its page count is none: the missing pages are free', async () => {
    const content = readFileSync(file);
    for (const page of [0, 4096]) content.writeBigUInt64LE(content.readBigUInt64LE(page + 144) + 3n, page + 144);
    writeFileSync(file, content);
    const store = await openLmdbStore({ path });
    expect(store.count('log')).toBe(2000);
    await store.commit([put(['more'], 100_000)]);
    expect(store.get('log', ['more'])).toHaveLength(100_000);
    await store.close();
  });
});

describe('in a process of its own', () => {
  let compiled: Compiled;
  beforeAll(() => {
    compiled = compile();
  });
  afterAll(() => compiled.destroy());

  it('has every acknowledged commit after kill -9, and no half of any', async () => {
    let before = 0;
    for (const acks of [3, 40, 200, 500]) {
      const child = runFixture('writer.mjs', [compiled.module, path]);
      await child.line((line) => Number(line) >= before + acks);
      await child.kill();
      const acknowledged = Number(child.lines.at(-1));
      const store = await openLmdbStore({ path });
      const commits = store.count('log');
      expect(commits).toBeGreaterThan(acknowledged);
      expect(store.get('meta', ['last'])).toEqual(Uint8Array.of((commits - 1) >> 16, (commits - 1) >> 8, commits - 1));
      expect(store.count('outbox')).toBe(commits * 10);
      expect(store.count('event')).toBe(commits * 10);
      for (const { key, value } of store.range('outbox', { prefix: [] })) {
        const [n, i] = key as [number, number];
        expect(value.every((byte) => byte === (n & 255)) && value.length === (i === 7 ? 9000 : 50)).toBe(true);
      }
      before = commits;
      await store.close();
    }
  });

  it('refuses a commit the disk has no room for, keeps what it had, and goes on', async () => {
    // A limit on the size of files stands for a full disk: the write comes out short, in the same place.
    const shell = ['bash', '-c', 'ulimit -f 4096; exec "$@"', 'bash'];
    const child = runFixture('full-disk.mjs', [compiled.module, path], shell);
    await expect(child.line((line) => line === 'closed')).resolves.toBe('closed');
    const failed = 'STORE_FAILED';
    expect(child.lines.map((line) => line.replace(/(?<=STORE_FAILED) [^;]+/, ''))).toEqual([
      'first stored; sees 10 100',
      `huge ${failed}; sees undefined undefined`,
      `behind ${failed}; sees undefined undefined`,
      `huge again ${failed}; sees undefined undefined`,
      'afterwards stored; sees 10 100',
      'first is 100',
      'closed',
    ]);
    const store = await openLmdbStore({ path });
    expect([...store.range('log', { prefix: [] })].map((row) => row.key)).toEqual([['afterwards'], ['first']]);
    await store.commit([put(['huge'], 8_000_000)]);
    expect(store.get('log', ['huge'])).toHaveLength(8_000_000);
    await store.close();
  });
});
