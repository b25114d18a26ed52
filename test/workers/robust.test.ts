/** Robust aggregation: against medians known by geometry, and against attackers. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cappedShares, geometricMedian, trimmedMean } from '../../workers/robust.ts';
import { cosine, norm, unit } from '../../workers/vector.ts';
import { f32, f64, normals, uniform } from './noise.ts';

const degrees = (angle: number) => [Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)];
const NaN64 = Number.NaN;

describe('cappedShares', () => {
  it('shares in proportion while nobody is above the cap', () => {
    expect([...cappedShares(f64(1, 2, 1), 0.5)]).toEqual([0.25, 0.5, 0.25]);
  });

  it('gives what it cuts off to the others in proportion', () => {
    // 8 of 12 is cut to 0.4; 1 : 3 of the other 0.6 is 0.15 and 0.45; 0.45 is cut too; 0.2 is left for the first.
    const shares = cappedShares(f64(1, 3, 8), 0.4);
    expect(shares[0]).toBeCloseTo(0.2, 15);
    expect([...shares.subarray(1)]).toEqual([0.4, 0.4]);
  });

  it('shares alike where the cap leaves no choice', () => {
    expect([...cappedShares(f64(1, 0, 9), 0.2)]).toEqual([0.5, 0, 0.5]);
    expect([...cappedShares(f64(5), 0.2)]).toEqual([1]);
  });

  it('is zero without weights', () => {
    expect([...cappedShares(f64(), 0.2)]).toEqual([]);
    expect([...cappedShares(f64(0, 0), 0.2)]).toEqual([0, 0]);
  });

  it('adds up to 1, keeps the cap and the order, whatever the weights', () => {
    // Whole numbers from 0 on, on scales where sums overflow or are subnormal, or that lie far apart.
    const weight = fc.tuple(fc.integer({ min: 0, max: 1_000 }), fc.constantFrom(1, 1e305, 1e-300, 5e-324));
    const weights = fc.array(
      weight.map(([whole, scale]) => whole * scale),
      { minLength: 1, maxLength: 20 },
    );
    fc.assert(
      fc.property(weights, fc.double({ min: 0.01, max: 1, noNaN: true }), (list, cap) => {
        const given = Float64Array.from(list);
        const shares = cappedShares(given, cap);
        const total = shares.reduce((sum, share) => sum + share, 0);
        if (given.every((weight) => weight === 0)) {
          expect(total).toBe(0);
          return;
        }
        expect(total).toBeCloseTo(1, 10);
        const members = shares.reduce((count, share) => count + (share > 0 ? 1 : 0), 0);
        const most = Math.max(cap, 1 / members) * (1 + 1e-12);
        for (let i = 0; i < shares.length; i++) {
          expect(shares[i]).toBeLessThanOrEqual(most);
          for (let j = 0; j < i; j++) {
            if (given[i]! >= given[j]!) expect(shares[i]! * (1 + 1e-12)).toBeGreaterThanOrEqual(shares[j]!);
          }
        }
      }),
    );
  });

  it('refuses what cannot be', () => {
    for (const cap of [0, -1, 1.1, NaN64]) expect(() => cappedShares(f64(1), cap)).toThrow(TypeError);
    expect(() => cappedShares(f64(-1), 0.5)).toThrow(TypeError);
  });
});

describe('geometricMedian', () => {
  it('is the Fermat point of a triangle', () => {
    // Unit vectors at 90°, 30° − x and 150° + x: by symmetry the median lies on the vertical axis. For the isosceles
    // triangle with apex (0,1) and base corners (±c, s) the Fermat point sees the base under 120°, that is, it lies
    // c / tan(60°) above the base: (0, s + c/√3). The direction is that of +y.
    const rows = Float64Array.from([...degrees(90), ...degrees(10), ...degrees(170)]);
    const { vector, converged } = geometricMedian(rows, 2, { cap: 1 });
    expect(converged).toBe(true);
    expect(vector[0]).toBeCloseTo(0, 8);
    expect(vector[1]).toBeCloseTo(1, 15);
    // Turned by 25° it is the same, turned by 25°.
    const turned = Float64Array.from([...degrees(115), ...degrees(35), ...degrees(195)]);
    const [x, y] = degrees(115) as [number, number];
    const median = geometricMedian(turned, 2, { cap: 1 }).vector;
    expect(median[0]).toBeCloseTo(x, 8);
    expect(median[1]).toBeCloseTo(y, 8);
  });

  it('is where the pulls of all rows balance', () => {
    // Second formulation: the gradient Σ share·(m − u)/|m − u| is zero at the median. It needs m itself, not its
    // direction, so m is searched along the direction: the gradient must have no part across it anywhere but there.
    const random = uniform(3);
    const [n, d] = [9, 6];
    const rows = normals(n * d, random);
    const weights = Float64Array.from({ length: n }, () => 0.5 + random());
    const { vector } = geometricMedian(rows, d, { weights, cap: 1, tolerance: 1e-12, iterations: 2_000 });
    const units = Array.from({ length: n }, (_, i) => unit(rows.subarray(i * d, (i + 1) * d)));
    const gradientAt = (length: number) => {
      const m = vector.map((x) => x * length);
      const gradient = new Float64Array(d);
      units.forEach((u, i) => {
        const away = m.map((x, j) => x - u[j]!);
        const distance = norm(away);
        for (let j = 0; j < d; j++) gradient[j]! += (weights[i]! * away[j]!) / distance;
      });
      return gradient;
    };
    // Bisection on the part of the gradient along the direction, which rises with the length.
    let [low, high] = [0, 1];
    const along = (length: number) => gradientAt(length).reduce((sum, x, j) => sum + x * vector[j]!, 0);
    for (let i = 0; i < 60; i++) {
      const middle = (low + high) / 2;
      if (along(middle) < 0) low = middle;
      else high = middle;
    }
    expect(norm(gradientAt(low))).toBeLessThan(1e-8);
  });

  it('is the row a majority shares, whatever the rest does', () => {
    const rows = f32(1, 0, 1, 0, 1, 0, -50, 3, 0, -9);
    const { vector, influence } = geometricMedian(rows, 2);
    expect(vector[0]).toBeCloseTo(1, 6);
    expect(influence[3]).toBeLessThan(0.01);
    expect(influence.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
  });

  it('is a row itself when there is one, or when all are the same', () => {
    expect(geometricMedian(f32(3, 4), 2).vector[0]).toBeCloseTo(0.6, 15);
    const { vector, iterations } = geometricMedian(f32(3, 4, 6, 8, 0.3, 0.4), 2);
    expect(vector[0]).toBeCloseTo(0.6, 6);
    expect(iterations).toBeLessThan(5);
  });

  it('is zero for no rows, rows without direction and rows that cancel out', () => {
    expect([...geometricMedian(f32(), 2).vector]).toEqual([0, 0]);
    expect([...geometricMedian(f32(), 0).vector]).toEqual([]);
    expect([...geometricMedian(f32(0, 0, NaN64, 1), 2).vector]).toEqual([0, 0]);
    expect([...geometricMedian(f32(3, 1, -3, -1), 2).vector]).toEqual([0, 0]);
    expect([...geometricMedian(f32(3, 1), 2, { weights: f64(0) }).vector]).toEqual([0, 0]);
  });

  it('leaves out rows without a finite length and says so', () => {
    const { vector, influence } = geometricMedian(f32(NaN64, 0, 3, 4, Number.POSITIVE_INFINITY, 1, 3, 4), 2);
    expect(vector[0]).toBeCloseTo(0.6, 6);
    expect([influence[0], influence[2]]).toEqual([0, 0]);
  });

  it('does not care how long rows are', () => {
    const random = uniform(4);
    const rows = normals(60, random);
    const longer = rows.map((x, i) => x * (1 + Math.floor(i / 6)) * 2);
    expect(cosine(geometricMedian(rows, 6).vector, geometricMedian(longer, 6).vector)).toBeCloseTo(1, 12);
  });

  it('lets no member decide alone, whatever its weight', () => {
    const rows = f32(1, 0, 1, 0.1, 1, -0.1, 0.9, 0, -1, 0);
    const weights = f64(1, 1, 1, 1, 1e9);
    expect(geometricMedian(rows, 2, { weights }).vector[0]).toBeGreaterThan(0.99);
    expect(geometricMedian(rows, 2, { weights, cap: 1 }).vector[0]).toBeCloseTo(-1, 5);
  });

  it('stops at the bound on steps and says that it did', () => {
    const rows = normals(300, uniform(5));
    const { iterations, converged } = geometricMedian(rows, 10, { iterations: 2, tolerance: 0 });
    expect({ iterations, converged }).toEqual({ iterations: 2, converged: false });
  });

  it('refuses what cannot be', () => {
    expect(() => geometricMedian(f32(1, 2, 3), 2)).toThrow(TypeError);
    expect(() => geometricMedian(f32(1, 2), 2, { weights: f64(1, 1) })).toThrow(TypeError);
    expect(() => geometricMedian(f32(1, 2), 2, { cap: 0 })).toThrow(TypeError);
    expect(() => geometricMedian(f32(1, 2), 2, { iterations: 0 })).toThrow(TypeError);
    expect(() => geometricMedian(f32(1, 2), 2, { tolerance: NaN64 })).toThrow(TypeError);
  });
});

describe('trimmedMean', () => {
  it('leaves out the extremes of every number', () => {
    // Rows of 4 numbers in {±1}, so all of length 2 and the directions ±½. Number 0: −,+,+,+,+ → trimmed one either
    // end: +++ → ½; number 1: +,+,−,+,− sorted −−+++ → −,+,+ → ½·⅓; number 2: all − → −½; number 3: −,−,−,−,+ → −½.
    const rows = f32(-1, 1, -1, -1, 1, 1, -1, -1, 1, -1, -1, -1, 1, 1, -1, -1, 1, -1, -1, 1);
    const wanted = unit(f64(1 / 2, 1 / 6, -1 / 2, -1 / 2));
    const mean = trimmedMean(rows, 4, 0.2);
    for (let j = 0; j < 4; j++) expect(mean[j]).toBeCloseTo(wanted[j]!, 14);
  });

  it('is the mean of directions at 0 and the median of every number at 0.5', () => {
    expect(trimmedMean(f32(2, 0, 0, 1), 2, 0)[0]).toBeCloseTo(Math.SQRT1_2, 15);
    expect([...trimmedMean(f32(1, 0, 1, 0, -1, 0), 2, 0.5)]).toEqual([1, 0]);
  });

  it('is a row itself when there is one, zero where there is no direction', () => {
    expect(trimmedMean(f32(3, 4), 2, 0.3)[1]).toBeCloseTo(0.8, 15);
    expect([...trimmedMean(f32(), 2, 0.3)]).toEqual([0, 0]);
    expect([...trimmedMean(f32(0, 0, NaN64, 1), 2, 0.3)]).toEqual([0, 0]);
    expect([...trimmedMean(f32(3, 1, -3, -1), 2, 0.3)]).toEqual([0, 0]);
  });

  it('refuses what cannot be', () => {
    expect(() => trimmedMean(f32(1, 2, 3), 2, 0.1)).toThrow(TypeError);
    expect(() => trimmedMean(f32(1, 2), 2, 0.6)).toThrow(TypeError);
  });
});
