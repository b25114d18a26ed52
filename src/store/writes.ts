/** Turns the operations of a commit into the rows lmdb writes and deletes. */
import type { Database } from 'lmdb';
import { encodeKey, rangeBounds } from './key.ts';
import type { Op, Table } from './store.ts';

export type Bytes = Database<Uint8Array, Uint8Array>;
export type Tables = ReadonlyMap<Table, Bytes>;

/** An operation with its key in bytes; D2 in `lmdb.ts`. */
export type Write =
  | { readonly op: 'put'; readonly table: Table; readonly key: Buffer; readonly value: Uint8Array }
  | { readonly op: 'del'; readonly table: Table; readonly key: Buffer }
  | { readonly op: 'clear'; readonly table: Table; readonly start: Buffer; readonly end: Buffer };

type RowWrite = Exclude<Write, { readonly op: 'clear' }>;

/** Takes over what the caller may change after the call (D2). The values share one buffer, as lmdb pins each one. */
export function prepare(ops: readonly Op[]): Write[] {
  let bytes = 0;
  for (const op of ops) if (op.op === 'put') bytes += op.value.length;
  const values = new Uint8Array(bytes);
  let at = 0;
  return ops.map((op): Write => {
    if (op.op === 'clear') return { op: 'clear', table: op.table, ...rangeBounds(op) };
    const key = encodeKey(op.key);
    if (op.op === 'del') return { op: 'del', table: op.table, key };
    values.set(op.value, at);
    const value = values.subarray(at, at + op.value.length);
    at += op.value.length;
    return { op: 'put', table: op.table, key, value };
  });
}

/** Turns each `clear` into the deletion of what it finds stored and of what was put before it in the same flight. */
export function expand(ops: readonly Write[], tables: Tables): RowWrite[] {
  const writes: RowWrite[] = [];
  for (const write of ops) {
    if (write.op !== 'clear') {
      writes.push(write);
      continue;
    }
    const { table, start, end } = write;
    for (const key of tables.get(table)!.getKeys({ start, end })) writes.push({ op: 'del', table, key: key as Buffer });
    for (let i = writes.length - 1; i >= 0; i--) {
      const { op, key, table: earlier } = writes[i]!;
      if (op === 'put' && earlier === table && start.compare(key) <= 0 && end.compare(key) > 0) {
        writes.push({ op: 'del', table, key });
      }
    }
  }
  return writes;
}
