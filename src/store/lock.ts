/**
 * Who may use a data directory: one writing process at a time, and only programs that know its format.
 *
 * Invariants:
 * L1  `lock.json` names the process that writes here. It appears and changes only by rename, so it is never half there.
 * L2  Only the holder of LMDB's own writer mutex (`takeLock` runs inside a transaction) writes `lock.json`. The kernel
 *     frees that mutex when a process dies, so of two processes that find a stale lock one wins, and no third lock is
 *     needed to guard the stealing.
 * L3  A lock is stale as soon as its process is gone: no such pid, or a pid that started at another time.
 */
import { readFileSync, renameSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { AppError, messageOf } from '../../actors/errors.ts';
import { makeDirectories } from '../directories.ts';

/** The data format this program writes, and the newest it reads. */
export const FORMAT = 1;

interface Owner {
  readonly pid: number;
  /** Boot id and start in clock ticks since boot; null where the system has no /proc. */
  readonly started: string | null;
  readonly hostname: string;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Pids come back; a pid together with its start does not. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the command in brackets and may hold anything, so count from behind it; the start is the 22nd.
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}:${ticks}`;
  } catch {
    return null;
  }
}

function isAlive(owner: Owner): boolean {
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    // EPERM: it is there and belongs to somebody else.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const started = startOf(owner.pid);
  return owner.started === null || started === null || owner.started === started;
}

function parse<T>(text: string): Partial<T> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Refuses a directory in which another process writes.
 *
 * @throws AppError UNAVAILABLE
 */
export function refuseIfLocked(directory: string): void {
  const path = join(directory, 'lock.json');
  const text = readText(path);
  if (text === undefined) return;
  const owner = parse<Owner>(text);
  // By L1 nobody of us left this behind, so nobody holds it.
  if (owner === undefined || typeof owner.pid !== 'number') return;
  const { pid, started = null, hostname: host = '' } = owner;
  if (host !== hostname()) {
    // Pids of another machine or container say nothing here, and two writers destroy the data.
    const how = `if that program is gone, delete ${path}`;
    throw new AppError('UNAVAILABLE', `data directory ${directory} is in use by process ${pid} on ${host}; ${how}`);
  }
  if (isAlive({ pid, started, hostname: host })) {
    const how = 'stop it, or choose another --data';
    throw new AppError('UNAVAILABLE', `data directory ${directory} is in use by process ${pid}; ${how}`);
  }
}

function replaceFile(path: string, content: unknown): void {
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify(content)}\n`, { flush: true });
  renameSync(temporary, path);
}

/**
 * Makes this process the one that writes here, or refuses. Call it inside a write transaction of the directory (L2).
 *
 * @throws AppError UNAVAILABLE
 */
export function takeLock(directory: string): void {
  refuseIfLocked(directory);
  const { pid } = process;
  const owner: Owner = { pid, started: startOf(pid), hostname: hostname() };
  replaceFile(join(directory, 'lock.json'), owner);
}

/** Gives the directory free. */
export function releaseLock(directory: string): void {
  try {
    unlinkSync(join(directory, 'lock.json'));
  } catch {
    // A directory that was deleted under us needs no lock; any other lock is stale once this process ends.
  }
}

/**
 * Makes the directory if it is missing and tries it out.
 *
 * @throws AppError UNAVAILABLE with the path and the reason
 */
export function prepareDirectory(directory: string, readOnly: boolean): void {
  try {
    if (readOnly) {
      if (!statSync(directory).isDirectory()) throw Object.assign(new Error('not a directory'), { code: 'ENOTDIR' });
      return;
    }
    makeDirectories(directory);
    // As much as LMDB needs to begin: when it cannot make its files, it takes the process with it.
    const probe = join(directory, `.probe.${process.pid}`);
    try {
      writeFileSync(probe, Buffer.alloc(65_536), { flush: true });
    } finally {
      try {
        unlinkSync(probe);
      } catch {
        // It was never made; why not is on its way to the caller.
      }
    }
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const reason = code ?? messageOf(cause);
    const what = readOnly ? 'read' : 'written';
    throw new AppError('UNAVAILABLE', `data directory ${directory} cannot be ${what}: ${reason}`, { cause });
  }
}

/**
 * Tells whether the directory has data already.
 *
 * @throws AppError UNAVAILABLE when a newer program wrote it
 */
export function checkFormat(directory: string): boolean {
  const path = join(directory, 'format.json');
  const text = readText(path);
  if (text === undefined) return false;
  const found = parse<{ format: number; product: string }>(text);
  if (found?.product !== 'synod' || !Number.isInteger(found.format)) {
    throw new AppError('UNAVAILABLE', `${path} is not a format file of synod: ${text.slice(0, 80).trim()}`);
  }
  if (found.format! > FORMAT) {
    const facts = `has format ${found.format}, this program reads up to ${FORMAT}`;
    throw new AppError('UNAVAILABLE', `data directory ${directory} ${facts}; upgrade synod`);
  }
  return true;
}

/** Notes the format, once the data file exists: from then on a missing data file means lost data. */
export function writeFormat(directory: string): void {
  replaceFile(join(directory, 'format.json'), { format: FORMAT, product: 'synod' });
}
