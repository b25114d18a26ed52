/** One actor as it lies in the store: where it stands and how it got there. */
import type { Address } from '../../actors/address.ts';
import { AppError } from '../../actors/errors.ts';
import { readActor, readEvent } from '../host/log.ts';
import { actorKey, readActivation } from '../host/rows.ts';
import type { Store } from '../store/store.ts';

/** Events shown. */
const EVENTS = 20;

export interface ActorView {
  readonly tenant: string;
  readonly kind: string;
  readonly id: string;
  readonly revision: number;
  readonly removed: boolean;
  /** The statechart's state value. */
  readonly state: unknown;
  readonly snapshot: { readonly revision: number; readonly version: number } | null;
  readonly timers: readonly { readonly id: string; readonly due: string }[];
  /** Newest first. */
  readonly events: readonly EventView[];
}

interface EventView {
  readonly revision: number;
  readonly at: string;
  readonly type: string;
  readonly facts: readonly string[];
  /** What came in; only when asked for, since it may hold messages. */
  readonly event?: unknown;
}

/**
 * @param texts whether to show what the events carried
 * @throws AppError NOT_FOUND, CORRUPTED
 */
export function viewActor(store: Store, address: Address, texts: boolean): ActorView {
  const row = readActor(store, address);
  const stored = row && readActivation(store, address);
  if (!row || !stored)
    throw new AppError('NOT_FOUND', `there is no ${address.kind} "${address.id}" of "${address.tenant}"`);
  const events: EventView[] = [];
  let state: unknown = stored.snapshot?.state.value ?? null;
  for (const { key, value } of store.range('event', { prefix: actorKey(address), reverse: true, limit: EVENTS })) {
    const { revision, at, type, event, facts, state: after } = readEvent(key[3] as number, value);
    if (events.length === 0) state = after;
    events.push({
      revision,
      at: isoTime(at),
      type,
      facts: facts.map((fact) => fact.type),
      ...(texts ? { event: legible(event) } : {}),
    });
  }
  return {
    ...address,
    revision: events[0]?.revision ?? stored.revision,
    removed: row.removed,
    state: row.removed ? null : state,
    snapshot: stored.snapshot && { revision: stored.snapshot.revision, version: stored.snapshot.version },
    timers: timersOf(store, address),
    events,
  };
}

/** Timers lie in order of time, not of actor. */
function timersOf(store: Store, { tenant, kind, id }: Address): ActorView['timers'] {
  const timers: { id: string; due: string }[] = [];
  for (const { key } of store.range('timer', { prefix: [] })) {
    if (key[1] === tenant && key[2] === kind && key[3] === id) {
      timers.push({ id: String(key[4]), due: isoTime(key[0] as number) });
    }
  }
  return timers;
}

/** Unix ms as ISO 8601; a number no date can be stays a number. */
export function isoTime(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? String(ms) : date.toISOString();
}

/** Vectors by their size: 384 numbers tell a reader nothing. */
function legible(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return `[${value.constructor.name} of ${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.map(legible);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, legible(inner)]));
}
