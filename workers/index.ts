/** The table of kernels: what the pool can be asked to run, by name. */
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
  unitSlabCosines,
} from './vector.ts';

export const KERNELS = {
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
  unitSlabCosines,
};

export type KernelName = keyof typeof KERNELS;
