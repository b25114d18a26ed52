/** Turns as one transaction: their rows, and where the logs and counters stand once it is durable. */
import type { Turn } from '../../actors/ports.ts';
import type { Op } from '../store/store.ts';
import { encode } from './codec.ts';
import { type Appended, append, type EncodedEvent, type Head } from './log.ts';

/** Adds the rows by which readers find a record again. They become durable with it. */
export type Indexer = (record: Appended, ops: Op[]) => void;

export interface Encoded {
  readonly turn: Turn;
  readonly events: readonly EncodedEvent[];
  /** Everything of the turn but its events and log records. */
  readonly ops: readonly Op[];
}

export interface Plan {
  readonly ops: readonly Op[];
  readonly records: readonly Appended[];
  readonly heads: ReadonlyMap<string, Head>;
  readonly counts: ReadonlyMap<string, number>;
}

/** @param now where the logs and counters stand */
export function plan(
  batch: readonly Encoded[],
  extra: readonly Op[],
  now: { head(tenant: string): Head; count(kind: string): number },
  index: Indexer = () => {},
): Plan {
  const records: Appended[] = [];
  const heads = new Map<string, Head>();
  const counts = new Map<string, number>();
  const ops: Op[] = [];
  let indexed = 0;
  for (const { turn, events, ops: own } of batch) {
    const { tenant, kind } = turn.address;
    let head = heads.get(tenant) ?? now.head(tenant);
    if (head.seq === 0) ops.push({ op: 'put', table: 'meta', key: ['tenant', tenant], value: encode(1) });
    for (const event of events) head = append(head, turn.address, event, ops, records);
    for (; indexed < records.length; indexed++) index(records[indexed]!, ops);
    heads.set(tenant, head);
    // After the event rows: removing an actor clears them too.
    for (const op of own) ops.push(op);
    const change = (turn.created ? 1 : 0) - (turn.removed ? 1 : 0);
    if (change !== 0) counts.set(kind, (counts.get(kind) ?? now.count(kind)) + change);
  }
  for (const [kind, count] of counts) {
    ops.push({ op: 'put', table: 'meta', key: ['count', kind], value: encode(count) });
  }
  for (const op of extra) ops.push(op);
  return { ops, records, heads, counts };
}
