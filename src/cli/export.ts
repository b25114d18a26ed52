/**
 * `synod export`: writes a data directory out as a bundle.
 *
 * Synchronous from the first row to the last: LMDB keeps a read transaction for one turn of the event loop, so all tables
 * are read as of one moment while a server may go on writing; and memory stays bounded by one piece of output.
 */
import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { AppError, messageOf } from '../../actors/errors.ts';
import { text } from '../parsers.ts';
import { FORMAT } from '../store/lock.ts';
import { type Store, TABLES } from '../store/store.ts';
import { type Manifest, rowLine } from './bundle.ts';
import { DATA_OPTION, directoryOf, withData } from './data.ts';
import type { Command } from './options.ts';
import { formatBytes, formatCount } from './table.ts';

const PIECE_BYTES = 2 ** 20;
/** Between two tries to write into a pipe whose reader is busy. */
const WAIT_MS = 2;

export const exportData: Command = {
  summary: 'Writes a data directory as one checksummed file.',
  options: [
    DATA_OPTION,
    { name: 'out', value: 'FILE', help: 'Where to; - is standard output.', required: true, parse: text },
  ],
  run: async ({ options }) => {
    const data = directoryOf(options.data);
    const { rows, bytes } = await withData(data, (store) => exportTo(store, String(options.out)));
    process.stderr.write(`exported ${formatCount(rows)} rows of ${data}, ${formatBytes(bytes)}\n`);
    return 0;
  },
};

interface Written {
  readonly rows: number;
  readonly bytes: number;
}

function exportTo(store: Store, out: string): Written {
  if (out === '-') return writeBundle(store, 1);
  const found = statSync(out, { throwIfNoEntry: false });
  if (found !== undefined && !found.isFile()) {
    // A device or a named pipe is written into; a rename would replace it.
    return writeOpened(store, openForWriting(out, out, 'w'));
  }
  // Under its own name only when whole; an older bundle stays until then.
  const draft = `${out}.${process.pid}.part`;
  const file = openForWriting(draft, out, 'wx');
  try {
    const written = writeBundle(store, file);
    fsyncSync(file);
    renameSync(draft, out);
    return written;
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}

function writeOpened(store: Store, file: number): Written {
  try {
    return writeBundle(store, file);
  } finally {
    closeSync(file);
  }
}

function openForWriting(path: string, out: string, flags: 'w' | 'wx'): number {
  try {
    // Memories are nobody else's business.
    return openSync(path, flags, 0o600);
  } catch (cause) {
    throw new AppError('UNAVAILABLE', `${out} cannot be written: ${(cause as NodeJS.ErrnoException).code}`, { cause });
  }
}

function writeBundle(store: Store, file: number): Written {
  const hash = createHash('sha256');
  let pieces: string[] = [];
  let held = 0;
  let bytes = 0;
  let rows = 0;
  const flush = () => {
    const piece = Buffer.from(pieces.join(''));
    hash.update(piece);
    writeAll(file, piece);
    bytes += piece.length;
    pieces = [];
    held = 0;
  };
  const add = (line: string) => {
    pieces.push(line);
    held += line.length;
    if (held >= PIECE_BYTES) flush();
  };
  add(`${JSON.stringify(manifestOf(store))}\n`);
  for (const table of TABLES) {
    for (const { key, value } of store.range(table, { prefix: [] })) {
      add(rowLine(table, key, value));
      rows++;
    }
  }
  flush();
  const end = Buffer.from(`${JSON.stringify({ sha256: hash.digest('hex'), rows })}\n`);
  writeAll(file, end);
  return { rows, bytes: bytes + end.length };
}

function manifestOf(store: Store): Manifest {
  const tables = Object.fromEntries(TABLES.map((table) => [table, store.count(table)]));
  return { product: 'synod', format: FORMAT, created_at: new Date().toISOString(), tables };
}

function writeAll(file: number, bytes: Uint8Array): void {
  let at = 0;
  while (at < bytes.length) {
    try {
      at += writeSync(file, bytes, at);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EAGAIN') {
        throw new AppError('UNAVAILABLE', `the bundle cannot be written: ${messageOf(cause)}`, { cause });
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAIT_MS);
    }
  }
}
