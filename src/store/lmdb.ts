/**
 * The durable store: one LMDB environment, one named database per table, one transaction at a time.
 *
 * Invariants:
 * D1  One transaction is under way at most; commits called meanwhile share the next one, in the order of the calls
 *     (S3). So a failed transaction is exactly the commits that were in it, and when a `clear` looks for its keys, all
 *     earlier transactions are there to be seen.
 * D2  Nothing in a transaction can throw halfway: keys are encoded and values copied when `commit` is called.
 * D3  `overlappingSync` is off. With it lmdb shows a transaction before it is on disk and keeps it when the fsync
 *     fails, after having rejected it (measured with EIO on fdatasync); without it the failed one leaves no trace
 *     (S1, S3), at the same speed.
 * D4  After a failure the environment is opened anew: a failed write of the meta page makes LMDB answer MDB_PANIC to
 *     everything from then on, reads included, and a write begun in that state would never settle.
 */
import { statSync } from 'node:fs';
import { join, resolve as resolvePath } from 'node:path';
import { ABORT, open, type RootDatabase } from 'lmdb';
import { AppError, messageOf } from '../../actors/errors.ts';
import { Completion } from './completion.ts';
import { checkDataFile } from './datafile.ts';
import { decodeKey, encodeKey, rangeBounds } from './key.ts';
import { checkFormat, prepareDirectory, refuseIfLocked, releaseLock, takeLock, writeFormat } from './lock.ts';
import { type Key, type Op, type RangeOptions, type Row, type Store, TABLES, type Table } from './store.ts';
import { type Bytes, expand, prepare, type Tables, type Write } from './writes.ts';

/**
 * Operations in one transaction, unless a single commit has more. lmdb stops the main thread with `Atomics.wait` above
 * 300,000 waiting writes; and a commit should not wait long because another one shares its transaction.
 */
const MAX_OPS = 20_000;

interface Environment {
  readonly root: RootDatabase<Uint8Array, Uint8Array>;
  /** A read-only environment lacks the tables nobody wrote to yet. */
  readonly tables: Tables;
}

interface Pending {
  readonly writes: readonly Write[];
  resolve(): void;
  reject(error: AppError): void;
}

/** A plain array in memory of its own: lmdb answers in a buffer it uses again, in a pooled one, or in a fresh one. */
function own(bytes: Uint8Array): Uint8Array {
  const { buffer } = bytes;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength) return new Uint8Array(buffer);
  return new Uint8Array(bytes);
}

/** What made lmdb reject: its error only says that there is another one, which must be waited for. */
async function causeOf(error: unknown): Promise<unknown> {
  try {
    // In the same turn, if at all: lmdb takes an errno of 1 or 2 for a progress report and never settles this one.
    await Promise.race([(error as { commitError?: Promise<never> }).commitError, new Promise(setImmediate)]);
    return error;
  } catch (cause) {
    return cause;
  }
}

function openEnvironment(path: string, readOnly: boolean): Environment['root'] {
  return open({
    path,
    readOnly,
    // Otherwise a directory with a dot in its name is taken for a file.
    noSubdir: false,
    maxDbs: 32,
    encoding: 'binary',
    keyEncoding: 'binary',
    overlappingSync: false,
    // We batch ourselves (D1), and lmdb's batch leaves a rejection of its own unhandled when a commit fails.
    eventTurnBatching: false,
  });
}

function openTables(root: Environment['root']): Environment {
  const tables = new Map<Table, Bytes>();
  for (const table of TABLES) {
    // Absent in a read-only environment, whatever the types say.
    const db: Bytes | undefined = root.openDB<Uint8Array, Uint8Array>({
      name: table,
      encoding: 'binary',
      keyEncoding: 'binary',
    });
    if (db !== undefined) tables.set(table, db);
  }
  return { root, tables };
}

class LmdbStore implements Store {
  readonly name = 'lmdb';
  private readonly path: string;
  private readonly readOnly: boolean;
  /** Undefined when it could not be opened again after a failure. */
  private environment: Environment | undefined;
  private queue: Pending[] = [];
  private working: Promise<void> | undefined;
  private closing: Promise<void> | undefined;
  private readonly completion: Completion;

  constructor(path: string, readOnly: boolean, environment: Environment) {
    this.path = path;
    this.readOnly = readOnly;
    this.environment = environment;
    this.completion = new Completion(path);
  }

  /** Runs a read on a table, and turns lmdb's errors into ours. */
  private read<T>(table: Table, run: (db: Bytes) => T, absent: T): T {
    if (this.closing !== undefined) throw new AppError('UNAVAILABLE', 'the store is closed');
    try {
      if (this.environment === undefined) throw new Error('the data file could not be opened again');
      const db = this.environment.tables.get(table);
      return db === undefined ? absent : run(db);
    } catch (cause) {
      if (cause instanceof AppError) throw cause;
      throw new AppError('STORE_FAILED', `cannot read ${table}: ${messageOf(cause)}`, { cause });
    }
  }

  get(table: Table, key: Key): Uint8Array | undefined {
    const raw = encodeKey(key);
    return this.read(
      table,
      (db) => {
        const bytes = db.get(raw);
        return bytes && own(bytes);
      },
      undefined,
    );
  }

  *range(table: Table, options: RangeOptions): Generator<Row> {
    const { start, end } = rangeBounds(options);
    const { limit, reverse = false } = options;
    // Backwards lmdb wants the bounds the other way round, and so which of them belongs to the range.
    const bounds = reverse
      ? { start: end, end: start, reverse, exclusiveStart: true, inclusiveEnd: true }
      : { start, end };
    const rows = this.read(
      table,
      (db) => db.getRange({ ...bounds, ...(limit === undefined ? {} : { limit }) })[Symbol.iterator](),
      undefined,
    );
    if (rows === undefined) return;
    try {
      for (;;) {
        const { done, value } = this.read(table, () => rows.next(), { done: true, value: undefined });
        if (done) return;
        yield { key: decodeKey(value.key as Buffer), value: own(value.value) };
      }
    } finally {
      // An abandoned cursor would keep its pages from being used again.
      rows.return?.();
    }
  }

  count(table: Table): number {
    return this.read(table, (db) => (db.getStats() as { entryCount: number }).entryCount, 0);
  }

  async commit(ops: readonly Op[]): Promise<void> {
    if (this.closing !== undefined) throw new AppError('UNAVAILABLE', 'the store is closed');
    if (this.readOnly) throw new AppError('STORE_FAILED', 'the store is open for reading only');
    const writes = prepare(ops);
    return new Promise((resolve, reject) => {
      this.queue.push({ writes, resolve, reject });
      this.working ??= this.work();
    });
  }

  /** Writes what waits, transaction after transaction (D1). */
  private async work(): Promise<void> {
    // All commits made in one go share a transaction and an fsync. Who wants to gather more does so before he comes here:
    // under load a turn of the event loop takes milliseconds, and a commit waits for several of them as it is.
    await undefined;
    while (this.queue.length > 0) {
      const flight = this.takeFlight();
      try {
        await this.write(flight);
        for (const { resolve } of flight) resolve();
      } catch (error) {
        await this.fail(flight, await causeOf(error));
      }
      // Nothing is being written: the next transaction starts below.
      this.completion.whenDue();
    }
    this.working = undefined;
  }

  private takeFlight(): Pending[] {
    let ops = 0;
    let commits = 0;
    while (commits < this.queue.length) {
      ops += this.queue[commits]!.writes.length;
      if (commits > 0 && ops > MAX_OPS) break;
      commits++;
    }
    return this.queue.splice(0, commits);
  }

  private async write(flight: readonly Pending[]): Promise<void> {
    if (this.environment === undefined) this.reopen();
    const { root, tables } = this.environment!;
    const writes = expand(
      flight.flatMap((pending) => pending.writes),
      tables,
    );
    if (writes.length === 0) return;
    await root.batch(() => {
      for (const write of writes) {
        const db = tables.get(write.table)!;
        if (write.op === 'put') db.put(write.key, write.value);
        else db.remove(write.key);
      }
    });
    await root.flushed;
  }

  private reopen(): void {
    // The directory is still ours; only a file that would kill lmdb must not reach it.
    checkDataFile(this.path, true, false);
    this.environment = openTables(openEnvironment(this.path, false));
  }

  /** Commits that were called before this failure could be known may build on it, so they fail with it. */
  private async fail(flight: readonly Pending[], cause: unknown): Promise<void> {
    const failed = [...flight, ...this.queue];
    this.queue = [];
    try {
      const environment = this.environment;
      this.environment = undefined;
      await environment?.root.close();
      this.reopen();
    } catch {
      // The next commit tries again, and says what is wrong then.
    }
    const message = `commit failed, nothing was stored: ${messageOf(cause)}`;
    // What came in while the environment was opened anew may build on the failed ones as well.
    for (const { reject } of [...failed, ...this.queue.splice(0)]) {
      reject(new AppError('STORE_FAILED', message, { cause }));
    }
  }

  sizeBytes(): number {
    return statSync(join(this.path, 'data.mdb')).size;
  }

  close(): Promise<void> {
    this.closing ??= this.finish();
    return this.closing;
  }

  private async finish(): Promise<void> {
    await this.working;
    await this.environment?.root.close();
    if (this.readOnly) return;
    this.completion.now();
    releaseLock(this.path);
  }
}

/**
 * Opens a data directory, makes it if it is missing, and locks it unless it is only read.
 *
 * @throws AppError UNAVAILABLE when the directory is in use, not accessible, damaged, or of a newer format
 */
export async function openLmdbStore(options: { path: string; readOnly?: boolean }): Promise<Store> {
  const { path, readOnly = false } = options;
  prepareDirectory(path, readOnly);
  if (!readOnly) refuseIfLocked(path);
  const existed = checkFormat(path);
  checkDataFile(path, existed || readOnly, readOnly);
  // Our own name for it survives a later change of the working directory; messages keep the caller's.
  const absolute = resolvePath(path);
  let root: Environment['root'] | undefined;
  let locked = false;
  try {
    root = openEnvironment(absolute, readOnly);
    if (!readOnly) {
      root.transactionSync(() => {
        takeLock(path);
        locked = true;
        return ABORT;
      });
    }
    const environment = openTables(root);
    if (!readOnly && !existed) writeFormat(absolute);
    return new LmdbStore(absolute, readOnly, environment);
  } catch (cause) {
    await root?.close();
    if (locked) releaseLock(absolute);
    if (cause instanceof AppError) throw cause;
    throw new AppError('UNAVAILABLE', `data directory ${path} cannot be opened: ${messageOf(cause)}`, { cause });
  }
}
