/** Typed handles on actors: what an embedding application holds in its hands. */
import type { Address } from '../actors/address.ts';
import { AppError } from '../actors/errors.ts';
import type { Kind } from '../actors/kind.ts';
import type { Answered, AskOptions, View } from '../actors/ports.ts';

/** Any XState machine; XState's own `AnyStateMachine`. */
export type Machine = Kind['machine'];

/** An event of a machine whose event types are not known. */
export interface LooseEvent {
  readonly type: string;
  readonly [key: string]: unknown;
}

type IsAny<T> = 0 extends 1 & T ? true : false;
type WithoutTime<E> = E extends unknown ? (string extends keyof E ? E : Omit<E, 'at'>) : never;
type EventIn<M extends Machine> = Parameters<M['transition']>[1];
type SnapshotIn<M extends Machine> = ReturnType<M['getInitialSnapshot']>;
type InputIn<M extends Machine> = NonNullable<Parameters<M['getInitialSnapshot']>[1]>;
type GivenInput<I> = I extends object ? Omit<I, 'id' | 'at'> : I;

/** An event as the machine types it, without `at`: the runtime puts the time on it. */
export type EventOf<M extends Machine> = IsAny<EventIn<M>> extends true ? LooseEvent : WithoutTime<EventIn<M>>;

/** The machine's input, without `id` and `at`: the runtime adds both. */
export type InputOf<M extends Machine> = IsAny<InputIn<M>> extends true ? unknown : GivenInput<InputIn<M>>;

/** An actor's state as of its last durable turn. The context is the actor's own and not a copy: read it, do not change it. */
export interface Snapshot<M extends Machine = Machine> {
  readonly revision: number;
  readonly value: SnapshotIn<M>['value'];
  readonly context: SnapshotIn<M>['context'];
  readonly status: 'active' | 'done' | 'error' | 'stopped';
  /** Present once `status` is `done`. */
  readonly output: SnapshotIn<M>['output'];
}

export interface Reply<M extends Machine = Machine, TReply = unknown> {
  /** What the machine's `reply` effect carried; undefined when it made none. */
  readonly reply: TReply;
  /** The actor as the event left it. */
  readonly snapshot: Snapshot<M>;
  /** The answer was remembered from an earlier call with the same idempotency key. */
  readonly repeated: boolean;
}

/** A handle on one actor. It holds no state, and stays good while the actor comes and goes from memory. */
export interface Ref<M extends Machine = Machine> {
  readonly kind: string;
  readonly id: string;
  /**
   * Sends an event and waits for the answer. When it comes, the event and all it changed are on disk.
   *
   * @param options `deadlineMs` default 10,000
   * @throws AppError REFUSED (the present state does not take this event), NOT_FOUND, DEADLINE, MAILBOX_FULL,
   * OVERLOADED, QUARANTINED, STORE_FAILED, UNAVAILABLE, INTERNAL (the machine crashed on it, twice)
   * @example
   * const { reply, snapshot } = await ref.ask<number>({ type: 'add', item: 'tea' });
   */
  ask<TReply = unknown>(event: EventOf<M>, options?: AskOptions): Promise<Reply<M, TReply>>;
  /**
   * Like {@link ask} without the answer: once it resolves, nothing is lost any more. A machine that first asks another
   * actor is waited for until it has that answer.
   */
  tell(event: EventOf<M>, options?: AskOptions): Promise<void>;
  /**
   * The last durable state, without queueing behind events.
   *
   * @throws AppError NOT_FOUND when the actor was removed
   */
  getSnapshot(): Promise<Snapshot<M>>;
  /**
   * Calls back after every durable turn, except the one that removes the actor. An error of the callback, thrown or rejected, is logged and harms nobody.
   *
   * @returns stops watching
   * @example
   * const stop = ref.watch(({ value }) => console.log(value));
   */
  watch(callback: (snapshot: Snapshot<M>) => void): () => void;
}

/** The part of the actor system a ref speaks to. */
export interface Actors {
  ask(address: Address, event: LooseEvent, options?: AskOptions): Promise<Answered>;
  read(address: Address): Promise<View | undefined>;
  watch(address: Address, callback: (view: View) => void): () => void;
}

export function snapshotOf({ revision, value, context, status, output }: View): Snapshot {
  return { revision, value, context, status, output: status === 'done' ? output : undefined } as Snapshot;
}

export function replyOf(answered: Answered): Reply {
  return { reply: answered.reply, snapshot: snapshotOf(answered), repeated: answered.repeated };
}

/** @param actors asked for on every call, so that a ref of a closed system says so */
export function createRef<M extends Machine>(actors: () => Actors, address: Address): Ref<M> {
  const ask = async (event: EventOf<M>, options?: AskOptions) => actors().ask(address, event as LooseEvent, options);
  const ref: Ref = {
    kind: address.kind,
    id: address.id,
    ask: async (event, options) => replyOf(await ask(event as EventOf<M>, options)) as never,
    tell: async (event, options) => void (await ask(event as EventOf<M>, options)),
    getSnapshot: async () => snapshotOf(await readOrThrow(actors(), address)),
    watch: (callback) => actors().watch(address, (view) => callback(snapshotOf(view))),
  };
  // The same object with the machine's types: what they promise, the machine itself keeps.
  return ref as unknown as Ref<M>;
}

/** @throws AppError NOT_FOUND */
export async function readOrThrow(actors: Pick<Actors, 'read'>, address: Address): Promise<View> {
  const view = await actors.read(address);
  if (view) return view;
  throw new AppError('NOT_FOUND', `${address.kind} "${address.id}" not found`);
}
