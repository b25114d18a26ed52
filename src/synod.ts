/** The library's door: a whole system inside an application's own process. */
import type { MessagePort } from 'node:worker_threads';
import { type Address, addressPartTrouble } from '../actors/address.ts';
import { AppError } from '../actors/errors.ts';
import type { AskOptions, DeadLetter, LogRecord, Subscription, SystemReport } from '../actors/ports.ts';
import type { System } from '../actors/system.ts';
import { type Call, createCall } from './calls.ts';
import { type AgentNetwork, type NetworkSettings, openAgents, vectorIn } from './coordination/agents.ts';
import { type Cluster, type ClusterSettings, openCluster } from './coordination/cluster.ts';
import { environmentOf, type SharedEnvironment } from './coordination/environment.ts';
import { type Network, networkOf } from './coordination/network.ts';
import { type Observer, type ObserverSettings, openObserver } from './coordination/observer.ts';
import { openRegion, type Region, type RegionSettings } from './coordination/region.ts';
import { kindOf, Machines } from './machines.ts';
import { createRef, type InputOf, type Machine, type Ref } from './refs.ts';
import { createRuntime, type Runtime } from './runtime.ts';
import { openSession, type Session, type SessionSettings } from './session.ts';
import { configOf, ownEmbedder, type SynodOptions, stderrLogger } from './synod-options.ts';
import { type Door, openDoor } from './thread/door.ts';

/** Letters shown unless the caller wants another number. */
const LETTERS = 100;

export type SpawnOptions<M extends Machine> = AskOptions & {
  /** At most 300 bytes; unique among the actors of this machine. */
  readonly id: string;
} & (Record<never, never> extends InputOf<M> ? { readonly input?: InputOf<M> } : { readonly input: InputOf<M> });

/** Kinds, ids and event types as globs, `*` for any characters; absent: all. */
export interface RecordFilter {
  readonly kinds?: readonly string[];
  readonly ids?: readonly string[];
  readonly types?: readonly string[];
}

/** To be read once. */
export interface Records extends AsyncIterable<LogRecord> {
  /** Ends the loop over it, also one that waits. */
  close(): void;
}

export interface Synod extends AsyncDisposable {
  readonly tenant: string;
  /**
   * Gets or creates an actor: after a restart the same line finds the actor where it was, and `input` is not looked at.
   * A machine not named in `machines` is registered now, and what waited on disk for its actors goes on.
   *
   * @param machine its `id` names the kind; a text is the name of a kind that is known already. One with migrations has to
   * stand in `machines` of `createSynod` as `{ machine, version, migrations }`: here a machine is registered as version 1
   * @throws TypeError when the machine's id is no kebab-case name or belongs to another machine
   * @throws AppError UNAVAILABLE when the data holds a newer version of the machine
   * @example
   * const order = await synod.spawn(orderMachine, { id: 'o-1', input: { customer: 'Ada' } });
   */
  spawn<M extends Machine>(machine: M | string, options: SpawnOptions<M>): Promise<Ref<M>>;
  /** @returns undefined when there is no such actor */
  get<M extends Machine>(machine: M | string, id: string): Promise<Ref<M> | undefined>;
  /** Removes an actor and everything it kept; the log keeps the hashes. @returns false when it was gone already */
  remove(ref: Pick<Ref, 'kind' | 'id'>, options?: AskOptions): Promise<boolean>;
  /** Gets or creates a session, the built-in memory of one conversation. */
  session(id: string, settings?: SessionSettings): Promise<Session>;
  /**
   * Gets a cluster by its id, or makes one.
   *
   * @throws AppError NOT_FOUND for an id nobody has
   */
  cluster(which: string | ClusterSettings): Promise<Cluster>;
  /** Gets a region by its id, or makes one. @throws AppError NOT_FOUND for an id nobody has */
  region(which: string | RegionSettings): Promise<Region>;
  /** Gets or creates the observer; there is one. */
  observer(settings?: ObserverSettings): Promise<Observer>;
  /** Transfers between sessions, users, and decisions weighted by trust. */
  network(): Network;
  /** Events that agents post, and the signals they leave, which fade. */
  environment(): SharedEnvironment;
  /** Gets or makes a network of agents by its name: sessions of one cluster that feed back into each other. */
  agents(settings: NetworkSettings): Promise<AgentNetwork>;
  /**
   * Runs any operation of the REST reference by its name.
   *
   * @throws AppError INVALID with `details`, NOT_FOUND, and what the operation itself throws
   * @example
   * await synod.call('session.metrics', { path: { id: 'ada' } });
   */
  readonly call: Call;
  /**
   * The log as it grows, in order and without gaps, until the loop is left, the records or the system closed.
   *
   * @param options `since`: sequence number to go on after; default: from this call on
   * @throws AppError INVALID for more than 64 globs or one of more than 300 characters
   * @example
   * for await (const record of synod.subscribe({ kinds: ['order'] })) console.log(record.type);
   */
  subscribe(filter?: RecordFilter, options?: { readonly since?: number }): Records;
  /** Newest refused, expired or orphaned messages, with the reason. */
  deadLetters(options?: { readonly limit?: number }): DeadLetter[];
  inspect(): SystemReport;
  /** Lets a quarantined actor go on. @returns false when it was not quarantined */
  release(kind: string, id: string): boolean;
  /**
   * Opens a door for one worker thread, which goes in with `connectSynod` from `synod/thread`.
   *
   * @example
   * const port = synod.door();
   * new Worker(file, { workerData: { port }, transferList: [port] });
   */
  door(): MessagePort;
  /** Takes no more calls, works off what is queued, makes it durable, lets go of the data directory. */
  close(): Promise<void>;
}

/**
 * Opens a system over a data directory. It reads no environment and installs no signal handlers.
 *
 * @throws TypeError for a setting or a machine that cannot be
 * @throws AppError UNAVAILABLE when the data is in use, damaged, or written by a newer program
 * @example
 * const synod = await createSynod({ data: './data', machines: [orderMachine] });
 */
export async function createSynod(options: SynodOptions = {}): Promise<Synod> {
  const { tenant = 'local' } = options;
  const trouble = addressPartTrouble(tenant);
  if (trouble) throw new TypeError(`createSynod: tenant ${trouble}`);
  const config = configOf(options);
  const embedder = ownEmbedder(options);
  const runtime = await createRuntime({
    config,
    logger: options.logger ?? stderrLogger(config.logLevel),
    kinds: (options.machines ?? []).map(kindOf),
    ...(options.clock === undefined ? {} : { clock: options.clock }),
    ...(embedder === undefined ? {} : { embedder }),
  });
  return new EmbeddedSynod(runtime, tenant);
}

class EmbeddedSynod implements Synod {
  readonly tenant: string;
  readonly call: Call;
  readonly #runtime: Runtime;
  readonly #machines: Machines;
  readonly #doors = new Set<Door>();
  #closing: Promise<void> | null = null;

  constructor(runtime: Runtime, tenant: string) {
    this.tenant = tenant;
    this.#runtime = runtime;
    this.#machines = new Machines(runtime);
    const call = createCall(runtime.services, tenant);
    this.call = async (name, input, options) => {
      this.#open();
      return call(name, input, options);
    };
  }

  async spawn<M extends Machine>(machine: M | string, options: SpawnOptions<M>): Promise<Ref<M>> {
    const { id, input, ...ask } = options as AskOptions & { id: string; input?: unknown };
    const address = await this.#address(machine, id);
    const system = this.#open();
    if (!system.exists(address)) await system.spawn(address, input, ask).catch(unlessThere);
    return this.#ref(address);
  }

  async get<M extends Machine>(machine: M | string, id: string): Promise<Ref<M> | undefined> {
    const address = await this.#address(machine, id);
    return this.#open().exists(address) ? this.#ref<M>(address) : undefined;
  }

  async remove({ kind, id }: Pick<Ref, 'kind' | 'id'>, options?: AskOptions): Promise<boolean> {
    return this.#open().remove({ tenant: this.tenant, kind, id }, options);
  }

  session(id: string, settings: SessionSettings = {}): Promise<Session> {
    return openSession(this.call, id, settings);
  }

  cluster(which: string | ClusterSettings): Promise<Cluster> {
    return openCluster(this.call, which);
  }

  region(which: string | RegionSettings): Promise<Region> {
    return openRegion(this.call, which);
  }

  observer(settings: ObserverSettings = {}): Promise<Observer> {
    return openObserver(this.call, settings);
  }

  network(): Network {
    return networkOf(this.call);
  }

  environment(): SharedEnvironment {
    return environmentOf(this.call, this);
  }

  agents(settings: NetworkSettings): Promise<AgentNetwork> {
    const vectorOf = async (id: string) => {
      const view = await this.#open().read({ tenant: this.tenant, kind: 'session', id });
      return vectorIn(view?.context);
    };
    return openAgents({ call: this.call, session: (id) => this.session(id), vectorOf }, settings);
  }

  subscribe(filter: RecordFilter = {}, options: { since?: number } = {}): Records {
    const subscription = this.#open().subscribe({ ...filter, tenant: this.tenant }, options);
    return {
      [Symbol.asyncIterator]: () => recordsOf(subscription),
      close: () => subscription.close(),
    };
  }

  deadLetters({ limit = LETTERS }: { limit?: number } = {}): DeadLetter[] {
    return this.#open().deadLetters({ tenant: this.tenant, limit });
  }

  inspect(): SystemReport {
    return this.#runtime.system.inspect();
  }

  release(kind: string, id: string): boolean {
    return this.#open().release({ tenant: this.tenant, kind, id });
  }

  door(): MessagePort {
    this.#open();
    const door = openDoor(this, (kind, id) => this.#ref({ tenant: this.tenant, kind, id }));
    this.#doors.add(door);
    void door.closed.then(() => this.#doors.delete(door));
    return door.port;
  }

  close(): Promise<void> {
    this.#closing ??= this.#runtime.close().finally(() => {
      // Last, so that answers to what was still worked off reach the threads.
      for (const door of this.#doors) door.close();
    });
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #open(): System {
    if (this.#closing) throw new AppError('UNAVAILABLE', 'this system was closed');
    return this.#runtime.system;
  }

  async #address(machine: Machine | string, id: string): Promise<Address> {
    this.#open();
    return { tenant: this.tenant, kind: await this.#machines.nameOf(machine), id };
  }

  #ref<M extends Machine>(address: Address): Ref<M> {
    return createRef<M>(() => this.#open(), address);
  }
}

/** A reader that falls behind gets the rest from the log, so the notice that it did need not concern anybody here. */
async function* recordsOf(subscription: Subscription): AsyncGenerator<LogRecord, void> {
  for await (const item of subscription) if (item.type === 'record') yield item.record;
}

/** Somebody else created it a moment ago: then it is there, which is all that was wanted. */
function unlessThere(error: unknown): void {
  if (!(error instanceof AppError && error.code === 'CONFLICT')) throw error;
}
