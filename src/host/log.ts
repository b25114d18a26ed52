/**
 * The tenant's log: one record per event and per published fact, each carrying the hash of its content and, through
 * its own hash, of everything before it.
 *
 * A row of `event` is `checksum (8 bytes) | bytes`, the checksum being the start of the content's hash: an actor is
 * brought back without its log records at hand, and must not fold bytes that rotted. A row of `log` is `hash (32 bytes) | header`, hash = SHA-256(previous hash | header). The header holds the content's
 * hash, so erasing a payload leaves the chain verifiable.
 */
import type { Address } from '../../actors/address.ts';
import { AppError } from '../../actors/errors.ts';
import type { FoldedEvent, LogRecord } from '../../actors/ports.ts';
import type { Key, Op, Store } from '../store/store.ts';
import { decode, encode, hex, sha256 } from './codec.ts';

/** Previous hash of a tenant's first record. */
export const GENESIS = new Uint8Array(32);

/** Bytes of the content's hash in front of an event row. */
export const CHECKSUM_BYTES = 8;

/** Index of the record of the event itself; facts count from 0. */
export const EVENT = -1;

export type Header = [
  kind: string,
  id: string,
  revision: number,
  index: number,
  at: number,
  type: string,
  content: Uint8Array,
];

type EventRow = [
  at: number,
  type: string,
  event: unknown,
  state: unknown,
  correlationId: string | null,
  causationId: string | null,
  facts: FoldedEvent['facts'],
];

/** What the store knows of an actor beside its events. */
export interface ActorRow {
  /** Revision when the row was written: at birth and at removal. */
  readonly revision: number;
  readonly removed: boolean;
  /** First revision of the present life. */
  readonly born: number;
}

export function readActor(store: Store, address: Address): ActorRow | undefined {
  const bytes = store.get('actor', [address.tenant, address.kind, address.id]);
  return bytes ? decode<ActorRow>(bytes) : undefined;
}

export interface Head {
  readonly seq: number;
  readonly hash: Uint8Array;
}

/** An event on its way into the store. */
export interface EncodedEvent {
  readonly folded: FoldedEvent;
  readonly bytes: Uint8Array;
}

export function encodeEvent(folded: FoldedEvent): EncodedEvent {
  const { at, type, event, state, correlationId, causationId, facts } = folded;
  return { folded, bytes: encode([at, type, event, state, correlationId, causationId, facts] satisfies EventRow) };
}

export function eventKey(address: Address, revision: number): Key {
  return [address.tenant, address.kind, address.id, revision];
}

/** @throws AppError CORRUPTED when the checksum does not fit */
export function readEvent(revision: number, row: Uint8Array): FoldedEvent {
  const bytes = row.subarray(CHECKSUM_BYTES);
  if (Buffer.compare(sha256(bytes).subarray(0, CHECKSUM_BYTES), row.subarray(0, CHECKSUM_BYTES)) !== 0) {
    throw new AppError('CORRUPTED', `event ${revision}: the checksum does not match what is stored`);
  }
  return decodeEvent(revision, bytes);
}

function decodeEvent(revision: number, bytes: Uint8Array): FoldedEvent {
  const [at, type, event, state, correlationId, causationId, facts] = decode<EventRow>(bytes);
  return { revision, at, type, event, state, correlationId, causationId, facts };
}

/** A record just appended. Most are never looked at, and writing three hashes in hex costs more than hashing. */
export interface Appended {
  readonly seq: number;
  readonly address: Address;
  readonly folded: FoldedEvent;
  readonly type: string;
  readonly payload: unknown;
  readonly content: Uint8Array;
  readonly own: Uint8Array;
  readonly previous: Uint8Array;
}

export function recordOf({ seq, address, folded, type, payload, content, own, previous }: Appended): LogRecord {
  return {
    seq,
    time: folded.at,
    address,
    revision: folded.revision,
    type,
    state: folded.state,
    payload,
    correlationId: folded.correlationId,
    causationId: folded.causationId,
    contentHash: hex(content),
    hash: hex(own),
    previousHash: hex(previous),
  };
}

/** Appends the records of one event behind `head`. @returns the new head */
export function append(head: Head, address: Address, encoded: EncodedEvent, ops: Op[], records: Appended[]): Head {
  const { folded, bytes } = encoded;
  let { seq, hash: previous } = head;
  const add = (index: number, type: string, content: Uint8Array, payload: unknown) => {
    const header = encode([
      address.kind,
      address.id,
      folded.revision,
      index,
      folded.at,
      type,
      content,
    ] satisfies Header);
    const value = link(previous, header);
    const own = value.subarray(0, 32);
    seq++;
    ops.push({ op: 'put', table: 'log', key: [address.tenant, seq], value });
    records.push({ seq, address, folded, type, payload, content, own, previous });
    previous = own;
  };
  const content = sha256(bytes);
  const row = new Uint8Array(CHECKSUM_BYTES + bytes.length);
  row.set(content.subarray(0, CHECKSUM_BYTES));
  row.set(bytes, CHECKSUM_BYTES);
  ops.push({ op: 'put', table: 'event', key: eventKey(address, folded.revision), value: row });
  add(EVENT, folded.type, content, folded.event);
  folded.facts.forEach((fact, index) => {
    add(index, fact.type, sha256(encode(fact.payload)), fact.payload);
  });
  return { seq, hash: previous };
}

/** Hash and header of a record, as its row holds them. */
export function link(previous: Uint8Array, header: Uint8Array): Uint8Array {
  const joined = new Uint8Array(32 + header.length);
  joined.set(previous);
  joined.set(header, 32);
  const own = sha256(joined);
  joined.set(own);
  return joined;
}

export function readHead(store: Store, tenant: string): Head {
  for (const { key, value } of store.range('log', { prefix: [tenant], reverse: true, limit: 1 })) {
    return { seq: key[1] as number, hash: value.slice(0, 32) };
  }
  return { seq: 0, hash: GENESIS };
}

/** Committed records after a sequence number, oldest first. */
export function readRecords(store: Store, tenant: string, after: number, limit: number): LogRecord[] {
  const records: LogRecord[] = [];
  let previous = after === 0 ? GENESIS : (store.get('log', [tenant, after])?.subarray(0, 32) ?? GENESIS);
  for (const { key, value } of store.range('log', { prefix: [tenant], from: [tenant, after + 1], limit })) {
    const [kind, id, revision, index, at, type, content] = decode<Header>(value.subarray(32));
    const address = { tenant, kind, id };
    const row = store.get('event', eventKey(address, revision));
    const folded = row ? readEvent(revision, row) : null;
    const own = value.subarray(0, 32);
    records.push({
      seq: key[1] as number,
      time: at,
      address,
      revision,
      type,
      state: folded?.state ?? null,
      payload: index === EVENT ? (folded?.event ?? null) : (folded?.facts[index]?.payload ?? null),
      correlationId: folded?.correlationId ?? null,
      causationId: folded?.causationId ?? null,
      contentHash: hex(content),
      hash: hex(own),
      previousHash: hex(previous),
    });
    previous = own;
  }
  return records;
}
