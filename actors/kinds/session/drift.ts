/**
 * Drift: has the conversation left what this session is about? Relative to what is usual here, so that it does not
 * depend on the embedder, and in two steps: suspected on the message itself, confirmed by the next one.
 *
 * A message's *similarity* is the best of its cosines with the last two stored turns and with the session's vector, which
 * remembers older ones. Its score is the sum of two signs, `breakOf` and `openingOf` (see drift-cues.ts); at ½ it is
 * *suspicious* (detected). What was there before is put by then, and the following message *confirms* when it is nearer
 * to the suspicious message than to all of that, or by itself a break from it. Otherwise the suspicion is dropped, and
 * the following message may raise one of its own. Hence every confirmation comes at most two messages after the change,
 * and a stray message from which the conversation returns never confirms.
 *
 * On TIAGE (bench/drift.ts) the Score is 0.499: 0.285 with breaks alone, 0.507 with openings alone, which in turn miss
 * every change that is no question. Neither one nor four recent turns, nor a refractory message after a detection, nor
 * medians, nor a lower score for answers gained 0.01, so there is none of it.
 */
import { norm } from '../../../workers/vector.ts';
import { asks, breakOf, leavesOpen, normalOf, openingOf } from './drift-cues.ts';
import type { Drift, DriftPhase, DriftState } from './model.ts';
import { similarity } from './vectors.ts';

/** Messages that say what is usual, and messages whose scores are kept. */
export const DRIFT_WINDOW = 8;
/** Stored turns a message is compared with, and stored turns before anything can be called unusual. */
export const RECENT_TURNS = 2;
/** The recent turns and the session's vector, as they were before a suspicion. */
export const SUSPICION_VECTORS = RECENT_TURNS + 1;
export const SHIFTING_FROM = 0.3;
export const DRIFTED_FROM = 0.5;

export const NO_DRIFT: Drift = { score: 0, detected: false, confirmed: false, phase: 'stable' };
export const FRESH_DRIFT: DriftState = {
  similarities: [],
  scores: [],
  openings: [],
  asked: false,
  recent: [],
  suspicion: null,
};

export interface Utterance {
  /** Shape [d], unit length or all zeros. */
  readonly vector: Float32Array;
  /** Only looked at for question marks. */
  readonly text: string;
}

export function driftPhase(score: number): DriftPhase {
  if (score >= DRIFTED_FROM) return 'drifted';
  return score >= SHIFTING_FROM ? 'shifting' : 'stable';
}

const append = <T>(list: readonly T[], value: T, length: number): readonly T[] => [...list, value].slice(-length);

function nearest(message: Float32Array, others: readonly (Float32Array | Float64Array)[]): number {
  let best = -1;
  for (const other of others) best = Math.max(best, similarity(message, other));
  return best;
}

function confirms({ suspicion }: DriftState, message: Float32Array): boolean {
  if (suspicion === null) return false;
  const before = nearest(message, suspicion.context);
  return similarity(message, suspicion.message) > before || breakOf(suspicion.normal, before) >= DRIFTED_FROM;
}

/**
 * Measures one message. A vector without content (all zeros) says nothing about the topic: it is no drift, and leaves
 * everything as it was.
 *
 * @param session the session's vector when the message came, shape [d], unit length or all zeros
 */
export function stepDrift(
  state: DriftState,
  { vector, text }: Utterance,
  session: Float64Array,
): { readonly state: DriftState; readonly drift: Drift } {
  if (norm(vector) === 0) return { state, drift: NO_DRIFT };
  const { similarities, scores, openings, recent } = state;
  const asked = asks(text);
  const opening = asked && !state.asked;
  const context = [...recent, session];
  const near = nearest(vector, context);
  const normal = recent.length < RECENT_TURNS ? null : normalOf(similarities);
  const score =
    normal === null ? 0 : Math.min(1, breakOf(normal, near) + (opening ? openingOf(normal, near, openings) : 0));
  const detected = score >= DRIFTED_FROM;
  const confirmed = confirms(state, vector);
  const suspected = normal !== null && detected && !confirmed;
  return {
    state: {
      // The very first message has no turn to be similar to.
      similarities: recent.length === 0 ? similarities : append(similarities, near, DRIFT_WINDOW),
      scores: append(scores, score, DRIFT_WINDOW),
      openings: append(openings, opening, DRIFT_WINDOW),
      asked,
      recent,
      // A confirmation ends the matter; without this a single change would be confirmed again and again.
      suspicion: suspected ? { message: vector, context: context.map((v) => new Float32Array(v)), normal } : null,
    },
    drift: { score, detected, confirmed, phase: driftPhase(score) },
  };
}

/**
 * Takes in a stored turn: the next messages are compared with it.
 *
 * @param answer.vector of the whole turn, question and answer
 * @param answer.text of the answer alone
 */
export function learnTurn(state: DriftState, { vector, text }: Utterance): DriftState {
  const recent = norm(vector) === 0 ? state.recent : append(state.recent, vector, RECENT_TURNS);
  return { ...state, recent, asked: leavesOpen(state.asked, text) };
}
