/**
 * Drift: has the conversation left what this session is about? Relative to what is normal here, so that it does not
 * depend on the embedder, and in two steps: suspected on the message itself, confirmed by the next one.
 *
 * A message is *suspicious* (detected) when its similarity to the session fell to half of normal or less. The session's
 * vector and its normal value of that moment are put by. The following message *confirms* when, measured against those,
 * it is suspicious too: answers stored in between have already pulled the present state towards the new topic, so only
 * the state before the suspicion can tell. Otherwise the suspicion is dropped, and the following message may raise one
 * of its own. Hence every confirmation comes at most two messages after the change, and one stray message never confirms.
 */
import { dot, norm } from '../../../workers/vector.ts';
import type { Drift, DriftPhase, DriftState } from './model.ts';

/** Stored turns that say what is normal, and messages whose scores are kept. */
export const DRIFT_WINDOW = 8;
/** Below this, "normal" would be noise: the score would swing on nothing. */
export const BASELINE_FLOOR = 0.2;
/** Stored turns before anything can be called unusual. */
export const WARM_UP_TURNS = 2;
export const SHIFTING_FROM = 0.3;
export const DRIFTED_FROM = 0.5;

export const NO_DRIFT: Drift = { score: 0, detected: false, confirmed: false, phase: 'stable' };
export const FRESH_DRIFT: DriftState = { similarities: [], scores: [], suspicion: null };

/**
 * What similarity is normal here: the median of the latest stored turns, at least {@link BASELINE_FLOOR}. The 0 which
 * the first turn reports counts too, so the measure is slow to suspect while little is known.
 */
export function baselineOf(similarities: readonly number[]): number {
  if (similarities.length === 0) return BASELINE_FLOOR;
  const sorted = [...similarities].sort((a, b) => a - b);
  const upper = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[upper]! : (sorted[upper - 1]! + sorted[upper]!) / 2;
  return Math.max(BASELINE_FLOOR, median);
}

/**
 * How far a similarity fell below normal.
 *
 * @param baseline greater than 0
 * @param similarity cosine in [-1, 1]
 * @returns 0 (as usual or closer) to 1 (nothing in common)
 */
export function driftScore(baseline: number, similarity: number): number {
  return Math.max(0, Math.min(1, (baseline - similarity) / baseline));
}

export function driftPhase(score: number): DriftPhase {
  if (score >= DRIFTED_FROM) return 'drifted';
  return score >= SHIFTING_FROM ? 'shifting' : 'stable';
}

/**
 * Measures one message. A vector without content (all zeros) says nothing about the topic: it is no drift, and leaves a
 * suspicion as it was.
 *
 * @param message shape [d], unit length or all zeros
 * @param session the session's vector when the message came, shape [d], unit length or all zeros
 */
export function stepDrift(
  state: DriftState,
  message: Float32Array,
  session: Float64Array,
): { readonly state: DriftState; readonly drift: Drift } {
  if (norm(message) === 0 || norm(session) === 0) return { state, drift: NO_DRIFT };
  const baseline = baselineOf(state.similarities);
  const warm = state.similarities.length >= WARM_UP_TURNS;
  const score = warm ? driftScore(baseline, dot(message, session)) : 0;
  const detected = score >= DRIFTED_FROM;
  const before = state.suspicion;
  const confirmed = before !== null && driftScore(before.baseline, dot(message, before.reference)) >= DRIFTED_FROM;
  return {
    state: {
      similarities: state.similarities,
      scores: [...state.scores, score].slice(-DRIFT_WINDOW),
      // A confirmation ends the matter; without this a single change would be confirmed again and again.
      suspicion: detected && !confirmed ? { reference: session, baseline } : null,
    },
    drift: { score, detected, confirmed, phase: driftPhase(score) },
  };
}

/** Takes in the similarity a stored turn had: that is what will be normal. */
export function learnSimilarity(state: DriftState, similarity: number): DriftState {
  return { ...state, similarities: [...state.similarities, similarity].slice(-DRIFT_WINDOW) };
}
