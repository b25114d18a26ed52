/** Weighted mean and attention against values worked out by hand and a second formulation. */
import { describe, expect, it } from 'vitest';
import { attentionMean, weightedMean } from '../../workers/aggregate.ts';
import { norm } from '../../workers/vector.ts';
import { f32, f64, normals, uniform } from './noise.ts';

const NaN64 = Number.NaN;
const Inf = Number.POSITIVE_INFINITY;

describe('weightedMean', () => {
  it('is the direction of the weighted sum', () => {
    // 1·(3,0) + 2·(0,2) = (3,4), length 5
    expect([...weightedMean(f32(3, 0, 0, 2), 2, f64(1, 2))]).toEqual([3 / 5, 4 / 5]);
  });

  it('is a member itself when there is one, or when all are the same', () => {
    expect([...weightedMean(f32(3, 4), 2, f64(7))]).toEqual([3 / 5, 4 / 5]);
    const same = weightedMean(f32(3, 4, 3, 4, 3, 4), 2, f64(1, 2, 3));
    expect(same[0]).toBeCloseTo(0.6, 15);
    expect(same[1]).toBeCloseTo(0.8, 15);
  });

  it('is zero for no members, zero members, weightless members and members that cancel out', () => {
    expect([...weightedMean(f32(), 2, f64())]).toEqual([0, 0]);
    expect([...weightedMean(f32(), 0, f64())]).toEqual([]);
    expect([...weightedMean(f32(0, 0), 2, f64(1))]).toEqual([0, 0]);
    expect([...weightedMean(f32(1, 2), 2, f64(0))]).toEqual([0, 0]);
    expect([...weightedMean(f32(1, 2, -1, -2), 2, f64(3, 3))]).toEqual([0, 0]);
  });

  it.each([
    ['NaN', f32(0, 1, NaN64, 0, 1, 0)],
    ['Infinity', f32(0, 1, Inf, 0, 1, 0)],
    ['opposite infinities', f32(0, 1, Inf, -Inf, 1, 0)],
    ['too long for float64', f64(0, 1, 1e300, 0, 1, 0)],
  ])('leaves out a member of %s, and only that one', (_name, rows) => {
    const root = Math.SQRT1_2;
    const mean = weightedMean(rows, 2, f64(2, 2, 2));
    expect(mean[0]).toBeCloseTo(root, 15);
    expect(mean[1]).toBeCloseTo(root, 15);
  });

  it('leaves out a broken member of weight 0 too', () => {
    expect([...weightedMean(f32(NaN64, 1, 3, 4), 2, f64(0, 1))]).toEqual([3 / 5, 4 / 5]);
  });

  it('equals the sum made number by number, for any count of rows', () => {
    const random = uniform(1);
    for (const [n, d] of [
      [1, 5],
      [3, 8],
      [4, 9],
      [7, 384],
      [50, 31],
    ] as const) {
      const rows = normals(n * d, random);
      const weights = Float64Array.from({ length: n }, random);
      const sum = Array.from({ length: d }, (_, j) => {
        let number = 0;
        for (let i = 0; i < n; i++) number += weights[i]! * rows[i * d + j]!;
        return number;
      });
      const length = Math.hypot(...sum);
      const mean = weightedMean(rows, d, weights);
      for (let j = 0; j < d; j++) expect(mean[j]).toBeCloseTo(sum[j]! / length, 13);
    }
  });

  it('refuses what cannot be', () => {
    expect(() => weightedMean(f32(1, 2, 3), 2, f64(1))).toThrow(TypeError);
    expect(() => weightedMean(f32(1, 2), 2, f64(1, 1))).toThrow(TypeError);
    expect(() => weightedMean(f32(1, 2), 2, f64(-1))).toThrow(TypeError);
    expect(() => weightedMean(f32(1, 2), 2, f64(NaN64))).toThrow(TypeError);
    expect(() => weightedMean(f32(1, 2), 2, f64(Inf))).toThrow(TypeError);
  });
});

describe('attentionMean', () => {
  it('weighs by softmax of the cosines', () => {
    // Cosines 1 and 0, τ = 0.5: exponents 2 and 0, weights e²/(e²+1) and 1/(e²+1).
    const { vector, weights } = attentionMean(f32(2, 0, 0, 5), 2, f32(7, 0), 0.5);
    const large = Math.E ** 2 / (Math.E ** 2 + 1);
    expect(weights[0]).toBeCloseTo(large, 15);
    expect(weights[1]).toBeCloseTo(1 - large, 15);
    // Lengths do not count: the sum is (large, small).
    const length = Math.hypot(large, 1 - large);
    expect(vector[0]).toBeCloseTo(large / length, 14);
    expect(vector[1]).toBeCloseTo((1 - large) / length, 14);
  });

  it('weighs all alike where the query is as near to all', () => {
    const { weights } = attentionMean(f32(1, 0, 1, 0, 1, 0, 1, 0), 2, f32(1, 1));
    expect([...weights]).toEqual([0.25, 0.25, 0.25, 0.25]);
  });

  it('takes the mean direction of the rows where the query has none', () => {
    const rows = f32(10, 0, 0, 1, 0, 1);
    const mean = f64(1, 2);
    for (const query of [f32(0, 0), f32(NaN64, 1)]) {
      expect(attentionMean(rows, 2, query)).toEqual(attentionMean(rows, 2, mean));
    }
  });

  it.each([1e-3, 1e-300, Number.MIN_VALUE])(
    'follows the nearest row and stays finite at temperature %f',
    (temperature) => {
      const { vector, weights } = attentionMean(f32(1, 0, -1, 0, 0, 1), 2, f32(1, 0), temperature);
      expect([...weights]).toEqual([1, 0, 0]);
      expect([...vector]).toEqual([1, 0]);
    },
  );

  it('stays finite where the query is opposite to everything', () => {
    const { vector, weights } = attentionMean(f32(-1, 0, -3, 0), 2, f32(1, 0), 1e-3);
    expect([...weights]).toEqual([0.5, 0.5]);
    expect([...vector]).toEqual([-1, 0]);
  });

  it('gives rows without a direction weight 0', () => {
    const { vector, weights } = attentionMean(f32(NaN64, 0, 3, 4, 0, 0, Inf, 1), 2, f32(1, 0));
    expect([...weights]).toEqual([0, 1, 0, 0]);
    expect(vector[0]).toBeCloseTo(0.6, 15);
    expect(norm(attentionMean(f32(0, 0), 2, f32(1, 0)).vector)).toBe(0);
    expect([...attentionMean(f32(), 2, f32(1, 0)).vector]).toEqual([0, 0]);
    expect([...attentionMean(f32(), 0, f32()).vector]).toEqual([]);
  });

  it('cancels out for opposite rows the query is as near to', () => {
    expect([...attentionMean(f32(0, 1, 0, -1), 2, f32(1, 0)).vector]).toEqual([0, 0]);
  });

  it('equals the textbook formula', () => {
    const random = uniform(2);
    const [n, d, temperature] = [40, 17, 0.1];
    const rows = normals(n * d, random);
    const query = normals(d, random);
    const row = (i: number) => [...rows.subarray(i * d, i * d + d)];
    const product = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, j) => sum + x * b[j]!, 0);
    const units = Array.from({ length: n }, (_, i) => row(i).map((x) => x / Math.hypot(...row(i))));
    const q = [...query].map((x) => x / Math.hypot(...query));
    const exponentials = units.map((u) => Math.exp(product(u, q) / temperature));
    const total = exponentials.reduce((a, b) => a + b);
    const sum = q.map((_, j) => units.reduce((s, u, i) => s + (exponentials[i]! / total) * u[j]!, 0));
    const { vector, weights } = attentionMean(rows, d, query);
    for (let i = 0; i < n; i++) expect(weights[i]).toBeCloseTo(exponentials[i]! / total, 13);
    for (let j = 0; j < d; j++) expect(vector[j]).toBeCloseTo(sum[j]! / Math.hypot(...sum), 13);
  });

  it('refuses what cannot be', () => {
    expect(() => attentionMean(f32(1, 2, 3), 2, f32(1, 0))).toThrow(TypeError);
    expect(() => attentionMean(f32(1, 2), 2, f32(1))).toThrow(TypeError);
    for (const temperature of [0, -1, NaN64, Inf]) {
      expect(() => attentionMean(f32(1, 2), 2, f32(1, 0), temperature)).toThrow(TypeError);
    }
  });
});
