/** Everything but the fronts, put together: store, host (with its timers), compute, actors, embedder, recall. */
import { type Address, formatAddress } from '../actors/address.ts';
import type { Compute } from '../actors/compute.ts';
import type { Kind } from '../actors/kind.ts';
import { KINDS } from '../actors/kinds/index.ts';
import type { Clock } from '../actors/ports.ts';
import { System, type SystemLogger } from '../actors/system.ts';
import { SystemClock } from './clock.ts';
import { createCompute } from './compute/index.ts';
import type { Config } from './config.ts';
import type { Embedder } from './embedding/embedder.ts';
import { createHashEmbedder } from './embedding/hash.ts';
import { createOpenAiEmbedder } from './embedding/openai.ts';
import { createEnvironment } from './environment/environment.ts';
import { SIGNAL_KIND } from './environment/event.ts';
import { indexRecord } from './environment/index-rows.ts';
import { createGraphql } from './graphql/index.ts';
import { EmbeddedHost } from './host/embedded.ts';
import { createMetrics, type Metrics } from './http/metrics.ts';
import type { Services } from './operations/services.ts';
import { createRanker } from './recall/rank.ts';
import { openSeal, type Seal } from './seal.ts';
import { openStore } from './store/index.ts';
import type { Store } from './store/store.ts';
import { Places } from './stream/places.ts';
import { VERSION } from './version.ts';
import type { Resolve } from './webhooks/address-guard.ts';
import { Deliveries, type Webhooks } from './webhooks/webhooks.ts';

export interface RuntimeOptions {
  readonly config: Config;
  readonly logger: SystemLogger;
  /** An application's own kinds, beside the built-in ones. */
  readonly kinds?: readonly Kind[];
  readonly clock?: Clock;
  readonly embedder?: Embedder;
  /** Default: opened from `config.data`. Whoever hands one in closes it. */
  readonly store?: Store;
  /** Where the names of webhook receivers lead. Default: what name servers say. */
  readonly resolve?: Resolve;
}

export interface Runtime {
  readonly store: Store;
  readonly host: EmbeddedHost;
  readonly system: System;
  readonly compute: Compute;
  readonly services: Services;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly seal: Seal;
  /** Works off what is queued, then lets go of the data directory. */
  close(): Promise<void>;
}

/** @throws AppError UNAVAILABLE when the data cannot be opened or belongs to a newer program */
export async function createRuntime(options: RuntimeOptions): Promise<Runtime> {
  const { config, logger, clock = new SystemClock() } = options;
  const kinds = [...KINDS, ...(options.kinds ?? [])];
  const store = options.store ?? (await openStore(config));
  try {
    const host = new EmbeddedHost({
      store,
      clock,
      durability: config.durability,
      index: indexRecord,
      indexed: new Set([SIGNAL_KIND]),
    });
    await host.adopt(kinds);
    // Starts no thread before something needs one.
    const compute = createCompute({ ...config.compute, clock });
    const ranker = createRanker();
    const embedder = options.embedder ?? createEmbedder(config);
    const system = new System({
      host,
      clock,
      kinds,
      logger,
      mailbox: config.mailbox,
      maxLive: config.maxLive,
      idleMs: config.idleMs,
      compute,
      onPassivated: (address: Address) => ranker.forget(formatAddress(address)),
    });
    const metrics = createMetrics();
    const environment = createEnvironment({
      store,
      system,
      clock,
      settings: config.signals,
      host,
      onFault: (error) => logger.error({ err: error }, 'a listener of the shared environment failed'),
    });
    const seal = await openSeal(store);
    const webhooks = new Deliveries({
      store,
      system,
      environment,
      clock,
      logger,
      seal,
      allowPrivate: config.webhooks.allowPrivate,
      ...(options.resolve === undefined ? {} : { resolve: options.resolve }),
    });
    const services: Services = {
      system,
      compute,
      embedder,
      ranker,
      environment,
      webhooks,
      graphql: createGraphql(config, logger),
      clock,
      places: new Places(config),
      config,
      version: VERSION,
      checks: () => ({
        backend: system.inspect().accepting ? 'ok' : 'shutting down',
        database: host.healthy() ? 'ok' : 'the store does not take commits',
        compute: compute.healthy() ? 'ok' : 'worker threads keep dying',
        embedder: embedder.healthy() ? 'ok' : 'the embedder does not answer',
      }),
      metrics: () => metrics.text(),
    };
    describeSystem(metrics, system, host, store);
    describeCompute(metrics, compute);
    describeWebhooks(metrics, webhooks);
    system.start();
    webhooks.start();
    const close = async () => {
      await webhooks.stop();
      await system.drain();
      await compute.close();
      await host.close();
      await embedder.close();
      if (!options.store) await store.close();
    };
    return { store, host, system, compute, services, metrics, clock, seal, close };
  } catch (error) {
    if (!options.store) await store.close();
    throw error;
  }
}

function createEmbedder({ embedder }: Config): Embedder {
  const { url, model, dimension, apiKey } = embedder;
  if (url === undefined) return createHashEmbedder({ dimension });
  return createOpenAiEmbedder({ url, model, dimension, ...(apiKey === undefined ? {} : { apiKey }) });
}

function describeSystem(metrics: Metrics, system: System, host: EmbeddedHost, store: Store): void {
  metrics.process();
  metrics.gauge('synod_sessions', 'Sessions in the store.', () => system.count('session'));
  metrics.gauge('synod_actors_live', 'Actors in memory.', () => system.inspect().live);
  metrics.gauge('synod_mailbox_events', 'Events waiting in mailboxes.', () => system.inspect().queued);
  metrics.gauge('synod_mailbox_bytes', 'Estimated bytes waiting in mailboxes.', () => system.inspect().queuedBytes);
  metrics.gauge('synod_commit_backlog_turns', 'Turns waiting for a commit.', () => host.backlog().turns);
  metrics.gauge(
    'synod_actors_quarantined',
    'Actors that crashed too often.',
    () => system.inspect().quarantined.length,
  );
  metrics.gauge('synod_stream_subscribers', 'Open subscriptions.', () => system.subscribers);
  metrics.gauge('synod_store_bytes', 'Bytes of the data on disk.', () => store.sizeBytes());
}

function describeWebhooks(metrics: Metrics, webhooks: Webhooks): void {
  const attempts = () => {
    const { delivered, failed } = webhooks.inspect();
    return { delivered, failed };
  };
  metrics.gaugeBy('synod_webhook_attempts', 'Attempts to deliver since the start, by outcome.', 'outcome', attempts);
  metrics.gauge('synod_webhook_running', 'Attempts to deliver under way.', () => webhooks.inspect().running);
}

function describeCompute(metrics: Metrics, compute: Compute): void {
  const tasks = () => {
    const { inline, pooled } = compute.inspect();
    return { inline, pool: pooled };
  };
  metrics.gaugeBy('synod_compute_tasks', 'Kernels run since the start, by where they ran.', 'where', tasks);
  metrics.gaugeBy('synod_compute_failed_tasks', 'Tasks of the pool that were refused or given up.', 'reason', () => {
    const { refused, expired } = compute.inspect();
    return { queue_full: refused, deadline: expired };
  });
  metrics.gauge('synod_compute_queue_tasks', 'Tasks waiting for a worker thread.', () => compute.inspect().waiting);
  metrics.gauge('synod_compute_running_tasks', 'Tasks on worker threads.', () => compute.inspect().running);
  metrics.gauge('synod_compute_crashes', 'Worker threads that died in a task.', () => compute.inspect().crashes);
}
