/** One vector for many: the mean weighted by numbers, and the mean weighted by attention. */
import type { Vector } from './dot.ts';
import { rowMath } from './row-math.ts';
import { countRows, requireSame, requireWeights, requireWithin } from './shapes.ts';
import { usableRows } from './usable-rows.ts';
import { norm, unit } from './vector.ts';

/**
 * The direction of a weighted sum: unit(Σ weights[i]·row i). Rows are taken as they are: one ten times as long counts
 * ten times. One pass over the rows, in their order.
 *
 * A sum without a finite length is made again without the rows that have none, so that one broken member does not take
 * the others down.
 *
 * @param rows row-major, shape [n, d]; may be empty, float32 or float64
 * @param d numbers per row
 * @param weights shape [n], finite, 0 or more; 0 leaves a row out
 * @returns shape [d], unit length; all zeros when nothing is left or the sum cancels out. Error: see `row-math.ts`
 * @throws TypeError when the shapes differ or a weight is not finite or negative
 */
export function weightedMean(rows: Vector, d: number, weights: Float64Array): Float64Array {
  const n = countRows('weightedMean', rows, d);
  requireWeights('weightedMean', weights, n);
  const sum = new Float64Array(d);
  if (n === 0) return sum;
  rowMath.addWeighted(rows, weights, sum);
  if (norm(sum) < Number.POSITIVE_INFINITY) return unit(sum);
  const usable = usableRows(rows, d, weights);
  sum.fill(0);
  rowMath.addWeighted(
    usable.rows,
    Float64Array.from(usable.from, (i) => weights[i]!),
    sum,
  );
  return unit(sum);
}

/** A mean, and what each row counted in it. */
export interface AttentionMean {
  /** Shape [d], unit length, or all zeros. */
  readonly vector: Float64Array;
  /** Shape [n], sum 1 (0 without usable rows); 0 for a row left out. */
  readonly weights: Float64Array;
}

/**
 * Mean of the rows' directions u_i weighted by how near they are to a query: unit(Σ w_i·u_i), w = softmax(cosine / τ).
 *
 * The largest exponent is subtracted from all, so nothing overflows and at least one summand is exp(0) = 1. Rows of
 * zeros or without a finite length get weight 0.
 *
 * @param rows row-major, shape [n, d]; may be empty
 * @param d numbers per row
 * @param query shape [d]; all zeros, or not finite: the mean direction of the rows stands in for it
 * @param temperature τ, above 0: small follows the nearest row, large weighs all alike. Default 0.1
 * @throws TypeError when the shapes differ or the temperature is not above 0
 * @see Vaswani et al. 2017, Attention Is All You Need, §3.2.1, with one query and keys that are their own values
 */
export function attentionMean(rows: Vector, d: number, query: Vector, temperature = 0.1): AttentionMean {
  const n = countRows('attentionMean', rows, d);
  requireSame('attentionMean', query.length, d);
  requireWithin('attentionMean', 'temperature', temperature, Number.MIN_VALUE, Number.MAX_VALUE);
  const weights = new Float64Array(n);
  const usable = usableRows(rows, d);
  const { from, scales } = usable;
  if (from.length === 0) return { vector: new Float64Array(d), weights };
  const logits = new Float64Array(from.length);
  rowMath.dots(usable.rows, directionOf(query, usable.rows, scales), logits);
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < logits.length; i++) {
    logits[i] = (logits[i]! * scales[i]!) / temperature;
    largest = Math.max(largest, logits[i]!);
  }
  const exponentials = softExponentials(logits, largest);
  let total = 0;
  for (let i = 0; i < exponentials.length; i++) total += exponentials[i]!;
  const scaled = new Float64Array(from.length);
  for (let i = 0; i < from.length; i++) {
    const weight = exponentials[i]! / total;
    weights[from[i]!] = weight;
    scaled[i] = weight * scales[i]!;
  }
  const sum = new Float64Array(d);
  rowMath.addWeighted(usable.rows, scaled, sum);
  return { vector: unit(sum), weights };
}

/** exp(x − largest). With a τ so small that every x/τ overflows, the nearest rows share everything. */
function softExponentials(logits: Float64Array, largest: number): Float64Array {
  return logits.map((logit) => (logit === largest ? 1 : Math.exp(logit - largest)));
}

function directionOf(query: Vector, rows: Vector, scales: Float64Array): Float64Array {
  const direction = unit(query);
  if (norm(direction) > 0) return direction;
  const mean = new Float64Array(query.length);
  rowMath.addWeighted(rows, scales, mean);
  return unit(mean);
}
