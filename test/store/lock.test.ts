/** Who may open a data directory, and what the others are told. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openLmdbStore } from '../../src/store/lmdb.ts';
import { runFixture } from './fixtures/child.ts';
import { type Compiled, compile } from './fixtures/compile.ts';

let path: string;
let lock: string;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'synod-lock-'));
  lock = join(path, 'lock.json');
});
afterEach(() => rmSync(path, { recursive: true, force: true }));

const inUse = (pid: number | undefined) =>
  `data directory ${path} is in use by process ${pid}; stop it, or choose another --data`;
const refused = (message: unknown) => expect.objectContaining({ code: 'UNAVAILABLE', message });
const deadPid = () => spawnSync(process.execPath, ['-e', '']).pid;

describe('the lock', () => {
  it('names its process, refuses a second opening, and goes with close', async () => {
    const store = await openLmdbStore({ path });
    expect(JSON.parse(readFileSync(lock, 'utf8'))).toMatchObject({ pid: process.pid, hostname: hostname() });
    await expect(openLmdbStore({ path })).rejects.toEqual(refused(inUse(process.pid)));
    // The refused one must not have disturbed the first.
    await store.commit([{ op: 'put', table: 'log', key: ['a'], value: Uint8Array.of(1) }]);
    await store.close();
    expect(existsSync(lock)).toBe(false);
    const next = await openLmdbStore({ path });
    expect(next.count('log')).toBe(1);
    await next.close();
    await store.close();
  });

  it('goes to one of two openings at once', async () => {
    const outcomes = await Promise.allSettled([openLmdbStore({ path }), openLmdbStore({ path })]);
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['fulfilled', 'rejected']);
    if (outcomes[0].status === 'fulfilled') await outcomes[0].value.close();
  });

  it('is not taken and not asked for by a reader', async () => {
    const writer = await openLmdbStore({ path });
    const reader = await openLmdbStore({ path, readOnly: true });
    await writer.close();
    await reader.close();
    await (await openLmdbStore({ path, readOnly: true })).close();
    expect(existsSync(lock)).toBe(false);
  });

  it.each<[string, () => unknown]>([
    ['a process that is gone', () => ({ pid: deadPid(), started: null, hostname: hostname() })],
    ['a pid that belongs to another process now', () => ({ pid: process.pid, started: 'x:1', hostname: hostname() })],
    ['nobody', () => ({})],
  ])('of %s is stale', async (_, owner) => {
    writeFileSync(lock, JSON.stringify(owner()));
    const store = await openLmdbStore({ path });
    expect(JSON.parse(readFileSync(lock, 'utf8')).pid).toBe(process.pid);
    await store.close();
  });

  it('that is no JSON is stale', async () => {
    writeFileSync(lock, '{"pid":');
    await (await openLmdbStore({ path })).close();
  });

  it('of another machine is respected, and the message says how to break it', async () => {
    writeFileSync(lock, JSON.stringify({ pid: 7, started: null, hostname: 'elsewhere' }));
    const message = `data directory ${path} is in use by process 7 on elsewhere; if that program is gone, delete ${lock}`;
    await expect(openLmdbStore({ path })).rejects.toEqual(refused(message));
  });
});

describe('the lock between processes', () => {
  let compiled: Compiled;
  beforeAll(() => {
    compiled = compile();
  });
  afterAll(() => compiled.destroy());
  const opener = () => runFixture('opener.mjs', [compiled.module, path]);

  it('refuses the second process, and is stale at once after kill -9', async () => {
    const first = opener();
    await first.line((line) => line === 'open');
    const second = opener();
    await expect(second.line(() => true)).resolves.toBe(`refused UNAVAILABLE ${inUse(first.process.pid)}`);
    await expect(openLmdbStore({ path })).rejects.toEqual(refused(inUse(first.process.pid)));
    await first.kill();
    expect(existsSync(lock)).toBe(true);
    await (await openLmdbStore({ path })).close();
    await second.ended;
  });

  it('is given free by a process that closes', async () => {
    const child = opener();
    await child.line((line) => line === 'open');
    child.process.stdin?.end();
    await expect(child.ended).resolves.toBe(0);
    expect(existsSync(lock)).toBe(false);
  });

  it('goes to exactly one of many processes that find a stale one', async () => {
    for (let round = 0; round < 4; round++) {
      writeFileSync(lock, JSON.stringify({ pid: deadPid(), started: null, hostname: hostname() }));
      const children = Array.from({ length: 6 }, opener);
      const lines = await Promise.all(children.map((child) => child.line(() => true)));
      const winner = children[lines.indexOf('open')]!;
      expect(lines.filter((line) => line === 'open')).toHaveLength(1);
      const told = `refused UNAVAILABLE ${inUse(winner.process.pid)}`;
      expect(lines.filter((line) => line === told)).toHaveLength(5);
      await Promise.all(children.map((child) => child.kill()));
    }
  });
});

describe('the directory', () => {
  it('is made with all its parents, and holds no litter', async () => {
    const deep = join(path, 'a', 'b.c');
    await (await openLmdbStore({ path: deep })).close();
    expect(readdirSync(deep).sort()).toEqual(['data.mdb', 'format.json', 'lock.mdb']);
    expect(JSON.parse(readFileSync(join(deep, 'format.json'), 'utf8'))).toEqual({ format: 1, product: 'synod' });
  });

  it('below a link that leads nowhere is refused', async () => {
    const link = join(path, 'link');
    symlinkSync(join(path, 'nowhere', 'at all'), link);
    for (const wrong of [link, join(link, 'below')]) {
      const message = `data directory ${wrong} cannot be written: ENOENT`;
      await expect(openLmdbStore({ path: wrong })).rejects.toEqual(refused(message));
    }
  });

  it('that is a file, or below one, is refused', async () => {
    const file = join(path, 'file');
    writeFileSync(file, '');
    for (const wrong of [file, join(file, 'below')]) {
      const message = `data directory ${wrong} cannot be written: ENOTDIR`;
      await expect(openLmdbStore({ path: wrong })).rejects.toEqual(refused(message));
    }
    const message = `data directory ${file} cannot be read: ENOTDIR`;
    await expect(openLmdbStore({ path: file, readOnly: true })).rejects.toEqual(refused(message));
  });

  it('that is missing is refused to a reader, and so is one without data', async () => {
    const missing = join(path, 'missing');
    const message = `data directory ${missing} cannot be read: ENOENT`;
    await expect(openLmdbStore({ path: missing, readOnly: true })).rejects.toEqual(refused(message));
    expect(existsSync(missing)).toBe(false);
    await expect(openLmdbStore({ path, readOnly: true })).rejects.toEqual(
      refused(expect.stringContaining(join(path, 'data.mdb'))),
    );
  });

  it('without permission is refused', async () => {
    const forbidden = join(path, 'forbidden');
    chmodSync(path, 0o755);
    mkdirSync(forbidden, { mode: 0o500 });
    // Permissions do not stop root, so root becomes nobody for a moment.
    const root = process.getuid?.() === 0;
    if (root) process.seteuid?.(65_534);
    try {
      const message = `data directory ${forbidden} cannot be written: EACCES`;
      await expect(openLmdbStore({ path: forbidden })).rejects.toEqual(refused(message));
    } finally {
      if (root) process.seteuid?.(0);
    }
  });

  it('of a newer format is refused, before anything is touched', async () => {
    writeFileSync(join(path, 'format.json'), '{"format":2,"product":"synod"}');
    const message = `data directory ${path} has format 2, this program reads up to 1; upgrade synod`;
    await expect(openLmdbStore({ path })).rejects.toEqual(refused(message));
    await expect(openLmdbStore({ path, readOnly: true })).rejects.toEqual(refused(message));
    expect(readdirSync(path)).toEqual(['format.json']);
  });

  it.each(['', 'nonsense', '{"format":1,"product":"other"}', '{"format":"1","product":"synod"}'])(
    'with the format file %j is refused',
    async (content) => {
      writeFileSync(join(path, 'format.json'), content);
      const message = expect.stringContaining('is not a format file of synod');
      await expect(openLmdbStore({ path })).rejects.toEqual(refused(message));
    },
  );
});
