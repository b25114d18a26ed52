/** The table of kernels: what the pool can be asked to run, by name. */
import { attentionMean, weightedMean } from './aggregate.ts';
import { approvals, meanPairwiseCosine, tallyVotes } from './consensus.ts';
import { blendRows } from './feedback.ts';
import { cappedShares, geometricMedian, trimmedMean } from './robust.ts';
import { nearestMany } from './search.ts';
import * as vector from './vector.ts';

const { blend, cosine, cosines, dot, maxCosine, nearest, norm, topK, unit, unitCosines, unitSlabCosines } = vector;

export const KERNELS = {
  approvals,
  attentionMean,
  blend,
  blendRows,
  cappedShares,
  cosine,
  cosines,
  dot,
  geometricMedian,
  maxCosine,
  meanPairwiseCosine,
  nearest,
  nearestMany,
  norm,
  tallyVotes,
  topK,
  trimmedMean,
  unit,
  unitCosines,
  unitSlabCosines,
  weightedMean,
};

export type Kernels = typeof KERNELS;
export type KernelName = keyof Kernels;

/**
 * How often a kernel goes over its input, where that is more than once or twice: what it costs beside a product, roughly.
 * A median takes 10 to 40 steps on real data.
 */
export const PASSES: Readonly<Partial<Record<KernelName, number>>> = { geometricMedian: 40, trimmedMean: 30 };
