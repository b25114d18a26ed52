/**
 * A worker thread's side of the door: the system of the main thread, reached over a MessagePort.
 *
 * C1  Every call settles: with its answer, at its deadline, or when the other side is gone. Comlink alone would leave
 *     a call to a dead peer pending for ever.
 * C2  A worker with no call under way and nothing watched may end; the port does not hold it.
 * C3  Comlink closes the far end when its proxy is collected, even under a call (comlink issue 692), so the proxy is
 *     held as long as the port is open.
 */
import type { MessagePort } from 'node:worker_threads';
import { proxy, type Remote, wrap } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { AppError, messageOf } from '../../actors/errors.ts';
import type { AskOptions } from '../../actors/ports.ts';
import type { CallInput, CallOptions } from '../calls.ts';
import type { EventOf, InputOf, LooseEvent, Machine, Reply, Snapshot } from '../refs.ts';
import { type DoorService, fromWire, type Outcome } from './wire.ts';

export interface ConnectOptions {
  /** Of calls that name none of their own. Default 10,000. */
  readonly deadlineMs?: number;
}

interface Deadline {
  readonly deadlineMs?: number;
}

/**
 * The system as a worker thread sees it. Every method fails with AppError UNAVAILABLE once the other side is gone, with
 * DEADLINE when no answer came in time, and otherwise with the code the system gave. Typed arrays are copied.
 */
export interface SynodClient {
  /** Gets or creates an actor of a kind the main thread knows. */
  spawn<M extends Machine = Machine>(
    kind: string,
    options: AskOptions & { readonly id: string; readonly input?: InputOf<M> },
  ): Promise<void>;
  /**
   * @example
   * const { snapshot } = await synod.ask<typeof order>('order', 'o-1', { type: 'pay' });
   */
  ask<M extends Machine = Machine, TReply = unknown>(
    kind: string,
    id: string,
    event: EventOf<M>,
    options?: AskOptions,
  ): Promise<Reply<M, TReply>>;
  /** Resolves once the event and all it changed are on disk. */
  tell<M extends Machine = Machine>(kind: string, id: string, event: EventOf<M>, options?: AskOptions): Promise<void>;
  /** @throws AppError NOT_FOUND */
  getSnapshot<M extends Machine = Machine>(kind: string, id: string, options?: Deadline): Promise<Snapshot<M>>;
  /** Runs any operation of the REST reference by its name. */
  call<TOutput = unknown>(name: string, input?: CallInput, options?: CallOptions & Deadline): Promise<TOutput>;
  /**
   * Calls back after durable turns, always with the newest state: a callback slower than the actor skips some. An
   * error of the callback becomes a process warning.
   *
   * @returns stops watching
   */
  watch<M extends Machine = Machine>(
    kind: string,
    id: string,
    callback: (snapshot: Snapshot<M>) => void,
    options?: Deadline,
  ): Promise<() => Promise<void>>;
  /** Closes the port; what is pending fails. */
  close(): void;
}

/** C3. */
const OPEN_DOORS = new Map<MessagePort, Remote<DoorService>>();

/**
 * Goes in through the door that `synod.door()` opened.
 *
 * @example
 * const synod = connectSynod(workerData.port);
 * await synod.tell('order', 'o-1', { type: 'pay' });
 */
export function connectSynod(port: MessagePort, { deadlineMs = 10_000 }: ConnectOptions = {}): SynodClient {
  const door = wrap<DoorService>(nodeEndpoint(port)) as Remote<DoorService>;
  OPEN_DOORS.set(port, door);
  const pending = new Set<(error: AppError) => void>();
  const watching = new Set<number>();
  let closed = false;

  const holdWhileBusy = () => (pending.size + watching.size > 0 && !closed ? port.ref() : port.unref());
  const leave = () => {
    closed = true;
    OPEN_DOORS.delete(port);
    for (const fail of pending) fail(new AppError('UNAVAILABLE', 'the system on the other side of the port is gone'));
  };
  port.once('close', leave);
  holdWhileBusy();

  function settle<T>(what: string, ms: number, send: () => Promise<Outcome<T>>): Promise<T> {
    return new Promise((resolve, reject) => {
      const end = (settled: () => void) => {
        if (!pending.delete(fail)) return;
        clearTimeout(timer);
        holdWhileBusy();
        settled();
      };
      const fail = (error: AppError) => end(() => reject(error));
      const timer = setTimeout(() => fail(new AppError('DEADLINE', `${what} was not answered within ${ms} ms`)), ms);
      pending.add(fail);
      holdWhileBusy();
      if (closed) return leave();
      send().then(
        (outcome) => end(() => (outcome.ok ? resolve(outcome.value) : reject(fromWire(outcome.error)))),
        (cause) => fail(new AppError('INVALID', `${what} cannot cross the port: ${messageOf(cause)}`, { cause })),
      );
    });
  }

  const ask = (kind: string, id: string, event: LooseEvent, options: AskOptions = {}): Promise<Reply> => {
    const timed = { deadlineMs, ...options };
    return settle(`${kind} "${id}" "${event.type}"`, timed.deadlineMs, () => door.ask(kind, id, event, timed));
  };

  let counted = 0;
  const client: SynodClient = {
    spawn: async (kind, { id, input, ...options }) => {
      const timed = { deadlineMs, ...options };
      await settle(`spawning ${kind} "${id}"`, timed.deadlineMs, () => door.spawn(kind, id, input, timed));
    },
    ask: ask as unknown as SynodClient['ask'],
    tell: async (kind, id, event, options) => void (await ask(kind, id, event as unknown as LooseEvent, options)),
    getSnapshot: (kind, id, options = {}) =>
      settle(`${kind} "${id}"`, options.deadlineMs ?? deadlineMs, () => door.getSnapshot(kind, id)) as never,
    call: (name, input = {}, { deadlineMs: own = deadlineMs, ...options } = {}) =>
      settle(name, own, () => door.call(name, input, options)) as never,
    watch: async (kind, id, callback, options = {}) => {
      const watch = ++counted;
      const ms = options.deadlineMs ?? deadlineMs;
      const shown = proxy(guarded(callback as (snapshot: Snapshot) => unknown));
      await settle(`watching ${kind} "${id}"`, ms, () => door.watch(watch, kind, id, shown)).catch((error) => {
        // The other side may have heard of it all the same.
        if (!closed) door.unwatch(watch).catch(() => {});
        throw error;
      });
      watching.add(watch);
      holdWhileBusy();
      return async () => {
        if (!watching.delete(watch) || closed) return;
        await settle(`unwatching ${kind} "${id}"`, ms, () => door.unwatch(watch));
      };
    },
    close: () => {
      leave();
      port.close();
    },
  };
  return client;
}

/** A callback whose errors end here. */
function guarded(callback: (snapshot: Snapshot) => unknown): (snapshot: Snapshot) => Promise<void> {
  return async (snapshot) => {
    try {
      await callback(snapshot);
    } catch (error) {
      process.emitWarning(`a watch callback failed: ${messageOf(error)}`, 'SynodWarning');
    }
  };
}
