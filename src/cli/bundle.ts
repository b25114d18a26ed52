/**
 * The bundle: a data directory as one JSONL file. First line the manifest, then one line per row `{t, k, v}` (table, key,
 * value in base64), last the SHA-256 of every byte before it and the number of rows.
 *
 * Reading is synchronous and piecewise, so a bundle of any size takes the memory of its longest line.
 */
import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';
import { AppError } from '../../actors/errors.ts';
import { encodeKey } from '../store/key.ts';
import { FORMAT } from '../store/lock.ts';
import { type Key, TABLES, type Table } from '../store/store.ts';

export interface Manifest {
  readonly product: 'synod';
  /** Of the data, not of the program. */
  readonly format: number;
  /** ISO 8601. */
  readonly created_at: string;
  /** Rows of each table. */
  readonly tables: Readonly<Record<string, number>>;
}

export interface BundleRow {
  readonly table: Table;
  readonly key: Key;
  readonly value: Uint8Array;
}

const CHUNK_BYTES = 2 ** 20;
/** A manifest is a few hundred bytes; whoever hands in something else hears so at once. */
const MAX_FIRST_LINE = 2 ** 16;
/** Values of any actor that works are far below. */
const MAX_LINE = 2 ** 28;

export function rowLine(table: Table, key: Key, value: Uint8Array): string {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return `${JSON.stringify({ t: table, k: key, v: bytes.toString('base64') })}\n`;
}

/**
 * Walks a bundle from its beginning and hands out its rows; a row is only as good as the walk that reaches the end.
 *
 * @param file open descriptor that can be read from any position
 * @throws AppError MALFORMED for what is no bundle, is cut off or was changed; UNAVAILABLE for one of a newer program
 */
export function* readBundle(file: number): Generator<BundleRow, Manifest> {
  const hash = createHash('sha256');
  let manifest: Manifest | undefined;
  let previous: Buffer | undefined;
  const counts: Record<string, number> = {};
  let rows = 0;
  for (const line of readLines(file)) {
    // One line behind: only the end shows which one was the last.
    if (previous !== undefined) {
      hash.update(previous).update('\n');
      const row = readRow(previous, rows + 2);
      counts[row.table] = (counts[row.table] ?? 0) + 1;
      rows++;
      yield row;
    }
    if (manifest === undefined) {
      manifest = readManifest(line);
      hash.update(line).update('\n');
    } else previous = line;
  }
  if (manifest === undefined) throw malformed('the file is empty, no bundle of synod');
  const end = previous === undefined ? undefined : parseObject(previous);
  if (typeof end?.sha256 !== 'string') throw malformed('the bundle is cut off: it does not end with its checksum');
  if (end.sha256 !== hash.digest('hex'))
    throw malformed('the bundle was changed or damaged: its checksum does not fit');
  const wanted = Object.values(manifest.tables).reduce((sum, count) => sum + count, 0);
  const fits = TABLES.every((table) => (manifest.tables[table] ?? 0) === (counts[table] ?? 0));
  if (end.rows !== rows || wanted !== rows || !fits) {
    throw malformed(`the bundle has ${rows} rows, its manifest says ${wanted}`);
  }
  return manifest;
}

/** Lines without their ends; what follows the last end is an error, since a bundle ends with one. */
function* readLines(file: number): Generator<Buffer> {
  let pieces: Buffer[] = [];
  let held = 0;
  let position = 0;
  let limit = MAX_FIRST_LINE;
  for (;;) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const length = readSync(file, chunk, 0, CHUNK_BYTES, position);
    if (length === 0) break;
    position += length;
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1 && end < length; end = chunk.indexOf(10, start)) {
      pieces.push(chunk.subarray(start, end));
      if (held + end - start > limit) throw tooLong(limit);
      yield pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
      pieces = [];
      held = 0;
      start = end + 1;
      limit = MAX_LINE;
    }
    pieces.push(chunk.subarray(start, length));
    held += length - start;
    if (held > limit) throw tooLong(limit);
  }
  if (held > 0 && limit === MAX_FIRST_LINE) readManifest(Buffer.concat(pieces));
  if (held > 0) throw malformed('the bundle is cut off: its last line has no end');
}

function tooLong(limit: number): AppError {
  if (limit === MAX_FIRST_LINE) return malformed('no bundle of synod: it does not start with a manifest');
  return malformed(`a line of the bundle is longer than ${MAX_LINE} bytes`);
}

function readManifest(line: Buffer): Manifest {
  const manifest = parseObject(line) as Partial<Manifest> | undefined;
  if (manifest?.product !== 'synod' || !Number.isInteger(manifest.format) || !isCounts(manifest.tables)) {
    throw malformed('no bundle of synod: it does not start with a manifest');
  }
  if (manifest.format! > FORMAT) {
    const facts = `the bundle has format ${manifest.format}, this program reads up to ${FORMAT}`;
    throw new AppError('UNAVAILABLE', `${facts}; upgrade synod`);
  }
  return manifest as Manifest;
}

function isCounts(value: unknown): value is Manifest['tables'] {
  return typeof value === 'object' && value !== null && Object.values(value).every(Number.isInteger);
}

function readRow(line: Buffer, number: number): BundleRow {
  const { t, k, v } = parseObject(line) ?? {};
  const known = (TABLES as readonly unknown[]).includes(t);
  const isKey = Array.isArray(k) && k.every((part) => typeof part === 'string' || typeof part === 'number');
  if (!known || !isKey || typeof v !== 'string') throw malformed(`line ${number} of the bundle is no row`);
  try {
    encodeKey(k as Key);
  } catch (cause) {
    throw malformed(`line ${number} of the bundle has a key the store cannot take`, cause);
  }
  return { table: t as Table, key: k as Key, value: Buffer.from(v, 'base64') };
}

function parseObject(line: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line.toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function malformed(message: string, cause?: unknown): AppError {
  return new AppError('MALFORMED', message, cause === undefined ? {} : { cause });
}
