/** Anchors: directions a session should not lose. Losing them starts a realignment of three stored turns. */
import { blend } from '../../../workers/vector.ts';
import { AppError } from '../../errors.ts';
import type { SessionContext } from './model.ts';
import { similarity, takeVector, unsigned } from './vectors.ts';

export const MAX_ANCHORS = 64;
/** Score below which the session has left its anchors. */
export const ANCHOR_DRIFT_THRESHOLD = 0.5;
export const REALIGNMENT_TURNS = 3;
/** Share of the nearest anchor that a stored turn is blended with during a realignment. */
export const REALIGNMENT_RATE = 0.1;

type Anchored = Pick<SessionContext, 'state' | 'initialised' | 'anchors'>;

/** The anchor nearest to the state, ties going to the one added first; null without anchors or state. */
function nearest({ state, initialised, anchors }: Anchored): { anchor: Float32Array; score: number } | null {
  let best: { anchor: Float32Array; score: number } | null = null;
  if (!initialised) return best;
  for (const anchor of anchors) {
    const score = similarity(state, anchor);
    if (best === null || score > best.score) best = { anchor, score };
  }
  return best;
}

/** Cosine of the state with the nearest anchor, in [-1, 1]; 0 when state or anchors are missing. */
export function anchorScore(session: Anchored): number {
  return nearest(session)?.score ?? 0;
}

function lost(session: Anchored): boolean {
  const found = nearest(session);
  return found !== null && found.score < ANCHOR_DRIFT_THRESHOLD;
}

/**
 * Whether the session was with its anchors before a change and is not any more. A session that had no anchors or no
 * state counts as being with them, so that the first measurement can already find it lost; one that stays lost after
 * its realignment does not start another until it has been back.
 */
export function dropped(before: Anchored, after: Anchored): boolean {
  return lost(after) && !lost(before);
}

/** The state pulled towards the nearest anchor by one tenth. */
export function pulled(session: Anchored): Float64Array {
  const found = nearest(session);
  if (found === null) return session.state;
  return unsigned(blend(session.state, found.anchor, REALIGNMENT_RATE));
}

/** @throws AppError INVALID for a vector that does not fit or has no direction, and when there are too many */
export function addAnchor(
  anchors: readonly Float32Array[],
  embedding: Float32Array,
  dimension: number,
): readonly Float32Array[] {
  if (anchors.length >= MAX_ANCHORS) throw new AppError('INVALID', `the session has ${MAX_ANCHORS} anchors already`);
  const anchor = takeVector(embedding, dimension, 'the anchor');
  if (anchor.every((x) => x === 0)) throw new AppError('INVALID', 'the anchor is all zeros');
  return [...anchors, anchor];
}
