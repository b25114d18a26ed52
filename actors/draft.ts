/** What a turn collects: everything that happens once it is durable, and everything that must be undone if it is not. */
import type { Call, Cell } from './cell.ts';
import type { AppError } from './errors.ts';
import { intake } from './plain.ts';
import type {
  Answered,
  DeadLetter,
  FoldedEvent,
  Invocation,
  Message,
  RememberedReply,
  TimerSet,
  Turn,
} from './ports.ts';
import { snapshotDue } from './snapshots.ts';

export class Draft {
  readonly cell: Cell;
  readonly baseRevision: number;
  readonly events: FoldedEvent[] = [];
  readonly messages: Message[] = [];
  readonly timers: { op: 'set' | 'cancel'; timer: TimerSet }[] = [];
  readonly consumed: Message[] = [];
  readonly replies: RememberedReply[] = [];
  readonly answers: { readonly call: Call; readonly answer: Answered }[] = [];
  /** Callers whose answer comes with a later event. */
  readonly parked: Call[] = [];
  readonly customs: { readonly name: string; readonly run: () => void }[] = [];
  readonly started: Invocation[] = [];
  readonly stopped: string[] = [];
  readonly refused: { readonly call: Call; readonly error: AppError }[] = [];
  readonly letters: DeadLetter[] = [];
  created = false;
  removed = false;
  /** The books changed without an event that a replay could learn it from, so the state is stored whole. */
  wholeState = false;

  constructor(cell: Cell) {
    this.cell = cell;
    this.baseRevision = cell.revision;
  }

  /**
   * For an event of two steps, of which the second may fail: a first step that makes the actor, and no other.
   *
   * @returns a function that takes back what the draft and a cell without an actor have come to since
   */
  checkpoint(): () => void {
    const { cell, created } = this;
    if (cell.snapshot !== null) return () => {};
    const { revision, tailEvents, tailBytes } = cell;
    const lists: unknown[][] = [this.events, this.messages, this.timers, this.customs, this.started, this.stopped];
    const lengths = lists.map((list) => list.length);
    return () => {
      lists.forEach((list, index) => {
        list.length = lengths[index]!;
      });
      Object.assign(cell, { snapshot: null, revision, tailEvents, tailBytes });
      cell.timers.clear();
      cell.invocations.clear();
      this.created = created;
    };
  }

  /** Whether there is nothing to be made durable. */
  get empty(): boolean {
    return this.events.length === 0 && this.timers.length === 0 && this.consumed.length === 0 && !this.wholeState;
  }

  /**
   * The commit. Takes a snapshot along when it is time for one.
   *
   * @throws AppError INVALID when it is time, and the state is not plain data
   */
  toTurn(): Turn {
    const { cell } = this;
    return {
      address: cell.address,
      version: cell.runtime.kind.version,
      baseRevision: this.baseRevision,
      events: this.events,
      snapshot: this.#snapshot(),
      created: this.created,
      removed: this.removed,
      messages: this.messages,
      timers: this.timers,
      consumed: this.consumed,
      replies: this.replies,
    };
  }

  #snapshot(): Turn['snapshot'] {
    const { cell } = this;
    const { snapshot } = cell;
    const { kind, chart } = cell.runtime;
    if (snapshot === null || this.removed) return null;
    const state = () => chart.persist(snapshot);
    if (!this.wholeState && !snapshotDue(cell.tailEvents, this.events.length, cell.tailBytes, state)) return null;
    cell.tailEvents = 0;
    cell.tailBytes = 0;
    return {
      kind: kind.name,
      version: kind.version,
      revision: cell.revision,
      state: intake(state()).value,
      timers: [...cell.timers.values()],
      invocations: [...cell.invocations.values()],
    };
  }
}
