import { describe, expect, it } from 'vitest';
import { shortest } from '../../src/cli/demo/ants/ant.ts';
import { deposits } from '../../src/cli/demo/ants/deposits.ts';
import { CITIES } from '../../src/cli/demo/ants/eil51.ts';
import type { PostedEvent } from '../../src/cli/demo/ants/environment.ts';
import { drawTour } from '../../src/cli/demo/ants/map.ts';
import { edgesOf, isTour, lengthOf, nearestNeighbourTour } from '../../src/cli/demo/ants/tour.ts';
import { attraction, attractions, choose, walk } from '../../src/cli/demo/ants/walk.ts';
import { createRandom } from '../../src/random.ts';

const tour = nearestNeighbourTour(0);

describe('the way of an ant', () => {
  it('is drawn by strength and by nearness to the fourth power', () => {
    // 0.5 / 2⁴, 1 / 1⁴; without a signal, and with one below the floor: 0.01 / 2⁴.
    expect([attraction(0.5, 2), attraction(1, 1), attraction(0, 2), attraction(0.001, 2)]).toEqual([
      0.03125, 1, 0.000625, 0.000625,
    ]);
    // Cities 1 and 32 are 6 from each other (6.08), 1 and 22 are 7 (7.07).
    const table = attractions(new Map([['1-32', 0.81]]));
    expect(table[0 * 51 + 31]).toBeCloseTo(0.81 / 1_296, 12);
    expect(table[31 * 51 + 0]).toBe(table[0 * 51 + 31]);
    expect(table[0 * 51 + 21]).toBeCloseTo(0.01 / 2_401, 12);
  });

  it('is chosen in proportion', () => {
    // Together 4: the first up to 1/4, the third up to 3/4, the last above; the second never.
    const weights = Float64Array.of(1, 0, 2, 1);
    expect([0, 0.24, 0.25, 0.74, 0.75, 0.999].map((share) => choose(weights, share))).toEqual([0, 0, 2, 2, 3, 3]);
    // Rounding may leave nothing after the last weight; what comes behind it still has none.
    expect(choose(Float64Array.of(0, 1, 0), 1 - 2 ** -53)).toBe(1);
  });

  it('leads through every city once', () => {
    const random = createRandom(7);
    const table = attractions(new Map());
    for (let i = 0; i < 100; i++) expect(isTour([...walk(table, random)])).toBe(true);
  });

  it('is the same for the same numbers, and follows strong signals', () => {
    const marked = attractions(new Map(edgesOf(tour).map((edge) => [edge, 1])));
    const walked = (table: Float64Array) => {
      const random = createRandom(1);
      return Array.from({ length: 200 }, () => walk(table, random));
    };
    expect(walked(marked)).toEqual(walked(marked));
    const taken = new Set(edgesOf(tour));
    const share = (table: Float64Array) =>
      walked(table).reduce((sum, way) => sum + edgesOf(way).filter((edge) => taken.has(edge)).length, 0) / (200 * 51);
    expect(share(attractions(new Map()))).toBeLessThan(0.6);
    expect(share(marked)).toBeGreaterThan(0.85);
  });
});

describe('what an ant leaves behind', () => {
  it('moves every signal by a twentieth of its way, and none beyond its bounds', () => {
    const [a, b, c, ...rest] = edgesOf(tour) as [string, string, string, ...string[]];
    const strengths = new Map<string, number>([
      [a, 0.6],
      [b, 0.96],
      ...rest.map((edge) => [edge, 1] as const),
      ['1-51', 0.4],
    ]);
    expect(rest).not.toContain('1-51');
    // 0.05 · (1 − 0.6) = 0.02; 0.96 lacks too little to tell; c has no signal yet; 0.05 · 0.4 = 0.02.
    expect(deposits(tour, strengths)).toEqual([
      { type: 'reward', pattern: a, value: expect.closeTo(0.02, 12) },
      { type: 'proposal', pattern: c },
      { type: 'penalty', pattern: '1-51', value: expect.closeTo(0.02, 12) },
    ]);
  });
});

describe('what an ant hears', () => {
  const heard = (id: string, payload: PostedEvent['payload'], type: PostedEvent['type'] = 'ready'): PostedEvent => ({
    id,
    type,
    scope: 'x.tours',
    trace_id: 't',
    agent_id: `by-${id}`,
    parent_ids: [],
    payload,
  });
  const long = CITIES.map((_, city) => city);

  it('is measured and not believed', () => {
    const events = [
      heard('liar', { tour: long, length: 1 }),
      heard('broken', { tour: [1, 2, 3], length: 6 }),
      heard('silent', {}),
      heard('other', { tour, length: 1 }, 'reward'),
      heard('honest', { tour, length: lengthOf(tour) }),
      heard('late', { tour: tour.toReversed(), length: lengthOf(tour) }),
    ];
    expect(shortest(events)).toEqual({ tour, length: lengthOf(tour), event: 'honest', agent: 'by-honest' });
    expect(shortest(events.slice(1, 4))).toBeUndefined();
  });
});

describe('a drawn tour', () => {
  it('has the cities where they are, north up, within 50 columns', () => {
    const lines = drawTour(tour);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(50);
    expect(lines).toHaveLength(27);
    // Northernmost, within two dots: 26 (27, 68), 31 (37, 69) and, easternmost as well, 36 (63, 69); 40 (5, 6) is bottom left.
    expect(lines[0]).toMatch(/^ {18}o.{8}o.*o$/);
    expect(lines[0]).toHaveLength(50);
    expect(lines.at(-1)!.startsWith('o')).toBe(true);
    expect(lines.join('').replaceAll(/[^o]/g, '')).toHaveLength(51);
  });
});
