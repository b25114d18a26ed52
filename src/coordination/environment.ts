/** The shared environment for an embedding application: agents that know nothing of each other but what each leaves there. */
import type { LogRecord } from '../../actors/ports.ts';
import { type Call, type CallOptions, keyed, unless } from '../calls.ts';
import { type EventDraft, eventOf, POST, type SempEvent, SIGNAL_KIND } from '../environment/event.ts';
import { compileScopeGlobs } from '../environment/scope-glob.ts';
import type { Signal } from '../environment/signals.ts';

/** Fields as in `GET /api/events`. */
export interface EventListQuery {
  /** A scope, or a glob over scopes: `ui.*`. */
  readonly scope?: string;
  readonly trace_id?: string;
  readonly agent_id?: string;
  readonly type?: SempEvent['type'] | readonly SempEvent['type'][];
  /** Ids of events: those before or after them. */
  readonly before?: string;
  readonly after?: string;
  /** Default `desc`: newest first. */
  readonly order?: 'asc' | 'desc';
  /** 1 to 1,000, default 100. */
  readonly limit?: number;
}

/** Fields as in `GET /api/signals`. */
export interface SignalListQuery {
  /** A scope, or a glob over scopes: `ui.*`. */
  readonly scope?: string;
  readonly pattern?: string;
  /** [0, 1]. */
  readonly min_strength?: number;
}

/** Which events are heard; absent: all. */
export interface EventFilter {
  /** Globs over scopes. */
  readonly scopes?: readonly string[];
  readonly types?: readonly SempEvent['type'][];
}

/** To be read once. */
export interface HeardEvents extends AsyncIterable<SempEvent> {
  /** Ends the loop over it, also one that waits. */
  close(): void;
}

/** Events and signals of one tenant. Every method but `listen` is the operation that REST serves. */
export interface SharedEnvironment {
  /** Posts an event; what it does to signals is visible when this returns. */
  post(event: EventDraft, options?: CallOptions): Promise<SempEvent>;
  events(query?: EventListQuery): Promise<SempEvent[]>;
  event(id: string): Promise<SempEvent | undefined>;
  /** Those that live, strongest first. */
  signals(query?: SignalListQuery): Promise<Signal[]>;
  signal(scope: string, pattern: string): Promise<Signal | undefined>;
  /**
   * Events as they become durable, in order and without gaps.
   *
   * @example
   * for await (const event of environment.listen({ scopes: ['ui.*'] })) console.log(event.type);
   */
  listen(filter?: EventFilter): HeardEvents;
}

interface Log {
  subscribe(filter: { kinds: string[]; types: string[] }): AsyncIterable<LogRecord> & { close(): void };
}

export function environmentOf(call: Call, log: Log): SharedEnvironment {
  const query = <Q extends object>(given: Q) => ({ query: given as Record<string, string> });
  return {
    post: (event, { idempotencyKey } = {}) => call('events.create', { body: event }, keyed(idempotencyKey)),
    events: (given = {}) => call('events.list', query(given)),
    event: (id) => call<SempEvent>('events.get', { path: { id } }).catch(unless('NOT_FOUND')),
    signals: (given = {}) => call('signals.list', query(given)),
    signal: (scope, pattern) =>
      call<Signal>('signals.lookup', { query: { scope, pattern } }).catch(unless('NOT_FOUND')),
    listen: (filter = {}) => {
      const records = log.subscribe({ kinds: [SIGNAL_KIND], types: [POST] });
      return { [Symbol.asyncIterator]: () => heard(records, filter), close: () => records.close() };
    },
  };
}

async function* heard(
  records: AsyncIterable<LogRecord>,
  { scopes = [], types }: EventFilter,
): AsyncGenerator<SempEvent> {
  const inScope = compileScopeGlobs(scopes);
  for await (const { type, time, payload } of records) {
    const event = eventOf({ type, at: time, event: payload });
    if (event && inScope(event.scope) && (types?.includes(event.type) ?? true)) yield event;
  }
}
