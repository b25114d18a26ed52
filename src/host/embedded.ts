/** The embedded host: one process, one store, one log per tenant. */
import { type Address, formatAddress } from '../../actors/address.ts';
import { AppError, messageOf } from '../../actors/errors.ts';
import type { Kind } from '../../actors/kind.ts';
import type {
  Activation,
  Clock,
  DeadLetter,
  Host,
  LogRecord,
  Message,
  RememberedReply,
  TimerSet,
  Turn,
} from '../../actors/ports.ts';
import type { Key, Store } from '../store/store.ts';
import { decode, encode } from './codec.ts';
import { DeadLetters } from './dead-letters.ts';
import { type Committed, GroupCommit } from './group-commit.ts';
import { readActor, readRecords, recordOf } from './log.ts';
import type { Indexer } from './plan.ts';
import { ReplySweep } from './reply-sweep.ts';
import { actorKey, markKey, readActivation, readMessages, replyKey } from './rows.ts';
import { Timers } from './timers.ts';

export interface EmbeddedHostOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Default `durable`: an answer means the data survives a power loss. */
  readonly durability?: 'durable' | 'relaxed';
  /** Writes the index rows of each record in its own commit. */
  readonly index?: Indexer;
  /** Kinds it is about: their turns are acknowledged when durable, whatever `durability` says. */
  readonly indexed?: ReadonlySet<string>;
  /** Told about listeners that throw. Default: a process warning. */
  readonly onFault?: (error: unknown) => void;
}

interface KindRow {
  readonly version: number;
  readonly origin: 'builtin' | 'application';
}

interface Listener {
  readonly listener: (record: LogRecord) => void;
  readonly wanted: (tenant: string) => boolean;
}

export class EmbeddedHost implements Host {
  readonly #store: Store;
  readonly #commits: GroupCommit;
  readonly #timers: Timers;
  readonly #letters: DeadLetters;
  readonly #replies: ReplySweep;
  readonly #relaxed: boolean;
  readonly #onFault: (error: unknown) => void;
  /** Receivers that turned a message away; theirs wait in the outbox. */
  readonly #paused = new Set<string>();
  readonly #listeners: Listener[] = [];
  #deliver: (message: Message) => boolean = () => false;
  #fire: (address: Address, timer: TimerSet) => boolean = () => false;
  #lost: (addresses: readonly Address[]) => void = () => {};
  #started = false;

  constructor({ store, clock, durability = 'durable', index, indexed, onFault = warn }: EmbeddedHostOptions) {
    this.#store = store;
    this.#relaxed = durability === 'relaxed';
    this.#onFault = onFault;
    this.#commits = new GroupCommit({
      store,
      clock,
      relaxed: ({ address }) => this.#relaxed && !indexed?.has(address.kind),
      index,
      onFault,
      onCommitted: (committed) => this.#committed(committed),
      onLost: (addresses) => this.#lost(addresses),
    });
    this.#timers = new Timers(store, clock, (address, timer) => this.#fire(address, timer), onFault);
    this.#letters = new DeadLetters(store, (ops) => this.#commits.ride(ops));
    this.#replies = new ReplySweep(store, clock, (ops) => this.#commits.ride(ops));
  }

  /**
   * Writes down which kinds this program has, and refuses data it does not understand.
   *
   * @throws AppError UNAVAILABLE for data of a newer version, or of a kind that shipped with another program
   */
  async adopt(kinds: readonly Kind[]): Promise<void> {
    const mine = new Map(kinds.map((kind) => [kind.name, kind]));
    for (const { key, value } of this.#store.range('meta', { prefix: ['kind'] })) {
      const name = key[1] as string;
      const { version, origin } = decode<KindRow>(value);
      const kind = mine.get(name);
      if (!kind && origin === 'application') continue;
      if (!kind)
        throw new AppError(
          'UNAVAILABLE',
          `the data holds actors of kind "${name}", which this program does not know; use the program that wrote it`,
        );
      if (kind.version < version) {
        throw new AppError(
          'UNAVAILABLE',
          `the data holds ${name} version ${version}, this program reads up to ${kind.version}; upgrade synod`,
        );
      }
    }
    const rows = kinds.map((kind) => ({
      op: 'put' as const,
      table: 'meta' as const,
      key: ['kind', kind.name],
      value: encode({ version: kind.version, origin: kind.origin ?? 'application' } satisfies KindRow),
    }));
    if (rows.length > 0) await this.#store.commit(rows);
  }

  activate(address: Address): Activation | undefined | Promise<Activation | undefined> {
    // What was acknowledged before it was written is part of the actor all the same.
    const written = this.#commits.written(address);
    return written ? written.then(() => this.activate(address)) : readActivation(this.#store, address);
  }

  exists(address: Address): boolean {
    return readActor(this.#store, address)?.removed === false;
  }

  commit(turn: Turn, done: (error?: Error) => void): void {
    this.#commits.add(turn, done);
  }

  backlog(): { turns: number; bytes: number } {
    return this.#commits.backlog();
  }

  highWater(receiver: Address, sender: Address): { revision: number; index: number } | undefined {
    const bytes = this.#store.get('dedup', markKey(receiver, sender));
    if (!bytes) return undefined;
    const [revision, index] = decode<[number, number]>(bytes);
    return { revision, index };
  }

  remembered(tenant: string, key: string): RememberedReply | undefined {
    const unwritten = this.#commits.unwrittenReply(tenant, key);
    if (unwritten) return unwritten;
    const bytes = this.#store.get('replay', replyKey(tenant, key));
    return bytes ? { ...decode<Omit<RememberedReply, 'key'>>(bytes), key } : undefined;
  }

  onMessage(deliver: (message: Message) => boolean): void {
    this.#deliver = deliver;
  }

  onTimer(fire: (address: Address, timer: TimerSet) => boolean): void {
    this.#fire = fire;
  }

  onRecord(listener: (record: LogRecord) => void, wanted: (tenant: string) => boolean = () => true): void {
    this.#listeners.push({ listener, wanted });
  }

  onLost(listener: (addresses: readonly Address[]) => void): void {
    this.#lost = listener;
  }

  redeliver(receiver: Address): void {
    const key = formatAddress(receiver);
    this.#paused.delete(key);
    if (!this.#started) return;
    this.#handStored(actorKey(receiver));
    const { tenant, kind, id } = receiver;
    this.#timers.again((address) => address.id === id && address.kind === kind && address.tenant === tenant);
  }

  resume(kind: string): void {
    if (!this.#started) return;
    for (const key of this.#paused) if (key.split('/')[1] === encodeURIComponent(kind)) this.#paused.delete(key);
    this.#handStored([], kind);
    this.#timers.again((address) => address.kind === kind);
  }

  bury(letter: DeadLetter): void {
    this.#letters.bury(letter);
  }

  deadLetters({ tenant, limit }: { tenant: string; limit: number }): DeadLetter[] {
    return this.#letters.list(tenant, limit);
  }

  list({ tenant, kind, after, limit }: { tenant: string; kind: string; after?: string; limit: number }): string[] {
    const ids: string[] = [];
    const from = after === undefined ? {} : { from: [tenant, kind, after] };
    for (const { key, value } of this.#store.range('actor', { prefix: [tenant, kind], ...from })) {
      if (ids.length === limit) break;
      const id = key[2] as string;
      if (id !== after && !decode<{ removed: boolean }>(value).removed) ids.push(id);
    }
    return ids;
  }

  count(kind: string): number {
    return this.#commits.count(kind);
  }

  records({ tenant, after, limit }: { tenant: string; after: number; limit: number }): LogRecord[] {
    return readRecords(this.#store, tenant, after, limit);
  }

  head(tenant: string): number {
    return this.#commits.head(tenant).seq;
  }

  healthy(): boolean {
    return this.#commits.failure === null;
  }

  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#handStored([]);
    this.#timers.start();
    this.#replies.start();
  }

  async drain(): Promise<void> {
    await this.#commits.idle();
  }

  /** Stops the timers and waits for commits under way. The store stays open: whoever opened it closes it. */
  async close(): Promise<void> {
    this.#timers.stop();
    this.#replies.stop();
    this.#commits.stop();
    await this.drain();
  }

  #committed({ turns, records }: Committed): void {
    for (const turn of turns) {
      this.#timers.committed(turn);
      if (this.#started) for (const message of turn.messages) this.#hand(message);
    }
    for (const appended of records) {
      const { tenant } = appended.address;
      const listeners = this.#listeners.filter(({ wanted }) => wanted(tenant));
      if (listeners.length === 0) continue;
      const record = recordOf(appended);
      for (const { listener } of listeners) this.#tell(listener, record);
    }
  }

  /** A listener's trouble is its own: the next one hears all the same, and so does the next commit. */
  #tell(listener: (record: LogRecord) => void, record: LogRecord): void {
    try {
      listener(record);
    } catch (error) {
      this.#onFault(error);
    }
  }

  /** Hands over what is stored for these receivers, in order, until each has enough. */
  #handStored(prefix: Key, kind?: string): void {
    const skip = (to: Address) => (kind !== undefined && to.kind !== kind) || this.#paused.has(formatAddress(to));
    for (const message of readMessages(this.#store, prefix, skip)) this.#hand(message);
  }

  /** To a receiver that turned one away nothing more is handed: order is kept. */
  #hand(message: Message): void {
    const key = formatAddress(message.to);
    if (!this.#paused.has(key) && !this.#deliver(message)) this.#paused.add(key);
  }
}

function warn(error: unknown): void {
  process.emitWarning(`a listener of the log failed: ${messageOf(error)}`);
}
