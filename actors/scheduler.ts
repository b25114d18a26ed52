/**
 * Whose turn it is: events go into mailboxes, cells with mail get turns one after the other.
 *
 * Y2  A cell's mailbox is worked on only while it is `running`; turns of one cell are handed to the host in order.
 */
import type { Cell, Entry } from './cell.ts';
import { Lane } from './mailbox.ts';

/** Time for turns before the event loop gets a chance. */
const SLICE_MS = 2;
/** What an entry weighs beside its event: a mailbox of empty events takes memory too. */
const ENTRY_BYTES = 256;

export class Scheduler {
  readonly #turn: (cell: Cell) => void;
  readonly #ready = new Lane<Cell>();
  #pumping = false;
  /** Events in all mailboxes. */
  queued = 0;
  /** Estimated bytes of all mailboxes. */
  queuedBytes = 0;

  /** @param turn takes what it wants from the cell's mailbox */
  constructor(turn: (cell: Cell) => void) {
    this.#turn = turn;
  }

  /** @returns false when the user lane is full */
  push(cell: Cell, entry: Entry, lane: 'user' | 'system'): boolean {
    if (!cell.mailbox.push(entry, lane)) return false;
    this.#count(entry, 1);
    this.schedule(cell);
    return true;
  }

  /** The next event of a cell. */
  take(cell: Cell): Entry | undefined {
    const entry = cell.mailbox.shift();
    if (entry) this.#count(entry, -1);
    return entry;
  }

  /** Puts an event back ahead of all others. */
  putBack(cell: Cell, entry: Entry): void {
    cell.mailbox.putBack(entry);
    this.#count(entry, 1);
  }

  /** Takes out every event that does not pass. */
  sift(cell: Cell, keep: (entry: Entry) => boolean): Entry[] {
    const out = cell.mailbox.sift(keep);
    for (const entry of out) this.#count(entry, -1);
    return out;
  }

  /** Gives a cell a turn when it has mail and can work (Y2). */
  schedule(cell: Cell): void {
    if (cell.queued || cell.status !== 'running' || cell.mailbox.length === 0) return;
    cell.queued = true;
    this.#ready.push(cell);
    if (this.#pumping) return;
    this.#pumping = true;
    queueMicrotask(() => this.#pump());
  }

  /** Gives every ready cell a turn; long queues let the event loop in between. */
  #pump(): void {
    const until = performance.now() + SLICE_MS;
    for (let cell = this.#ready.shift(); cell; cell = this.#ready.shift()) {
      cell.queued = false;
      if (cell.status === 'running') this.#turn(cell);
      if (performance.now() > until) break;
    }
    if (this.#ready.length > 0) setImmediate(() => this.#pump());
    else this.#pumping = false;
  }

  #count(entry: Entry, sign: 1 | -1): void {
    this.queued += sign;
    this.queuedBytes += sign * (entry.bytes + ENTRY_BYTES);
  }
}
