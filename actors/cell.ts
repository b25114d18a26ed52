/**
 * One living actor: its newest state, its last durable one, and its mailbox. A cell holds no behaviour of its own;
 * `turn.ts` moves it forward, `scheduler.ts` decides when, `supervisor.ts` what happens when it fails.
 */
import type { AnyMachineSnapshot } from 'xstate';
import { type Address, formatAddress } from './address.ts';
import type { Draft } from './draft.ts';
import type { AppError } from './errors.ts';
import type { Kind } from './kind.ts';
import { Mailbox } from './mailbox.ts';
import type { Activation, Answered, Invocation, Message, TimerSet, View } from './ports.ts';
import { type CrashRecord, NO_CRASHES } from './restarts.ts';
import { adopt } from './snapshots.ts';
import type { Statechart } from './statechart.ts';

/** A kind together with the adapter that runs its machine; one per kind, shared by all its actors. */
export interface KindRuntime {
  readonly kind: Kind;
  readonly chart: Statechart;
}

export interface ActorEvent {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** Somebody outside the actors who waits for an answer. */
export interface Call {
  readonly address: Address;
  readonly type: string;
  readonly key: string | null;
  readonly resolve: (answer: Answered) => void;
  readonly reject: (error: Error) => void;
  settled: boolean;
  /** The event took effect, and the answer comes with a later one. */
  parkedAs: string | null;
}

export type Origin =
  | { readonly from: 'call'; readonly call: Call }
  | { readonly from: 'message'; readonly message: Message }
  | { readonly from: 'timer'; readonly timer: TimerSet }
  | { readonly from: 'invocation'; readonly id: string; readonly revision: number }
  /** The creation that an event brings along; see `Entry.create`. */
  | { readonly from: 'birth' };

/** An event in a mailbox. */
export interface Entry {
  readonly event: ActorEvent;
  readonly origin: Origin;
  readonly bytes: number;
  readonly correlationId: string | null;
  readonly causationId: string | null;
  /** Input to make the actor with when there is none; absent: the event needs an actor. */
  readonly create?: unknown;
  /** How often handling it crashed the actor. */
  crashes: number;
}

export interface Mark {
  readonly revision: number;
  readonly index: number;
}

export type CellStatus = 'activating' | 'running' | 'restarting' | 'quarantined';

export class Cell {
  readonly address: Address;
  readonly key: string;
  readonly runtime: KindRuntime;
  readonly mailbox: Mailbox<Entry>;
  status: CellStatus = 'activating';
  /** Newest state, perhaps not yet durable; null when the actor does not exist. */
  snapshot: AnyMachineSnapshot | null = null;
  revision = 0;
  /** What readers see. */
  durable: { readonly snapshot: AnyMachineSnapshot | null; readonly revision: number } = {
    snapshot: null,
    revision: 0,
  };
  timers = new Map<string, TimerSet>();
  invocations = new Map<string, Invocation>();
  /** Newest message consumed from each sender since activation; older ones are the host's to know. */
  marks = new Map<string, Mark>();
  /** Promises this process runs, or whose outcome waits in the mailbox, by invocation id. */
  readonly running = new Map<string, { readonly revision: number; readonly abort: AbortController }>();
  readonly watchers = new Set<(view: View) => void>();
  tailEvents = 0;
  tailBytes = 0;
  /** Newest message of each sender that is in the mailbox; the host may hand over what it handed over before. */
  readonly handed = new Map<string, Mark>();
  /** Turns handed to the host and not yet durable. */
  inFlight = 0;
  /** The newest of them: refusals that rest on its state are told when it is durable. */
  lastFlight: Draft | null = null;
  /** To be activated as soon as nothing is in flight: what is loaded before would miss it. */
  awaitsFlight = false;
  /** The timer that brings it back after a crash. */
  revival: { cancel(): void } | null = null;
  /** What a voided turn had consumed must be handed over again, before anything newer. */
  owed = false;
  /** Changes whenever the cell goes back to its durable state, so that late answers to older turns are known as such. */
  epoch = 0;
  queued = false;
  /** A message was turned away because the mailbox was full. */
  turnedAway = false;
  /** Why what is stored of it cannot be read. */
  unreadable: AppError | null = null;
  crashes: CrashRecord = NO_CRASHES;
  /** Monotonic ms. */
  lastUsed = 0;
  /** Used since somebody last looked for room. */
  recent = true;

  constructor(address: Address, runtime: KindRuntime, mailboxCapacity: number) {
    this.address = address;
    this.key = formatAddress(address);
    this.runtime = runtime;
    this.mailbox = new Mailbox(mailboxCapacity);
  }

  /** Takes on what the host kept; the events after the snapshot are folded again, their effects dropped. */
  load(activation: Activation | undefined): void {
    const life = adopt(this.runtime, activation);
    this.snapshot = life.snapshot;
    this.revision = life.revision;
    this.durable = { snapshot: life.snapshot, revision: life.revision };
    this.timers = life.timers;
    this.invocations = life.invocations;
    this.tailEvents = life.tailEvents;
    this.tailBytes = life.tailBytes;
    this.marks = new Map();
    this.epoch++;
  }

  /** Whether there is nothing to keep of it: it never was, or it is removed. */
  get gone(): boolean {
    return this.snapshot === null && this.idle;
  }

  /** Whether it can leave memory without anybody noticing. */
  get idle(): boolean {
    return (
      this.status === 'running' &&
      !this.owed &&
      !this.turnedAway &&
      this.mailbox.length === 0 &&
      this.inFlight === 0 &&
      this.running.size === 0 &&
      this.watchers.size === 0
    );
  }

  view(): View | undefined {
    const { snapshot, revision } = this.durable;
    return snapshot ? viewOf(snapshot, revision) : undefined;
  }
}

export function viewOf(snapshot: AnyMachineSnapshot, revision: number): View {
  return {
    revision,
    value: snapshot.value,
    context: snapshot.context,
    status: snapshot.status,
    output: snapshot.output,
  };
}
