/** Bringing an actor back from what was stored, and deciding when to store it whole. */
import type { AnyMachineSnapshot } from 'xstate';
import type { KindRuntime } from './cell.ts';
import { AppError, messageOf } from './errors.ts';
import type { PersistedState } from './kind.ts';
import type { Activation, FoldedEvent, Invocation, StoredSnapshot, TimerSet } from './ports.ts';
import { estimateBytes } from './size.ts';
import type { Effect, Fold } from './statechart.ts';

/** The event that makes an actor; its `input` is the statechart's input. */
export const CREATED = 'synod.created';
/** The event that ends one. */
export const REMOVED = 'synod.removed';

/** Fewest events between two snapshots: below it, folding the tail is cheaper than writing the state. */
const SNAPSHOT_EVENTS = 64;
/** Most events between two snapshots, so that waking an actor stays quick however large its state is. */
const SNAPSHOT_EVENTS_MAX = 1_024;

export interface Life {
  snapshot: AnyMachineSnapshot | null;
  revision: number;
  readonly timers: Map<string, TimerSet>;
  readonly invocations: Map<string, Invocation>;
  tailEvents: number;
  tailBytes: number;
}

/**
 * Migrates a stored snapshot to the version of the kind.
 *
 * @throws AppError UNAVAILABLE when it was written by a newer program
 */
export function migrate(runtime: KindRuntime, stored: StoredSnapshot): PersistedState {
  const { kind } = runtime;
  if (stored.version > kind.version) {
    throw new AppError(
      'UNAVAILABLE',
      `a ${kind.name} snapshot has version ${stored.version}, this program reads up to ${kind.version}; upgrade synod`,
    );
  }
  let { state } = stored;
  for (let version = stored.version; version < kind.version; version++) {
    const step = kind.migrations?.[version];
    if (!step) throw new TypeError(`kind ${kind.name}: no migration from version ${version}`);
    state = step(state);
  }
  return state;
}

function arranged({ kind }: KindRuntime, state: PersistedState): PersistedState {
  return kind.arrange ? { ...state, context: kind.arrange(state.context as never) } : state;
}

/** Rebuilds the newest durable state: the snapshot, then every event after it. */
export function adopt(runtime: KindRuntime, activation: Activation | undefined): Life {
  const life: Life = {
    snapshot: null,
    revision: 0,
    timers: new Map(),
    invocations: new Map(),
    tailEvents: 0,
    tailBytes: 0,
  };
  if (!activation) return life;
  life.revision = activation.revision;
  const { snapshot: stored } = activation;
  if (stored) {
    for (const timer of stored.timers) life.timers.set(timer.id, timer);
    for (const invocation of stored.invocations) life.invocations.set(invocation.id, invocation);
    life.snapshot = runtime.chart.restore(arranged(runtime, migrate(runtime, stored)), stored.invocations);
  }
  for (const folded of activation.tail) refold(runtime, life, folded);
  return life;
}

function refold(runtime: KindRuntime, life: Life, folded: FoldedEvent): void {
  const fold = foldStored(runtime, life.snapshot, folded);
  endOf(folded, life);
  track(fold.effects, folded.revision, folded.at, life.timers, life.invocations);
  life.snapshot = fold.snapshot;
  life.revision = folded.revision;
  life.tailEvents++;
  life.tailBytes += estimateBytes(folded.event);
}

function foldStored(runtime: KindRuntime, snapshot: AnyMachineSnapshot | null, folded: FoldedEvent): Fold {
  const event = folded.event as { type: string; input?: unknown };
  try {
    if (folded.type === CREATED) return runtime.chart.initial(event.input);
    if (!snapshot) throw new TypeError(`revision ${folded.revision} has no state to be folded into`);
    // It was taken once. A newer machine that ignores it would lose what it said without a word.
    if (!runtime.chart.accepts(snapshot, event)) {
      throw new TypeError(
        `state ${JSON.stringify(snapshot.value)} of version ${runtime.kind.version} does not take it`,
      );
    }
    return runtime.chart.fold(snapshot, event);
  } catch (error) {
    throw new AppError(
      'CORRUPTED',
      `${runtime.kind.name}: replaying revision ${folded.revision} (${folded.type}) failed: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

/** Causation ids of events the runtime made itself. No outside caller may give such a one. */
const BY_TIMER = 'timer:';
const BY_INVOCATION = 'invocation:';

export function causedByTimer(id: string): string {
  return BY_TIMER + id;
}

export function causedByInvocation(id: string): string {
  return BY_INVOCATION + id;
}

/** Whether a causation id is one only the runtime may give. */
export function isOwnCausation(id: string): boolean {
  return id.startsWith(BY_TIMER) || id.startsWith(BY_INVOCATION);
}

/** A timer that fired is no longer set, a promise that answered no longer runs. */
function endOf({ causationId }: FoldedEvent, life: Life): void {
  if (causationId?.startsWith(BY_TIMER)) life.timers.delete(causationId.slice(BY_TIMER.length));
  if (causationId?.startsWith(BY_INVOCATION)) life.invocations.delete(causationId.slice(BY_INVOCATION.length));
}

interface Changes {
  readonly timers: { op: 'set' | 'cancel'; timer: TimerSet }[];
  readonly started: Invocation[];
  readonly stopped: string[];
}

/** Keeps the books of timers and promises after a fold. @returns what changed, for the commit */
export function track(
  effects: readonly Effect[],
  revision: number,
  at: number,
  timers: Map<string, TimerSet>,
  invocations: Map<string, Invocation>,
): Changes {
  const changes: Changes = { timers: [], started: [], stopped: [] };
  const cancel = (id: string) => {
    const timer = timers.get(id);
    if (!timer) return;
    timers.delete(id);
    changes.timers.push({ op: 'cancel', timer });
  };
  const set = (id: string, delayMs: number, event: TimerSet['event']) => {
    cancel(id);
    const timer = { id, due: at + Math.max(0, delayMs), revision, event };
    timers.set(id, timer);
    changes.timers.push({ op: 'set', timer });
  };
  for (const effect of effects) {
    switch (effect.type) {
      case 'timer': {
        const params = effect.params as { id: string; delayMs: number; event: TimerSet['event'] };
        set(params.id, params.delayMs, params.event);
        break;
      }
      case 'after':
        set(effect.id, effect.delayMs, effect.event as TimerSet['event']);
        break;
      case 'cancelTimer':
        cancel((effect.params as { id: string }).id);
        break;
      case 'cancel':
        cancel(effect.id);
        break;
      case 'invoke': {
        const invocation = { id: effect.id, src: effect.src, input: effect.input, revision };
        invocations.set(effect.id, invocation);
        changes.started.push(invocation);
        break;
      }
      case 'stop':
        if (invocations.delete(effect.id)) changes.stopped.push(effect.id);
        break;
    }
  }
  return changes;
}

/**
 * Whether the state should be written whole now. Keeps write amplification of large states near two.
 *
 * @param tailEvents events since the last snapshot, those of this turn included
 * @param tailBytes what they weigh
 */
export function snapshotDue(
  tailEvents: number,
  turnEvents: number,
  tailBytes: number,
  state: () => PersistedState,
): boolean {
  if (tailEvents >= SNAPSHOT_EVENTS_MAX) return true;
  // Estimating costs a walk over the state, so look only now and then: when the tail grows past a multiple.
  const looks = Math.floor(tailEvents / SNAPSHOT_EVENTS);
  if (looks === Math.floor((tailEvents - turnEvents) / SNAPSHOT_EVENTS)) return false;
  return tailBytes >= estimateBytes(state());
}
