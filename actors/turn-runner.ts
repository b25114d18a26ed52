/**
 * Runs turns: takes a batch from a mailbox, folds it, hands the draft to the host, and releases its outputs.
 *
 * Y3  Answers, refusals, watchers and custom actions run after the host said durable, or not at all.
 */

import { formatAddress } from './address.ts';
import type { Calls } from './calls.ts';
import type { Call, Cell, Entry } from './cell.ts';
import { Draft } from './draft.ts';
import { AppError, messageOf } from './errors.ts';
import { runInvocation } from './invocations.ts';
import { RUNTIME_KIND } from './kind.ts';
import type { ActorSystem, Clock, Host, Turn } from './ports.ts';
import type { Residence } from './residence.ts';
import type { Scheduler } from './scheduler.ts';
import { causedByInvocation } from './snapshots.ts';
import type { Supervisor, SystemLogger } from './supervisor.ts';
import { refuse, step, type TurnWorld } from './turn.ts';
import type { World } from './world.ts';

/** Events of one cell in one turn, and the time it may take: then others have their turn. */
const BATCH_EVENTS = 32;
const BATCH_MS = 2;

export interface TurnRunnerOptions {
  readonly host: Host;
  readonly clock: Clock;
  readonly logger: SystemLogger;
  readonly calls: Calls;
  readonly residence: Residence;
  readonly scheduler: Scheduler;
  readonly supervisor: Supervisor;
  readonly accepting: () => boolean;
  readonly compute: World['compute'];
  readonly read: ActorSystem['read'];
  readonly afterTurn: (cell: Cell) => void;
}

export class TurnRunner {
  readonly #options: TurnRunnerOptions;
  readonly #world: TurnWorld;
  turns = 0;

  constructor(options: TurnRunnerOptions) {
    this.#options = options;
    const { clock, host, calls } = options;
    this.#world = {
      now: () => clock.now(),
      durableMark: (cell, sender) => host.highWater(cell.address, sender),
      park: (call) => calls.park(call),
      parked: (name) => calls.parked(name),
    };
  }

  /** One turn of a cell. */
  run(cell: Cell): void {
    const { residence, scheduler, afterTurn } = this.#options;
    const draft = new Draft(cell);
    const crash = this.#fold(draft);
    residence.touch(cell);
    this.#finish(draft);
    if (crash) this.#crashed(cell, crash.entry, crash.error);
    else scheduler.schedule(cell);
    afterTurn(cell);
    residence.dismissIfGone(cell);
  }

  /** Runs the promises a cell has under way; at least once is the rule. */
  resumeInvocations(cell: Cell): void {
    for (const [id, run] of cell.running) {
      // Started by a state that is void now, or left while nobody looked.
      if (cell.invocations.get(id)?.revision !== run.revision) this.#abort(cell, id);
    }
    for (const id of cell.invocations.keys()) this.#invoke(cell, id);
  }

  #fold(draft: Draft): { entry: Entry; error: unknown } | null {
    const { cell } = draft;
    const until = performance.now() + BATCH_MS;
    for (let n = 0; n < BATCH_EVENTS && !draft.removed; n++) {
      const entry = this.#options.scheduler.take(cell);
      if (!entry) break;
      // Expired in the mailbox: nobody was told that it had an effect, so it has none.
      if (entry.origin.from === 'call' && entry.origin.call.settled) this.#options.calls.forget(entry.origin.call);
      else {
        try {
          step(draft, entry, this.#world);
        } catch (error) {
          return { entry, error };
        }
      }
      if (performance.now() > until) break;
    }
    return null;
  }

  #crashed(cell: Cell, entry: Entry, error: unknown): void {
    const { supervisor, scheduler } = this.#options;
    if (supervisor.isPoison(cell, entry, error)) {
      const draft = new Draft(cell);
      const answer = new AppError('INTERNAL', 'internal error', { cause: error });
      refuse(draft, entry, answer, this.#world, 'poison');
      // The letter says what the caller is not told.
      for (const letter of draft.letters.splice(0)) draft.letters.push({ ...letter, detail: messageOf(error) });
      this.#finish(draft);
    } else scheduler.putBack(cell, entry);
    supervisor.restart(cell, error);
  }

  /** Hands a draft to the host and releases its outputs once durable (Y3). */
  #finish(draft: Draft): void {
    const { cell } = draft;
    if (draft.empty) {
      // What was refused may rest on a state that is not durable yet.
      if (cell.lastFlight) {
        cell.lastFlight.refused.push(...draft.refused);
        cell.lastFlight.letters.push(...draft.letters);
      } else this.#refused(draft);
      return;
    }
    let turn: Turn;
    try {
      turn = draft.toTurn();
    } catch (error) {
      this.#void(draft, error as Error);
      return;
    }
    const { epoch } = cell;
    const state = { snapshot: cell.snapshot, revision: cell.revision };
    cell.inFlight++;
    cell.lastFlight = draft;
    this.turns++;
    // Letters ride in the same commit.
    for (const letter of draft.letters.splice(0)) this.#options.host.bury(letter);
    this.#options.host.commit(turn, (error) => {
      cell.inFlight--;
      if (cell.lastFlight === draft) cell.lastFlight = null;
      if (error) {
        if (cell.epoch === epoch) this.#void(draft, error);
        else this.#rejectAll(draft, error);
      } else {
        cell.durable = state;
        this.#release(draft);
      }
      this.#landed(cell);
    });
  }

  /** Nothing of the cell is in flight any more. */
  #landed(cell: Cell): void {
    if (cell.inFlight > 0) return;
    const { residence } = this.#options;
    if (cell.awaitsFlight) residence.activate(cell);
    else residence.dismissIfGone(cell);
  }

  #refused(draft: Draft): void {
    for (const letter of draft.letters) this.#options.host.bury(letter);
    for (const { call, error } of draft.refused) this.#options.calls.reject(call, error);
  }

  #release(draft: Draft): void {
    const { cell } = draft;
    const { calls } = this.#options;
    for (const { call, answer } of draft.answers) calls.resolve(call, answer);
    for (const call of draft.parked) calls.parkedForGood(call);
    this.#refused(draft);
    // Each of these senders sends once, so its mark is of no use any more.
    for (const { from } of draft.consumed) if (from.kind === RUNTIME_KIND) cell.marks.delete(formatAddress(from));
    for (const id of draft.stopped) this.#abort(cell, id);
    for (const invocation of draft.started) this.#invoke(cell, invocation.id);
    for (const custom of draft.customs) this.#guard(cell, `action "${custom.name}"`, custom.run);
    const view = cell.watchers.size > 0 ? cell.view() : undefined;
    if (view) for (const watcher of [...cell.watchers]) this.#guard(cell, 'a watcher', () => watcher(view));
  }

  /** The turn is void, and with it everything this cell did since its last durable state (Y4). */
  #void(draft: Draft, error: Error): void {
    this.#rejectAll(draft, error);
    this.#options.supervisor.voided(draft.cell, error);
  }

  #rejectAll(draft: Draft, error: Error): void {
    const calls: Call[] = [...draft.parked];
    for (const { call } of draft.answers) calls.push(call);
    for (const { call } of draft.refused) calls.push(call);
    for (const call of calls) this.#options.calls.reject(call, error);
  }

  #guard(cell: Cell, what: string, run: () => unknown): void {
    const failed = (error: unknown) =>
      this.#options.logger.warn({ actor: cell.key, error: messageOf(error) }, `${what} failed`);
    try {
      const result = run();
      if (result instanceof Promise) result.catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  #invoke(cell: Cell, id: string): void {
    // Not while shutting down: it runs when the actor lives again.
    if (!this.#options.accepting()) return;
    const { tenant } = cell.address;
    const { compute, read } = this.#options;
    const world: World = { tenant, compute, read: (kind, other) => read({ tenant, kind, id: other }) };
    runInvocation(cell, id, world, (event, bytes, revision) => {
      const entry: Entry = {
        event,
        origin: { from: 'invocation', id, revision },
        bytes,
        correlationId: null,
        causationId: causedByInvocation(id),
        crashes: 0,
      };
      this.#options.scheduler.push(cell, entry, 'system');
    });
  }

  #abort(cell: Cell, id: string): void {
    cell.running.get(id)?.abort.abort();
    cell.running.delete(id);
  }
}
