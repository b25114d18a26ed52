/**
 * What actors need from the world, and what the world may ask of actors. The embedded host (`src/host`) implements
 * {@link Host} over a store; a clustered one may follow. Nothing here lets two actors notice that they share a process.
 */
import type { Address } from './address.ts';
import type { Activation, DeadLetter, LogRecord, Message, RememberedReply, TimerSet, Turn } from './stored.ts';

export type * from './stored.ts';

/** The clock every deadline, timer and time stamp comes from. Tests bring their own. */
export interface Clock {
  /** Unix ms, may jump. */
  now(): number;
  /** Ms that only ever increase, for durations. */
  monotonic(): number;
  setTimeout(fn: () => void, ms: number): { cancel(): void };
}

/** The world below the actors. */
export interface Host {
  /**
   * @returns undefined when there never was such an actor
   * @throws AppError CORRUPTED when what is stored does not match its checksum
   */
  activate(address: Address): Activation | undefined | Promise<Activation | undefined>;
  exists(address: Address): boolean;
  /**
   * Queues a turn for the next group commit. `done` is called once, in commit order: without an error when the turn
   * is durable, with one when it and every turn queued behind it are void. INVALID: the turn cannot be stored at all,
   * and only the turns of this actor are void.
   */
  commit(turn: Turn, done: (error?: Error) => void): void;
  /** Turns and bytes that wait for a commit: what admission control looks at. */
  backlog(): { readonly turns: number; readonly bytes: number };
  /** Highest message of this sender that this receiver has consumed. */
  highWater(receiver: Address, sender: Address): { readonly revision: number; readonly index: number } | undefined;
  /** The reply remembered under an idempotency key. */
  remembered(tenant: string, key: string): RememberedReply | undefined;
  /**
   * Hands messages over once their turn is durable; and those a crash left behind, at start. A receiver that answers
   * false gets nothing more until {@link redeliver}.
   */
  onMessage(deliver: (message: Message) => boolean): void;
  /** Hands over again, in order, every message and due timer of a receiver that no turn has consumed yet. */
  redeliver(receiver: Address): void;
  /** With relaxed durability only: turns that were acknowledged and then could not be written. */
  onLost(listener: (addresses: readonly Address[]) => void): void;
  /** Hands timers over when they are due. One that was answered false waits for {@link redeliver} or {@link resume}. */
  onTimer(fire: (address: Address, timer: TimerSet) => boolean): void;
  /**
   * Hands over every record after it became durable, in log order.
   *
   * @param wanted asked before each record; what nobody wants is not even put together. Default: all
   */
  onRecord(listener: (record: LogRecord) => void, wanted?: (tenant: string) => boolean): void;
  /** A kind became known: what waited for it is handed over. */
  resume(kind: string): void;
  bury(letter: DeadLetter): void;
  deadLetters(query: { readonly tenant: string; readonly limit: number }): DeadLetter[];
  /** Ids of a tenant's actors of a kind, in order, after a given one. */
  list(query: {
    readonly tenant: string;
    readonly kind: string;
    readonly after?: string;
    readonly limit: number;
  }): string[];
  /** Living actors of a kind over all tenants. */
  count(kind: string): number;
  /** Committed records after a sequence number, oldest first. */
  records(query: { readonly tenant: string; readonly after: number; readonly limit: number }): LogRecord[];
  /** Sequence number of the tenant's newest record, 0 when there is none. */
  head(tenant: string): number;
  /** False while the store does not take commits. */
  healthy(): boolean;
  /** Starts delivering what a crash left behind. Call once the kinds are known. */
  start(): void;
  /** Waits until nothing is queued or in flight. */
  drain(): Promise<void>;
}

export interface AskOptions {
  /** Default 10,000. */
  readonly deadlineMs?: number;
  /** The same key never takes effect twice: the remembered reply comes back instead. */
  readonly idempotencyKey?: string;
  readonly correlationId?: string;
  readonly causationId?: string;
  /**
   * Input to make the actor with when it does not exist. Creation and event are one turn: both are durable, or neither,
   * as when the event is refused. Only for {@link ActorSystem.ask}.
   */
  readonly create?: object;
}

/** An actor's state as of its last durable turn. */
export interface View<TContext = unknown> {
  readonly revision: number;
  readonly value: unknown;
  readonly context: TContext;
  readonly status: 'active' | 'done' | 'error' | 'stopped';
  readonly output: unknown;
}

export interface Answered<TContext = unknown> extends View<TContext> {
  readonly reply: unknown;
  /** The reply was remembered from an earlier call with the same idempotency key. */
  readonly repeated: boolean;
}

export interface StreamFilter {
  readonly tenant: string;
  /**
   * Kinds, ids and event types as globs: `*` stands for any characters, none included; nothing else is special. A
   * record passes when one of the alternatives fits. Absent or empty: all pass. At most 64 of at most 300 characters.
   */
  readonly kinds?: readonly string[];
  readonly ids?: readonly string[];
  readonly types?: readonly string[];
}

export type StreamItem =
  | { readonly type: 'record'; readonly record: LogRecord }
  /** The reader was too slow for its buffer: `missed` records did not fit; they follow now, read from the log. */
  | { readonly type: 'lagged'; readonly missed: number; readonly cursor: number };

export interface Subscription extends AsyncIterable<StreamItem> {
  /** Sequence number up to which it has handed out all there was to hand out: whoever goes on from here misses nothing. */
  readonly position: number;
  close(): void;
}

/** What operations and embedders may ask of the actors. */
export interface ActorSystem {
  /** @throws AppError CONFLICT when the actor exists */
  spawn<C = unknown>(address: Address, input: unknown, options?: AskOptions): Promise<Answered<C>>;
  /** @throws AppError NOT_FOUND, REFUSED, MAILBOX_FULL, DEADLINE, QUARANTINED, STORE_FAILED, OVERLOADED */
  ask<C = unknown>(
    address: Address,
    event: { readonly type: string; readonly [key: string]: unknown },
    options?: AskOptions,
  ): Promise<Answered<C>>;
  /** From the last committed snapshot, without queueing. */
  read<C = unknown>(address: Address): Promise<View<C> | undefined>;
  /** @returns false when there was no such actor */
  remove(address: Address, options?: AskOptions): Promise<boolean>;
  exists(address: Address): boolean;
  list(query: { tenant: string; kind: string; after?: string; limit: number }): string[];
  count(kind: string): number;
  head(tenant: string): number;
  records(query: { tenant: string; after: number; limit: number }): LogRecord[];
  /**
   * From now, or from after `since`; one beyond the newest record counts as now.
   *
   * @param options `capacity`: records buffered for a slow reader, default 1,024
   * @throws AppError INVALID for a filter with too many or too long patterns
   */
  subscribe(filter: StreamFilter, options?: { readonly since?: number; readonly capacity?: number }): Subscription;
  deadLetters(query: { tenant: string; limit: number }): DeadLetter[];
  /** Lets a quarantined actor go on. @returns false when it was not quarantined */
  release(address: Address): boolean;
  /** Live actors, queued messages, quarantined addresses. */
  inspect(): SystemReport;
}

export interface SystemReport {
  readonly live: number;
  readonly queued: number;
  readonly queuedBytes: number;
  readonly quarantined: readonly string[];
  readonly restarts: number;
  readonly turns: number;
  readonly accepting: boolean;
}
