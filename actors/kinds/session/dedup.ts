/** Telling that a text is already known: the same text, or the same words with practically the same vector. */
import { createHash } from 'node:crypto';
import type { Memory } from './model.ts';

/** Cosine from which the words are compared. Anything lower lets "costs 5" and "costs 50" come too close. */
export const NEAR_COSINE = 0.995;

export type DedupSignal = 'exact' | 'near';

export interface Duplicate {
  /** Of the memory already there. */
  readonly index: number;
  readonly signal: DedupSignal;
}

/** Equal for texts that differ in letter case and white space only; see `Memory.fingerprint`. */
export function fingerprintOf(text: string): string {
  const even = text.trim().replace(/\s+/gu, ' ').toLowerCase();
  return createHash('sha256').update(even).digest('hex').slice(0, 16);
}

function wordsOf(text: string): ReadonlySet<string> {
  return new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []);
}

function sameWords(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((word) => b.has(word));
}

/**
 * Looks for a memory that says the same. Two texts without any word (`?!` and `...`) are never near duplicates.
 *
 * @param cosines of the memories with the new text's vector, in their order
 * @returns the exact duplicate, else the nearest near one (of equally near ones the oldest), else null
 */
export function findDuplicate(memories: readonly Memory[], cosines: Float64Array, text: string): Duplicate | null {
  const fingerprint = fingerprintOf(text);
  const exact = memories.findIndex((memory) => memory.fingerprint === fingerprint);
  if (exact >= 0) return { index: exact, signal: 'exact' };
  let words: ReadonlySet<string> | null = null;
  let near = -1;
  for (let i = 0; i < memories.length; i++) {
    if (cosines[i]! < NEAR_COSINE || (near >= 0 && cosines[i]! <= cosines[near]!)) continue;
    words ??= wordsOf(text);
    if (words.size > 0 && sameWords(words, wordsOf(memories[i]!.text))) near = i;
  }
  return near >= 0 ? { index: near, signal: 'near' } : null;
}
