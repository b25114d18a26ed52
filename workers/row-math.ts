/**
 * What the row kernels are made of: one pass over a row-major matrix against one vector or one weight per row.
 *
 * Two implementations with the same results to the bit, so it never matters which one runs: plain code, and WebAssembly
 * with two float64 side by side (`wasm-*.ts`), used where the machine has it. Both keep the summation order of `vector.ts`.
 * Rows may be float32 or float64; everything is computed in float64.
 *
 * Error bounds, with u = 2^-53 and m = ⌈d/8⌉: a product differs from the exact one by at most (m + 4)·u·Σ|row·other| (the
 * longest way of a summand is m additions, one multiplication and three levels of the tree; Higham, Accuracy and
 * Stability of Numerical Algorithms, §3.1), for unit vectors of 384 below 6e-15. A weighted sum adds one row after the
 * other: at most (n + 1)·u·Σ|weight·row| per number.
 */
import { dotAt, type Vector } from './dot.ts';
import { createWasmRowMath } from './wasm-row-math.ts';

export { createSlab } from './wasm-row-math.ts';

/** Callers have checked the shapes: rows [n, d] with n = out.length or weights.length, d at least 1. */
export interface RowMath {
  /** out[i] = row i · other. @param squares where row i · row i goes, if wanted: cheaper in the same pass */
  dots(rows: Vector, other: Float64Array, out: Float64Array, squares?: Float64Array): void;
  /** out[i] = row i · row i */
  squares(rows: Vector, d: number, out: Float64Array): void;
  /** out[i] = |scales[i]·row i − other|² */
  squaredDistances(rows: Vector, scales: Float64Array, other: Float64Array, out: Float64Array): void;
  /** sum += Σ weights[i]·row i, row after row */
  addWeighted(rows: Vector, weights: Float64Array, sum: Float64Array): void;
}

/** For loops over plain code, and for machines without SIMD. */
export const plainRowMath: RowMath = {
  dots(rows, other, out, squares) {
    const d = other.length;
    for (let row = 0; row < out.length; row++) out[row] = dotAt(rows, row * d, other, 0, d);
    if (squares) plainRowMath.squares(rows, d, squares);
  },
  squares(rows, d, out) {
    for (let row = 0; row < out.length; row++) out[row] = dotAt(rows, row * d, rows, row * d, d);
  },
  squaredDistances(rows, scales, other, out) {
    const d = other.length;
    const difference = new Float64Array(d);
    for (let row = 0; row < out.length; row++) {
      const scale = scales[row]!;
      for (let j = 0; j < d; j++) difference[j] = rows[row * d + j]! * scale - other[j]!;
      out[row] = dotAt(difference, 0, difference, 0, d);
    }
  },
  addWeighted(rows, weights, sum) {
    const d = sum.length;
    for (let row = 0; row < weights.length; row++) {
      const weight = weights[row]!;
      for (let j = 0, place = row * d; j < d; j++, place++) sum[j]! += rows[place]! * weight;
    }
  },
};

/** null where the machine has no WebAssembly SIMD, or forbids making code at run time. */
export const wasmRowMath: RowMath | null = createWasmRowMath(plainRowMath);

export const rowMath: RowMath = wasmRowMath ?? plainRowMath;
