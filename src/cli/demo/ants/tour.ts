/** Tours through the cities: how long they are, and which edges they take. */
import { CITIES, type City } from './eil51.ts';

/** Indices of all cities, each once, in the order they are visited; the last is followed by the first. */
export type Tour = readonly number[];

/** TSPLIB's `EUC_2D`: the Euclidean distance, rounded half up. */
export function distance(a: City, b: City): number {
  return Math.floor(Math.hypot(a.x - b.x, a.y - b.y) + 0.5);
}

/** `DISTANCES[i][j]` between the cities of index i and j. */
export const DISTANCES: readonly (readonly number[])[] = CITIES.map((a) => CITIES.map((b) => distance(a, b)));

/** The other cities by their distance from each, nearest first; of two as near, the lower index. */
export const NEIGHBOURS: readonly (readonly number[])[] = DISTANCES.map((row, city) =>
  row
    .map((_, other) => other)
    .filter((other) => other !== city)
    .sort((a, b) => row[a]! - row[b]! || a - b),
);

export function lengthOf(tour: Tour): number {
  return tour.reduce((sum, city, place) => sum + DISTANCES[city]![next(tour, place)]!, 0);
}

/** An edge by the numbers of its cities, the lower one first: `12-37`. */
export function edgeName(a: number, b: number): string {
  return a < b ? `${a + 1}-${b + 1}` : `${b + 1}-${a + 1}`;
}

/** The edges a tour takes, by name. */
export function edgesOf(tour: Tour): string[] {
  return tour.map((city, place) => edgeName(city, next(tour, place)));
}

/** Whether it visits every city, and none twice. */
export function isTour(tour: unknown): tour is Tour {
  if (!Array.isArray(tour) || tour.length !== CITIES.length || new Set(tour).size !== tour.length) return false;
  return tour.every((city) => Number.isInteger(city) && city >= 0 && city < CITIES.length);
}

/** Always on to the nearest city that was not visited yet. */
export function nearestNeighbourTour(start: number): Tour {
  const tour = [start];
  const visited = new Set(tour);
  while (tour.length < CITIES.length) {
    const city = NEIGHBOURS[tour.at(-1)!]!.find((other) => !visited.has(other))!;
    visited.add(city);
    tour.push(city);
  }
  return tour;
}

function next(tour: Tour, place: number): number {
  return tour[(place + 1) % tour.length]!;
}
