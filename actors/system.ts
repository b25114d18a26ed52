/**
 * The system of living actors: the door through which operations and embedders reach them. It checks what comes in and
 * hands it on: `admission` (may it come in), `calls` (who waits), `residence` (who is in memory), `scheduler` and `turn-runner` (whose turn it is),
 * `delivery` (messages and timers), `supervisor` (who failed).
 */
import type { Address } from './address.ts';
import { Admission, checkAddress, inputFor, shutDown } from './admission.ts';
import { Calls } from './calls.ts';
import type { ActorEvent, Entry, KindRuntime } from './cell.ts';
import { Delivery } from './delivery.ts';
import { AppError, messageOf } from './errors.ts';
import type { Kind } from './kind.ts';
import type {
  ActorSystem,
  Answered,
  AskOptions,
  DeadLetter,
  Host,
  LogRecord,
  StreamFilter,
  Subscription,
  SystemReport,
  View,
} from './ports.ts';
import { Residence } from './residence.ts';
import { Scheduler } from './scheduler.ts';
import { CREATED, REMOVED } from './snapshots.ts';
import { Statechart } from './statechart.ts';
import { Streams } from './stream.ts';
import { Supervisor } from './supervisor.ts';
import { DEFAULTS, type SystemOptions } from './system-options.ts';
import { TurnRunner } from './turn-runner.ts';

export type { SystemLogger } from './supervisor.ts';
export type { SystemOptions } from './system-options.ts';

export class System implements ActorSystem {
  readonly #options: SystemOptions & typeof DEFAULTS;
  readonly #host: Host;
  readonly #kinds = new Map<string, KindRuntime>();
  readonly #calls: Calls;
  readonly #scheduler: Scheduler;
  readonly #residence: Residence;
  readonly #supervisor: Supervisor;
  readonly #runner: TurnRunner;
  readonly #delivery: Delivery;
  readonly #streams: Streams;
  readonly #admission: Admission;
  #accepting = true;
  #sweeper: { cancel(): void } | null = null;

  constructor(given: SystemOptions) {
    const options = { ...DEFAULTS, ...given };
    this.#options = options;
    const { host, clock, logger } = options;
    this.#host = host;
    for (const kind of options.kinds) this.register(kind);
    this.#calls = new Calls(clock, (letter) => host.bury(letter));
    this.#scheduler = new Scheduler((cell) => this.#runner.run(cell));
    this.#residence = new Residence({
      ...options,
      kinds: this.#kinds,
      onActive: (cell) => {
        this.#runner.resumeInvocations(cell);
        this.#supervisor.repay(cell);
        this.#scheduler.schedule(cell);
      },
      onUnreadable: (cell, cause) => this.#supervisor.unreadable(cell, cause),
      onPassivated: (cell) => this.#passivated(cell.address),
    });
    const parts = { ...options, calls: this.#calls, residence: this.#residence, scheduler: this.#scheduler };
    const accepting = () => this.#accepting;
    this.#supervisor = new Supervisor({ ...parts, reject: (entry, error) => this.#reject(entry, error) });
    this.#delivery = new Delivery({
      ...parts,
      kinds: this.#kinds,
      accepting,
      warn: (facts, message) => logger.warn(facts, message),
    });
    this.#runner = new TurnRunner({
      ...parts,
      supervisor: this.#supervisor,
      accepting,
      read: (address) => this.read(address),
      afterTurn: (cell) => this.#delivery.afterTurn(cell),
    });
    this.#admission = new Admission({
      ...parts,
      kinds: this.#kinds,
      accepting,
      supervisor: this.#supervisor,
      read: (address) => this.read(address),
    });
    this.#streams = new Streams(host);
    host.onLost((addresses) => {
      const lost = new AppError('STORE_FAILED', 'its acknowledged turn could not be written');
      for (const address of addresses) {
        const cell = this.#residence.present(address);
        if (cell) this.#supervisor.voided(cell, lost);
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
    const event = { type: CREATED, input: inputFor(address, input, this.#options.clock.now()) };
    return this.#admission.call(address, event, options) as Promise<Answered<C>>;
  }

  ask<C>(address: Address, event: ActorEvent, options: AskOptions = {}): Promise<Answered<C>> {
    const { type } = event;
    if (typeof type !== 'string' || type.length === 0) {
      return Promise.reject(new AppError('INVALID', 'an event needs a type'));
    }
    if (type === CREATED || type === REMOVED || type.startsWith('xstate.')) {
      return Promise.reject(new AppError('INVALID', `event type "${type}" is the runtime's own`));
    }
    const { create } = options;
    const at = this.#options.clock.now();
    const given = create === undefined ? options : { ...options, create: inputFor(address, create, at) as object };
    return this.#admission.call(address, event, given) as Promise<Answered<C>>;
  }

  async remove(address: Address, options: AskOptions = {}): Promise<boolean> {
    try {
      await this.#admission.call(address, { type: REMOVED }, options);
      return true;
    } catch (error) {
      if (error instanceof AppError && error.code === 'NOT_FOUND') return false;
      throw error;
    }
  }

  async read<C>(address: Address): Promise<View<C> | undefined> {
    if (checkAddress(address)) return undefined;
    let cell = this.#residence.present(address);
    if (!cell) {
      if (!this.#kinds.has(address.kind) || !this.#host.exists(address)) return undefined;
      cell = this.#residence.cellOf(address);
    }
    const found = cell;
    this.#residence.touch(found);
    await new Promise<void>((resolve, reject) => {
      this.#residence.whenActive(found, (error) => (error ? reject(error) : resolve()));
    });
    return found.view() as View<C> | undefined;
  }

  /** Calls back after every durable turn of one actor. A throwing callback is logged and harms nobody. */
  watch(address: Address, callback: (view: View) => void): () => void {
    const trouble = checkAddress(address);
    if (trouble) throw trouble;
    const cell = this.#residence.cellOf(address);
    // One entry of its own, so that the same function may watch twice.
    const watcher = (view: View) => callback(view);
    cell.watchers.add(watcher);
    return () => {
      cell.watchers.delete(watcher);
      this.#residence.dismissIfGone(cell);
    };
  }

  exists(address: Address): boolean {
    if (checkAddress(address)) return false;
    const cell = this.#residence.present(address);
    if (cell && cell.status !== 'activating' && !cell.unreadable) return cell.durable.snapshot !== null;
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
    if (checkAddress(address)) return false;
    const cell = this.#residence.present(address);
    return cell !== undefined && this.#supervisor.release(cell);
  }

  inspect(): SystemReport {
    const { queued, queuedBytes } = this.#scheduler;
    const gone = [...this.#residence.cells()].filter((cell) => cell.status === 'quarantined');
    return {
      live: this.#residence.size,
      queued,
      queuedBytes,
      quarantined: gone.map((cell) => cell.key),
      restarts: this.#supervisor.restarts,
      turns: this.#runner.turns,
      accepting: this.#accepting,
    };
  }

  /** Open subscriptions. */
  get subscribers(): number {
    return this.#streams.size;
  }

  /** Lets actors that were idle for long leave memory. */
  sweep(): void {
    this.#residence.sweep();
    this.#delivery.relieve();
  }

  /**
   * Takes no new calls, works off what is queued, waits until it is durable. Messages that actors still send stay with
   * the host, or two who answer each other would never let it end.
   */
  async drain(): Promise<void> {
    this.#accepting = false;
    this.#sweeper?.cancel();
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      await this.#host.drain();
      const busy = [...this.#residence.cells()].some(
        (cell) => cell.status === 'running' && (cell.mailbox.length > 0 || cell.inFlight > 0),
      );
      if (!busy) break;
    }
    this.#supervisor.stop();
    const down = shutDown();
    for (const cell of this.#residence.cells()) {
      for (const run of cell.running.values()) run.abort.abort();
      this.#supervisor.rejectQueued(cell, down);
    }
    this.#calls.stop(down);
    this.#streams.close();
  }

  #reject(entry: Entry, error: AppError): void {
    if (entry.origin.from === 'call') this.#calls.reject(entry.origin.call, error);
  }

  #passivated(address: Address): void {
    try {
      this.#options.onPassivated?.(address);
    } catch (error) {
      this.#options.logger.warn({ ...address, error: messageOf(error) }, 'onPassivated failed');
    }
  }

  #scheduleSweep(): void {
    this.#sweeper = this.#options.clock.setTimeout(() => {
      this.sweep();
      this.#scheduleSweep();
    }, this.#options.sweepMs);
  }
}
