/**
 * How an ant finds its way: from city to city at random, rather along edges that are short and whose signal is strong.
 *
 * @see Dorigo, Maniezzo and Colorni 1996, Ant System: the random proportional rule
 */
import { CITIES } from './eil51.ts';
import { DISTANCES, edgeName, NEIGHBOURS, type Tour } from './tour.ts';

/** Strengths of signals by the name of their edge, [0, 1]; an edge without a signal is absent. */
export type Strengths = ReadonlyMap<string, number>;

/**
 * What an edge without a signal counts as, so that none is out of reach: the strength below which a signal is gone.
 *
 * @see Stützle and Hoos 2000, MAX-MIN Ant System: why trails have a lower bound
 */
export const FLOOR = 0.01;

/**
 * How much more a short edge attracts than a long one, as a power of the distance. Of 2, 3, 4 and 5 the tours of eil51
 * came out shortest with 4 and 5.
 */
const DISTANCE_POWER = 4;

/** An ant looks at so many of the nearest cities; at the others only when it has been to all of those. */
const CANDIDATES = 20;

/** @param strength of the edge's signal, [0, 1]; 0 when it has none @returns its weight in the choice, above 0 */
export function attraction(strength: number, distance: number): number {
  return Math.max(strength, FLOOR) / distance ** DISTANCE_POWER;
}

/** The attraction of all edges: shape [n, n], row-major, by the indices of the cities; 0 from a city to itself. */
export function attractions(strengths: Strengths): Float64Array {
  const n = CITIES.length;
  const table = new Float64Array(n * n);
  for (let a = 0; a < n; a++) {
    for (let b = 0; b < a; b++) {
      const weight = attraction(strengths.get(edgeName(a, b)) ?? 0, DISTANCES[a]![b]!);
      table[a * n + b] = weight;
      table[b * n + a] = weight;
    }
  }
  return table;
}

/**
 * Chooses in proportion to the weights: the first place at which their running sum exceeds `share` of the whole.
 *
 * @param weights from 0, not all of them 0; what has weight 0 is never chosen
 * @param share [0, 1), at random
 */
export function choose(weights: Float64Array, share: number): number {
  let sum = 0;
  for (const weight of weights) sum += weight;
  let rest = share * sum;
  let chosen = 0;
  for (let place = 0; place < weights.length; place++) {
    if (weights[place] === 0) continue;
    chosen = place;
    rest -= weights[place]!;
    if (rest < 0) break;
  }
  return chosen;
}

/**
 * One tour, from a city at random.
 *
 * @param table of `attractions`
 * @param random numbers in [0, 1)
 */
export function walk(table: Float64Array, random: () => number): Tour {
  const n = CITIES.length;
  const tour = [Math.floor(random() * n)];
  const visited = new Uint8Array(n);
  visited[tour[0]!] = 1;
  const weights = new Float64Array(CANDIDATES);
  while (tour.length < n) {
    const city = tour.at(-1)!;
    const near = NEIGHBOURS[city]!;
    let open = false;
    for (let place = 0; place < CANDIDATES; place++) {
      const other = near[place]!;
      weights[place] = visited[other] ? 0 : table[city * n + other]!;
      if (!visited[other]) open = true;
    }
    const chosen = open ? near[choose(weights, random())]! : mostAttractive(table, city, visited);
    visited[chosen] = 1;
    tour.push(chosen);
  }
  return tour;
}

function mostAttractive(table: Float64Array, city: number, visited: Uint8Array): number {
  let best = -1;
  let most = 0;
  for (const other of NEIGHBOURS[city]!) {
    const weight = table[city * CITIES.length + other]!;
    if (visited[other] || weight <= most) continue;
    best = other;
    most = weight;
  }
  return best;
}
