/** Vector kernels against numbers worked out by hand. */
import { describe, expect, it } from 'vitest';
import { KERNELS } from '../../workers/index.ts';
import {
  blend,
  cosine,
  cosines,
  dot,
  maxCosine,
  nearest,
  norm,
  topK,
  unit,
  unitCosines,
} from '../../workers/vector.ts';

const f32 = (...numbers: number[]) => Float32Array.from(numbers);
const f64 = (...numbers: number[]) => Float64Array.from(numbers);

describe('dot', () => {
  it('multiplies short vectors', () => {
    // 1·4 + 2·5 + 3·6 = 32
    expect(dot(f32(1, 2, 3), f32(4, 5, 6))).toBe(32);
  });

  it('counts every number once whatever the length', () => {
    // 1² + 2² + … + n² = n(n+1)(2n+1)/6
    for (const n of [1, 7, 8, 9, 15, 16, 17, 384]) {
      const vector = Float64Array.from({ length: n }, (_, i) => i + 1);
      expect(dot(vector, vector)).toBe((n * (n + 1) * (2 * n + 1)) / 6);
    }
  });

  it('adds in the documented order', () => {
    // Partial sums 0 and 1 are added first: 1e16 + (−1e16) = 0, so the 1 of partial sum 2 survives. From left to
    // right with the 1 in front, 1 + 1e16 would round to 1e16 and the 1 would be lost.
    const ones = new Float64Array(8).fill(1);
    expect(dot(f64(1e16, -1e16, 1, 0, 0, 0, 0, 0), ones)).toBe(1);
    expect(dot(f64(1, 1e16, -1e16, 0, 0, 0, 0, 0), ones)).toBe(0);
    // A ninth number goes onto partial sum 0 before the tree: (1e16 − 1e16) + 1.
    expect(dot(f64(1e16, 1, 0, 0, 0, 0, 0, 0, -1e16), new Float64Array(9).fill(1))).toBe(1);
  });

  it('is the same for a row of a table as for the row alone, to the bit', () => {
    const rows = Float32Array.from({ length: 5 * 19 }, (_, i) => Math.sin(i));
    const query = unit(Float64Array.from({ length: 19 }, (_, i) => Math.cos(i)));
    const table = cosines(rows, query);
    for (let row = 0; row < 5; row++) expect(table[row]).toBe(cosine(rows.subarray(row * 19, row * 19 + 19), query));
  });

  it('refuses vectors of different lengths', () => {
    expect(() => dot(f32(1), f32(1, 2))).toThrow(TypeError);
    expect(() => cosine(f32(1), f32(1, 2))).toThrow(TypeError);
    expect(() => blend(f32(1), f32(1, 2), 0.5)).toThrow(TypeError);
    expect(() => cosines(f32(1, 2, 3), f32(1, 2))).toThrow(TypeError);
  });
});

describe('norm and unit', () => {
  it('knows the 3-4-5 triangle', () => {
    expect(norm(f32(3, 4))).toBe(5);
    expect([...unit(f32(3, 4))]).toEqual([3 / 5, 4 / 5]);
  });

  it('leaves a zero vector zero', () => {
    expect([...unit(f32(0, 0))]).toEqual([0, 0]);
    expect([...unit(f32())]).toEqual([]);
  });

  it('gives zeros rather than NaN for a vector without a finite length', () => {
    expect([...unit(f64(Number.NaN, 1))]).toEqual([0, 0]);
    expect([...unit(f64(Number.POSITIVE_INFINITY, 1))]).toEqual([0, 0]);
  });

  it('does not change its input', () => {
    const input = f32(3, 4);
    unit(input);
    expect([...input]).toEqual([3, 4]);
  });
});

describe('cosine', () => {
  it('does not depend on length', () => {
    // (1,0)·(3,4) / (1·5) = 0.6
    expect(cosine(f32(1, 0), f32(3, 4))).toBe(0.6);
    expect(cosine(f32(10, 0), f32(-3, 4))).toBe(-0.6);
  });

  it('is 0 when either vector is zero', () => {
    expect(cosine(f32(0, 0), f32(3, 4))).toBe(0);
    expect(cosine(f32(3, 4), f32(0, 0))).toBe(0);
  });

  it('is 0 rather than NaN for numbers that are not finite', () => {
    expect(cosine(f32(Number.NaN, 1), f32(3, 4))).toBe(0);
    expect(cosine(f32(Number.POSITIVE_INFINITY, 1), f32(3, 4))).toBe(0);
  });

  it('never leaves [-1, 1] by rounding', () => {
    for (let i = 1; i < 50; i++) {
      const vector = Float32Array.from({ length: 11 }, (_, j) => Math.sin(i * (j + 1)));
      expect(cosine(vector, vector)).toBeLessThanOrEqual(1);
    }
  });
});

describe('blend', () => {
  it('moves a quarter of the way', () => {
    // 0.75·(1,0) + 0.25·(0,1) = (0.75, 0.25), length √0.625 = 0.790569…
    const [x, y] = blend(f64(1, 0), f32(0, 1), 0.25);
    expect(x).toBeCloseTo(0.9486832980505138, 15);
    expect(y).toBeCloseTo(0.31622776601683794, 15);
  });

  it('keeps the state at rate 0 and replaces it at rate 1', () => {
    expect([...blend(f64(1, 0), f32(0, 1), 0)]).toEqual([1, 0]);
    expect([...blend(f64(1, 0), f32(0, 1), 1)]).toEqual([0, 1]);
  });

  it('gives zeros when state and input cancel out', () => {
    expect([...blend(f64(1, 0), f32(-1, 0), 0.5)]).toEqual([0, 0]);
  });

  it('refuses a rate outside [0, 1]', () => {
    for (const rate of [-0.1, 1.1, Number.NaN]) expect(() => blend(f64(1), f64(1), rate)).toThrow(TypeError);
  });
});

describe('tables of rows', () => {
  const rows = f32(1, 0, 0, 1, 3, 4, 0, 0, -1, 0);

  it('compares every row with the query', () => {
    expect([...cosines(rows, f32(1, 0))]).toEqual([1, 0, 0.6, 0, -1]);
  });

  it('finds the nearest rows, the lower one first when equal', () => {
    const best = nearest(rows, f32(1, 0), 4);
    expect([...best.rows]).toEqual([0, 2, 1, 3]);
    expect([...best.scores]).toEqual([1, 0.6, 0, 0]);
  });

  it('gives what there is when asked for more, and nothing when asked for nothing', () => {
    expect([...nearest(rows, f32(1, 0), 99).rows]).toEqual([0, 2, 1, 3, 4]);
    expect([...topK(f64(1, 2), 0).rows]).toEqual([]);
    expect([...topK(f64(1, 2), -3).rows]).toEqual([]);
  });

  it('puts NaN last', () => {
    expect([...topK(f64(Number.NaN, 1, 2), 3).rows]).toEqual([2, 1, 0]);
  });

  it('knows the largest cosine, also a negative one, and 0 without rows', () => {
    expect(maxCosine(rows, f32(0, 1))).toBe(1);
    expect(maxCosine(f32(-1, 0), f32(1, 0))).toBe(-1);
    expect(maxCosine(f32(), f32(1, 0))).toBe(0);
  });
});

it('lists every kernel under its own name', () => {
  for (const [name, kernel] of Object.entries(KERNELS)) expect(kernel.name).toBe(name);
});

describe('unitCosines', () => {
  const row = (...numbers: number[]) => Float32Array.from(numbers);

  it('is the dot product of unit vectors, bit for bit, whatever the type of the query', () => {
    // 19 numbers: two groups of eight and a rest of three, so every branch of the summation order counts.
    const rows = Array.from({ length: 5 }, (_, r) =>
      unit(Float64Array.from({ length: 19 }, (_, i) => Math.sin(7 * r + i))),
    );
    const narrow = rows.map((numbers) => new Float32Array(numbers));
    const query = unit(Float64Array.from({ length: 19 }, (_, i) => Math.cos(3 * i)));
    for (const vector of [query, new Float32Array(query)]) {
      expect([...unitCosines(narrow, vector)]).toEqual(narrow.map((numbers) => dot(numbers, vector)));
    }
  });

  it('cuts rounding off at the ends, and has nothing to say of what is no vector of that space', () => {
    // (1 + 2^-23)^2 > 1 before the cut
    const long = row(1 + 2 ** -23, 0);
    const rows = [long, row(-1 - 2 ** -23, 0), row(0, 0), row(1, 0, 0), row(Number.NaN, 0)];
    expect([...unitCosines(rows, long)]).toEqual([1, -1, 0, 0, 0]);
    expect([...unitCosines([], long)]).toEqual([]);
  });
});
