/** A runtime with webhooks whose clock stands still, and the calls a client makes, without HTTP in front. */
import { onTestFinished } from 'vitest';
import type { WebhookContext } from '../../actors/kinds/webhook/model.ts';
import { type Call, createCall } from '../../src/calls.ts';
import { createRuntime, type Runtime } from '../../src/runtime.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import type { Store } from '../../src/store/store.ts';
import type { Resolve } from '../../src/webhooks/address-guard.ts';
import { FakeClock } from '../support/clock.ts';
import { testConfig } from '../support/server.ts';
import { until } from './receiver.ts';

export interface Hooked {
  readonly id: string;
  readonly secret: string;
}

export interface DeliveryBody {
  readonly delivery_id: string;
  readonly event_id: string;
  readonly attempt: number;
  readonly outcome: string;
  readonly status: number | null;
  readonly error: string | null;
}

export interface World {
  readonly runtime: Runtime;
  readonly clock: FakeClock;
  readonly store: Store;
  readonly logged: { level: string; facts: object; message: string }[];
  readonly call: Call;
  as(tenant: string): Call;
  hook(body: object): Promise<Hooked>;
  /** Posts an event. @returns its id */
  post(scope?: string, type?: string): Promise<string>;
  webhook(id: string): Promise<WebhookContext>;
  deliveries(id: string): Promise<DeliveryBody[]>;
  /** Waits until a webhook has dealt with everything that is in the log now. */
  settled(id: string): Promise<void>;
  /** Lets time pass in small steps until something holds. */
  pass(holds: () => boolean | Promise<boolean>, stepMs?: number): Promise<void>;
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly store?: Store;
  readonly clock?: FakeClock;
  readonly resolve?: Resolve;
  readonly allowPrivate?: boolean;
}

/** Closed when the test ends, unless it was before. */
export async function world(options: WorldOptions = {}): Promise<World> {
  const { store = createMemoryStore(), clock = new FakeClock(), resolve, allowPrivate = true } = options;
  const logged: World['logged'] = [];
  const log = (level: string) => (facts: object, message: string) => void logged.push({ level, facts, message });
  const runtime = await createRuntime({
    config: testConfig({ webhooks: { allowPrivate } }),
    logger: { warn: log('warn'), error: log('error') },
    clock,
    store,
    ...(resolve === undefined ? {} : { resolve }),
  });
  let closed: Promise<void> | null = null;
  const close = () => {
    closed ??= runtime.close();
    return closed;
  };
  onTestFinished(close);
  const as = (tenant: string) => createCall(runtime.services, tenant);
  const call = as('ada');
  const webhook = async (id: string) =>
    (await runtime.system.read<WebhookContext>({ tenant: 'ada', kind: 'webhook', id }))!.context;
  const settled = async (id: string) => {
    const { events } = await runtime.services.environment.events('ada', { limit: 1 });
    const last = events[0]?.seq ?? 0;
    await until(async () => (await webhook(id)).cursor >= last);
  };
  return {
    runtime,
    clock,
    store,
    logged,
    call,
    as,
    hook: (body) => call<Hooked>('webhooks.create', { body }),
    post: async (scope = 'ui.login', type = 'proposal') => {
      const body = { type, scope, trace_id: 'trace-001', agent_id: 'ada', payload: { action: 'look' } };
      return (await call<{ id: string }>('events.create', { body })).id;
    },
    webhook,
    deliveries: (id) => call('webhooks.deliveries', { path: { id } }),
    settled,
    pass: (holds, stepMs = 100) =>
      until(async () => {
        if (await holds()) return true;
        await clock.advance(stepMs);
        return false;
      }),
    close,
  };
}
