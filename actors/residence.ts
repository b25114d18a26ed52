/**
 * Who is in memory: actors come on demand, are bounded in number, and leave when nobody needs them.
 *
 * Y1  One cell per address; only this file puts cells into the map or takes them out.
 */
import { type Address, formatAddress } from './address.ts';
import { Cell, type KindRuntime } from './cell.ts';
import { AppError } from './errors.ts';
import type { Activation, Clock, Host } from './ports.ts';

/** Cells looked at for each one that comes in while memory is full. */
const LOOKS = 64;

export interface ResidenceOptions {
  readonly host: Host;
  readonly clock: Clock;
  readonly kinds: ReadonlyMap<string, KindRuntime>;
  readonly mailbox: number;
  readonly maxLive: number;
  readonly idleMs: number;
  /** The cell is loaded and may work. */
  readonly onActive: (cell: Cell) => void;
  /** What is stored of it could not be read. */
  readonly onUnreadable: (cell: Cell, cause: unknown) => void;
  readonly onPassivated: (cell: Cell) => void;
}

export class Residence {
  readonly #options: ResidenceOptions;
  readonly #cells = new Map<string, Cell>();
  readonly #waiting = new Map<Cell, ((error?: AppError) => void)[]>();

  constructor(options: ResidenceOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#cells.size;
  }

  cells(): IterableIterator<Cell> {
    return this.#cells.values();
  }

  /** The cell of an address, if it is in memory. */
  present(address: Address): Cell | undefined {
    return this.#cells.get(formatAddress(address));
  }

  /**
   * The cell of an address, activated when it was not in memory.
   *
   * @throws AppError NOT_FOUND when its kind is not defined
   */
  cellOf(address: Address): Cell {
    const key = formatAddress(address);
    const present = this.#cells.get(key);
    if (present) return present;
    const { clock, kinds, mailbox, maxLive } = this.#options;
    const runtime = kinds.get(address.kind);
    if (!runtime) throw new AppError('NOT_FOUND', `kind "${address.kind}" is not defined here`);
    // A copy: the caller's object is not ours, and it is in every message of this actor.
    const cell = new Cell({ tenant: address.tenant, kind: address.kind, id: address.id }, runtime, mailbox);
    cell.lastUsed = clock.monotonic();
    this.#cells.set(key, cell);
    if (this.#cells.size > maxLive) this.#makeRoom();
    this.activate(cell);
    return cell;
  }

  /** Marks a use, so that the cell stays for a while. */
  touch(cell: Cell): void {
    cell.lastUsed = this.#options.clock.monotonic();
    cell.recent = true;
  }

  /** Calls back when the cell is loaded, or cannot be. */
  whenActive(cell: Cell, then: (error?: AppError) => void): void {
    if (cell.unreadable) then(cell.unreadable);
    else if (cell.status !== 'activating') then();
    else this.#waiting.set(cell, [...(this.#waiting.get(cell) ?? []), then]);
  }

  /** Loads a cell from what the host keeps. */
  activate(cell: Cell): void {
    if (this.#cells.get(cell.key) !== cell) return;
    cell.status = 'activating';
    // A turn still in flight may yet become durable; what is loaded now would miss it.
    cell.awaitsFlight = cell.inFlight > 0;
    if (cell.awaitsFlight) return;
    try {
      const found = this.#options.host.activate(cell.address);
      if (found instanceof Promise) {
        found.then(
          (activation) => this.#load(cell, activation),
          (cause) => this.#unreadable(cell, cause),
        );
      } else this.#load(cell, found);
    } catch (cause) {
      this.#unreadable(cell, cause);
    }
  }

  /** Lets actors that were idle for long leave memory. One pass, no timer per actor. */
  sweep(): void {
    const before = this.#options.clock.monotonic() - this.#options.idleMs;
    for (const cell of this.#cells.values()) if (cell.lastUsed <= before && cell.idle) this.#passivate(cell);
  }

  /** Nothing is kept of an actor that does not exist. */
  dismissIfGone(cell: Cell): void {
    if (cell.gone && this.#cells.get(cell.key) === cell) this.#passivate(cell);
  }

  #load(cell: Cell, activation: Activation | undefined): void {
    try {
      cell.load(activation);
    } catch (cause) {
      this.#unreadable(cell, cause);
      return;
    }
    cell.status = 'running';
    this.#settleWaiting(cell);
    this.#options.onActive(cell);
  }

  #unreadable(cell: Cell, cause: unknown): void {
    this.#options.onUnreadable(cell, cause);
    this.#settleWaiting(cell, cell.unreadable ?? (cause as AppError));
  }

  #settleWaiting(cell: Cell, error?: AppError): void {
    const waiting = this.#waiting.get(cell) ?? [];
    this.#waiting.delete(cell);
    for (const then of waiting) then(error);
  }

  /** Second chance: those used since they were last looked at, and those at work, go to the back of the line. */
  #makeRoom(): void {
    let looks = LOOKS;
    for (const cell of this.#cells.values()) {
      if (this.#cells.size <= this.#options.maxLive || looks-- === 0) return;
      if (cell.idle && !cell.recent) {
        this.#passivate(cell);
        continue;
      }
      cell.recent = false;
      this.#cells.delete(cell.key);
      this.#cells.set(cell.key, cell);
    }
  }

  #passivate(cell: Cell): void {
    this.#cells.delete(cell.key);
    this.#options.onPassivated(cell);
  }
}
