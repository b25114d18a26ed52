/** Reads events: one by its id, or lists by tenant, scope or trace, newest first, through the index into the log. */
import { setImmediate as breathe } from 'node:timers/promises';
import { AppError } from '../../actors/errors.ts';
import type { EventType } from '../../actors/kinds/signal/model.ts';
import type { FoldedEvent } from '../../actors/ports.ts';
import { decode } from '../host/codec.ts';
import { eventKey, readEvent } from '../host/log.ts';
import type { Key, Store } from '../store/store.ts';
import { eventOf, SIGNAL_KIND, type StoredEvent } from './event.ts';
import { decodePointer, type EventPlace, type EventPointer, keys, type TouchedActor } from './index-rows.ts';

export interface EventQuery {
  /** Exact. */
  readonly scope?: string | undefined;
  /** Exact. */
  readonly trace?: string | undefined;
  readonly types?: readonly EventType[] | undefined;
  readonly agent?: string | undefined;
  /** Whether a scope is wanted. Default: all. */
  readonly inScope?: ((scope: string) => boolean) | undefined;
  /** Only events before and after these sequence numbers. */
  readonly before?: number | undefined;
  readonly after?: number | undefined;
  /** Oldest first. Default false. */
  readonly ascending?: boolean | undefined;
  readonly limit: number;
  /** Stored bytes after which the page ends early. Default 8 MiB. */
  readonly maxBytes?: number | undefined;
  /** Told how many index rows were read, bit by bit. What it throws ends the reading. */
  readonly onRows?: ((rows: number) => void) | undefined;
}

export interface EventPage {
  readonly events: readonly StoredEvent[];
  /** Sequence number from which the next page goes on; null when this was the last one. */
  readonly next: number | null;
  /** What its events take in the store. */
  readonly bytes: number;
}

/** Index rows read at once: others get the thread in between. */
const ROWS = 512;
/** Index rows one page may cost: a filter that fits nearly nothing gives a short page, and where to go on. */
const MAX_ROWS = 20_000;

/** A thousand events may hold 256 MiB: nobody needs them at once, and a few such answers would fill the memory. */
export const MAX_PAGE_BYTES = 8 * 2 ** 20;

/** An event as it is found by its id. */
export interface FoundEvent extends StoredEvent {
  readonly actor: string;
  readonly folded: FoldedEvent;
}

export class Events {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Sequence number of an event. */
  seqOf(tenant: string, id: string): number | undefined {
    return this.#placeOf(tenant, id)?.[0];
  }

  find(tenant: string, id: string): FoundEvent | undefined {
    const place = this.#placeOf(tenant, id);
    if (!place) return undefined;
    const [seq, actor, revision] = place;
    const folded = readEvent(revision, this.#row(tenant, actor, revision));
    return { seq, actor, folded, event: eventOf(folded)! };
  }

  async list(tenant: string, query: EventQuery): Promise<EventPage> {
    const { scope, trace } = query;
    const prefix =
      trace !== undefined
        ? keys.trace(tenant, trace)
        : scope !== undefined
          ? keys.scope(tenant, scope)
          : keys.event(tenant);
    return this.#page(tenant, prefix, query);
  }

  /** Events that name this one as their parent, newest first. */
  async children(tenant: string, id: string, query: EventQuery): Promise<EventPage> {
    return this.#page(tenant, keys.children(tenant, id), query);
  }

  /** All of them, newest first, with their place in the log. */
  async *backwards(tenant: string): AsyncGenerator<FoundEvent> {
    for (let before: number | null = Number.POSITIVE_INFINITY; before !== null; ) {
      const page: EventPage = await this.list(tenant, { before, limit: ROWS });
      for (const { event } of page.events) {
        const found = this.find(tenant, event.id);
        if (found) yield found;
      }
      before = page.next;
    }
  }

  async #page(tenant: string, prefix: Key, query: EventQuery): Promise<EventPage> {
    const { limit, ascending = false, maxBytes = MAX_PAGE_BYTES, onRows } = query;
    const events: StoredEvent[] = [];
    let bytes = 0;
    let { before = Number.POSITIVE_INFINITY, after = 0 } = query;
    for (let looked = 0; ; ) {
      const range = { prefix, from: [...prefix, after + 1], to: [...prefix, before], reverse: !ascending, limit: ROWS };
      let rows = 0;
      for (const { key, value } of this.#store.range('index', range)) {
        const seq = key.at(-1) as number;
        rows++;
        if (ascending) after = seq;
        else before = seq;
        const pointer = decodePointer(value);
        if (!fits(pointer, query)) continue;
        const row = this.#row(tenant, pointer.actor, pointer.revision);
        bytes += row.length;
        events.push({ seq, event: eventOf(readEvent(pointer.revision, row))! });
        if (events.length === limit || bytes >= maxBytes) {
          onRows?.(rows);
          return { events, next: seq, bytes };
        }
      }
      onRows?.(rows);
      looked += rows;
      if (rows < ROWS) return { events, next: null, bytes };
      if (looked >= MAX_ROWS) return { events, next: ascending ? after : before, bytes };
      await breathe();
    }
  }

  /** The signals an event touched, without reading the event. */
  touched(tenant: string, id: string): readonly TouchedActor[] {
    return this.#placeOf(tenant, id)?.[3] ?? [];
  }

  #placeOf(tenant: string, id: string): EventPlace | undefined {
    const bytes = this.#store.get('index', keys.id(tenant, id));
    return bytes && decode<EventPlace>(bytes);
  }

  /** @throws AppError CORRUPTED */
  #row(tenant: string, actor: string, revision: number): Uint8Array {
    const row = this.#store.get('event', eventKey({ tenant, kind: SIGNAL_KIND, id: actor }, revision));
    if (row) return row;
    throw new AppError('CORRUPTED', `signal "${actor}": event ${revision} is in the index and not in the log`);
  }
}

function fits({ type, agent, scope }: EventPointer, query: EventQuery): boolean {
  if (query.types && !query.types.includes(type)) return false;
  if (query.agent !== undefined && query.agent !== agent) return false;
  if (query.scope !== undefined && query.scope !== scope) return false;
  return query.inScope?.(scope) ?? true;
}
