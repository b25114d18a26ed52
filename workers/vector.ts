/**
 * Vector kernels: plain functions over typed arrays, used inline and in the pool alike.
 *
 * Summation order is part of the contract, so that a result does not depend on where it was computed. A dot product
 * keeps eight partial sums, number i going to partial sum i mod 8 as long as a full group of eight is left; the rest
 * (d mod 8 numbers) goes one after the other onto partial sum 0; the partial sums are added as a balanced tree,
 * ((0+1)+(2+3)) + ((4+5)+(6+7)). Everything is computed in float64, also for float32 inputs.
 */

import { dotAt, type Vector } from './dot.ts';
import { rowMath } from './row-math.ts';
import { countRows, requireSame } from './shapes.ts';

export type { Vector };

/** Cosine from a product and the product of the two lengths; rounding cut off, 0 where there is no angle. */
function toCosine(product: number, lengths: number): number {
  const finite = lengths > 0 && lengths < Number.POSITIVE_INFINITY;
  return finite ? Math.max(-1, Math.min(1, product / lengths)) : 0;
}

/**
 * Multiplies two vectors; for unit vectors this is their cosine.
 *
 * @param a shape [d]
 * @param b shape [d]
 * @throws TypeError when the lengths differ
 */
export function dot(a: Vector, b: Vector): number {
  requireSame('dot', a.length, b.length);
  return dotAt(a, 0, b, 0, a.length);
}

/**
 * Euclidean length.
 *
 * @param a shape [d]
 * @returns 0 or more
 */
export function norm(a: Vector): number {
  return Math.sqrt(dotAt(a, 0, a, 0, a.length));
}

/**
 * Scales a vector to length 1, in float64.
 *
 * @param a shape [d]
 * @returns a new vector, shape [d]; all zeros when `a` is all zeros or its length is not a finite number
 */
export function unit(a: Vector): Float64Array {
  const result = new Float64Array(a.length);
  const length = norm(a);
  if (length > 0 && length < Number.POSITIVE_INFINITY) {
    for (let i = 0; i < a.length; i++) result[i] = a[i]! / length;
  }
  return result;
}

/**
 * Cosine of the angle between two vectors of any length.
 *
 * @param a shape [d]
 * @param b shape [d]
 * @returns in [-1, 1], rounding cut off; 0 when either vector is all zeros or not finite
 * @throws TypeError when the lengths differ
 */
export function cosine(a: Vector, b: Vector): number {
  requireSame('cosine', a.length, b.length);
  return toCosine(dotAt(a, 0, b, 0, a.length), norm(a) * norm(b));
}

/**
 * One step of an exponential moving average on the unit sphere: unit((1 − rate)·state + rate·input).
 *
 * @param state shape [d]
 * @param input shape [d]
 * @param rate share of the input in the sum, 0 (keep the state) to 1 (replace it)
 * @returns a new vector in float64, shape [d], unit length; all zeros when the two cancel out
 * @throws TypeError when the lengths differ or the rate is outside [0, 1]
 */
export function blend(state: Vector, input: Vector, rate: number): Float64Array {
  requireSame('blend', state.length, input.length);
  if (!(rate >= 0 && rate <= 1)) throw new TypeError(`blend: rate is ${rate}, it must be within [0, 1]`);
  const sum = new Float64Array(state.length);
  for (let i = 0; i < sum.length; i++) sum[i] = (1 - rate) * state[i]! + rate * input[i]!;
  return unit(sum);
}

/**
 * Cosines of many rows with one query.
 *
 * @param rows row-major, shape [n, d]; may be empty
 * @param query shape [d]
 * @returns shape [n], each in [-1, 1]; 0 for a row or query that is all zeros or not finite
 * @throws TypeError when `rows` is not a whole number of rows
 */
export function cosines(rows: Vector, query: Vector): Float64Array {
  const d = query.length;
  const n = countRows('cosines', rows, d);
  const result = new Float64Array(n);
  if (n === 0) return result;
  const queryNorm = norm(query);
  const squares = new Float64Array(n);
  rowMath.dots(rows, widened(query), result, squares);
  for (let row = 0; row < n; row++) result[row] = toCosine(result[row]!, Math.sqrt(squares[row]!) * queryNorm);
  return result;
}

const widened = (vector: Vector): Float64Array => (vector instanceof Float64Array ? vector : Float64Array.from(vector));

/**
 * {@link dotAt} for one pair of types, from the start of both: same order, same result. Where every call sees the same
 * two kinds of array the compiler leaves its checks out of the loop.
 */
function dotRow(row: Float32Array, query: Float64Array): number {
  const d = query.length;
  const grouped = d - (d % 8);
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let s4 = 0;
  let s5 = 0;
  let s6 = 0;
  let s7 = 0;
  let i = 0;
  for (; i < grouped; i += 8) {
    s0 += row[i]! * query[i]!;
    s1 += row[i + 1]! * query[i + 1]!;
    s2 += row[i + 2]! * query[i + 2]!;
    s3 += row[i + 3]! * query[i + 3]!;
    s4 += row[i + 4]! * query[i + 4]!;
    s5 += row[i + 5]! * query[i + 5]!;
    s6 += row[i + 6]! * query[i + 6]!;
    s7 += row[i + 7]! * query[i + 7]!;
  }
  for (; i < d; i++) s0 += row[i]! * query[i]!;
  return s0 + s1 + (s2 + s3) + (s4 + s5 + (s6 + s7));
}

/**
 * Cosines of many separate rows with one query, all of unit length or all zeros.
 *
 * @param rows n arrays of shape [d]; may be empty
 * @param query shape [d]
 * @returns shape [n], each in [-1, 1]; 0 for a row of another length, of zeros, or not finite
 */
export function unitCosines(rows: readonly Float32Array[], query: Vector): Float64Array {
  const wide = new Float64Array(query);
  const result = new Float64Array(rows.length);
  for (let i = 0; i < result.length; i++) {
    const row = rows[i]!;
    result[i] = row.length === wide.length ? clipped(dotRow(row, wide)) : 0;
  }
  return result;
}

/**
 * {@link unitCosines} for rows that stand one after the other in one slab: the same results, in a third of the time.
 *
 * @param rows row-major, shape [n, d]; may be empty, and may lie in shared memory
 * @param query shape [d]
 * @returns shape [n], each in [-1, 1]; 0 for a row of zeros or not finite
 * @throws TypeError when `rows` is not a whole number of rows
 */
export function unitSlabCosines(rows: Vector, query: Vector): Float64Array {
  const result = new Float64Array(countRows('unitSlabCosines', rows, query.length));
  if (result.length > 0) rowMath.dots(rows, widened(query), result);
  for (let i = 0; i < result.length; i++) result[i] = clipped(result[i]!);
  return result;
}

/** Rounding cut off; 0 where there is no number. */
const clipped = (product: number): number =>
  product > 1 ? 1 : product < -1 ? -1 : Number.isNaN(product) ? 0 : product;

/**
 * Largest cosine between one query and many rows.
 *
 * @param rows row-major, shape [n, d]; may be empty
 * @param query shape [d]
 * @returns in [-1, 1]; 0 without rows
 * @throws TypeError when `rows` is not a whole number of rows
 */
export function maxCosine(rows: Vector, query: Vector): number {
  const all = cosines(rows, query);
  if (all.length === 0) return 0;
  let largest = -1;
  for (let i = 0; i < all.length; i++) largest = Math.max(largest, all[i]!);
  return largest;
}

/** Row numbers and their scores, best first. */
export interface Best {
  readonly rows: Uint32Array;
  readonly scores: Float64Array;
}

/**
 * The k largest scores, best first; of equal scores the lower row comes first, and NaN counts as least.
 *
 * Insertion into a sorted list of k: for the small k of recall (at most 100) this beats sorting all n.
 *
 * @param scores shape [n]
 * @param k how many; fewer come back when n < k
 */
export function topK(scores: Float64Array, k: number): Best {
  const size = Math.max(0, Math.min(Math.floor(k), scores.length));
  const rows = new Uint32Array(size);
  const best = new Float64Array(size);
  let filled = 0;
  for (let row = 0; row < scores.length && size > 0; row++) {
    const score = Number.isNaN(scores[row]!) ? Number.NEGATIVE_INFINITY : scores[row]!;
    if (filled === size && score <= best[size - 1]!) continue;
    let place = filled < size ? filled : size - 1;
    for (; place > 0 && best[place - 1]! < score; place--) {
      best[place] = best[place - 1]!;
      rows[place] = rows[place - 1]!;
    }
    best[place] = score;
    rows[place] = row;
    if (filled < size) filled++;
  }
  return { rows, scores: best };
}

/**
 * The k rows nearest to a query by cosine, best first; ties go to the lower row.
 *
 * @param rows row-major, shape [n, d]; may be empty
 * @param query shape [d]
 * @param k how many
 * @throws TypeError when `rows` is not a whole number of rows
 */
export function nearest(rows: Vector, query: Vector, k: number): Best {
  return topK(cosines(rows, query), k);
}
