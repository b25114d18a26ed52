/** Aggregation that a minority cannot steer: the geometric median and the trimmed mean of directions. */
import { checkpoint } from './cancellation.ts';
import type { Vector } from './dot.ts';
import { rowMath } from './row-math.ts';
import { countRows, requireWeights, requireWithin } from './shapes.ts';
import { usableRows } from './usable-rows.ts';
import { norm, unit } from './vector.ts';

/** No distance counts as less than this, so that a row the median sits on does not divide by zero. */
const LEAST_DISTANCE = 1e-6;
/** A centre nearer to the origin than this has no direction: the rows cancel out. */
const NO_DIRECTION = 1e-9;

/**
 * Shares of a whole in proportion to the weights, none above a cap: share_i = min(cap, λ·weight_i) with Σ share = 1.
 *
 * What is cut off goes to the others in proportion to their weights. With a cap c, nobody gets a majority without more
 * than 1 / (2c) members.
 *
 * @param weights shape [n], finite, 0 or more
 * @param cap largest share, (0, 1]; where it is too small for the shares to add up to 1, all members with a weight share alike
 * @returns shape [n], sum 1; all zeros when no weight is above 0
 * @throws TypeError for a weight or a cap outside its range
 */
export function cappedShares(weights: Float64Array, cap: number): Float64Array {
  requireWeights('cappedShares', weights, weights.length);
  requireWithin('cappedShares', 'cap', cap, Number.MIN_VALUE, 1);
  // The largest becomes 1, so that the sum of weights near the largest float does not overflow.
  const largest = weights.reduce((most, weight) => Math.max(most, weight), 0);
  const rest = largest > 0 ? weights.map((weight) => weight / largest) : weights;
  const members = rest.reduce((count, weight) => count + (weight > 0 ? 1 : 0), 0);
  if (members * cap <= 1) return rest.map((weight) => (weight > 0 ? 1 / members : 0));
  const shares = new Float64Array(weights.length);
  for (let free = 1; ; ) {
    const total = rest.reduce((sum, weight) => sum + weight, 0);
    let capped = 0;
    for (let i = 0; i < rest.length; i++) {
      if (rest[i] === 0) continue;
      shares[i] = free * (rest[i]! / total);
      if (shares[i]! <= cap) continue;
      shares[i] = cap;
      rest[i] = 0;
      capped++;
    }
    if (capped === 0) return shares;
    free -= capped * cap;
  }
}

export interface MedianOptions {
  /** Shape [n], finite, 0 or more; 0 leaves a row out. Default: 1 each. */
  readonly weights?: Float64Array;
  /** Largest share of one row, (0, 1]; see {@link cappedShares}. Default 0.2: nobody decides with fewer than three. */
  readonly cap?: number;
  /** Ends when a step moves the centre by less. Default 1e-9. */
  readonly tolerance?: number;
  /** Steps at most. Default 200. */
  readonly iterations?: number;
}

export interface Median {
  /** Shape [d], unit length; all zeros without usable rows, or when they cancel out. */
  readonly vector: Float64Array;
  /** Shape [n], sum 1: how much each row counted in the last step. Low marks an outlier; 0 a row left out. */
  readonly influence: Float64Array;
  readonly iterations: number;
  /** Whether the tolerance was reached within the steps. */
  readonly converged: boolean;
}

/**
 * Direction of the geometric median of the rows' directions: the point with the least weighted sum of distances.
 *
 * Rows are brought to unit length first, so length is no weapon. Whoever holds less than half of the (capped) weight
 * cannot move the median arbitrarily (breakdown point 1/2), but can pull it: a share α of rows that all point the same
 * way moves it like a force α against 1 − α. Weiszfeld's steps, every distance counted as at least 1e-6 (that is the
 * smoothed objective, above the true one by at most 5e-7), started from the weighted mean. Each step reads the rows
 * twice. A step never raises the objective; steps shrink by a constant factor per step unless the median sits on a row.
 *
 * @param rows row-major, shape [n, d]; rows of zeros or without a finite length are left out
 * @param d numbers per row
 * @throws TypeError when the shapes differ or an option is out of its range
 * @see Weiszfeld 1937; Vardi and Zhang 2000, The multivariate L1-median and associated data depth, PNAS 97(4);
 *   Pillutla, Kakade, Harchaoui 2022, Robust Aggregation for Federated Learning, algorithm 2 (the smoothing)
 */
export function geometricMedian(rows: Vector, d: number, options: MedianOptions = {}): Median {
  const n = countRows('geometricMedian', rows, d);
  const { weights = new Float64Array(n).fill(1), cap = 0.2, tolerance = 1e-9, iterations = 200 } = options;
  requireWeights('geometricMedian', weights, n);
  requireWithin('geometricMedian', 'tolerance', tolerance, 0, 1);
  requireWithin('geometricMedian', 'iterations', iterations, 1, 1e6);
  const usable = usableRows(rows, d, weights);
  const shares = cappedShares(
    Float64Array.from(usable.from, (i) => weights[i]!),
    cap,
  );
  const m = shares.length;
  const influence = new Float64Array(n);
  let centre = new Float64Array(d);
  if (m === 0) return { vector: centre, influence, iterations: 0, converged: true };
  const pulls = shares.slice();
  const scaled = shares.map((share, i) => share * usable.scales[i]!);
  rowMath.addWeighted(usable.rows, scaled, centre);
  const squares = new Float64Array(m);
  let steps = 0;
  let converged = false;
  while (steps < iterations && !converged) {
    checkpoint();
    steps++;
    rowMath.squaredDistances(usable.rows, usable.scales, centre, squares);
    let total = 0;
    for (let i = 0; i < m; i++) {
      pulls[i] = shares[i]! / Math.max(LEAST_DISTANCE, Math.sqrt(squares[i]!));
      total += pulls[i]!;
    }
    for (let i = 0; i < m; i++) {
      pulls[i]! /= total;
      scaled[i] = pulls[i]! * usable.scales[i]!;
    }
    const next = new Float64Array(d);
    rowMath.addWeighted(usable.rows, scaled, next);
    rowMath.squaredDistances(next, Float64Array.of(1), centre, squares.subarray(0, 1));
    converged = Math.sqrt(squares[0]!) <= tolerance;
    centre = next;
  }
  for (let i = 0; i < m; i++) influence[usable.from[i]!] = pulls[i]!;
  const vector = norm(centre) > NO_DIRECTION ? unit(centre) : new Float64Array(d);
  return { vector, influence, iterations: steps, converged };
}

/**
 * Direction of the coordinate-wise trimmed mean of the rows' directions: for every number the smallest and the largest
 * ⌊share·m⌋ of the m usable rows are left out, the rest added in ascending order.
 *
 * Cheaper to explain than the geometric median and independent of weights, but it turns with the coordinate axes and
 * loses direction where the honest rows spread widely. Holds against fewer than share·m outliers.
 *
 * @param rows row-major, shape [n, d]; rows of zeros or without a finite length are left out
 * @param d numbers per row
 * @param share trimmed at either end, [0, 0.5); 0.5 leaves the median
 * @returns shape [d], unit length; all zeros without usable rows, or when they cancel out
 * @throws TypeError when the shapes differ or the share is outside [0, 0.5]
 * @see Yin, Chen, Kannan, Bartlett 2018, Byzantine-Robust Distributed Learning, definition 2
 */
export function trimmedMean(rows: Vector, d: number, share: number): Float64Array {
  countRows('trimmedMean', rows, d);
  requireWithin('trimmedMean', 'share', share, 0, 0.5);
  const usable = usableRows(rows, d);
  const m = usable.from.length;
  const mean = new Float64Array(d);
  const trimmed = Math.min(Math.floor(share * m), Math.floor((m - 1) / 2));
  const column = new Float64Array(m);
  for (let j = 0; j < d && m > 0; j++) {
    checkpoint();
    for (let i = 0; i < m; i++) column[i] = usable.rows[i * d + j]! * usable.scales[i]!;
    column.sort();
    for (let i = trimmed; i < m - trimmed; i++) mean[j]! += column[i]!;
    mean[j]! /= m - 2 * trimmed;
  }
  return norm(mean) > NO_DIRECTION ? unit(mean) : new Float64Array(d);
}
