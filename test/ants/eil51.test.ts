import { describe, expect, it } from 'vitest';
import { CITIES, OPTIMUM } from '../../src/cli/demo/ants/eil51.ts';
import {
  DISTANCES,
  distance,
  edgeName,
  edgesOf,
  isTour,
  lengthOf,
  NEIGHBOURS,
  nearestNeighbourTour,
} from '../../src/cli/demo/ants/tour.ts';

/** `eil51.opt.tour` of TSPLIB; cities are numbered from 1 there. */
const SHORTEST =
  '1 22 8 26 31 28 3 36 35 20 2 29 21 16 50 34 30 9 49 10 39 33 45 15 44 42 40 19 41 13 25 14 24 43 7 23 48 6 27 51 46 ' +
  '12 47 18 4 17 37 5 38 11 32';
const shortest = SHORTEST.split(' ').map((city) => Number(city) - 1);
const inOrder = CITIES.map((_, city) => city);

describe('eil51', () => {
  it('is as in TSPLIB: the tour published as the shortest is 426 long', () => {
    expect(CITIES).toHaveLength(51);
    expect(isTour(shortest)).toBe(true);
    expect(lengthOf(shortest)).toBe(OPTIMUM);
  });

  it('has the length others found for the tour in the order of the table, without rounding', () => {
    const length = inOrder.reduce((sum, city) => {
      const [a, b] = [CITIES[city]!, CITIES[(city + 1) % 51]!];
      return sum + Math.hypot(a.x - b.x, a.y - b.y);
    }, 0);
    // github.com/chriselion/discreteopt, tsp/README.md: the trivial solver for tsp_51_1.
    expect(length).toBeCloseTo(1313.468344, 6);
  });

  it('rounds each distance, a half up', () => {
    // √(3² + 4²) = 5; √(2² + 2²) = 2.83; √(1² + 2²) = 2.24; 1.5 is no distance of whole numbers, but a half.
    expect(
      [
        [3, 4],
        [2, 2],
        [1, 2],
        [1.5, 0],
      ].map(([x, y]) => distance({ x: 0, y: 0 }, { x: x!, y: y! })),
    ).toEqual([5, 3, 2, 2]);
    // Cities 1 (37, 52) and 2 (49, 49): √(12² + 3²) = 12.37.
    expect([DISTANCES[0]![1], DISTANCES[1]![0], DISTANCES[0]![0]]).toEqual([12, 12, 0]);
  });

  it('names an edge alike from both ends', () => {
    expect([edgeName(11, 36), edgeName(36, 11)]).toEqual(['12-37', '12-37']);
    expect(edgesOf([2, 0, 1])).toEqual(['1-3', '1-2', '2-3']);
  });

  it('knows the neighbours of a city, nearest first', () => {
    // City 1 (37, 52): 32 (38, 46) at 6.08, 22 (42, 57) at 7.07, 27 (30, 48) at 8.06, 11 (42, 41) and 8 (31, 62) farther.
    expect(NEIGHBOURS[0]!.slice(0, 3)).toEqual([31, 21, 26]);
    expect(NEIGHBOURS.every((cities) => cities.length === 50)).toBe(true);
  });

  it('goes to the nearest city first, and comes home far too late', () => {
    const tour = nearestNeighbourTour(0);
    expect(isTour(tour)).toBe(true);
    expect(tour.slice(0, 2)).toEqual([0, 31]);
    expect(lengthOf(tour)).toBeGreaterThan(OPTIMUM * 1.1);
  });

  it.each([
    ['a city too few', shortest.slice(1)],
    ['a city twice', [...shortest.slice(1), shortest[1]]],
    ['a city that is not there', [...shortest.slice(1), 51]],
    ['half a city', [...shortest.slice(1), 0.5]],
    ['texts', shortest.map(String)],
    ['nothing', undefined],
  ])('takes %s for no tour', (_, tour) => {
    expect(isTour(tour)).toBe(false);
  });
});
