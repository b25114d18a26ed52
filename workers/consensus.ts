/** Votes: who approves of a target, what the votes come to, and how far the voters agree among themselves. */
import type { Vector } from './dot.ts';
import { rowMath } from './row-math.ts';
import { countRows, requireWeights, requireWithin } from './shapes.ts';
import { usableRows } from './usable-rows.ts';
import { cosines } from './vector.ts';

export type ConsensusLevel =
  | 'simple_majority'
  | 'qualified_majority'
  | 'unanimous'
  | 'weighted_vote'
  | 'adaptive_threshold';

interface Bar {
  readonly bar: (agreement: number) => number;
  /** The bar itself is not enough. */
  readonly above: boolean;
}

const HALF: Bar = { bar: () => 0.5, above: true };

/** Votes always count with their weights; with equal weights a majority is one of heads. */
const BARS: Readonly<Record<ConsensusLevel, Bar>> = {
  simple_majority: HALF,
  qualified_majority: { bar: () => 2 / 3, above: false },
  unanimous: { bar: () => 1, above: false },
  weighted_vote: HALF,
  // Voters who differ among themselves need a larger majority: from a half (all alike) to all (opposite).
  adaptive_threshold: { bar: (agreement) => 0.5 + 0.25 * (1 - agreement), above: false },
};

/** Two of three equal weights are two thirds, whatever their sum rounds to. */
const ROUNDING = 1e-12;

export interface Tally {
  readonly accepted: boolean;
  /** Weight of the approving voters over the weight of all voters, [0, 1]; 0 without any weight. */
  readonly ratio: number;
  /** What the ratio had to reach or, at one half, exceed. */
  readonly bar: number;
}

/**
 * Counts votes at a consensus level. Who did not vote is not in the lists.
 *
 * @param votes shape [n]: 0 rejects, anything else approves
 * @param weights shape [n], finite, 0 or more; votes of weight 0 count nothing
 * @param agreement mean pairwise cosine of the voters in [-1, 1], for `adaptive_threshold`. Default 1
 * @throws TypeError when the shapes differ, a weight is out of range, the level is unknown or the agreement out of range
 */
export function tallyVotes(votes: Uint8Array, weights: Float64Array, level: ConsensusLevel, agreement = 1): Tally {
  requireWeights('tallyVotes', weights, votes.length);
  requireWithin('tallyVotes', 'agreement', agreement, -1, 1);
  const rule = Object.hasOwn(BARS, level) ? BARS[level] : undefined;
  if (!rule) throw new TypeError(`tallyVotes: no consensus level "${level}"`);
  const largest = weights.reduce((most, weight) => Math.max(most, weight), 0);
  let yes = 0;
  let total = 0;
  for (let i = 0; i < votes.length; i++) {
    // Scaled, so that weights near the largest float do not overflow.
    const weight = largest > 0 ? weights[i]! / largest : 0;
    total += weight;
    if (votes[i] !== 0) yes += weight;
  }
  const ratio = total > 0 ? yes / total : 0;
  const bar = rule.bar(agreement);
  const overHalf = ratio > 0.5 + ROUNDING;
  return { accepted: overHalf && (rule.above || ratio >= bar - ROUNDING), ratio, bar };
}

export interface Approvals {
  /** Shape [n]: 1 approves, 0 rejects. */
  readonly votes: Uint8Array;
  /** Shape [n]: cosine to the target. */
  readonly cosines: Float64Array;
}

/**
 * Lets every row vote on a target: it approves when (1 + cosine) / 2 reaches the threshold.
 *
 * @param rows row-major, shape [n, d]; a row of zeros or not finite has cosine 0, so it stands at one half
 * @param target shape [d]
 * @param threshold in [0, 1]; default 0.6, that is a cosine of 0.2
 * @throws TypeError when `rows` is not a whole number of rows or the threshold is out of range
 */
export function approvals(rows: Vector, target: Vector, threshold = 0.6): Approvals {
  requireWithin('approvals', 'threshold', threshold, 0, 1);
  const all = cosines(rows, target);
  return { votes: Uint8Array.from(all, (cosine) => ((1 + cosine) / 2 >= threshold ? 1 : 0)), cosines: all };
}

/**
 * Mean cosine over all pairs of rows, in one pass: (|Σ u_i|² − m) / (m·(m − 1)) over the m rows that have a direction.
 *
 * @param rows row-major, shape [n, d]
 * @param d numbers per row
 * @returns in [-1, 1]; 1 for fewer than two rows with a direction
 * @throws TypeError when `rows` is not a whole number of rows
 */
export function meanPairwiseCosine(rows: Vector, d: number): number {
  countRows('meanPairwiseCosine', rows, d);
  const usable = usableRows(rows, d);
  const m = usable.from.length;
  if (m < 2) return 1;
  const sum = new Float64Array(d);
  rowMath.addWeighted(usable.rows, usable.scales, sum);
  const square = new Float64Array(1);
  rowMath.squares(sum, d, square);
  return Math.max(-1, Math.min(1, (square[0]! - m) / (m * (m - 1))));
}
