/**
 * What happens when an actor fails: it comes back from its last durable state, or waits for somebody to release it.
 * It never takes others down.
 *
 * Y4  When a commit fails, every cell with a turn in it goes back to its last durable state before it moves again, and
 *     what those turns had consumed is handed over again, in order, before anything newer.
 */
import type { Cell, Entry } from './cell.ts';
import { AppError, messageOf } from './errors.ts';
import type { Clock, DeadLetter, Host } from './ports.ts';
import type { Residence } from './residence.ts';
import { afterCrash, NO_CRASHES, type RestartPolicy } from './restarts.ts';
import type { Scheduler } from './scheduler.ts';

export interface SystemLogger {
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/** Between two looks whether the store takes commits again. */
const OUTAGE_MS = 1_000;

export interface SupervisorOptions {
  readonly host: Host;
  readonly clock: Clock;
  readonly logger: SystemLogger;
  readonly restarts: RestartPolicy;
  readonly random: () => number;
  readonly residence: Residence;
  readonly scheduler: Scheduler;
  /** Tells the caller behind an entry, if there is one, that nothing will come of it. */
  readonly reject: (entry: Entry, error: AppError) => void;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  /** Cells whose messages wait until the store takes commits again. */
  readonly #owed = new Set<Cell>();
  #outage: { cancel(): void } | null = null;
  #stopped = false;
  restarts = 0;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /** An event crashed the actor. @returns whether it is poison: it did so before */
  isPoison(cell: Cell, entry: Entry, error: unknown): boolean {
    entry.crashes++;
    this.#options.logger.error(
      {
        actor: cell.key,
        event: entry.event.type,
        crashes: entry.crashes,
        error: messageOf(error),
        stack: (error as Error)?.stack,
      },
      'actor crashed',
    );
    return entry.crashes >= 2;
  }

  /** Brings a crashed actor back after a while, or gives it up. */
  restart(cell: Cell, error: unknown): void {
    const { restarts, random, clock } = this.#options;
    const verdict = afterCrash(restarts, cell.crashes, clock.monotonic(), random());
    cell.crashes = verdict.record;
    if (!verdict.restart) {
      this.#quarantine(cell, messageOf(error));
      return;
    }
    this.restarts++;
    this.#revive(cell, verdict.delayMs);
  }

  /** Y4. @param error why its turn is void; INVALID when it can never be stored, which is a crash like any other */
  voided(cell: Cell, error: Error): void {
    this.#forsake(cell);
    if (cell.status === 'quarantined') return;
    this.#options.logger.warn({ actor: cell.key, reason: error.message }, 'actor goes back to its last durable state');
    const storable = error instanceof AppError && error.code !== 'INVALID';
    if (storable) this.#revive(cell, this.#options.restarts.backoffMs);
    else this.restart(cell, error);
  }

  /** What is stored cannot be read: nothing is guessed, the callers are told, the actor waits for repair. */
  unreadable(cell: Cell, cause: unknown): void {
    const { logger } = this.#options;
    const error =
      cause instanceof AppError
        ? cause
        : new AppError('CORRUPTED', `${cell.address.kind} "${cell.address.id}" cannot be read: ${messageOf(cause)}`, {
            cause,
          });
    logger.error({ actor: cell.key, error: error.message }, 'actor cannot be activated');
    this.#forsake(cell);
    this.rejectQueued(cell, error);
    // A store that does not answer may do so later; what is stored wrongly stays wrong.
    if (error.code === 'STORE_FAILED') {
      this.#revive(cell, OUTAGE_MS);
      return;
    }
    cell.status = 'quarantined';
    cell.unreadable = error;
  }

  /** Lets a quarantined actor go on. */
  release(cell: Cell): boolean {
    if (cell.status !== 'quarantined') return false;
    cell.crashes = NO_CRASHES;
    cell.unreadable = null;
    cell.owed = true;
    this.#options.residence.activate(cell);
    return true;
  }

  /** Gives a cell that is back what its voided turns had consumed (Y4). */
  repay(cell: Cell): void {
    const { host, clock } = this.#options;
    if (!cell.owed || this.#stopped) return;
    if (host.healthy()) {
      this.#owed.delete(cell);
      cell.owed = false;
      host.redeliver(cell.address);
      return;
    }
    // Folding it now would fail again, and again.
    this.#owed.add(cell);
    this.#outage ??= clock.setTimeout(() => {
      this.#outage = null;
      for (const waiting of [...this.#owed]) this.repay(waiting);
    }, OUTAGE_MS);
  }

  rejectQueued(cell: Cell, error: AppError): void {
    for (const entry of this.#empty(cell)) this.#options.reject(entry, error);
  }

  letter(cell: Cell, entry: Entry, reason: DeadLetter['reason'], detail: string): void {
    const from = entry.origin.from === 'message' ? entry.origin.message.from : null;
    const at = this.#options.clock.now();
    this.#options.host.bury({ at, address: cell.address, type: entry.event.type, reason, detail, from });
  }

  stop(): void {
    this.#stopped = true;
    this.#outage?.cancel();
    for (const cell of this.#options.residence.cells()) cell.revival?.cancel();
  }

  /** Forgets everything the cell did since its last durable state; what the host keeps will come again. */
  #forsake(cell: Cell): void {
    cell.epoch++;
    cell.owed = true;
    cell.handed.clear();
    this.#options.scheduler.sift(cell, ({ origin }) => origin.from !== 'message' && origin.from !== 'timer');
  }

  /** Takes everything out of a mailbox. A promise whose outcome is dropped runs again when the actor lives again. */
  *#empty(cell: Cell): Generator<Entry> {
    const { scheduler } = this.#options;
    for (let entry = scheduler.take(cell); entry; entry = scheduler.take(cell)) {
      if (entry.origin.from === 'invocation') cell.running.delete(entry.origin.id);
      yield entry;
    }
  }

  #revive(cell: Cell, delayMs: number): void {
    cell.status = 'restarting';
    cell.revival?.cancel();
    if (this.#stopped) return;
    cell.revival = this.#options.clock.setTimeout(() => {
      cell.revival = null;
      this.#options.residence.activate(cell);
    }, delayMs);
  }

  #quarantine(cell: Cell, reason: string): void {
    const { logger, reject } = this.#options;
    logger.error({ actor: cell.key, reason }, 'actor quarantined: it crashed too often');
    cell.status = 'quarantined';
    cell.revival?.cancel();
    // Messages and timers stay in the store and come back on release.
    this.#forsake(cell);
    for (const entry of this.#empty(cell)) {
      if (entry.origin.from !== 'call') continue;
      reject(entry, quarantined(cell));
      this.letter(cell, entry, 'quarantined', reason);
    }
  }
}

/** Why a quarantined actor answers nobody. */
export function quarantined(cell: Cell): AppError {
  if (cell.unreadable) return cell.unreadable;
  return new AppError('QUARANTINED', `${cell.address.kind} "${cell.address.id}" crashed too often and is quarantined`);
}
