/** Policy vectors: directions whose memories are worth more, or less. */
import type { PolicyVector } from './model.ts';
import { similarity } from './vectors.ts';

/** Cosine from which a policy applies. */
export const POLICY_COSINE = 0.7;

/**
 * Importance after the policies: cut to [0, 1] first, then multiplied by the weight of each policy that applies
 * (promote) or divided by it (demote). May exceed 1, up to the product of the weights.
 *
 * @param vector of the stored chunk, unit length
 */
export function applyPolicies(policies: readonly PolicyVector[], vector: Float32Array, importance: number): number {
  let result = Math.max(0, Math.min(1, importance));
  for (const { embedding, weight, promote } of policies) {
    if (similarity(vector, embedding) >= POLICY_COSINE) result = promote ? result * weight : result / weight;
  }
  return result;
}
