/**
 * An agent that looks for a short tour. It shares nothing with the others but the environment:
 *
 * A1. It reads the signals of the edges before each round of tours, and finds its way by them.
 * A2. It announces its best tour, whenever that got shorter, as a `ready` event, and reads what others announced.
 * A3. After each round it posts what makes the edges of one tour stronger and all others weaker. For the first half of
 *     its tours that is its own best, so that the ants do not all follow the first one; from then on the best of all.
 *
 * @see Stützle and Hoos 2000, MAX-MIN Ant System: bounded trails, one tour reinforced, which is the best of
 *   all ever more often
 */
import { deposits } from './deposits.ts';
import type { Environment, PostedEvent } from './environment.ts';
import { isTour, lengthOf, type Tour } from './tour.ts';
import { attractions, type Strengths, walk } from './walk.ts';

export interface AntOptions {
  /** `agent_id` of its events. */
  readonly name: string;
  readonly environment: Environment;
  /** Where the signals of the edges are; tours are announced below it. */
  readonly scope: string;
  /** `trace_id` of its events. */
  readonly trace: string;
  /** Numbers in [0, 1). */
  readonly random: () => number;
  /** Tours it builds before it rests. */
  readonly tours: number;
  /** Tours between two looks at the signals. */
  readonly toursPerRound: number;
}

/** A tour somebody announced. */
export interface Announced {
  readonly tour: Tour;
  readonly length: number;
  /** Of the `ready` event. */
  readonly event: string;
  readonly agent: string;
}

/** What a round came to, for whoever looks on. */
export interface Round {
  readonly ant: string;
  readonly tours: number;
  /** Of the best tour this ant knows of. */
  readonly best: number;
  readonly events: Readonly<Record<string, number>>;
}

/** Where the tours of a scope are announced. */
export function toursOf(scope: string): string {
  return `${scope}.tours`;
}

export class Ant {
  readonly #options: AntOptions;
  /** Its own shortest. */
  #own: Announced | undefined;
  /** The shortest it has heard of, or its own. */
  #best: Announced | undefined;

  constructor(options: AntOptions) {
    this.#options = options;
  }

  /**
   * Builds all its tours.
   *
   * @param seen hears of every round
   * @param signal ends the work after a round
   */
  async work(seen: (round: Round) => void, signal?: AbortSignal): Promise<void> {
    const { name, tours, toursPerRound } = this.#options;
    for (let done = 0; done < tours && !signal?.aborted; ) {
      const count = Math.min(toursPerRound, tours - done);
      const events = await this.#round(count, done < tours / 2);
      done += count;
      seen({ ant: name, tours: count, best: this.#best!.length, events });
    }
  }

  async #round(count: number, early: boolean): Promise<Record<string, number>> {
    const { environment, scope, random } = this.#options;
    const [signals, events] = await Promise.all([environment.signals(scope), environment.events(toursOf(scope))]);
    const strengths: Strengths = new Map(signals.map(({ pattern, strength }) => [pattern, strength]));
    this.#best = shorter(this.#best, shortest(events));
    const table = attractions(strengths);
    let found = walk(table, random);
    let length = lengthOf(found);
    for (let i = 1; i < count; i++) {
      const tour = walk(table, random);
      const other = lengthOf(tour);
      if (other < length) [found, length] = [tour, other];
    }
    const posted: Record<string, number> = { ready: 0, proposal: 0, reward: 0, penalty: 0 };
    if (this.#own === undefined || length < this.#own.length) {
      this.#own = await this.#announce(found, length);
      this.#best = shorter(this.#best, this.#own);
      posted.ready = 1;
    }
    for (const { type } of await this.#leave(early ? this.#own : this.#best!, strengths)) posted[type]! += 1;
    return posted;
  }

  /** With a pattern of its own, or the server would look for a signal that the event might be about. */
  async #announce(tour: Tour, length: number): Promise<Announced> {
    const { name, environment, scope, trace } = this.#options;
    const payload = { pattern: 'tour', tour, length };
    const [event] = await environment.post([
      { type: 'ready', scope: toursOf(scope), trace_id: trace, agent_id: name, parent_ids: [], payload },
    ]);
    return { tour, length, event: event!.id, agent: name };
  }

  /** The events name the tour they are about as their parent. */
  #leave({ tour, event }: Announced, strengths: Strengths): Promise<readonly PostedEvent[]> {
    const { name, environment, scope, trace } = this.#options;
    const drafts = deposits(tour, strengths).map(({ type, pattern, value }) => ({
      type,
      scope,
      trace_id: trace,
      agent_id: name,
      parent_ids: [event],
      // α = 1: the signal gains what `value` says.
      payload: value === undefined ? { pattern } : { pattern, value, alpha: 1 },
    }));
    return environment.post(drafts);
  }
}

/** The shortest tour of those announced. What is no tour is passed over, and lengths are measured, not believed. */
export function shortest(events: readonly PostedEvent[]): Announced | undefined {
  let best: Announced | undefined;
  for (const { id, type, agent_id, payload } of events) {
    if (type !== 'ready' || !isTour(payload.tour)) continue;
    best = shorter(best, { tour: payload.tour, length: lengthOf(payload.tour), event: id, agent: agent_id });
  }
  return best;
}

/** Of two as short, the first. */
function shorter(a: Announced | undefined, b: Announced | undefined): Announced | undefined {
  return b === undefined || (a !== undefined && a.length <= b.length) ? a : b;
}
