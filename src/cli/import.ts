/**
 * `synod import`: makes a data directory from a bundle, whole or not at all.
 *
 * I1  Nothing is written before the checksum was found right.
 * I2  Everything is built in a folder of its own inside the directory; the data file is moved to its place last, by one
 *     rename, after the hash chain of every tenant held. A process that dies before leaves that folder and no data.
 * I3  On every failure the directory is as empty, or as absent, as it was.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { AppError } from '../../actors/errors.ts';
import { makeDirectories } from '../directories.ts';
import { text } from '../parsers.ts';
import { openStore } from '../store/index.ts';
import { refuseIfLocked } from '../store/lock.ts';
import { type Op, type Store, TABLES } from '../store/store.ts';
import { type Manifest, readBundle } from './bundle.ts';
import { openBundle } from './bundle-source.ts';
import { chainOf, DATA_OPTION, directoryOf, tenantsOf } from './data.ts';
import type { Command } from './options.ts';
import { formatCount } from './table.ts';

/** Rows and bytes of one commit. */
const MAX_ROWS = 2_000;
const MAX_BYTES = 8 * 2 ** 20;
/** Where the data is built, inside the directory: a rename works within one file system only. */
const WORKSHOP = '.importing';

export const importData: Command = {
  summary: 'Makes a new data directory from an exported file.',
  options: [
    DATA_OPTION,
    { name: 'in', value: 'FILE', help: 'Bundle; - is standard input.', required: true, parse: text },
  ],
  run: async ({ options }) => {
    const data = directoryOf(options.data);
    const file = await openBundle(String(options.in));
    try {
      requireEmpty(data);
      const rows = checkBundle(file);
      const tenants = await build(data, file);
      process.stderr.write(`imported ${formatCount(rows)} rows into ${data}; the chain of ${tenants} tenants holds\n`);
      return 0;
    } finally {
      closeSync(file);
    }
  },
};

/** I1. @returns the number of rows */
function checkBundle(file: number): number {
  let rows = 0;
  for (const _ of readBundle(file)) rows++;
  return rows;
}

function requireEmpty(data: string): void {
  let names: string[];
  try {
    names = readdirSync(data);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return;
    throw new AppError('UNAVAILABLE', `data directory ${data} cannot be read: ${code}`, { cause });
  }
  if (names.some((name) => name !== WORKSHOP)) {
    throw new AppError(
      'CONFLICT',
      `data directory ${data} is not empty; import makes a new one, choose another --data`,
    );
  }
}

/** I2, I3. @returns the number of tenants */
async function build(data: string, file: number): Promise<number> {
  const directory = resolve(data);
  const workshop = join(directory, WORKSHOP);
  const target = join(directory, 'data.mdb');
  // Before anything is there to be cleaned up.
  const interrupted = onInterrupt();
  const made = prepare(directory, workshop);
  let moved = false;
  try {
    const tenants = await fill(workshop, file, interrupted.check);
    // Somebody may have started a server here meanwhile; its data must not be replaced.
    requireEmpty(data);
    renameSync(join(workshop, 'data.mdb'), target);
    moved = true;
    renameSync(join(workshop, 'format.json'), join(directory, 'format.json'));
    rmSync(workshop, { recursive: true });
    syncDirectory(directory);
    return tenants;
  } catch (error) {
    rmSync(workshop, { recursive: true, force: true });
    if (moved) rmSync(target, { force: true });
    if (made !== undefined) removeEmpty(directory, made);
    throw error;
  } finally {
    interrupted.stop();
  }
}

/** @returns the outermost directory that had to be made */
function prepare(directory: string, workshop: string): string | undefined {
  try {
    const made = makeDirectories(directory);
    // Left behind by an import that died, unless one is at work there.
    refuseIfLocked(workshop);
    rmSync(workshop, { recursive: true, force: true });
    mkdirSync(workshop);
    return made;
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    throw new AppError('UNAVAILABLE', `data directory ${directory} cannot be written: ${code}`, { cause });
  }
}

/** Only then does a rename survive a power loss. */
function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r');
  fsyncSync(handle);
  closeSync(handle);
}

function removeEmpty(directory: string, outermost: string): void {
  for (let path = directory; path.length >= outermost.length; path = dirname(path)) {
    try {
      rmdirSync(path);
    } catch {
      // Somebody put something there meanwhile: it is theirs now.
      return;
    }
  }
}

async function fill(workshop: string, file: number, check: () => void): Promise<number> {
  const store = await openStore({ data: workshop });
  try {
    const manifest = await write(store, file, check);
    for (const table of TABLES) {
      const found = store.count(table);
      const wanted = manifest.tables[table] ?? 0;
      if (found !== wanted) throw new AppError('MALFORMED', `the bundle has rows of ${table} twice or more`);
    }
    return verify(store);
  } finally {
    await store.close();
  }
}

async function write(store: Store, file: number, check: () => void): Promise<Manifest> {
  const bundle = readBundle(file);
  let ops: Op[] = [];
  let bytes = 0;
  for (;;) {
    const { done, value } = bundle.next();
    if (done || ops.length >= MAX_ROWS || bytes >= MAX_BYTES) {
      await store.commit(ops);
      check();
      ops = [];
      bytes = 0;
    }
    if (done) return value;
    ops.push({ op: 'put', ...value });
    bytes += value.value.length;
  }
}

function verify(store: Store): number {
  const tenants = tenantsOf(store);
  for (const tenant of tenants) {
    const [fault] = chainOf(store, tenant).faults;
    if (fault !== undefined) {
      throw new AppError('MALFORMED', `the hash chain of "${tenant}" does not hold: ${fault}; nothing was imported`);
    }
  }
  return tenants.length;
}

/** Turns Ctrl-C into a failure like any other, so that it cleans up (I3). */
function onInterrupt(): { check(): void; stop(): void } {
  let signal: string | undefined;
  const listener = (name: NodeJS.Signals) => {
    signal = name;
  };
  process.on('SIGINT', listener).on('SIGTERM', listener);
  return {
    check: () => {
      if (signal !== undefined) throw new AppError('UNAVAILABLE', `interrupted by ${signal}; nothing was imported`);
    },
    stop: () => process.off('SIGINT', listener).off('SIGTERM', listener),
  };
}
