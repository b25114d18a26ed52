/** What each type of transfer does to the session that receives it. Pure. */
import { norm } from '../../workers/vector.ts';
import type { TransferType } from './state-vector-packet.ts';

/** A move of the session's direction: unit((1 − share)·own + share·vector). */
export interface Move {
  /** Within [0, 1]. */
  readonly share: number;
  /** A session without a direction takes the vector over. */
  readonly initialise: boolean;
}

type Influence = (vector: Float64Array, maxWeight: number) => Move | 'memory';

const INFLUENCES: Readonly<Record<TransferType, Influence>> = {
  /** Becomes the session's direction, also that of a session that had none. */
  FULL_STATE: () => ({ share: 1, initialise: true }),
  /** One aspect of a state: moves the session `max_weight` of the way, as a transfer between two sessions does. */
  PARTIAL_STATE: (_vector, maxWeight) => ({ share: maxWeight, initialise: false }),
  /**
   * A difference of two normalised states, to be added: unit(own + w·δ). A blend with δ's own direction is the same when
   * share / (1 − share) = w·|δ|.
   */
  SEMANTIC_DELTA: (vector, maxWeight) => {
    const ratio = maxWeight * norm(vector);
    return { share: ratio / (1 + ratio), initialise: false };
  },
  /** Something to remember: becomes a memory of the short-term tier and moves nothing. */
  MEMORY_FRAGMENT: () => 'memory',
  /**
   * The mean of many agents' unit vectors. Its length says how far they agree, from 0 (not at all) to 1, and so how much
   * of `max_weight` it moves.
   *
   * @see Mardia and Jupp, Directional Statistics, §2.3.1: mean resultant length
   */
  COHERENCE_FIELD: (vector, maxWeight) => ({ share: maxWeight * Math.min(1, norm(vector)), initialise: false }),
};

/** @param maxWeight within [0, 1] */
export function influenceOf(type: TransferType, vector: Float64Array, maxWeight: number): Move | 'memory' {
  return INFLUENCES[type](vector, maxWeight);
}
