/**
 * The store port: ordered tables of bytes with atomic, durable commits. Two implementations, one contract suite
 * (`test/contract/store.ts`).
 *
 * Rules every store keeps:
 * S1  A commit is all or nothing, also across a crash.
 * S2  `commit` resolves only when the data would survive a power loss (memory: when a later `get` sees it).
 * S3  Commits take effect in the order in which they were called; a failed one leaves no trace.
 * S4  Reads are synchronous, see the last resolved commit or a later one, and hand out bytes nobody changes afterwards.
 */

/** Every table of the data directory. A new name here is a new format version only if old data must change. */
export const TABLES = [
  'meta',
  'actor',
  'snapshot',
  'event',
  'log',
  'outbox',
  'dedup',
  'timer',
  'deadletter',
  'replay',
  'index',
] as const;
export type Table = (typeof TABLES)[number];

/**
 * Part of a key. Keys order by their parts: numbers by value and before strings, strings by code point, a shorter
 * key before a longer one that starts with it.
 */
export type KeyPart = string | number;
export type Key = readonly KeyPart[];

export type Op =
  | { readonly op: 'put'; readonly table: Table; readonly key: Key; readonly value: Uint8Array }
  | { readonly op: 'del'; readonly table: Table; readonly key: Key }
  /** Deletes every key that starts with these parts. */
  | { readonly op: 'clear'; readonly table: Table; readonly prefix: Key };

export interface RangeOptions {
  /** Only keys that start with these parts. */
  readonly prefix: Key;
  /** Inclusive lower bound (the whole key). */
  readonly from?: Key;
  /** Exclusive upper bound (the whole key). */
  readonly to?: Key;
  /** Largest key first. Default false. */
  readonly reverse?: boolean;
  /** At most this many rows. Default: all. */
  readonly limit?: number;
}

export interface Row {
  readonly key: Key;
  readonly value: Uint8Array;
}

export interface Store {
  readonly name: 'lmdb' | 'memory';
  get(table: Table, key: Key): Uint8Array | undefined;
  /** Rows in key order. Consume it at once: do not await between rows. */
  range(table: Table, options: RangeOptions): Iterable<Row>;
  /** Number of rows in a table. */
  count(table: Table): number;
  /** See S1-S3. Rejects with `AppError('STORE_FAILED')` and the cause when the data could not be written. */
  commit(ops: readonly Op[]): Promise<void>;
  /** Bytes the data takes on disk; 0 in memory. */
  sizeBytes(): number;
  /** Waits for commits under way, then lets go of the directory. A second call does nothing. */
  close(): Promise<void>;
}
