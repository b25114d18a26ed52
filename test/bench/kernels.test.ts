import { describe, expect, it } from 'vitest';
import { plainCosines, plainDot, plainUnitCosines } from '../../bench/kernels.ts';
import { cosines, dot, unitCosines } from '../../workers/vector.ts';

const query = Float32Array.of(0.6, 0.8, 0);
const rows = [Float32Array.of(1, 0, 0), Float32Array.of(0.6, 0.8, 0), Float32Array.of(0, 0, -1)];
const flat = Float32Array.from(rows.flatMap((row) => [...row]));

describe('the plain loops beside the kernels', () => {
  it.each([
    ['cosines', cosines(flat, query), plainCosines(flat, query)],
    ['unitCosines', unitCosines(rows, query), plainUnitCosines(rows, query)],
  ])('compute the %s the kernel computes', (_, ours, plain) => {
    // 3-4-5 triangles; float32 has seven digits.
    [0.6, 1, 0].forEach((wanted, i) => {
      expect(ours[i]).toBeCloseTo(wanted, 6);
      expect(plain[i]).toBeCloseTo(wanted, 6);
    });
  });

  it('compute the product the kernel computes', () => {
    expect(plainDot(query, query)).toBeCloseTo(1, 6);
    expect(dot(query, query)).toBeCloseTo(1, 6);
  });
});
