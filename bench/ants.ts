/**
 * Stigmergy: ten ants look for the shortest tour of eil51 (426) in 51,000 tours, through nothing but events and signals
 * of a durable server of our own; runs when it is named.
 *
 * Measures the tours of ten searches with seeds of their own, how many of them are within 3 % of the shortest, and when
 * they got there. Beside it: the same ants with the same random numbers when they see no signals, and the tours that
 * always go to the nearest city. Does not measure: the server's speed (the ants wait for every answer); a network.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchOptions, Measurement } from '../src/cli/bench.ts';
import { ANTS, randomOf, search, TOURS, TOURS_PER_ROUND, toursOfAnt } from '../src/cli/demo/ants/colony.ts';
import { CITIES, OPTIMUM } from '../src/cli/demo/ants/eil51.ts';
import { lengthOf, nearestNeighbourTour } from '../src/cli/demo/ants/tour.ts';
import { attractions, walk } from '../src/cli/demo/ants/walk.ts';
import type { Outcome } from './index.ts';
import { median } from './rounds.ts';
import { startOwnServer } from './server/own.ts';

const SEARCHES = 10;
/** How much longer than the shortest a tour may be. */
const TOLERANCE = 0.03;

export interface Size {
  readonly searches: number;
  /** Of one search. */
  readonly tours: number;
  readonly toursPerRound: number;
}

/** Where the ants are let loose. */
interface Ground {
  readonly url: string;
  stop(): Promise<void>;
}

interface Found {
  readonly length: number;
  /** Built by all ants when one of them had a tour within the tolerance; null when none had. */
  readonly toursUntilNear: number | null;
  readonly events: number;
  readonly requests: number;
  readonly seconds: number;
  /** The same without signals. */
  readonly blind: number;
}

/** @param open starts a durable server in a directory */
export async function measureAnts(
  { progress }: Pick<BenchOptions, 'progress'>,
  size: Size = { searches: SEARCHES, tours: TOURS, toursPerRound: TOURS_PER_ROUND },
  open: (data: string) => Promise<Ground> = (data) => startOwnServer({ data }),
): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'synod-bench-'));
  try {
    const server = await open(join(folder, 'data'));
    try {
      const found: Found[] = [];
      for (let seed = 1; seed <= size.searches; seed++) {
        found.push(await searchOnce(server.url, seed, size, (told) => progress(`ants: search ${seed}, ${told}`)));
      }
      return { measurements: linesOf(found, size), notes: notesOf(found, size) };
    } finally {
      await server.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function searchOnce(server: string, seed: number, size: Size, tell: (told: string) => void): Promise<Found> {
  let toursUntilNear: number | null = null;
  const started = performance.now();
  const { best, events, requests } = await search({
    server,
    scope: `tsp.eil51.${seed}`,
    seed,
    tours: size.tours,
    toursPerRound: size.toursPerRound,
    progress: (soFar) => {
      if (soFar.best <= OPTIMUM * (1 + TOLERANCE)) toursUntilNear ??= soFar.tours;
      tell(`best ${soFar.best} of ${soFar.tours} tours`);
    },
  });
  return {
    length: best!.length,
    toursUntilNear,
    events: Object.values(events).reduce((sum, count) => sum + count, 0),
    requests,
    seconds: (performance.now() - started) / 1_000,
    blind: shortestBlind(seed, size.tours),
  };
}

/** The shortest tour of the same ants, with the same random numbers, when they see no signals. */
export function shortestBlind(seed: number, tours: number): number {
  const table = attractions(new Map());
  let shortest = Number.POSITIVE_INFINITY;
  for (let index = 0; index < ANTS; index++) {
    const random = randomOf(seed, index);
    for (let tour = 0; tour < toursOfAnt(tours, index); tour++) {
      shortest = Math.min(shortest, lengthOf(walk(table, random)));
    }
  }
  return shortest;
}

function linesOf(found: readonly Found[], { tours }: Size): Measurement[] {
  const n = found.length;
  const lengths = found.map(({ length }) => length);
  const blind = found.map((one) => one.blind);
  const nearest = CITIES.map((_, start) => lengthOf(nearestNeighbourTour(start)));
  const near = found.flatMap(({ toursUntilNear }) => toursUntilNear ?? []);
  const unit = 'length best/median/worst';
  const lines: Omit<Measurement, 'benchmark'>[] = [
    {
      case: `${ANTS} ants, ${tours} tours`,
      n,
      unit,
      values: spread(lengths),
      ofBaseline: median(lengths) / median(blind),
    },
    { case: '  within 3 % of the shortest', n, unit: '% of searches', values: [(100 * near.length) / n] },
    { case: '  over the shortest', n, unit: '% best/median/worst', values: spread(lengths).map(excess) },
    ...(near.length === 0
      ? []
      : [{ case: '  first within 3 %', n: near.length, unit: 'tours best/median/worst', values: spread(near) }]),
    { case: '  events of one search', n, unit: 'events', values: [median(found.map(({ events }) => events))] },
    { case: '  one search takes', n, unit: 's', values: [median(found.map(({ seconds }) => seconds))] },
    { case: '  baseline: the same ants without signals', n, unit, values: spread(blind) },
    { case: '  baseline: always to the nearest city', n: nearest.length, unit, values: spread(nearest) },
  ];
  return lines.map((line) => ({ benchmark: 'ants', ...line }));
}

function notesOf(found: readonly Found[], { toursPerRound }: Size): string[] {
  const requests = median(found.map((one) => one.requests));
  const lengths = found.map(({ length }) => length).join(', ');
  return [
    `ants: the shortest tour is ${OPTIMUM} long; by seed: ${lengths}`,
    `ants: each ant reads the signals once in ${toursPerRound} tours; one search makes ${requests} requests, its events in batches`,
  ];
}

function spread(values: readonly number[]): [best: number, median: number, worst: number] {
  return [Math.min(...values), median(values), Math.max(...values)];
}

function excess(length: number): number {
  return 100 * (length / OPTIMUM - 1);
}
