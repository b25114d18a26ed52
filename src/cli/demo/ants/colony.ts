/** Lets ants loose on a server, all at once, and looks on. */
import { createRandom } from '../../../random.ts';
import { type Announced, Ant, shortest, toursOf } from './ant.ts';
import { RemoteEnvironment, type Signal } from './environment.ts';

export const ANTS = 10;
/** Of all ants together: 1,000 for each city. */
export const TOURS = 51_000;
/** Of one ant, between two looks at the signals. */
export const TOURS_PER_ROUND = 100;

export interface ColonyOptions {
  /** Base URL of the server. */
  readonly server: string;
  readonly token?: string | undefined;
  /** Of this search alone: signals that are there already would lead the ants. */
  readonly scope: string;
  /** The ants choose by it. What they find also depends on who was faster. */
  readonly seed: number;
  /** Default 51,000, of all ants together. */
  readonly tours?: number;
  readonly toursPerRound?: number;
  /** Ends the search after the rounds under way. */
  readonly signal?: AbortSignal;
  /** Hears of it after every round of an ant. */
  progress?(soFar: Progress): void;
}

export interface Progress {
  readonly tours: number;
  /** Length of the shortest so far. */
  readonly best: number;
  /** Posted, by type. */
  readonly events: Readonly<Record<string, number>>;
}

export interface Search {
  readonly tours: number;
  /** As announced in the environment; absent when no ant finished a round. */
  readonly best: Announced | undefined;
  readonly events: Readonly<Record<string, number>>;
  /** Of the ants, to the server. */
  readonly requests: number;
  /** What is left of the edges' signals. */
  readonly signals: readonly Signal[];
}

/** @throws AppError UNAVAILABLE when the server does not answer as it should */
export async function search(options: ColonyOptions): Promise<Search> {
  const { server, token, scope, seed, tours = TOURS, toursPerRound = TOURS_PER_ROUND, signal, progress } = options;
  const clients = Array.from({ length: ANTS }, () => new RemoteEnvironment(server, token));
  const ants = clients.map(
    (environment, index) =>
      new Ant({
        name: `ant-${index + 1}`,
        environment,
        scope,
        trace: `${scope}.${seed}`,
        random: randomOf(seed, index),
        tours: toursOfAnt(tours, index),
        toursPerRound,
      }),
  );
  const soFar = { tours: 0, best: Number.POSITIVE_INFINITY, events: {} as Record<string, number> };
  const seen = (round: Parameters<Parameters<Ant['work']>[0]>[0]) => {
    soFar.tours += round.tours;
    soFar.best = Math.min(soFar.best, round.best);
    for (const [type, count] of Object.entries(round.events)) soFar.events[type] = (soFar.events[type] ?? 0) + count;
    progress?.({ ...soFar, events: { ...soFar.events } });
  };
  await Promise.all(ants.map((ant) => ant.work(seen, signal)));
  const requests = clients.reduce((sum, client) => sum + client.requests, 0);
  const [signals, announced] = await Promise.all([clients[0]!.signals(scope), clients[0]!.events(toursOf(scope))]);
  return { tours: soFar.tours, best: shortest(announced), events: soFar.events, requests, signals };
}

/** By which an ant chooses. */
export function randomOf(seed: number, index: number): () => number {
  return createRandom(seed * ANTS + index);
}

/** When all tours are dealt out evenly. */
export function toursOfAnt(tours: number, index: number): number {
  return Math.floor(tours / ANTS) + (index < tours % ANTS ? 1 : 0);
}
