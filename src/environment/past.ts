/**
 * Signals as they were at a past moment, exactly: what has been touched since is looked up in the log of its actor, the
 * others follow from what they are now.
 */
import { setImmediate as breathe } from 'node:timers/promises';
import { AppError } from '../../actors/errors.ts';
import { decode } from '../host/codec.ts';
import type { Store } from '../store/store.ts';
import { readChanges } from './changes.ts';
import type { Events } from './events.ts';
import { keys, type LiveRow, touchedActors } from './index-rows.ts';
import { asSignal, type Signal } from './signals.ts';

/** Some 10 µs each. */
const MAX_EVENTS_BACK = 20_000;
/** Rows read at once: others get the thread in between. */
const ROWS = 512;

/** @param at Unix ms @returns what the last event until then left behind; undefined when that was no signal */
export async function rowAt(store: Store, tenant: string, actor: string, at: number): Promise<LiveRow | undefined> {
  for await (const { at: when, touched } of readChanges(store, tenant, actor, { reverse: true })) {
    if (!touched || when > at) continue;
    const { scope, pattern, signal } = touched;
    return signal ? { scope, pattern, signal } : undefined;
  }
  return undefined;
}

/**
 * All that lived then, in no order.
 *
 * @param most events that may lie between then and now, default 20,000
 * @throws AppError INVALID when too much has happened since
 */
export async function signalsAt(
  { store, events }: { readonly store: Store; readonly events: Events },
  tenant: string,
  at: number,
  most = MAX_EVENTS_BACK,
): Promise<Signal[]> {
  const rows = new Map<string, LiveRow>();
  const prefix = keys.live(tenant);
  for (let from = [...prefix, at]; ; ) {
    const chunk = [...store.range('index', { prefix, from, limit: ROWS })];
    for (const { key, value } of chunk) {
      from = [...key, ''];
      rows.set(key.at(-1) as string, decode<LiveRow>(value));
    }
    if (chunk.length < ROWS) break;
    await breathe();
  }
  // Behind the rows: what changes while they are read is among these.
  const moved = await touchedSince(events, tenant, at, most);
  // A share is taken a moment after the event it belongs to.
  for (const [actor, { signal }] of rows) if (Math.max(signal.lastUpdated, signal.since) > at) moved.add(actor);
  for (const actor of moved) {
    const row = await rowAt(store, tenant, actor, at);
    if (row) rows.set(actor, row);
    else rows.delete(actor);
  }
  return [...rows.values()].flatMap((row) => asSignal(row, at) ?? []);
}

/** Actors of the signals that events after a moment touched. */
async function touchedSince(events: Events, tenant: string, at: number, most: number): Promise<Set<string>> {
  const actors = new Set<string>();
  let looked = 0;
  for await (const { actor, folded } of events.backwards(tenant)) {
    if (folded.at <= at) break;
    if (++looked > most) {
      const message = `as_of: more than ${most} events have happened since; ask for one signal`;
      throw new AppError('INVALID', message);
    }
    for (const touched of touchedActors(actor, folded)) actors.add(touched.actor);
  }
  return actors;
}
