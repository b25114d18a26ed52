/**
 * Delivers the events of one webhook, one after the other. The log is the queue: the courier reads from the actor's
 * cursor on, posts, and tells the actor what came of it.
 *
 * C1  One attempt at a time, so events arrive in the order of the log; the next event waits until this one is done with.
 * C2  The outcome of a failure is durable before the next attempt begins. Those of a few successes may still be on their
 *     way to the disk, or one webhook could take no more events than there are commits; a crash repeats these, under the
 *     same ids.
 * C3  What the courier remembers is a copy: after a change of the webhook, a failure or a restart it is read again.
 * C4  No attempt begins by a copy that is known to be old, however long it waited for room: what its owner stopped,
 *     deleted, led elsewhere or gave another secret is so from the answer on.
 */
import { type Address, formatAddress } from '../../actors/address.ts';
import { AppError, messageOf } from '../../actors/errors.ts';
import type { WebhookContext } from '../../actors/kinds/webhook/model.ts';
import type { ActorSystem, Clock } from '../../actors/ports.ts';
import type { SystemLogger } from '../../actors/supervisor.ts';
import type { Environment } from '../environment/environment.ts';
import type { SempEvent, StoredEvent } from '../environment/event.ts';
import { compileScopeGlobs } from '../environment/scope-glob.ts';
import type { Seal } from '../seal.ts';
import { letterFor } from './letter.ts';
import { Line } from './line.ts';
import { Interrupted, type Outcome, post, type Wire } from './post.ts';
import type { Room } from './room.ts';

/** Longest wait for a due attempt, whatever the wall clock says: it may have been set back. */
const MAX_WAIT_MS = 15_000;
/** After trouble of our own, such as a store that takes no commits: first wait, doubling up to the longest. */
const TROUBLE_MS = 1_000;
const MAX_TROUBLE_MS = 30_000;
/** Unwanted events after which the cursor is moved durably; fewer are looked at again after a restart. */
const SKIP_AFTER = 10_000;
/** Successes on their way to the disk (C2): as many as one turn of the actor takes. */
const MAX_UNSETTLED = 32;

export interface CourierOptions {
  readonly system: Pick<ActorSystem, 'read' | 'ask' | 'head'>;
  readonly environment: Pick<Environment, 'events'>;
  readonly seal: Seal;
  readonly wire: Wire;
  readonly clock: Clock;
  readonly room: Room;
  readonly logger: SystemLogger;
  /** Uniform in [0, 1), for jitter. */
  readonly random: () => number;
  /** Breaks attempts off. */
  readonly stop: AbortSignal;
  readonly onOutcome: (outcome: Outcome) => void;
  /** There is nothing to deliver any more: it was deleted or disabled. */
  readonly onIdleForGood: (courier: Courier) => void;
}

/** What filters look at. */
export type Wanted = Pick<SempEvent, 'type' | 'scope'>;

interface Known {
  readonly webhook: WebhookContext;
  /** When the next attempt is due, on the clock that cannot be set. */
  readonly due: number;
  readonly inScope: (scope: string) => boolean;
}

export class Courier {
  readonly #address: Address;
  readonly #options: CourierOptions;
  readonly #line = new Line();
  #known: Known | null = null;
  /** Nothing up to this record is wanted, as far as is known. */
  #scanned = 0;
  /** Everything up to this record is done with, perhaps not durably yet. */
  #done = 0;
  readonly #unsettled = new Set<Promise<void>>();
  /** The first outcome that could not be made durable. */
  #failure: { readonly error: unknown } | null = null;
  /** Counts what makes a copy old (C3). */
  #changes = 0;
  #work: Promise<void> | null = null;
  /** Woken while it worked: there may be more than it saw. */
  #again = false;
  #timer: { cancel(): void } | null = null;
  #troubles = 0;
  #stopped = false;

  constructor(address: Address, options: CourierOptions) {
    this.#address = address;
    this.#options = options;
  }

  /** Somebody changed the webhook. */
  changed(): void {
    this.#forget();
    this.wake();
  }

  /** An event was committed. What is not wanted, or not yet, costs no look into the log. */
  offer({ type, scope }: Wanted): void {
    if (this.#timer !== null) return;
    if (this.#known) {
      const { webhook, inScope } = this.#known;
      if ((webhook.events.length > 0 && !webhook.events.includes(type)) || !inScope(scope)) return;
    }
    this.wake();
  }

  wake(): void {
    if (this.#stopped) return;
    this.#again = true;
    this.#work ??= this.#run().finally(() => {
      this.#work = null;
      if (this.#again) this.wake();
    });
  }

  /** Begins no other attempt. @returns when the one under way has ended */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#again = false;
    this.#timer?.cancel();
    await this.#work;
    this.#line.close();
  }

  async #run(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = null;
    this.#again = false;
    try {
      while (!this.#stopped && (await this.#step()));
      await this.#settle();
      this.#troubles = 0;
    } catch (error) {
      await Promise.all(this.#unsettled);
      this.#failure = null;
      this.#done = 0;
      this.#forget();
      if (error instanceof Interrupted) return;
      if (error instanceof AppError && error.code === 'NOT_FOUND') this.#leave();
      else this.#trouble(error);
    }
  }

  /** @returns whether there may be more to do at once */
  async #step(): Promise<boolean> {
    const known = this.#known ?? (await this.#read());
    if (known === null) return false;
    const { webhook } = known;
    const { clock } = this.#options;
    if (webhook.disabled) {
      this.#leave();
      return false;
    }
    const waitMs = known.due - clock.monotonic();
    if (waitMs > 0) {
      this.#sleep(waitMs);
      return false;
    }
    const changes = this.#changes;
    const { next, more } = await this.#look(known);
    if (this.#stopped) return false;
    if (changes !== this.#changes) return true;
    if (next) await this.#deliver(webhook, next);
    else if (this.#scanned - Math.max(webhook.cursor, this.#done) >= SKIP_AFTER) {
      await this.#settle();
      await this.#tell('skip', { cursor: this.#scanned });
    }
    return next !== undefined || more;
  }

  async #read(): Promise<Known | null> {
    await this.#settle();
    const changes = this.#changes;
    const view = await this.#options.system.read<WebhookContext>(this.#address);
    if (!view) this.#leave();
    else if (changes === this.#changes) this.#remember(view.context);
    else this.#again = true;
    return this.#known;
  }

  /** The next wanted event after the cursor. */
  async #look({ webhook, inScope }: Known): Promise<{ next: StoredEvent | undefined; more: boolean }> {
    const { system, environment } = this.#options;
    const { tenant } = this.#address;
    const { cursor, events: types } = webhook;
    const changes = this.#changes;
    // Before the list: what is committed after this moment wakes the courier again.
    const head = system.head(tenant);
    const filter = { inScope, ...(types.length > 0 ? { types } : {}) };
    const after = Math.max(cursor, this.#done, this.#scanned);
    const { events, next } = await environment.events(tenant, { ...filter, after, ascending: true, limit: 1 });
    const [found] = events;
    if (!found && changes === this.#changes) this.#scanned = next ?? Math.max(this.#scanned, head);
    return { next: found, more: next !== null };
  }

  async #deliver(webhook: WebhookContext, { seq, event }: StoredEvent): Promise<void> {
    const { seal, wire, clock, room, random, stop, onOutcome } = this.#options;
    const { tenant } = this.#address;
    const changes = this.#changes;
    const attempt = async () => {
      if (this.#stopped) throw new Interrupted('not begun any more');
      if (changes !== this.#changes) return null;
      const letter = letterFor(tenant, webhook, event, { seal, now: clock.now() });
      return { id: letter.id, outcome: await post(letter, wire, this.#line, stop) };
    };
    const made = await room.run(tenant, attempt);
    if (made === null) return;
    const { id, outcome } = made;
    onOutcome(outcome);
    const names = { delivery: id, event: event.id, event_type: event.type };
    const { configuration } = webhook;
    const told = this.#tell('attempted', { seq, ...names, ...outcome, jitter: random(), configuration });
    this.#track(told);
    if (outcome.error === null) this.#done = seq;
    await this.#settle(outcome.error === null ? MAX_UNSETTLED - 1 : 0);
  }

  #track(told: Promise<void>): void {
    const settled: Promise<void> = told
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#unsettled.delete(settled));
    this.#unsettled.add(settled);
  }

  /**
   * Waits until at most so many outcomes are not durable.
   *
   * @throws what the first one failed with
   */
  async #settle(atMost = 0): Promise<void> {
    while (this.#unsettled.size > atMost) await this.#unsettled.values().next().value;
    if (this.#failure) throw this.#failure.error;
  }

  async #tell(type: string, payload: object): Promise<void> {
    const { system, logger } = this.#options;
    const changes = this.#changes;
    try {
      const { context } = await system.ask<WebhookContext>(this.#address, { type, ...payload });
      if (changes === this.#changes) this.#remember(context);
      if (context.disabled === null || context.disabled.reason === 'paused') return;
      const { reason } = context.disabled;
      logger.warn({ webhook: formatAddress(this.#address), reason }, 'webhook disabled');
    } catch (error) {
      // Its owner made it pass over this event, or paused it, while the attempt was under way.
      const overtaken = error instanceof AppError && (error.code === 'STALE' || error.code === 'REFUSED');
      if (!overtaken) throw error;
      this.#forget();
    }
  }

  #remember(webhook: WebhookContext): void {
    const { clock } = this.#options;
    const waitMs = webhook.pending === null ? 0 : webhook.pending.dueAt - clock.now();
    const same = this.#known?.webhook.scopes === webhook.scopes;
    this.#known = {
      webhook,
      due: clock.monotonic() + Math.min(waitMs, MAX_WAIT_MS),
      inScope: same ? this.#known!.inScope : compileScopeGlobs(webhook.scopes),
    };
  }

  #forget(): void {
    this.#changes++;
    this.#known = null;
    this.#scanned = 0;
  }

  #leave(): void {
    this.#stopped = true;
    this.#again = false;
    this.#line.close();
    this.#options.onIdleForGood(this);
  }

  #sleep(ms: number): void {
    this.#timer = this.#options.clock.setTimeout(() => this.wake(), ms);
  }

  #trouble(error: unknown): void {
    const waitMs = Math.min(MAX_TROUBLE_MS, TROUBLE_MS * 2 ** this.#troubles++);
    const facts = { webhook: formatAddress(this.#address), error: messageOf(error), waitMs };
    this.#options.logger.error(facts, 'webhook delivery broke off');
    this.#again = false;
    this.#sleep(waitMs);
  }
}
