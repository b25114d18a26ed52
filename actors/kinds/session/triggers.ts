/** Resonance triggers: a keyword or a direction whose appearance makes a turn count. */
import { AppError } from '../../errors.ts';
import type { Trigger } from './model.ts';
import { similarity, takeVector } from './vectors.ts';

export const MAX_TRIGGERS = 256;
export const ORDINARY_IMPORTANCE = 0.5;

const WORD = /[\p{L}\p{N}_]/u;

/** The character that ends just before `index`, whole even outside the basic plane. */
function before(text: string, index: number): string {
  const low = text.charCodeAt(index - 1);
  return text.slice(low >= 0xdc00 && low <= 0xdfff ? index - 2 : index - 1, index);
}

const after = (text: string, index: number): string => String.fromCodePoint(text.codePointAt(index) ?? 0x20);

/**
 * Whether a keyword occurs as a whole word, in any letter case. An edge of the keyword that is itself no letter, digit
 * or underscore needs no boundary: `C++` is found in `c++17`.
 */
export function hasWord(text: string, keyword: string): boolean {
  const haystack = text.toLowerCase();
  const needle = keyword.trim().toLowerCase();
  if (needle === '') return false;
  const opens = WORD.test(after(needle, 0));
  const closes = WORD.test(before(needle, needle.length));
  for (let at = haystack.indexOf(needle); at >= 0; at = haystack.indexOf(needle, at + 1)) {
    const end = at + needle.length;
    const startsWord = !opens || at === 0 || !WORD.test(before(haystack, at));
    const endsWord = !closes || end === haystack.length || !WORD.test(after(haystack, end));
    if (startsWord && endsWord) return true;
  }
  return false;
}

/**
 * Importance a turn gets from the triggers it hits: 1.0 × weight, never below ordinary and cut off at 1; of several
 * triggers the highest counts.
 *
 * @param texts message and answer
 * @param vectors of the message, where there is one, and of the stored chunk; unit length
 * @returns null when no trigger is hit
 */
export function triggered(
  triggers: readonly Trigger[],
  texts: readonly string[],
  vectors: readonly Float32Array[],
): number | null {
  let importance: number | null = null;
  for (const { keyword, embedding, threshold, weight } of triggers) {
    const hit =
      (keyword !== undefined && texts.some((text) => hasWord(text, keyword))) ||
      (embedding !== undefined && vectors.some((vector) => similarity(vector, embedding) >= threshold));
    if (hit) importance = Math.max(importance ?? ORDINARY_IMPORTANCE, Math.min(1, weight));
  }
  return importance;
}

/** @throws AppError INVALID when it has neither keyword nor usable embedding, or there are too many already */
export function addTrigger(
  triggers: readonly Trigger[],
  trigger: Trigger | { readonly [K in keyof Trigger]: Trigger[K] | undefined },
  dimension: number,
): readonly Trigger[] {
  const { keyword, embedding, threshold = 0.8, weight = 1 } = trigger;
  if (keyword === undefined && embedding === undefined) {
    throw new AppError('INVALID', 'a trigger needs a keyword or an embedding');
  }
  if (keyword !== undefined && keyword.trim() === '') throw new AppError('INVALID', 'the keyword is empty');
  if (triggers.length >= MAX_TRIGGERS)
    throw new AppError('INVALID', `the session has ${MAX_TRIGGERS} triggers already`);
  const added: Trigger = {
    ...(keyword === undefined ? {} : { keyword: keyword.trim() }),
    ...(embedding === undefined ? {} : { embedding: takeVector(embedding, dimension, 'the trigger') }),
    threshold,
    weight,
  };
  return [...triggers, added];
}
