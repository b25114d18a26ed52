/** How the strength of a signal came about: every event that touched it, and the decay between any two. */
import type { EventType } from '../../actors/kinds/signal/model.ts';
import type { Store } from '../store/store.ts';
import { type Change, readChanges } from './changes.ts';
import type { Events } from './events.ts';

/** What one event did. */
export interface HistoryEntry {
  readonly event_id: string;
  readonly type: EventType;
  /** ISO 8601, of the change. */
  readonly timestamp: string;
  readonly agent_id: string;
  readonly trace_id: string;
  /** Of the event; another one than the signal's when it came through parents or by id. */
  readonly scope: string;
  /** Magnitude of a reward or penalty; null for the others. */
  readonly value: number | null;
  /** Weight of a reward; null for the others. */
  readonly alpha: number | null;
  /** From the change before to just before this one; null at the beginning. */
  readonly decay: HistoryDecay | null;
  /** Strength just before, 0 at the beginning, and just after. */
  readonly before: number;
  readonly after: number;
}

/** `to` = `from` × `lambda` ^ (seconds / interval_seconds), of whole intervals only when it is `stepped`. */
export interface HistoryDecay {
  readonly from: number;
  readonly to: number;
  readonly seconds: number;
  /** Penalties of the profile `site` included. */
  readonly lambda: number;
  readonly interval_seconds: number;
  readonly stepped: boolean;
}

export interface HistoryQuery {
  /** Revision of the actor behind which to go on. Default: from the beginning. */
  readonly after?: number | undefined;
  readonly limit: number;
}

export interface History {
  /** Oldest first. */
  readonly entries: readonly HistoryEntry[];
  /** Revision from which the next page goes on; null when this was the last one. */
  readonly next: number | null;
}

/** Turns one page may cost: an actor outlives its signals, and may have recorded much that touched none. */
const MAX_TURNS = 20_000;

/** @param id of the signal, one of the lives of this actor */
export async function readHistory(
  { store, events }: { readonly store: Store; readonly events: Events },
  tenant: string,
  { actor, id }: { readonly actor: string; readonly id: string },
  { after = 0, limit }: HistoryQuery,
): Promise<History> {
  const entries: HistoryEntry[] = [];
  let previous = after === 0 ? undefined : await lastOf(store, tenant, actor, id, after);
  let looked = 0;
  for await (const change of readChanges(store, tenant, actor, { after })) {
    const { revision, touched } = change;
    if (touched?.id === id) {
      entries.push(entryOf(change, previous, tenant, events));
      previous = change;
      if (touched.signal === null) break;
    } else if (touched && previous) break;
    if (entries.length === limit || ++looked === MAX_TURNS) return { entries, next: revision };
  }
  return { entries, next: null };
}

async function lastOf(store: Store, tenant: string, actor: string, id: string, until: number) {
  for await (const change of readChanges(store, tenant, actor, { before: until + 1, reverse: true })) {
    if (change.touched) return change.touched.id === id ? change : undefined;
  }
  return undefined;
}

function entryOf({ at, touched, deposit, semp }: Change, previous: Change | undefined, tenant: string, events: Events) {
  const { event_id, cause, from, to } = touched!;
  const event = semp ?? events.find(tenant, event_id)!.event;
  const isCounted = cause === 'reward' || cause === 'penalty';
  return {
    event_id,
    type: cause,
    timestamp: new Date(at).toISOString(),
    agent_id: event.agent_id,
    trace_id: event.trace_id,
    scope: event.scope,
    value: isCounted ? deposit!.value : null,
    alpha: cause === 'reward' ? (deposit!.alpha ?? deposit!.rules.alpha) : null,
    decay: previous ? decayOf(previous, at, from) : null,
    before: from,
    after: to,
  };
}

function decayOf({ at: since, touched }: Change, at: number, strength: number): HistoryDecay {
  const { lambda, burden, intervalMs, decay } = touched!.signal!;
  return {
    from: touched!.to,
    to: strength,
    seconds: Math.max(0, at - since) / 1_000,
    lambda: lambda ** (1 + burden),
    interval_seconds: intervalMs / 1_000,
    stepped: decay === 'stepped',
  };
}
