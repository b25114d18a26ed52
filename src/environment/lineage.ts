/** What an event follows from, and what follows from it: breadth first along `parent_ids`, each event once. */
import { setImmediate as breathe } from 'node:timers/promises';
import { estimateBytes } from '../../actors/size.ts';
import type { StoredEvent } from './event.ts';
import { type Events, MAX_PAGE_BYTES } from './events.ts';

export interface LineageQuery {
  /** Events at most, without the one asked about. */
  readonly limit: number;
  /** Steps away at most, from 1. */
  readonly depth: number;
}

export interface Lineage {
  /** Nearest first. Parents in the order the event names them, children oldest first. */
  readonly events: readonly StoredEvent[];
  /** False when there are more than `limit`, or some further away than `depth`, or they hold more than 8 MiB. */
  readonly complete: boolean;
}

/** Lookups in a row: others get the thread in between. */
const LOOKUPS = 256;

/** Parents nobody knows are passed over: they may be any text. */
export function ancestors(events: Events, tenant: string, of: StoredEvent, query: LineageQuery): Promise<Lineage> {
  let looked = 0;
  return walk(of, query, async function* ({ event }, seen) {
    for (const id of event.parent_ids) {
      if (++looked % LOOKUPS === 0) await breathe();
      const found = seen.has(id) ? undefined : events.find(tenant, id);
      if (found) yield found;
    }
  });
}

export function descendants(events: Events, tenant: string, of: StoredEvent, query: LineageQuery): Promise<Lineage> {
  return walk(of, query, async function* ({ event }) {
    for (let after: number | null = 0; after !== null; ) {
      const page = { ascending: true, after, limit: LOOKUPS };
      const found: Awaited<ReturnType<Events['children']>> = await events.children(tenant, event.id, page);
      yield* found.events;
      after = found.next;
    }
  });
}

type Relatives = (of: StoredEvent, seen: ReadonlySet<string>) => AsyncIterable<StoredEvent>;

async function walk(start: StoredEvent, { limit, depth }: LineageQuery, relatives: Relatives): Promise<Lineage> {
  const seen = new Set([start.event.id]);
  const events: StoredEvent[] = [];
  let bytes = 0;
  // One step more than wanted: only that tells whether anything is left out.
  for (let step = 0, level = [start]; level.length > 0; step++) {
    const next: StoredEvent[] = [];
    for (const one of level) {
      for await (const { seq, event } of relatives(one, seen)) {
        if (seen.has(event.id)) continue;
        if (step === depth || events.length === limit) return { events, complete: false };
        seen.add(event.id);
        bytes += estimateBytes(event.payload);
        if (bytes > MAX_PAGE_BYTES) return { events, complete: false };
        events.push({ seq, event });
        next.push({ seq, event });
      }
    }
    level = next;
  }
  return { events, complete: true };
}
