/** What actors leave with the host: turns and what is in them, as plain data. */
import type { Address } from './address.ts';
import type { PersistedState } from './kind.ts';

/** What happened to an actor: one event, folded. */
export interface FoldedEvent {
  readonly revision: number;
  /** Unix ms at which the runtime took the event in; the only clock a statechart ever sees (`event.at`). */
  readonly at: number;
  readonly type: string;
  /** The event as the statechart consumed it, `type` and `at` included. Plain data and typed arrays. */
  readonly event: unknown;
  /** The statechart's state value afterwards. */
  readonly state: unknown;
  readonly correlationId: string | null;
  readonly causationId: string | null;
  /** Facts the turn published beside the event itself. */
  readonly facts: readonly { readonly type: string; readonly payload: unknown }[];
}

/** Where an answer goes. `chain` lists the actors already waiting for it, oldest first. */
export type ReplyTo =
  | {
      readonly to: 'call';
      /** Name the caller is kept under by the process that took the call; means nothing to any other. */
      readonly call: string;
      /** The caller's idempotency key: the answer is remembered even when the caller is gone. */
      readonly key: string | null;
      /** The actor and event the caller asked. */
      readonly asked: Address;
      readonly type: string;
    }
  | {
      readonly to: 'actor';
      readonly address: Address;
      /** The answer arrives as the event `<as>.reply` or `<as>.error`. */
      readonly as: string;
      readonly chain: readonly string[];
      /** Whom the asking actor itself still owes an answer. */
      readonly parent: ReplyTo | null;
    };

/** A message on its way. Its id is `address:revision:index` of the effect that made it. */
export interface Message {
  readonly id: string;
  readonly from: Address;
  readonly fromRevision: number;
  readonly fromIndex: number;
  readonly to: Address;
  readonly event: { readonly type: string; readonly [key: string]: unknown };
  readonly correlationId: string | null;
  /** On a question: where its answer goes. On an answer: whom the receiver may now answer in turn. */
  readonly replyTo: ReplyTo | null;
  readonly answer: boolean;
}

export interface TimerSet {
  readonly id: string;
  /** Unix ms. */
  readonly due: number;
  /** Revision of the event that set it: an older firing of the same id is void. */
  readonly revision: number;
  readonly event: { readonly type: string; readonly [key: string]: unknown };
}

export interface StoredSnapshot {
  readonly kind: string;
  readonly version: number;
  readonly revision: number;
  readonly state: PersistedState;
  readonly timers: readonly TimerSet[];
  /** Promises under way, to be run again after a restart (at least once). */
  readonly invocations: readonly Invocation[];
}

/** A promise a statechart invoked. */
export interface Invocation {
  readonly id: string;
  readonly src: string;
  readonly input: unknown;
  /** Revision of the event that started it. */
  readonly revision: number;
}

/** Everything an actor needs to live again. */
export interface Activation {
  /** Newest revision; also of an actor that was removed, whose next life goes on counting from here. */
  readonly revision: number;
  readonly snapshot: StoredSnapshot | null;
  /** Events after the snapshot, in order. */
  readonly tail: readonly FoldedEvent[];
}

/** What became of a call with an idempotency key. */
export interface RememberedReply {
  readonly key: string;
  readonly reply: unknown;
  readonly revision: number;
  /** The actor that was asked, and with which event: the key belongs to that call only. */
  readonly asked: Address;
  readonly type: string;
  /** The event took effect; its answer comes later, because the actor first asked somebody else. */
  readonly pending: boolean;
}

/** One step to be made durable. */
export interface Turn {
  readonly address: Address;
  /** Version of the kind that folded it. */
  readonly version: number;
  readonly baseRevision: number;
  readonly events: readonly FoldedEvent[];
  /** Present when it is time for one. */
  readonly snapshot: StoredSnapshot | null;
  readonly created: boolean;
  /** The actor and everything it kept leave the store; the log keeps the headers. */
  readonly removed: boolean;
  readonly messages: readonly Message[];
  /** In order: a timer set and cancelled within one turn must end up cancelled. */
  readonly timers: readonly { readonly op: 'set' | 'cancel'; readonly timer: TimerSet }[];
  /** Messages this turn consumed: their outbox rows go, their high-water marks come, in the same commit. */
  readonly consumed: readonly Message[];
  /** Replies to remember under the caller's idempotency key. */
  readonly replies: readonly RememberedReply[];
}

/** A committed record of the tenant's log. */
export interface LogRecord {
  readonly seq: number;
  /** Unix ms. */
  readonly time: number;
  readonly address: Address;
  readonly revision: number;
  readonly type: string;
  readonly state: unknown;
  /** `null` when it was erased; the hashes stay. */
  readonly payload: unknown;
  readonly correlationId: string | null;
  readonly causationId: string | null;
  /** Hex SHA-256 of the payload bytes. */
  readonly contentHash: string;
  /** Hex SHA-256 of the previous record's hash, this record's header and its content hash. */
  readonly hash: string;
  readonly previousHash: string;
}

export interface DeadLetter {
  readonly at: number;
  readonly address: Address;
  readonly type: string;
  readonly reason: 'refused' | 'expired' | 'orphaned' | 'poison' | 'quarantined' | 'mailbox-full' | 'call-cycle';
  readonly detail: string;
  /** The sender for messages, null for outside callers. */
  readonly from: Address | null;
}
