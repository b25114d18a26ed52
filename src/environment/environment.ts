/**
 * The shared environment: agents post events, and read those of others and the signals they leave. Every surface goes
 * through here: REST, GraphQL, WebSockets, webhooks.
 */
import type { AppError } from '../../actors/errors.ts';
import type { SignalContext } from '../../actors/kinds/signal/model.ts';
import type { ActorSystem, Clock, Host } from '../../actors/ports.ts';
import { hex } from '../host/codec.ts';
import { readHead } from '../host/log.ts';
import type { Store } from '../store/store.ts';
import { type BatchOptions, postBatch } from './batch.ts';
import type { EventDraft } from './event.ts';
import { actorIdOf, SIGNAL_KIND } from './event.ts';
import { type EventPage, type EventQuery, Events, type FoundEvent } from './events.ts';
import { Feed } from './feed.ts';
import { type History, type HistoryQuery, readHistory } from './history.ts';
import type { LiveRow } from './index-rows.ts';
import { ancestors, descendants, type Lineage, type LineageQuery } from './lineage.ts';
import { rowAt, signalsAt } from './past.ts';
import { type Posted, type Poster, post } from './post.ts';
import { createRules, type SignalSettings } from './rules.ts';
import { asSignal, type Signal, type SignalKey, type SignalQuery, Signals, select } from './signals.ts';
import { Targets } from './targets.ts';

/** Of a hash: enough that no two are alike. */
const VERSION_BYTES = 16;

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
  /**
   * Records many, in their order.
   *
   * @param drafts with an error in the place of one that is none
   * @returns what became of each
   */
  postBatch(
    poster: Poster,
    drafts: readonly (EventDraft | AppError)[],
    options?: BatchOptions,
  ): Promise<(Posted | AppError)[]>;
  event(tenant: string, id: string): FoundEvent | undefined;
  /** Newest first unless the query says otherwise. */
  events(tenant: string, query: EventQuery): Promise<EventPage>;
  /** Events that name this one as a parent. */
  children(tenant: string, id: string, query: EventQuery): Promise<EventPage>;
  /** Undefined when there is no such event. */
  ancestors(tenant: string, id: string, query: LineageQuery): Promise<Lineage | undefined>;
  descendants(tenant: string, id: string, query: LineageQuery): Promise<Lineage | undefined>;
  /**
   * Those that live, strongest first. Default as of now; a later moment takes it that nothing happens until then.
   *
   * @throws AppError INVALID for a moment before the last 20,000 events
   */
  signals(tenant: string, query: Omit<SignalQuery, 'asOf'> & { readonly asOf?: number | undefined }): Promise<Signal[]>;
  /** One signal as of a moment, default now; undefined when there is, or was, none of that name or id then. */
  signal(tenant: string, key: SignalKey, asOf?: number): Promise<Signal | undefined>;
  /** What happened to a signal, living or gone; undefined when there never was one of this id. */
  history(tenant: string, id: string, query: HistoryQuery): Promise<History | undefined>;
  /** Sequence number of an event in the tenant's log. */
  seqOf(tenant: string, id: string): number | undefined;
  /** What happens, as it happens. */
  readonly feed: Feed;
  /**
   * Names what stands in the tenant's log: the same text only for the same log, in whatever data directory. What is read
   * afterwards is as of then or later.
   */
  version(tenant: string): string;
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
    strict: settings.strict ?? false,
  };
  return {
    post: (poster, draft) => post(posting, poster, draft),
    postBatch: (poster, drafts, options) => postBatch(posting, poster, drafts, options),
    event: (tenant, id) => events.find(tenant, id),
    events: (tenant, query) => events.list(tenant, query),
    children: (tenant, id, query) => events.children(tenant, id, query),
    signals: async (tenant, query) => {
      const now = clock.now();
      const { asOf = now } = query;
      if (asOf >= now) return signals.list(tenant, { ...query, asOf });
      return select(await signalsAt({ store, events }, tenant, asOf), query);
    },
    signal: async (tenant, key, asOf) => {
      const now = clock.now();
      const at = asOf ?? now;
      const actor = 'id' in key ? signals.actorOf(tenant, key.id)?.actor : actorIdOf(key);
      if (actor === undefined) return undefined;
      const row = at < now ? await rowAt(store, tenant, actor, at) : await present(system, tenant, actor);
      return row && (!('id' in key) || row.signal.id === key.id) ? asSignal(row, at) : undefined;
    },
    history: async (tenant, id, query) => {
      const found = signals.actorOf(tenant, id);
      return found && readHistory({ store, events }, tenant, { actor: found.actor, id }, query);
    },
    ancestors: async (tenant, id, query) => {
      const found = events.find(tenant, id);
      return found && ancestors(events, tenant, found, query);
    },
    descendants: async (tenant, id, query) => {
      const found = events.find(tenant, id);
      return found && descendants(events, tenant, found, query);
    },
    seqOf: (tenant, id) => events.seqOf(tenant, id),
    feed: new Feed({ host, onFault }),
    // The hash of the newest record is one of everything before it: unlike a number, it does not come again.
    version: (tenant) => hex(readHead(store, tenant).hash.subarray(0, VERSION_BYTES)),
  };
}

/** What an actor has now. */
async function present(system: ActorSystem, tenant: string, id: string): Promise<LiveRow | undefined> {
  const view = await system.read<SignalContext>({ tenant, kind: SIGNAL_KIND, id });
  if (!view?.context.living) return undefined;
  const { scope, pattern, living: signal } = view.context;
  return { scope, pattern, signal };
}
