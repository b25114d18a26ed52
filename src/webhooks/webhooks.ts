/**
 * The deliveries of all webhooks: a courier for each one that is enabled, woken by new events, by its own due attempts,
 * and at the start for what a crash or a stop left undelivered.
 */
import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { setImmediate as breathe } from 'node:timers/promises';
import type { Address } from '../../actors/address.ts';
import { AppError, messageOf } from '../../actors/errors.ts';
import type { WebhookContext } from '../../actors/kinds/webhook/model.ts';
import type { Clock } from '../../actors/ports.ts';
import type { SystemLogger } from '../../actors/supervisor.ts';
import type { System } from '../../actors/system.ts';
import type { Environment } from '../environment/environment.ts';
import type { SempEvent } from '../environment/event.ts';
import type { FeedItem } from '../environment/feed.ts';
import type { Seal } from '../seal.ts';
import type { Store } from '../store/store.ts';
import {
  addressesFor,
  ForbiddenTarget,
  type Resolve,
  readTarget,
  resolveLocal,
  resolvePublic,
} from './address-guard.ts';
import { Courier } from './courier.ts';
import { letterFor, ownerOf } from './letter.ts';
import { Line } from './line.ts';
import { Interrupted, type Outcome, post, type Wire } from './post.ts';
import { Room } from './room.ts';
import { HOW_TO_ALLOW } from './settings.ts';

export const WEBHOOK_KIND = 'webhook';
/** Attempts under way at once. */
const ROOM = { total: 256, perTenant: 32 };
/** Webhooks of a tenant read at a time, and how many are woken before others have the thread. */
const PAGE = 256;
/** How long making a webhook waits to learn where its name leads; each delivery asks again anyway. */
const CHECK_MS = 2_000;
/** How long a shutdown waits for attempts under way. One that is broken off is made again after the next start. */
const GRACE_MS = 3_000;

export interface WebhooksOptions {
  readonly store: Store;
  readonly system: Pick<System, 'read' | 'ask' | 'head' | 'list'>;
  readonly environment: Pick<Environment, 'events' | 'feed'>;
  readonly clock: Clock;
  readonly logger: SystemLogger;
  readonly seal: Seal;
  readonly allowPrivate: boolean;
  /** Default: the name servers; where private addresses are allowed, whatever this machine goes by. */
  readonly resolve?: Resolve;
  /** Uniform in [0, 1), for jitter. */
  readonly random?: () => number;
}

/** What operations may ask of the deliveries. */
export interface Webhooks {
  /**
   * Checks a receiver's URL. A name that does not resolve now may do so later, and is let through.
   *
   * @throws AppError INVALID for what is no http or https URL, or leads to an address that is not public
   */
  check(url: string): Promise<void>;
  seal(secret: string, tenant: string, id: string): string;
  /** @throws AppError CORRUPTED when it was sealed with the key of another data directory */
  unseal(sealed: string, tenant: string, id: string): string;
  /** A webhook was made or changed. */
  changed(tenant: string, id: string): void;
  /**
   * Sends an event made up for this, once and as soon as there is room, to an enabled webhook or not. Nothing of it is
   * kept. Null: there is no such webhook, or none any more.
   */
  test(tenant: string, id: string): Promise<(Outcome & { readonly delivery: string }) | null>;
  /** Attempts since the start, by what came of them, and how many are under way. */
  inspect(): { readonly delivered: number; readonly failed: number; readonly running: number };
}

/** Those of one tenant, while it has any. */
interface Couriers {
  readonly byId: Map<string, Courier>;
  /** Listens to the feed no more. */
  readonly stop: () => void;
}

export class Deliveries implements Webhooks {
  readonly #options: WebhooksOptions;
  readonly #wire: Wire;
  readonly #room = new Room(ROOM);
  readonly #stop = new AbortController();
  readonly #couriers = new Map<string, Couriers>();
  #stopped = false;
  #delivered = 0;
  #failed = 0;

  constructor(options: WebhooksOptions) {
    const { allowPrivate, clock, resolve = allowPrivate ? resolveLocal : resolvePublic } = options;
    this.#options = options;
    this.#wire = { resolve, allowPrivate, clock };
    // Each attempt listens while it lasts; by default Node takes more than ten for a leak.
    setMaxListeners(ROOM.total, this.#stop.signal);
  }

  /** Looks for webhooks with something to deliver. Returns at once; they are found one after the other. */
  start(): void {
    const { logger } = this.#options;
    this.#findAll().catch((error: unknown) => logger.error({ error: messageOf(error) }, 'webhooks were not all found'));
  }

  /** Lets the attempts under way end, or breaks them off. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const owned = [...this.#couriers.values()];
    for (const own of owned) own.stop();
    const couriers = owned.flatMap(({ byId }) => [...byId.values()]);
    const { taken: underWay } = this.#room;
    if (underWay > 0) this.#options.logger.warn({ underWay, atMostMs: GRACE_MS }, 'waiting for webhook deliveries');
    const cut = setTimeout(() => this.#stop.abort(), GRACE_MS);
    await Promise.all(couriers.map((courier) => courier.stop()));
    clearTimeout(cut);
    // Nothing outlives it, neither what somebody only tries out.
    this.#stop.abort();
  }

  async check(text: string): Promise<void> {
    const url = readTarget(text);
    const { clock, allowPrivate } = this.#options;
    if (allowPrivate) return;
    const late = new Promise<void>((resolve) => clock.setTimeout(resolve, CHECK_MS));
    const checked = addressesFor(url, this.#wire).then(
      () => {},
      (error: unknown) => {
        if (!(error instanceof ForbiddenTarget)) return;
        throw new AppError('INVALID', `url: ${error.detail}; ${HOW_TO_ALLOW}`);
      },
    );
    await Promise.race([checked, late]);
  }

  seal(secret: string, tenant: string, id: string): string {
    return this.#options.seal.seal(secret, ownerOf(tenant, id));
  }

  unseal(sealed: string, tenant: string, id: string): string {
    return this.#options.seal.open(sealed, ownerOf(tenant, id));
  }

  changed(tenant: string, id: string): void {
    if (!this.#stopped) this.#courier({ tenant, kind: WEBHOOK_KIND, id }).changed();
  }

  async test(tenant: string, id: string): Promise<(Outcome & { readonly delivery: string }) | null> {
    const { clock, system, seal } = this.#options;
    const attempt = async () => {
      // Read here: it may have waited for room, and its owner may have changed it meanwhile.
      const view = await system.read<WebhookContext>({ tenant, kind: WEBHOOK_KIND, id });
      if (!view) return null;
      const line = new Line();
      try {
        const now = clock.now();
        const letter = letterFor(tenant, view.context, sampleEvent(id, now), { seal, now });
        return { ...(await post(letter, this.#wire, line, this.#stop.signal)), delivery: letter.id };
      } finally {
        line.close();
      }
    };
    return this.#room.run(tenant, attempt).catch((error: unknown) => {
      throw error instanceof Interrupted ? new AppError('UNAVAILABLE', 'the server is shutting down') : error;
    });
  }

  inspect(): { readonly delivered: number; readonly failed: number; readonly running: number } {
    return { delivered: this.#delivered, failed: this.#failed, running: this.#room.taken };
  }

  /** Every webhook of every tenant; what is disabled falls asleep again by itself. */
  async #findAll(): Promise<void> {
    const { store, system } = this.#options;
    const tenants = [...store.range('meta', { prefix: ['tenant'] })].map(({ key }) => key[1] as string);
    for (const tenant of tenants) {
      for (let after: string | undefined; !this.#stopped; ) {
        const from = after === undefined ? {} : { after };
        const ids = system.list({ tenant, kind: WEBHOOK_KIND, limit: PAGE, ...from });
        for (const id of ids) this.#courier({ tenant, kind: WEBHOOK_KIND, id }).wake();
        after = ids.at(-1);
        await breathe();
        if (ids.length < PAGE) break;
      }
    }
  }

  #couriersOf(tenant: string): Couriers {
    const known = this.#couriers.get(tenant);
    if (known) return known;
    const byId = new Map<string, Courier>();
    // Not within the commit: a hundred webhooks of a hundred globs take their time.
    const heard = (items: readonly FeedItem[]) => void setImmediate(() => offer(items, byId));
    const couriers = { byId, stop: this.#options.environment.feed.listen(tenant, heard) };
    this.#couriers.set(tenant, couriers);
    return couriers;
  }

  #courier(address: Address): Courier {
    const { tenant, id } = address;
    const { byId } = this.#couriersOf(tenant);
    const known = byId.get(id);
    if (known) return known;
    const { random = Math.random, ...options } = this.#options;
    const courier = new Courier(address, {
      ...options,
      random,
      seal: this.#options.seal,
      wire: this.#wire,
      room: this.#room,
      stop: this.#stop.signal,
      onOutcome: ({ error }) => {
        if (error === null) this.#delivered++;
        else this.#failed++;
      },
      onIdleForGood: (idle) => this.#dismiss(address, idle),
    });
    byId.set(id, courier);
    return courier;
  }

  #dismiss({ tenant, id }: Address, courier: Courier): void {
    const own = this.#couriers.get(tenant);
    if (own?.byId.get(id) !== courier) return;
    own.byId.delete(id);
    if (own.byId.size > 0) return;
    own.stop();
    this.#couriers.delete(tenant);
  }
}

function offer(items: readonly FeedItem[], couriers: ReadonlyMap<string, Courier>): void {
  for (const { event } of items) {
    if (event) for (const courier of couriers.values()) courier.offer(event);
  }
}

/** Of the published sort that asks for validation, in a scope of our own, so that nobody takes it for somebody's work. */
function sampleEvent(webhook: string, now: number): SempEvent {
  return {
    id: randomUUID(),
    type: 'test',
    scope: 'synod.webhook',
    trace_id: webhook,
    agent_id: 'synod',
    parent_ids: [],
    timestamp: new Date(now).toISOString(),
    payload: { action: 'webhook_test', webhook_id: webhook },
  };
}
