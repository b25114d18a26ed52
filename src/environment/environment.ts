/**
 * The shared environment: agents post events, and read those of others and the signals they leave. Every surface goes
 * through here: REST, GraphQL, WebSockets, webhooks.
 */
import type { ActorSystem, Clock, Host } from '../../actors/ports.ts';
import type { Store } from '../store/store.ts';
import type { EventDraft } from './event.ts';
import { type EventPage, type EventQuery, Events, type FoundEvent } from './events.ts';
import { Feed } from './feed.ts';
import { type Posted, type Poster, post } from './post.ts';
import { createRules, type SignalSettings } from './rules.ts';
import { type Signal, type SignalQuery, Signals } from './signals.ts';
import { Targets } from './targets.ts';

export interface EnvironmentOptions {
  readonly store: Store;
  readonly system: ActorSystem;
  readonly clock: Pick<Clock, 'now'>;
  readonly settings: SignalSettings;
  readonly host: Pick<Host, 'onRecord'>;
  /** Told about listeners of the feed that throw. */
  readonly onFault: (error: unknown) => void;
}

export interface Environment {
  /**
   * Records an event and what it does to signals. Under an idempotency key it happens once.
   *
   * @throws AppError as `ActorSystem.ask`
   */
  post(poster: Poster, draft: EventDraft): Promise<Posted>;
  event(tenant: string, id: string): FoundEvent | undefined;
  /** Newest first unless the query says otherwise. */
  events(tenant: string, query: EventQuery): Promise<EventPage>;
  /** Events that name this one as a parent. */
  children(tenant: string, id: string, query: EventQuery): Promise<EventPage>;
  /** Those that live, strongest first. Default as of now. */
  signals(tenant: string, query: Omit<SignalQuery, 'asOf'> & { readonly asOf?: number | undefined }): Promise<Signal[]>;
  /** Sequence number of an event in the tenant's log. */
  seqOf(tenant: string, id: string): number | undefined;
  /** What happens, as it happens. */
  readonly feed: Feed;
}

export function createEnvironment({ store, system, clock, settings, host, onFault }: EnvironmentOptions): Environment {
  const events = new Events(store);
  const signals = new Signals(store);
  const posting = {
    system,
    clock,
    events,
    targets: new Targets(store, events, signals),
    rulesOf: createRules(settings),
  };
  return {
    post: (poster, draft) => post(posting, poster, draft),
    event: (tenant, id) => events.find(tenant, id),
    events: (tenant, query) => events.list(tenant, query),
    children: (tenant, id, query) => events.children(tenant, id, query),
    signals: (tenant, query) => signals.list(tenant, { ...query, asOf: query.asOf ?? clock.now() }),
    seqOf: (tenant, id) => events.seqOf(tenant, id),
    feed: new Feed({ host, onFault }),
  };
}
