/**
 * The one place that runs XState. A machine is used as a reducer: `machine.transition(snapshot, event, scope)` with one
 * reused scope, every action handed over as data (6 µs against 31 µs for the public `transition()`, which builds an
 * inert actor each call).
 *
 * This interface of XState is half-internal, so xstate is pinned exactly and `test/actors/statechart.test.ts` holds it.
 */
import {
  type AnyActorScope,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  __unsafe_getAllOwnEventDescriptors as acceptedEvents,
  createActor,
  createMachine,
  type EventObject,
} from 'xstate';
import { effects } from './effects.ts';
import { messageOf } from './errors.ts';
import type { PersistedState } from './kind.ts';
import type { World } from './world.ts';

/** What one event wants from the world, as data, in order. */
export type Effect =
  | { readonly type: keyof typeof effects; readonly params: unknown }
  | { readonly type: 'after'; readonly id: string; readonly delayMs: number; readonly event: EventObject }
  | { readonly type: 'cancel'; readonly id: string }
  | { readonly type: 'invoke'; readonly id: string; readonly src: string; readonly input: unknown }
  | { readonly type: 'stop'; readonly id: string }
  | { readonly type: 'emit'; readonly event: EventObject }
  /** An action with a body of the application's own; runs once after the commit, never on replay. */
  | { readonly type: 'custom'; readonly name: string; readonly run: () => void };

export interface Fold {
  readonly snapshot: AnyMachineSnapshot;
  readonly effects: readonly Effect[];
}

/** Runs a promise a machine invoked. */
export type PromiseRunner = (input: unknown, signal: AbortSignal, world: World) => PromiseLike<unknown>;

interface ActionData {
  readonly type: string;
  readonly info: unknown;
  readonly params: unknown;
  readonly exec: ((info: unknown, params: unknown) => void) | undefined;
}

const EFFECT_NAMES = new Map<unknown, keyof typeof effects>(
  Object.entries(effects).map(([name, body]) => [body, name as keyof typeof effects]),
);

/** A machine as a handful of functions. */
export class Statechart {
  readonly machine: AnyStateMachine;
  readonly #scope: AnyActorScope;
  #collected: Effect[] = [];

  /** @throws TypeError for a machine with actors that are not promises made by `fromPromise` */
  constructor(machine: AnyStateMachine) {
    this.machine = machine;
    for (const src of Object.keys(machine.implementations.actors)) {
      // Nothing else can be started again from data.
      if (!isPromise(this.#logic(src))) {
        throw new TypeError(`machine ${machine.id}: actor "${src}" is not made by fromPromise`);
      }
    }
    // Any never-started actor serves as `self`: effects reach us as data before anything is sent to it.
    const inert = createActor(createMachine({}));
    this.#scope = {
      self: inert,
      system: inert.system,
      id: machine.id,
      sessionId: inert.sessionId,
      logger: () => {},
      defer: () => {},
      emit: () => {},
      stopChild: () => {},
      actionExecutor: (action) => this.#collect(action as unknown as ActionData),
    } as AnyActorScope;
  }

  /** @throws whatever the machine's context function or entry actions throw */
  initial(input: unknown): Fold {
    return this.#run(() => this.machine.getInitialSnapshot(this.#scope, input) as AnyMachineSnapshot);
  }

  /** @throws whatever a guard or an assign throws; the given snapshot stays as it was */
  fold(snapshot: AnyMachineSnapshot, event: EventObject): Fold {
    return this.#run(() => this.machine.transition(snapshot, event, this.#scope) as AnyMachineSnapshot);
  }

  /** Whether the present state does anything with this event. */
  accepts(snapshot: AnyMachineSnapshot, event: EventObject): boolean {
    return snapshot.status === 'active' && snapshot.can(event);
  }

  /** The event types the present state takes, for the refusal's sentence. */
  accepted(snapshot: AnyMachineSnapshot): string[] {
    if (snapshot.status !== 'active') return [];
    return [...new Set(acceptedEvents(snapshot))].filter((type) => !type.startsWith('xstate.')).sort();
  }

  persist(snapshot: AnyMachineSnapshot): PersistedState {
    return {
      value: snapshot.value,
      context: snapshot.context,
      status: snapshot.status,
      output: snapshot.output ?? null,
      historyValue: Object.keys(snapshot.historyValue).length === 0 ? null : historyIds(snapshot.historyValue),
    };
  }

  /**
   * @param running ids of promises under way, so that leaving their state stops them
   * @throws Error when the state value names a state this machine does not have
   */
  restore(state: PersistedState, running: readonly { id: string; src: string }[] = []): AnyMachineSnapshot {
    const children = Object.fromEntries(
      running.map(({ id, src }) => [id, createActor(this.#logic(src), { id, parent: this.#scope.self } as never)]),
    );
    const historyValue = restoreHistory(this.machine, state.historyValue);
    const snapshot = this.machine.resolveState({ ...state, historyValue } as never) as unknown as AnyMachineSnapshot;
    // `resolveState` takes no children; a fresh snapshot is nobody else's yet.
    return Object.assign(snapshot, { children });
  }

  /**
   * The promise behind an invoked actor.
   *
   * @throws TypeError when the machine has no such actor
   */
  promise(src: string): PromiseRunner {
    const { config } = this.#logic(src) as { config: (args: object) => PromiseLike<unknown> };
    return (input, signal, world) =>
      config({
        input,
        signal,
        world,
        self: this.#scope.self,
        system: this.#scope.system,
        emit: () => {},
      });
  }

  #logic(src: string): never {
    const named = this.machine.implementations.actors[src];
    const logic = (named as { src?: unknown } | undefined)?.src ?? named;
    if (logic === undefined) {
      throw new TypeError(`machine ${this.machine.id} has no actor "${src}" in setup({ actors })`);
    }
    return logic as never;
  }

  #run(step: () => AnyMachineSnapshot): Fold {
    this.#collected = [];
    let snapshot: AnyMachineSnapshot;
    try {
      snapshot = step();
    } catch (error) {
      // `sendTo` looks for its target before it becomes an action we could refuse.
      if (!messageOf(error).startsWith('Unable to send event to actor')) throw error;
      throw new TypeError(`sendTo ${NOT_DURABLE}`, { cause: error });
    }
    if (snapshot.status === 'error') throw snapshot.error;
    return { snapshot, effects: this.#collected };
  }

  #collect(action: ActionData): void {
    const effect = toEffect(action);
    if (effect) this.#collected.push(effect);
  }
}

const NOT_DURABLE = 'cannot be made durable: use the "send" effect with an address instead';

/** Logic made by `fromPromise` is the only one that ends when told so in its own private event. */
function isPromise(logic: never): boolean {
  const { transition } = logic as {
    transition?: (state: object, event: object, scope: object) => { output?: unknown };
  };
  const resolved = { type: 'xstate.promise.resolve', data: true };
  try {
    return transition?.({ status: 'active' }, resolved, {})?.output === true;
  } catch {
    return false;
  }
}

function toEffect(action: ActionData): Effect | null {
  const params = (action.params ?? {}) as Record<string, unknown>;
  const own = EFFECT_NAMES.get(action.exec);
  if (own) return { type: own, params: action.params };
  switch (action.type) {
    case 'xstate.raise':
      // Without a delay the event was applied within this very step.
      if (params.delay === undefined) return null;
      return {
        type: 'after',
        id: String(params.id),
        delayMs: Number(params.delay),
        event: params.event as EventObject,
      };
    case 'xstate.cancel':
      return { type: 'cancel', id: String(params.sendId) };
    case 'xstate.spawnChild':
      if (typeof params.src !== 'string' || params.src.startsWith('xstate.invoke.')) {
        throw new TypeError('an invoked or spawned actor needs a name in setup({ actors }), or it cannot be restored');
      }
      return { type: 'invoke', id: String(params.id), src: params.src, input: params.input };
    case 'xstate.stopChild':
      return childId(action.params) === null ? null : { type: 'stop', id: childId(action.params) as string };
    case 'xstate.emit':
      return { type: 'emit', event: params.event as EventObject };
    case 'xstate.log':
      return null;
    case 'xstate.sendTo':
    case 'xstate.sendParent':
    case 'xstate.forwardTo':
      throw new TypeError(`${action.type} ${NOT_DURABLE}`);
    default: {
      const { exec } = action;
      return exec ? { type: 'custom', name: action.type, run: () => exec(action.info, action.params) } : null;
    }
  }
}

function childId(params: unknown): string | null {
  if (typeof params === 'string') return params;
  const id = (params as { id?: unknown } | undefined)?.id;
  return typeof id === 'string' ? id : null;
}

function historyIds(history: Record<string, readonly { id: string }[]>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(history).map(([key, nodes]) => [key, nodes.map((node) => node.id)]));
}

function restoreHistory(machine: AnyStateMachine, stored: unknown): Record<string, unknown[]> {
  if (!stored) return {};
  return Object.fromEntries(
    Object.entries(stored as Record<string, string[]>).map(([key, ids]) => [
      key,
      ids.map((id) => machine.getStateNodeById(id)),
    ]),
  );
}
