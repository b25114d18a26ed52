/**
 * The store in memory: the twin of the LMDB store for tests and for `:memory:`.
 *
 * A table is a list of sorted chunks of at most 512 rows, so that appending, inserting and deleting cost a binary
 * search and the move of a few hundred rows, whatever the size of the table.
 */
import { AppError, messageOf } from '../../actors/errors.ts';
import { decodeKey, encodeKey, rangeBounds } from './key.ts';
import { type Op, type RangeOptions, type Row, type Store, TABLES, type Table } from './store.ts';

/** What a test may put in the way of commits. */
export interface MemoryStoreOptions {
  /**
   * Runs before a commit takes effect, one commit at a time. When it throws, nothing is applied and that commit
   * rejects, as on a full disk.
   */
  readonly beforeCommit?: (ops: readonly Op[]) => void | Promise<void>;
}

const CHUNK_ROWS = 512;

/** Latin-1 text of the key's bytes: JavaScript orders it as the bytes are ordered. */
type RawKey = string;

interface Entry {
  readonly key: RawKey;
  readonly value: Uint8Array;
}

/** The first index in 0..length whose item is not below; `length` when all are. */
function firstNotBelow(length: number, isBelow: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBelow(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

class SortedTable {
  /** No chunk is empty. */
  private readonly chunks: Entry[][] = [];
  size = 0;

  /** Where the key is, or belongs. The chunk index is one past the end for a key behind all others. */
  private find(key: RawKey): { chunk: number; row: number; found: boolean } {
    const chunk = firstNotBelow(this.chunks.length, (i) => this.chunks[i]!.at(-1)!.key < key);
    const rows = this.chunks[chunk];
    if (rows === undefined) return { chunk, row: 0, found: false };
    const row = firstNotBelow(rows.length, (i) => rows[i]!.key < key);
    return { chunk, row, found: rows[row]!.key === key };
  }

  get(key: RawKey): Uint8Array | undefined {
    const { chunk, row, found } = this.find(key);
    return found ? this.chunks[chunk]![row]!.value : undefined;
  }

  put(key: RawKey, value: Uint8Array): void {
    const { chunk, row, found } = this.find(key);
    if (found) {
      this.chunks[chunk]![row] = { key, value };
      return;
    }
    this.size++;
    const rows = this.chunks[chunk];
    const last = this.chunks.at(-1);
    if (rows !== undefined) {
      rows.splice(row, 0, { key, value });
      if (rows.length > CHUNK_ROWS) this.chunks.splice(chunk + 1, 0, rows.splice(CHUNK_ROWS / 2));
    } else if (last !== undefined && last.length < CHUNK_ROWS) last.push({ key, value });
    else this.chunks.push([{ key, value }]);
  }

  delete(key: RawKey): void {
    const { chunk, row, found } = this.find(key);
    if (!found) return;
    this.size--;
    const rows = this.chunks[chunk]!;
    rows.splice(row, 1);
    if (rows.length === 0) this.chunks.splice(chunk, 1);
  }

  /** Rows with start <= key < end. */
  *range(start: RawKey, end: RawKey, reverse: boolean): Generator<Entry> {
    const step = reverse ? -1 : 1;
    let { chunk, row } = this.find(reverse ? end : start);
    if (reverse) row--;
    for (; chunk >= 0; chunk += step) {
      const rows = this.chunks[chunk];
      if (rows !== undefined) {
        for (; row >= 0 && row < rows.length; row += step) {
          const entry = rows[row]!;
          if (reverse ? entry.key < start : entry.key >= end) return;
          yield entry;
        }
      } else if (!reverse) return;
      row = reverse ? (this.chunks[chunk - 1]?.length ?? 0) - 1 : 0;
    }
  }
}

type RawOp =
  | { readonly op: 'put'; readonly table: Table; readonly key: RawKey; readonly value: Uint8Array }
  | { readonly op: 'del'; readonly table: Table; readonly key: RawKey }
  | { readonly op: 'clear'; readonly table: Table; readonly start: RawKey; readonly end: RawKey };

const raw = (bytes: Buffer): RawKey => bytes.toString('latin1');

function toRaw(op: Op): RawOp {
  if (op.op === 'put') return { ...op, key: raw(encodeKey(op.key)), value: new Uint8Array(op.value) };
  if (op.op === 'del') return { ...op, key: raw(encodeKey(op.key)) };
  const { start, end } = rangeBounds(op);
  return { op: 'clear', table: op.table, start: raw(start), end: raw(end) };
}

interface Pending {
  readonly ops: readonly Op[];
  readonly raw: readonly RawOp[];
  resolve(): void;
  reject(error: unknown): void;
}

class MemoryStore implements Store {
  readonly name = 'memory';
  private readonly tables = new Map<Table, SortedTable>(TABLES.map((table) => [table, new SortedTable()]));
  private queue: Pending[] = [];
  private working: Promise<void> | undefined;
  private closed = false;
  private readonly beforeCommit: MemoryStoreOptions['beforeCommit'];

  constructor(options: MemoryStoreOptions) {
    this.beforeCommit = options.beforeCommit;
  }

  private table(table: Table): SortedTable {
    if (this.closed) throw new AppError('UNAVAILABLE', 'the store is closed');
    return this.tables.get(table)!;
  }

  get(table: Table, key: Row['key']): Uint8Array | undefined {
    const value = this.table(table).get(raw(encodeKey(key)));
    return value && new Uint8Array(value);
  }

  *range(table: Table, options: RangeOptions): Generator<Row> {
    const { start, end } = rangeBounds(options);
    let left = options.limit ?? Number.POSITIVE_INFINITY;
    if (left <= 0) return;
    for (const entry of this.table(table).range(raw(start), raw(end), options.reverse ?? false)) {
      yield { key: decodeKey(Buffer.from(entry.key, 'latin1')), value: new Uint8Array(entry.value) };
      if (--left <= 0) return;
    }
  }

  count(table: Table): number {
    return this.table(table).size;
  }

  async commit(ops: readonly Op[]): Promise<void> {
    if (this.closed) throw new AppError('UNAVAILABLE', 'the store is closed');
    const rawOps = ops.map(toRaw);
    return new Promise((resolve, reject) => {
      this.queue.push({ ops: [...ops], raw: rawOps, resolve, reject });
      this.working ??= this.work();
    });
  }

  /** One commit after the other, in the order of the calls (S3). */
  private async work(): Promise<void> {
    for (;;) {
      // A turn of its own: a commit never takes effect inside the call.
      await null;
      const next = this.queue.shift();
      if (next === undefined) break;
      try {
        await this.beforeCommit?.(next.ops);
      } catch (cause) {
        this.fail(next, cause);
        continue;
      }
      for (const op of next.raw) this.apply(op);
      next.resolve();
    }
    this.working = undefined;
  }

  /** Commits that were called before this failure could be known may build on it, so they fail with it. */
  private fail(failed: Pending, cause: unknown): void {
    const behind = this.queue;
    this.queue = [];
    for (const { reject } of [failed, ...behind]) {
      reject(new AppError('STORE_FAILED', `commit failed, nothing was stored: ${messageOf(cause)}`, { cause }));
    }
  }

  private apply(op: RawOp): void {
    const table = this.tables.get(op.table)!;
    if (op.op === 'put') table.put(op.key, op.value);
    else if (op.op === 'del') table.delete(op.key);
    else for (const { key } of [...table.range(op.start, op.end, false)]) table.delete(key);
  }

  sizeBytes(): number {
    return 0;
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.working;
  }
}

/** Opens an empty store that lives as long as this process. */
export function createMemoryStore(options: MemoryStoreOptions = {}): Store {
  return new MemoryStore(options);
}
