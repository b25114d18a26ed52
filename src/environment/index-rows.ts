/**
 * Where events and signals are found: rows of the table `index`, written in the commit that appends their records. They
 * hold no content, only where it stands in the log; signals that live are the exception, as they are listed by strength.
 *
 * | key behind the tenant | value | for |
 * |---|---|---|
 * | `event, seq` · `scope, s, seq` · `trace, t, seq` · `child, parent, seq` | {@link EventPointer} | lists, newest first |
 * | `id, event` | {@link EventPlace} | one event |
 * | `touch, trace, scope` | {@link TouchedActor}s | what the last event of that trace and scope touched |
 * | `live, slot, actor` · `live-in, scope, slot, actor` | {@link LiveRow} | signals, from the slot of now on; those before are gone |
 * | `signal, id` | {@link TouchedActor} | one signal |
 * | `life, actor` | id | which life of a signal is the latest |
 *
 * A slot is a quarter of an hour (`slotOf`): a signal that is touched all the time keeps its row, which is written over
 * instead of deleted and put elsewhere. Readers skip the few that ended within the slot.
 */
import type { SempRecord } from '../../actors/kinds/signal/events.ts';
import type { EventType, LivingSignal, Touched } from '../../actors/kinds/signal/model.ts';
import { decode, encode } from '../host/codec.ts';
import type { Appended } from '../host/log.ts';
import type { Key, KeyPart, Op } from '../store/store.ts';
import { POST, SIGNAL_KIND, sha256Hex, TOUCHED } from './event.ts';

/** Longest text that is a part of a key as it is; a longer one stands there as its hash. */
const MAX_PART_BYTES = 256;

/** Where an event stands, and what filters ask about. */
export interface EventPointer {
  readonly actor: string;
  readonly revision: number;
  readonly type: EventType;
  readonly scope: string;
  readonly trace: string;
  readonly agent: string;
}

/** Where one event stands, and what it touched. */
export type EventPlace = [seq: number, actor: string, revision: number, touched: readonly TouchedActor[]];

/** A signal as of its last change. */
export interface LiveRow {
  readonly scope: string;
  readonly pattern: string;
  readonly signal: LivingSignal;
}

/** A text of any length as a part of a key. No text of a client begins with NUL, so hashes meet none. */
export function part(text: string): string {
  return text.length <= MAX_PART_BYTES && Buffer.byteLength(text) <= MAX_PART_BYTES ? text : `\0${sha256Hex(text)}`;
}

export const keys = {
  event: (tenant: string): Key => [tenant, 'event'],
  scope: (tenant: string, scope: string): Key => [tenant, 'scope', part(scope)],
  trace: (tenant: string, trace: string): Key => [tenant, 'trace', part(trace)],
  children: (tenant: string, parent: string): Key => [tenant, 'child', part(parent)],
  id: (tenant: string, id: string): Key => [tenant, 'id', part(id)],
  touch: (tenant: string, trace: string, scope: string): Key => [tenant, 'touch', part(trace), part(scope)],
  live: (tenant: string): Key => [tenant, 'live'],
  liveIn: (tenant: string, scope: string): Key => [tenant, 'live-in', part(scope)],
  life: (tenant: string, actor: string): Key => [tenant, 'life', actor],
  signal: (tenant: string, id: string): Key => [tenant, 'signal', part(id)],
};

const SLOT_MS = 15 * 60_000;

/** The slot in which a signal is listed that ends then: its last moment. @param end Unix ms or Infinity */
export function slotOf(end: number): number {
  return Math.ceil(end / SLOT_MS) * SLOT_MS;
}

export function encodePointer({ actor, revision, type, scope, trace, agent }: EventPointer): Uint8Array {
  return encode([actor, revision, type, scope, trace, agent]);
}

export function decodePointer(bytes: Uint8Array): EventPointer {
  const [actor, revision, type, scope, trace, agent] =
    decode<[string, number, EventType, string, string, string]>(bytes);
  return { actor, revision, type, scope, trace, agent };
}

/** Adds the index rows of a record, if it is about an event or a signal. */
export function indexRecord({ seq, address, folded, type, payload }: Appended, ops: Op[]): void {
  if (address.kind !== SIGNAL_KIND) return;
  if (type === POST) indexEvent(seq, address, folded, payload as PostRow, ops);
  else if (type === TOUCHED) indexSignal(address, payload as Touched, ops);
}

interface PostRow {
  readonly semp: SempRecord;
  readonly others: readonly TouchedActor[];
}

/** A signal an event touched: its actor, and its scope, which says by which rules. */
export interface TouchedActor {
  readonly actor: string;
  readonly scope: string;
}

type Actor = Appended['address'];

/** Actors of the signals an event touched; its own comes first. */
export function touchedActors(
  own: string,
  { event, facts }: Pick<Appended['folded'], 'event' | 'facts'>,
): readonly TouchedActor[] {
  const others = (event as PostRow).others.map(({ actor, scope }) => ({ actor, scope }));
  const fact = facts.find(({ type }) => type === TOUCHED)?.payload as Touched | undefined;
  return fact ? [{ actor: own, scope: fact.scope }, ...others] : others;
}

function indexEvent(seq: number, address: Actor, folded: Appended['folded'], row: PostRow, ops: Op[]): void {
  const { tenant, id: actor } = address;
  const { revision } = folded;
  const { id, type, scope, trace_id: trace, agent_id: agent, parent_ids } = row.semp;
  const value = encodePointer({ actor, revision, type, scope, trace, agent });
  const put = (key: Key, last: KeyPart[], bytes: Uint8Array) =>
    ops.push({ op: 'put', table: 'index', key: [...key, ...last], value: bytes });
  put(keys.event(tenant), [seq], value);
  put(keys.scope(tenant, scope), [seq], value);
  put(keys.trace(tenant, trace), [seq], value);
  for (const parent of new Set(parent_ids)) put(keys.children(tenant, parent), [seq], value);
  const touched = touchedActors(actor, folded);
  put(keys.id(tenant, id), [], encode([seq, actor, revision, touched] satisfies EventPlace));
  if (touched.length > 0) put(keys.touch(tenant, trace, scope), [], encode(touched));
}

function indexSignal({ tenant, id: actor }: Actor, touched: Touched, ops: Op[]): void {
  const { scope, pattern, id, from, signal, ends, ended } = touched;
  const prefixes = [keys.live(tenant), keys.liveIn(tenant, scope)];
  const before = ended === null ? null : slotOf(ended);
  const slot = signal === null || ends === null ? null : slotOf(ends);
  if (before !== null && before !== slot) {
    for (const key of prefixes) ops.push({ op: 'del', table: 'index', key: [...key, before, actor] });
  }
  if (signal === null || slot === null) return;
  const value = encode({ scope, pattern, signal } satisfies LiveRow);
  for (const key of prefixes) ops.push({ op: 'put', table: 'index', key: [...key, slot, actor], value });
  if (from !== 0) return;
  ops.push(
    {
      op: 'put',
      table: 'index',
      key: keys.signal(tenant, id!),
      value: encode({ actor, scope } satisfies TouchedActor),
    },
    { op: 'put', table: 'index', key: keys.life(tenant, actor), value: encode(id) },
  );
}
