/**
 * The two signs that a message changes the topic, each made of what the session itself has shown to be usual:
 *
 * - a *break*: its similarity to the last turns is far below that of the messages before it. Works with any embedder,
 *   since neither the level nor, after a few messages, the spread of its similarities is taken for granted;
 * - an *opening*: it asks where nothing was left to be answered. Who answers stays with the topic, who asks out of the
 *   blue may set one. Seen by question marks only, so it is silent (and the break decides alone) in languages that do
 *   without them, and where somebody always asks.
 */
import type { Normal } from './model.ts';

/**
 * What spread of similarities to expect of a session before it has shown any, and how many messages that guess is
 * worth. Chit-chat under the hash embedder has 0.16, sessions of one topic about 0.1; from 0.10 to 0.15 the Score on
 * TIAGE goes from 0.495 to 0.503.
 */
const PRIOR_SPREAD = 0.12;
const PRIOR_WEIGHT = 4;
/** A break at z spreads below the mean counts z²/8: ½ and thus detected by itself at z = 2, 0 and more above the mean. */
const BREAK_DIVISOR = 8;
/**
 * An opening in a session without any. Above ½ it is detected by itself; 1.2 is detected until similarity or habit have
 * taken away more than half. Score on TIAGE: 0.46 at 0.7, 0.50 from 1 to 1.5, 0.29 without openings.
 */
const OPENING_WEIGHT = 1.2;
/**
 * Similarity, in spreads, from which an opening counts less: then the question has visibly to do with what was said.
 * On TIAGE 0.499 instead of 0.490; in test/session/drift-scenes.test.ts no false alarms instead of a third.
 */
const RELATED_FROM = 1.5;
/** An answer of no more characters ("ok", "noted") acknowledges; whatever was asked stays asked. */
const LONGEST_ACKNOWLEDGEMENT = 8;
/** A question stands at the end of what somebody says; keeps the search cheap in a pasted file. */
const TAIL = 2_000;
/** ASCII needs an end behind it, as `?` is also in URLs and code; full-width, Arabic, Ethiopic, Armenian, reversed not. */
const QUESTION = /\?(?=["'”’»)\]!.…]*(?:\s|$))|[？؟፧՞⸮⁇⁈⁉‽]/u;

export const asks = (text: string): boolean => QUESTION.test(text.slice(-TAIL));

/** Whether the exchange leaves a question open, given whether its message asked. */
export function leavesOpen(asked: boolean, answer: string): boolean {
  return answer.trim().length > LONGEST_ACKNOWLEDGEMENT ? asks(answer) : asked;
}

/**
 * Mean and spread of the similarities so far: spread² = (Σ(s − mean)² + 4·0.12²) / (n + 4), the estimate under a normal
 * prior that is worth four messages.
 *
 * @returns null for no similarities: nothing is usual yet
 */
export function normalOf(similarities: readonly number[]): Normal | null {
  const n = similarities.length;
  if (n === 0) return null;
  let sum = 0;
  for (const s of similarities) sum += s;
  const mean = sum / n;
  let squares = PRIOR_WEIGHT * PRIOR_SPREAD * PRIOR_SPREAD;
  for (const s of similarities) squares += (s - mean) * (s - mean);
  return { mean, spread: Math.sqrt(squares / (n + PRIOR_WEIGHT)) };
}

/**
 * How clear a break a similarity is: z²/8, z = (mean − similarity)/spread, as −ln of a normal density falls with z².
 *
 * @returns 0 (at the mean, above it) or more; 0.5 is the 98th percentile of what is usual
 */
export function breakOf({ mean, spread }: Normal, similarity: number): number {
  const z = Math.max(0, (mean - similarity) / spread);
  return (z * z) / BREAK_DIVISOR;
}

/**
 * What an opening counts: 1.2 · min(1, 1.5·spread/similarity) · (1 − openings/(n + 1)).
 *
 * @param habits whether each of the messages before was an opening
 * @returns 0 to 1.2
 */
export function openingOf({ spread }: Normal, similarity: number, habits: readonly boolean[]): number {
  const unrelated = similarity <= 0 ? 1 : Math.min(1, (RELATED_FROM * spread) / similarity);
  const usual = habits.filter((opening) => opening).length / (habits.length + 1);
  return OPENING_WEIGHT * unrelated * (1 - usual);
}
