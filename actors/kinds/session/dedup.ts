/**
 * Telling that a text is already known. Vectors and sets of words cannot tell it: "Alice owes Bob" and "Bob owes Alice"
 * have the same of both, and so nearly have "costs 5" and "costs -5". Only letter case, white space and the marks that
 * end sentences may differ.
 */
import { hash } from 'node:crypto';
import { columnsOf } from './columns.ts';
import type { Memory } from './model.ts';

/** `exact` but for case and white space; `near` but for sentence marks too. */
export type DedupSignal = 'exact' | 'near';

export interface Duplicate {
  /** Of the memory already there. */
  readonly index: number;
  readonly signal: DedupSignal;
}

/**
 * Sentence marks and quotes where a word begins or ends; those inside a word or number ("1.5", "a.b") mean something. The
 * look back stands behind the quote it is about, or it would be taken at every character.
 */
const MARKS = /[.,;:!?…"'“”‘’]+(?=\s|$)|["'“”‘’](?<=(?:^|\s).)["'“”‘’]*/gu;

/** White space that is not one plain blank between words: replacing only that is cheaper than replacing every blank. */
const UNEVEN = /[^\S ]\s*| \s+/gu;

function even(text: string): string {
  return text.replace(UNEVEN, ' ').trim().toLowerCase();
}

/** Equal for texts that say the same in the same words; see `Memory.fingerprint`. */
export function fingerprintOf(text: string): string {
  const plain = even(text);
  // Of a text that is nothing but marks, the marks are what it says.
  // A mark that goes leaves the white space beside it.
  const words = even(plain.replace(MARKS, '')) || plain;
  return hash('sha256', words).slice(0, 16);
}

/**
 * Looks for a memory that says the same: the oldest one, when there are several.
 *
 * @param fingerprint of the text
 */
export function findDuplicate(memories: readonly Memory[], text: string, fingerprint: string): Duplicate | null {
  const [index] = columnsOf(memories).saying(memories, fingerprint);
  if (index === undefined) return null;
  return { index, signal: even(memories[index]!.text) === even(text) ? 'exact' : 'near' };
}
