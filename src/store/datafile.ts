/**
 * Looks at an LMDB file before LMDB does: whatever is wrong with the file or its directory when an environment opens,
 * lmdb 3.5.6 answers with SIGSEGV, SIGBUS or an assertion (measured: empty to 8 KB long, garbage, cut off, a bad second
 * meta page), and no `catch` helps against those.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, closeSync, constants, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { AppError } from '../../actors/errors.ts';
import { TABLES } from './store.ts';

const MAGIC = 0xbeefc0de;
const DATA_VERSION = 2;
/** Flag of a page that holds meta data. */
const P_META = 0x08;
/** Up to and including the transaction id. Offsets below are `MDB_page_header` and `MDB_meta` of lmdb-data-v2. */
const HEADER_BYTES = 160;

interface Meta {
  readonly pageBytes: number;
  readonly lastPage: number;
  readonly transaction: bigint;
}

function readMeta(file: number, offset: number): Meta | undefined {
  const page = Buffer.alloc(HEADER_BYTES);
  if (readSync(file, page, 0, HEADER_BYTES, offset) < HEADER_BYTES) return undefined;
  const pageBytes = page.readUInt32LE(48);
  const sound =
    (page.readUInt16LE(18) & P_META) !== 0 &&
    page.readUInt32LE(24) === MAGIC &&
    (page.readUInt32LE(28) & 0xffff) === DATA_VERSION &&
    pageBytes >= 256 &&
    pageBytes <= 65_536 &&
    (pageBytes & (pageBytes - 1)) === 0;
  if (!sound) return undefined;
  return { pageBytes, lastPage: Number(page.readBigUInt64LE(144)), transaction: page.readBigUInt64LE(152) };
}

// Reads every row, then (a writer) every page a write would touch, and changes nothing.
const PROBE = `
const { open, ABORT } = require(process.argv[1]);
const readOnly = process.argv[3] === 'read';
const root = open({ path: process.argv[2], readOnly, noSubdir: false, maxDbs: 32, overlappingSync: false, encoding: 'binary' });
for (const name of process.argv.slice(4)) {
  const table = root.openDB(name, { encoding: 'binary', keyEncoding: 'binary', create: false });
  if (table) for (const row of table.getRange({})) row.value.length;
}
if (!readOnly) root.transactionSync(() => { root.putSync('\\u0001probe', Buffer.alloc(9000)); return ABORT; });
process.stdout.write('sound', () => process.kill(process.pid, 'SIGKILL'));
`;

/** Lets another process read the whole file, because a missing page kills the process that reads it. */
function survivesReading(directory: string, readOnly: boolean): boolean {
  const lmdb = createRequire(import.meta.url).resolve('lmdb');
  const args = ['--input-type=commonjs', '-e', PROBE, lmdb, directory, readOnly ? 'read' : 'write', ...TABLES];
  return spawnSync(process.execPath, args, { encoding: 'utf8' }).stdout?.endsWith('sound') ?? false;
}

/** Bytes up to the last page that was ever in use. @throws AppError UNAVAILABLE for what is no LMDB file */
function wantedBytes(file: number, path: string): number {
  const first = readMeta(file, 0);
  if (first === undefined) throw damaged(path, 'it does not start like an LMDB file');
  const second = readMeta(file, first.pageBytes);
  if (second?.pageBytes !== first.pageBytes) throw damaged(path, 'its second meta page is unreadable');
  const { lastPage } = first.transaction >= second.transaction ? first : second;
  return (lastPage + 1) * first.pageBytes;
}

/**
 * Makes the file as long as it says it is, so that the next start need not have all of it read to know that nothing in use
 * is missing: 8 s for a million events. To be called by the one process that writes it, while it does not write.
 */
export function completeDataFile(directory: string): void {
  const path = join(directory, 'data.mdb');
  const file = openSync(path, 'r+');
  try {
    const wanted = wantedBytes(file, path);
    if (fstatSync(file).size < wanted) ftruncateSync(file, wanted);
  } finally {
    closeSync(file);
  }
}

function damaged(path: string, reason: string): AppError {
  return new AppError('UNAVAILABLE', `data file ${path} is damaged: ${reason}; restore it from a backup`);
}

/**
 * Checks that LMDB can open the data file of this directory without dying.
 *
 * @param mustExist whether a missing or empty file means that data got lost, rather than that there was none yet
 * @throws AppError UNAVAILABLE when the file is missing, unreadable, or no complete LMDB file
 */
export function checkDataFile(directory: string, mustExist: boolean, readOnly: boolean): void {
  const path = join(directory, 'data.mdb');
  const mode = constants.R_OK | (readOnly ? 0 : constants.W_OK);
  let file: number;
  try {
    accessSync(path, mode);
    file = openSync(path, 'r');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' && !mustExist) return;
    throw new AppError('UNAVAILABLE', `data file ${path} cannot be opened: ${code}`, { cause });
  }
  try {
    const { size } = fstatSync(file);
    if (size === 0 && !mustExist) return;
    const wanted = wantedBytes(file, path);
    // A sound file may be shorter: LMDB does not write pages at the end that were used and freed in one transaction.
    if (size < wanted && !survivesReading(directory, readOnly)) {
      throw damaged(path, `it has ${size} bytes of ${wanted}, and pages in use are missing`);
    }
  } finally {
    closeSync(file);
  }
}
