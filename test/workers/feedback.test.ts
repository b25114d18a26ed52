/** Feedback to many, and searching for many, against the kernels for one. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blendRows } from '../../workers/feedback.ts';
import { nearestMany } from '../../workers/search.ts';
import { blend, nearest, norm, unit } from '../../workers/vector.ts';
import { f32, f64, normals, uniform } from './noise.ts';

describe('blendRows', () => {
  it('gives every row the bits of blend', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 0, max: 70 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (seed, n, rate) => {
          const d = 11;
          const random = uniform(seed);
          const rows = normals(n * d, random);
          const target = normals(d, random);
          const { rows: moved, blended } = blendRows(rows, target, rate);
          expect(blended.every((flag) => flag === 1)).toBe(true);
          for (let i = 0; i < n; i++) {
            const row = (table: Float64Array) => table.slice(i * d, (i + 1) * d);
            expect(row(moved)).toEqual(blend(row(rows), target, rate));
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it('replaces at 1 and leaves all alone at 0', () => {
    const rows = f64(1, 0, 0, 1);
    expect([...blendRows(rows, f64(3, 4), 1).rows]).toEqual([...unit(f64(3, 4)), ...unit(f64(3, 4))]);
    expect(blendRows(rows, f64(3, 4), 0)).toEqual({ rows, blended: Uint8Array.of(0, 0) });
  });

  it('leaves rows without a direction as they are, to the bit', () => {
    const rows = f64(0, -0, Number.NaN, 1, 1, 0);
    const { rows: moved, blended } = blendRows(rows, f64(0, 1), 0.5);
    expect(moved.slice(0, 4)).toEqual(rows.slice(0, 4));
    expect([...blended]).toEqual([0, 0, 1]);
    expect(norm(moved.subarray(4))).toBeCloseTo(1, 15);
  });

  it('leaves all rows as they are where the target has no direction', () => {
    for (const target of [f64(0, 0), f64(Number.NaN, 0), f64(Number.POSITIVE_INFINITY, 0)]) {
      expect(blendRows(f64(1, 0), target, 0.5)).toEqual({ rows: f64(1, 0), blended: Uint8Array.of(0) });
    }
  });

  it('writes where it is told to, also over its input', () => {
    const rows = normals(24, uniform(7));
    const target = normals(8, uniform(8));
    const wanted = blendRows(rows, target, 0.3).rows;
    const shared = new Float64Array(new SharedArrayBuffer(24 * 8));
    expect(blendRows(rows, target, 0.3, shared).rows).toBe(shared);
    expect(shared).toEqual(wanted);
    shared.set(rows);
    blendRows(shared, target, 0.3, shared);
    expect(shared).toEqual(wanted);
  });

  it('refuses what cannot be', () => {
    expect(() => blendRows(f64(1, 2, 3), f64(1, 2), 0.5)).toThrow(TypeError);
    expect(() => blendRows(f64(1, 2), f64(1, 2), 1.5)).toThrow(TypeError);
    const one = new Float64Array(new SharedArrayBuffer(8));
    expect(() => blendRows(f64(1, 2), f64(1, 2), 0.5, one)).toThrow(TypeError);
    expect(() => blendRows(f64(1, 2), f64(1, 2), 0.5, f64(1, 2))).toThrow(TypeError);
  });
});

describe('nearestMany', () => {
  it('answers every query as nearest does', () => {
    const rows = f32(...normals(200, uniform(9)));
    const queries = f32(...normals(30, uniform(10)));
    const answers = nearestMany(rows, queries, 10, 4);
    expect(answers).toHaveLength(3);
    answers.forEach((answer, i) => {
      expect(answer).toEqual(nearest(rows, queries.subarray(i * 10, i * 10 + 10), 4));
    });
  });

  it('has no answers without queries and empty ones without rows', () => {
    expect(nearestMany(f32(1, 0), f32(), 2, 1)).toEqual([]);
    expect(nearestMany(f32(), f32(1, 0), 2, 1)[0]!.rows).toHaveLength(0);
    expect(() => nearestMany(f32(1, 0), f32(1), 2, 1)).toThrow(TypeError);
  });
});
