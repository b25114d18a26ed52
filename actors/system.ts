/**
 * The system of living actors: who is in memory, whose turn it is, and what happens when one fails.
 *
 * Y1  One cell per address; only this file puts cells into the map or takes them out.
 * Y2  A cell's mailbox is worked on only while it is `running`; turns of one cell are handed to the host in order.
 * Y3  Answers, watchers and custom actions run after the host said durable, or not at all.
 * Y4  When a commit fails, every cell with a turn in it goes back to its last durable state before it moves again.
 */
import { type Address, addressPartTrouble, formatAddress } from './address.ts';
import { type ActorEvent, type Call, Cell, type Entry, type KindRuntime, type Origin } from './cell.ts';
import { Deadlines } from './deadlines.ts';
import { AppError, messageOf } from './errors.ts';
import { runInvocation } from './invocations.ts';
import type { Kind } from './kind.ts';
import type {
  ActorSystem,
  Answered,
  AskOptions,
  Clock,
  DeadLetter,
  Host,
  LogRecord,
  StreamFilter,
  Subscription,
  SystemReport,
  View,
} from './ports.ts';
import { afterCrash, DEFAULT_RESTARTS, type RestartPolicy } from './restarts.ts';
import { estimateBytes } from './size.ts';
import { CREATED, REMOVED } from './snapshots.ts';
import { Statechart } from './statechart.ts';
import { Streams } from './stream.ts';
import { Draft, refuse, step, type TurnWorld } from './turn.ts';

export interface SystemLogger {
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

export interface SystemOptions {
  readonly host: Host;
  readonly clock: Clock;
  readonly kinds: readonly Kind[];
  readonly logger: SystemLogger;
  /** Entries a mailbox holds. Default 1,024. */
  readonly mailbox?: number;
  /** Estimated bytes of all mailboxes and turns not yet durable. Default 256 MiB. */
  readonly budgetBytes?: number;
  /** Turns waiting for a commit. Default 20,000: far below the point where the store's own queue would block us. */
  readonly maxBacklog?: number;
  /** Actors in memory. Default 20,000. */
  readonly maxLive?: number;
  /** Idle time after which an actor leaves memory, ms. Default 300,000. */
  readonly idleMs?: number;
  /** Between two sweeps for idle actors, ms. Default 5,000. */
  readonly sweepMs?: number;
  readonly restarts?: RestartPolicy;
  /** Uniform in [0, 1), for jitter only. */
  readonly random?: () => number;
  /** Told when an actor leaves memory, so that caches about it can go too. */
  readonly onPassivated?: (address: Address) => void;
}

/** Events of one cell in one turn, and the time it may take: then others have their turn. */
const BATCH_EVENTS = 32;
const BATCH_MS = 2;
const DEFAULT_DEADLINE_MS = 10_000;

export class System implements ActorSystem {
  readonly #options: Required<Omit<SystemOptions, 'onPassivated'>> & Pick<SystemOptions, 'onPassivated'>;
  readonly #host: Host;
  readonly #clock: Clock;
  readonly #kinds = new Map<string, KindRuntime>();
  readonly #cells = new Map<string, Cell>();
  readonly #ready: Cell[] = [];
  #readyHead = 0;
  readonly #deadlines: Deadlines<Call>;
  readonly #inFlightKeys = new Map<string, Promise<Answered>>();
  readonly #parked = new Map<string, Call>();
  readonly #streams: Streams;
  readonly #world: TurnWorld;
  #parkedCount = 0;
  #pumping = false;
  #queuedBytes = 0;
  #queued = 0;
  #restartCount = 0;
  #turns = 0;
  #accepting = true;
  #sweeper: { cancel(): void } | null = null;

  constructor(options: SystemOptions) {
    this.#options = {
      mailbox: 1_024,
      budgetBytes: 256 * 2 ** 20,
      maxBacklog: 20_000,
      maxLive: 20_000,
      idleMs: 300_000,
      sweepMs: 5_000,
      restarts: DEFAULT_RESTARTS,
      random: Math.random,
      ...options,
    };
    this.#host = options.host;
    this.#clock = options.clock;
    for (const kind of options.kinds) this.register(kind);
    this.#deadlines = new Deadlines(this.#clock, (call) => {
      const at = this.#clock.now();
      this.#host.bury({
        at,
        address: call.address,
        type: call.type,
        reason: 'expired',
        detail: 'no answer before the deadline',
        from: null,
      });
      this.#reject(
        call,
        new AppError('DEADLINE', `${call.address.kind} "${call.address.id}" did not answer "${call.type}" in time`),
      );
    });
    this.#streams = new Streams(this.#host);
    this.#world = {
      now: () => this.#clock.now(),
      durableMark: (cell, sender) => this.#host.highWater(cell.address, sender),
      park: (call) => {
        const id = `call-${++this.#parkedCount}`;
        this.#parked.set(id, call);
        return id;
      },
      parked: (id) => {
        const call = this.#parked.get(id);
        this.#parked.delete(id);
        return call;
      },
    };
    this.#host.onMessage((message) => {
      const bytes = estimateBytes(message.event);
      const origin = { from: 'message' as const, message };
      return this.#offer(message.to, this.#entry(message.event, origin, bytes, message.correlationId, message.id));
    });
    this.#host.onTimer((address, timer) => {
      const event = { ...timer.event, timerId: timer.id };
      const origin = { from: 'timer' as const, timer };
      this.#offer(address, this.#entry(event, origin, estimateBytes(event), null, `timer:${timer.id}`), 'system');
    });
    this.#host.onLost((addresses) => {
      for (const address of addresses) {
        const cell = this.#cells.get(formatAddress(address));
        if (cell) this.#reload(cell, 'its acknowledged turn could not be written');
      }
    });
    this.#scheduleSweep();
  }

  /** Makes a kind known. The same name twice is a mistake of the program. */
  register(kind: Kind): void {
    const known = this.#kinds.get(kind.name);
    if (known) {
      if (known.kind.machine === kind.machine && known.kind.version === kind.version) return;
      throw new TypeError(`kind "${kind.name}" is already defined by another machine`);
    }
    this.#kinds.set(kind.name, { kind, chart: new Statechart(kind.machine) });
    this.#host.resume(kind.name);
  }

  kinds(): readonly Kind[] {
    return [...this.#kinds.values()].map((runtime) => runtime.kind);
  }

  /** Starts delivering messages and timers that a stop left behind. */
  start(): void {
    this.#host.start();
  }

  spawn<C>(address: Address, input: unknown, options: AskOptions = {}): Promise<Answered<C>> {
    return this.#call(
      address,
      { type: CREATED, input: inputFor(address, input, this.#clock.now()) },
      options,
    ) as Promise<Answered<C>>;
  }

  ask<C>(address: Address, event: ActorEvent, options: AskOptions = {}): Promise<Answered<C>> {
    if (event.type === CREATED || event.type === REMOVED || event.type.startsWith('xstate.')) {
      return Promise.reject(new AppError('INVALID', `event type "${event.type}" is the runtime's own`));
    }
    return this.#call(address, event, options) as Promise<Answered<C>>;
  }

  async remove(address: Address, options: AskOptions = {}): Promise<boolean> {
    try {
      await this.#call(address, { type: REMOVED }, options);
      return true;
    } catch (error) {
      if (error instanceof AppError && error.code === 'NOT_FOUND') return false;
      throw error;
    }
  }

  read<C>(address: Address): Promise<View<C> | undefined> {
    const present = this.#cells.get(formatAddress(address));
    if (present?.unreadable) return Promise.reject(present.unreadable);
    if (present && present.status !== 'activating') return Promise.resolve(present.view() as View<C> | undefined);
    if (!this.#kinds.has(address.kind) || !this.#host.exists(address)) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      const cell = this.#cellOf(address);
      this.#whenActive(cell, (error) => (error ? reject(error) : resolve(cell.view() as View<C> | undefined)));
    });
  }

  /** Calls back after every durable turn of one actor. A throwing callback is logged and harms nobody. */
  watch(address: Address, callback: (view: View) => void): () => void {
    const cell = this.#cellOf(address);
    cell.watchers.add(callback);
    return () => {
      cell.watchers.delete(callback);
    };
  }

  exists(address: Address): boolean {
    const cell = this.#cells.get(formatAddress(address));
    if (cell && cell.status !== 'activating') return cell.durable.snapshot !== null;
    return this.#host.exists(address);
  }

  list(query: { tenant: string; kind: string; after?: string; limit: number }): string[] {
    return this.#host.list(query);
  }

  count(kind: string): number {
    return this.#host.count(kind);
  }

  head(tenant: string): number {
    return this.#host.head(tenant);
  }

  records(query: { tenant: string; after: number; limit: number }): LogRecord[] {
    return this.#host.records(query);
  }

  subscribe(filter: StreamFilter, options: { since?: number; capacity?: number } = {}): Subscription {
    return this.#streams.subscribe(filter, options.since, options.capacity ?? 1_024);
  }

  deadLetters(query: { tenant: string; limit: number }): DeadLetter[] {
    return this.#host.deadLetters(query);
  }

  release(address: Address): boolean {
    const cell = this.#cells.get(formatAddress(address));
    if (cell?.status !== 'quarantined') return false;
    // A new cell in its place: nothing of the old life is carried over.
    this.#cells.delete(cell.key);
    this.#cellOf(address);
    this.#host.redeliver(address);
    return true;
  }

  inspect(): SystemReport {
    return {
      live: this.#cells.size,
      queued: this.#queued,
      queuedBytes: this.#queuedBytes,
      quarantined: [...this.#cells.values()].filter((cell) => cell.status === 'quarantined').map((cell) => cell.key),
      restarts: this.#restartCount,
      turns: this.#turns,
      accepting: this.#accepting,
    };
  }

  get subscribers(): number {
    return this.#streams.size;
  }

  /** Takes no new calls, works off what is queued, waits until it is durable. */
  async drain(): Promise<void> {
    this.#accepting = false;
    this.#sweeper?.cancel();
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      await this.#host.drain();
      const busy = [...this.#cells.values()].some(
        (cell) => cell.status === 'running' && (cell.mailbox.length > 0 || cell.inFlight > 0),
      );
      if (!busy) break;
    }
    for (const cell of this.#cells.values()) {
      for (const run of cell.running.values()) run.abort.abort();
      this.#rejectQueued(cell, new AppError('UNAVAILABLE', 'the system was shut down', { retryAfterMs: 1_000 }));
    }
    this.#deadlines.stop();
    this.#streams.close();
  }

  // ---- taking events in -------------------------------------------------------------------------------------------

  #call(address: Address, event: ActorEvent, options: AskOptions): Promise<Answered> {
    if (!this.#accepting)
      return Promise.reject(new AppError('UNAVAILABLE', 'the system is shutting down', { retryAfterMs: 1_000 }));
    const trouble = checkAddress(address);
    if (trouble) return Promise.reject(trouble);
    const { idempotencyKey } = options;
    if (idempotencyKey === undefined) return this.#enqueueCall(address, event, options);
    const scoped = `${address.tenant} ${idempotencyKey}`;
    const known = this.#host.remembered(address.tenant, idempotencyKey);
    if (known) return this.#repeat(address, known);
    const running = this.#inFlightKeys.get(scoped);
    if (running) return running;
    const promise = this.#enqueueCall(address, event, options).finally(() => this.#inFlightKeys.delete(scoped));
    this.#inFlightKeys.set(scoped, promise);
    return promise;
  }

  async #repeat(address: Address, known: { reply: unknown; revision: number }): Promise<Answered> {
    const view = (await this.read(address)) ?? {
      revision: known.revision,
      value: null,
      context: null,
      status: 'stopped' as const,
      output: undefined,
    };
    return { ...view, reply: known.reply, repeated: true };
  }

  #enqueueCall(address: Address, event: ActorEvent, options: AskOptions): Promise<Answered> {
    return new Promise((resolve, reject) => {
      if (!this.#kinds.has(address.kind)) {
        return reject(new AppError('NOT_FOUND', `kind "${address.kind}" is not defined here`));
      }
      const call: Call = {
        address,
        type: event.type,
        key: options.idempotencyKey ?? null,
        resolve,
        reject,
        settled: false,
      };
      const bytes = estimateBytes(event);
      const backlog = this.#host.backlog();
      if (
        this.#queuedBytes + backlog.bytes + bytes > this.#options.budgetBytes ||
        backlog.turns > this.#options.maxBacklog
      ) {
        return reject(
          new AppError('OVERLOADED', 'more is waiting to be stored than memory is set aside for', {
            retryAfterMs: 1_000,
          }),
        );
      }
      const entry = this.#entry(
        event,
        { from: 'call', call },
        bytes,
        options.correlationId ?? null,
        options.causationId ?? null,
      );
      const cell = this.#cellOf(address);
      if (cell.status === 'quarantined') return reject(quarantined(cell));
      if (!this.#push(cell, entry, 'user')) {
        this.#letter(cell, entry, 'mailbox-full', `mailbox holds ${cell.mailbox.length} events`);
        return reject(
          new AppError('MAILBOX_FULL', `${address.kind} "${address.id}" has ${cell.mailbox.length} events waiting`, {
            retryAfterMs: 1_000,
          }),
        );
      }
      this.#deadlines.add(call, options.deadlineMs ?? DEFAULT_DEADLINE_MS);
    });
  }

  #entry(
    event: ActorEvent,
    origin: Origin,
    bytes: number,
    correlationId: string | null,
    causationId: string | null,
  ): Entry {
    return { event, origin, bytes, correlationId, causationId, crashes: 0 };
  }

  /** Messages and timers. @returns false when the receiver cannot take it now */
  #offer(address: Address, entry: Entry, lane: 'user' | 'system' = 'user'): boolean {
    // An application's kind may be defined later; until then its messages and timers wait where they are.
    if (!this.#accepting || !this.#kinds.has(address.kind)) return false;
    const cell = this.#cellOf(address);
    if (cell.status === 'quarantined') return false;
    if (this.#push(cell, entry, lane)) return true;
    cell.turnedAway = true;
    return false;
  }

  #push(cell: Cell, entry: Entry, lane: 'user' | 'system'): boolean {
    if (!cell.mailbox.push(entry, lane)) return false;
    this.#queued++;
    this.#queuedBytes += entry.bytes;
    this.#schedule(cell);
    return true;
  }

  #schedule(cell: Cell): void {
    if (cell.queued || cell.status !== 'running' || cell.mailbox.length === 0) return;
    cell.queued = true;
    this.#ready.push(cell);
    if (this.#pumping) return;
    this.#pumping = true;
    queueMicrotask(() => this.#pump());
  }

  // ---- turns ------------------------------------------------------------------------------------------------------

  /** Gives every ready cell a turn; long queues let the event loop in between. */
  #pump(): void {
    const until = performance.now() + BATCH_MS;
    while (this.#readyHead < this.#ready.length) {
      const cell = this.#ready[this.#readyHead++]!;
      cell.queued = false;
      if (cell.status === 'running') this.#turn(cell);
      if (performance.now() > until) break;
    }
    if (this.#readyHead < this.#ready.length) {
      setImmediate(() => this.#pump());
    } else {
      this.#ready.length = 0;
      this.#readyHead = 0;
      this.#pumping = false;
    }
  }

  #turn(cell: Cell): void {
    const until = performance.now() + BATCH_MS;
    const draft = new Draft(cell);
    let crash: { entry: Entry; error: unknown } | null = null;
    for (let n = 0; n < BATCH_EVENTS && !draft.removed && !crash; n++) {
      const entry = this.#take(cell);
      if (!entry) break;
      if (entry.origin.from === 'call' && entry.origin.call.settled) continue;
      try {
        step(draft, entry, this.#world);
      } catch (error) {
        crash = { entry, error };
      }
      if (performance.now() > until) break;
    }
    cell.lastUsed = this.#clock.monotonic();
    this.#finish(draft);
    if (crash) this.#crashed(cell, crash.entry, crash.error);
    else this.#schedule(cell);
    if (cell.turnedAway && cell.mailbox.length * 2 < cell.mailbox.capacity) {
      cell.turnedAway = false;
      this.#host.redeliver(cell.address);
    }
    if (!cell.snapshot && cell.revision === 0 && cell.idle) this.#cells.delete(cell.key);
  }

  #take(cell: Cell): Entry | undefined {
    const entry = cell.mailbox.shift();
    if (entry) {
      this.#queued--;
      this.#queuedBytes -= entry.bytes;
    }
    return entry;
  }

  /** Hands a draft to the host and releases its outputs once durable. */
  #finish(draft: Draft): void {
    for (const letter of draft.letters) this.#host.bury(letter);
    for (const { call, error } of draft.refused) this.#reject(call, error);
    if (draft.empty) return;
    const { cell } = draft;
    const { epoch } = cell;
    const state = { snapshot: cell.snapshot, revision: cell.revision };
    cell.inFlight++;
    this.#turns++;
    this.#host.commit(draft.toTurn(), (error) => {
      if (error) {
        this.#voided(draft, epoch, error);
        return;
      }
      cell.inFlight--;
      cell.durable = state;
      for (const { call, answer } of draft.answers) this.#resolve(call, answer);
      this.#afterCommit(draft);
    });
  }

  #afterCommit(draft: Draft): void {
    const { cell } = draft;
    for (const id of draft.stopped) {
      cell.running.get(id)?.abort.abort();
      cell.running.delete(id);
    }
    for (const invocation of draft.started) this.#invoke(cell, invocation.id);
    for (const custom of draft.customs) this.#guard(cell, `action "${custom.name}"`, custom.run);
    if (cell.watchers.size === 0) return;
    const view = cell.view();
    if (view) for (const watcher of cell.watchers) this.#guard(cell, 'a watcher', () => watcher(view));
  }

  #guard(cell: Cell, what: string, run: () => unknown): void {
    const failed = (error: unknown) =>
      this.#options.logger.warn({ actor: cell.key, error: messageOf(error) }, `${what} failed`);
    try {
      const result = run();
      if (result instanceof Promise) result.catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  #invoke(cell: Cell, id: string): void {
    runInvocation(cell, id, (event, bytes, revision) => {
      this.#push(
        cell,
        this.#entry(event, { from: 'invocation', id, revision }, bytes, null, `invocation:${id}`),
        'system',
      );
    });
  }

  /** Y4: the turn is void, and with it everything this cell did since its last durable state. */
  #voided(draft: Draft, epoch: number, error: Error): void {
    const { cell } = draft;
    cell.inFlight--;
    for (const { call } of draft.answers) this.#reject(call, error);
    if (cell.epoch !== epoch || this.#cells.get(cell.key) !== cell) return;
    this.#reload(cell, error.message);
  }

  /** Brings a cell back to its durable state; what it had consumed is delivered again. */
  #reload(cell: Cell, reason: string): void {
    this.#options.logger.warn({ actor: cell.key, reason }, 'actor goes back to its last durable state');
    cell.epoch++;
    cell.status = 'restarting';
    this.#clock.setTimeout(() => {
      this.#activate(cell);
      this.#host.redeliver(cell.address);
    }, this.#options.restarts.backoffMs);
  }

  // ---- failure ----------------------------------------------------------------------------------------------------

  #crashed(cell: Cell, entry: Entry, error: unknown): void {
    entry.crashes++;
    this.#options.logger.error(
      {
        actor: cell.key,
        event: entry.event.type,
        crashes: entry.crashes,
        error: messageOf(error),
        stack: (error as Error)?.stack,
      },
      'actor crashed',
    );
    if (entry.crashes >= 2) {
      this.#letter(cell, entry, 'poison', messageOf(error));
      const draft = new Draft(cell);
      refuse(draft, entry, new AppError('INTERNAL', 'internal error', { cause: error }), this.#clock.now(), 'poison');
      draft.letters.length = 0;
      this.#finish(draft);
    } else {
      cell.mailbox.putBack(entry);
      this.#queued++;
      this.#queuedBytes += entry.bytes;
    }
    const { restarts, random } = this.#options;
    const verdict = afterCrash(restarts, cell.crashes, this.#clock.monotonic(), random());
    cell.crashes = verdict.record;
    if (!verdict.restart) {
      this.#quarantine(cell, messageOf(error));
      return;
    }
    this.#restartCount++;
    cell.status = 'restarting';
    this.#clock.setTimeout(() => this.#activate(cell), verdict.delayMs);
  }

  #quarantine(cell: Cell, reason: string): void {
    this.#options.logger.error({ actor: cell.key, reason }, 'actor quarantined: it crashed too often');
    cell.status = 'quarantined';
    for (let entry = this.#take(cell); entry; entry = this.#take(cell)) {
      if (entry.origin.from === 'call') this.#reject(entry.origin.call, quarantined(cell));
      // Messages and timers stay in the store and come back on release.
      if (entry.origin.from === 'call') this.#letter(cell, entry, 'quarantined', reason);
    }
  }

  #letter(cell: Cell, entry: Entry, reason: DeadLetter['reason'], detail: string): void {
    const from = entry.origin.from === 'message' ? entry.origin.message.from : null;
    this.#host.bury({ at: this.#clock.now(), address: cell.address, type: entry.event.type, reason, detail, from });
  }

  #resolve(call: Call, answer: Answered): void {
    if (call.settled) return;
    call.settled = true;
    this.#deadlines.delete(call);
    call.resolve(answer);
  }

  #reject(call: Call, error: Error): void {
    if (call.settled) return;
    call.settled = true;
    this.#deadlines.delete(call);
    call.reject(error);
  }

  // ---- coming and going -------------------------------------------------------------------------------------------

  #cellOf(address: Address): Cell {
    const key = formatAddress(address);
    const present = this.#cells.get(key);
    if (present) return present;
    const runtime = this.#kinds.get(address.kind);
    if (!runtime) throw new AppError('NOT_FOUND', `kind "${address.kind}" is not defined here`);
    const cell = new Cell(address, runtime, this.#options.mailbox);
    cell.lastUsed = this.#clock.monotonic();
    this.#cells.set(key, cell);
    if (this.#cells.size > this.#options.maxLive) this.#makeRoom();
    this.#activate(cell);
    return cell;
  }

  readonly #waiting = new Map<Cell, ((error?: Error) => void)[]>();

  #whenActive(cell: Cell, then: (error?: Error) => void): void {
    if (cell.status !== 'activating') {
      then();
      return;
    }
    const waiting = this.#waiting.get(cell) ?? [];
    this.#waiting.set(cell, [...waiting, then]);
  }

  #activate(cell: Cell): void {
    if (this.#cells.get(cell.key) !== cell) return;
    // A turn still in flight may yet become durable; what is loaded now would miss it.
    if (cell.inFlight > 0) {
      this.#clock.setTimeout(() => this.#activate(cell), 1);
      return;
    }
    cell.status = 'activating';
    const done = (error: unknown, activation?: Awaited<ReturnType<Host['activate']>>) => {
      try {
        if (error) throw error;
        cell.load(activation);
        cell.status = 'running';
      } catch (cause) {
        this.#unloadable(cell, cause);
        return;
      }
      this.#settleWaiting(cell);
      for (const id of cell.invocations.keys()) this.#invoke(cell, id);
      this.#schedule(cell);
    };
    try {
      const found = this.#host.activate(cell.address);
      if (found instanceof Promise) found.then((activation) => done(null, activation), done);
      else done(null, found);
    } catch (error) {
      done(error);
    }
  }

  /** What is stored cannot be read: nothing is guessed, the callers are told, the actor waits for repair. */
  #unloadable(cell: Cell, cause: unknown): void {
    const error =
      cause instanceof AppError
        ? cause
        : new AppError('CORRUPTED', `${cell.address.kind} "${cell.address.id}" cannot be read: ${messageOf(cause)}`, {
            cause,
          });
    this.#options.logger.error({ actor: cell.key, error: error.message }, 'actor cannot be activated');
    cell.status = 'quarantined';
    cell.unreadable = error;
    this.#rejectQueued(cell, error);
    this.#settleWaiting(cell, error);
  }

  #rejectQueued(cell: Cell, error: AppError): void {
    for (let entry = this.#take(cell); entry; entry = this.#take(cell)) {
      if (entry.origin.from === 'call') this.#reject(entry.origin.call, error);
    }
  }

  #settleWaiting(cell: Cell, error?: Error): void {
    const waiting = this.#waiting.get(cell) ?? [];
    this.#waiting.delete(cell);
    for (const then of waiting) then(error);
  }

  #scheduleSweep(): void {
    this.#sweeper = this.#clock.setTimeout(() => {
      this.sweep();
      this.#scheduleSweep();
    }, this.#options.sweepMs);
  }

  /** Lets actors that were idle for long leave memory. One pass, no timer per actor. */
  sweep(): void {
    const before = this.#clock.monotonic() - this.#options.idleMs;
    for (const cell of this.#cells.values()) if (cell.lastUsed <= before && cell.idle) this.#passivate(cell);
  }

  /** Second chance: those used since they were last looked at go to the back of the line. */
  #makeRoom(): void {
    let looks = 64;
    for (const cell of this.#cells.values()) {
      if (this.#cells.size <= this.#options.maxLive || looks-- === 0) return;
      if (cell.idle) this.#passivate(cell);
    }
  }

  #passivate(cell: Cell): void {
    this.#cells.delete(cell.key);
    this.#options.onPassivated?.(cell.address);
  }
}

function quarantined(cell: Cell): AppError {
  if (cell.unreadable) return cell.unreadable;
  return new AppError('QUARANTINED', `${cell.address.kind} "${cell.address.id}" crashed too often and is quarantined`);
}

/** A statechart's input knows its own id and the time, whatever else it is given. */
function inputFor(address: Address, input: unknown, at: number): unknown {
  if (input !== undefined && (typeof input !== 'object' || input === null || Array.isArray(input))) return input;
  return { ...(input as object | undefined), id: address.id, at };
}

function checkAddress(address: Address): AppError | null {
  for (const part of ['tenant', 'kind', 'id'] as const) {
    const trouble = addressPartTrouble(address[part]);
    if (trouble) return new AppError('INVALID', `${part} ${trouble}`);
  }
  return null;
}
