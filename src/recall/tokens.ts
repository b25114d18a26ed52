/** Text to words, and words to terms: the rules. `words.ts` reads by them. */
import { stemmer } from 'stemmer';

/**
 * Scripts written without spaces; their runs become overlapping pairs of characters, as is usual in search engines
 * (Lucene's CJKBigramFilter). Hangul has spaces and needs none.
 */
const UNSPACED = '\\p{sc=Han}\\p{sc=Hiragana}\\p{sc=Katakana}\\p{sc=Thai}\\p{sc=Lao}\\p{sc=Khmer}\\p{sc=Myanmar}';
/** Below this code unit no unspaced script begins; the common case needs one comparison a character. */
const FIRST_UNSPACED = 0x0e00;

/** A number with its separators, or a run of letters, marks and digits, or one pictogram. */
const WORD = /\p{Nd}+(?:[.,:]\p{Nd}+)+(?![\p{L}\p{Nd}])|[\p{L}\p{M}\p{N}]+|\p{Extended_Pictographic}/gu;
const ASCII_WORD = /\d+(?:[.,:]\d+)+(?![a-z\d])|[a-z\d]+/g;
const RUN = new RegExp(`[${UNSPACED}\\p{M}]+|[^${UNSPACED}]+`, 'gu');
const UNSPACED_RUN = new RegExp(`^[${UNSPACED}]`, 'u');
/** English endings behind an apostrophe say nothing, and left alone they would become the words "s" and "t". */
const CONTRACTION = /(?:n['’]t|['’](?:s|m|d|re|ve|ll))(?![\p{L}\p{N}])/gu;
const BEYOND_ASCII = /\P{ASCII}/u;

/** Endings cut from lower-case text. */
export function cutContractions(text: string): string {
  return text.replace(CONTRACTION, '');
}

/** Longer words are cut: blobs and hashes would fill the index, and nobody asks for one beyond its beginning. */
export const WORD_LENGTH = 48;

/**
 * English function words and the words conversations are held together with. `q` and `a` stand for the markers of a
 * stored turn ("Q: … A: …"), `wo`, `ca` and `sha` for what is left of won't, can't and shan't; `may` is not among them
 * because it is a month.
 */
const STOP_WORDS: ReadonlySet<string> = new Set(
  (
    'a an the and or but nor so if then than that this these those there here it its i me my mine we us our ours you ' +
    'your yours he him his she her hers they them their theirs who whom whose which what when where why how is am ' +
    'are was were be been being do does did done doing have has had having will would shall should can could ' +
    'might must of to in on at by for from with about as into onto over under up down out off not no yes too very ' +
    'just also only own same such both each any some all more most other again once q wo ca sha'
  ).split(' '),
);

/** Whether a lower-case word carries grammar rather than content. */
export function isStopWord(word: string): boolean {
  return STOP_WORDS.has(word);
}

/**
 * Splits a text into lower-case words, in order and with repetitions: NFKC, contractions cut, numbers whole
 * ("1,424" becomes "1424"), pairs of characters for scripts without spaces, pictograms as words of their own.
 */
export function splitWords(text: string): string[] {
  let clean = text.toLowerCase();
  const ascii = !BEYOND_ASCII.test(clean);
  if (!ascii) clean = text.normalize('NFKC').toLowerCase();
  if (clean.includes("'") || clean.includes('’')) clean = cutContractions(clean);
  const found: string[] = clean.match(ascii ? ASCII_WORD : WORD) ?? [];
  const words: string[] = [];
  for (const word of found) {
    if (!ascii && mayBeUnspaced(word)) pushRuns(word, words);
    else words.push(shorten(word));
  }
  return words;
}

/** A word as it is kept: cut, and a number without its thousands separators. */
export function shorten(word: string): string {
  const cut = word.length > WORD_LENGTH ? word.slice(0, WORD_LENGTH) : word;
  return cut.includes(',') ? cut.replaceAll(',', '') : cut;
}

function mayBeUnspaced(word: string): boolean {
  for (let i = 0; i < word.length; i++) if (word.charCodeAt(i) >= FIRST_UNSPACED) return true;
  return false;
}

function pushRuns(word: string, words: string[]): void {
  for (const run of word.match(RUN) ?? []) {
    if (!UNSPACED_RUN.test(run)) words.push(shorten(run));
    else {
      const characters = [...run];
      if (characters.length === 1) words.push(run);
      for (let i = 1; i < characters.length; i++) words.push(characters[i - 1]! + characters[i]!);
    }
  }
}

/**
 * A copy of a word that does not hold on to the text it was cut from: V8 makes substrings of 13 characters or more as
 * views, so one cached word would keep 64 KB of text alive.
 */
export function detach(word: string): string {
  return word.length < 13 ? word : ` ${word}`.slice(1);
}

/**
 * The term a word is indexed under: its Porter stem, or the word itself where Porter does not apply (letters beyond
 * a–z, digits); an empty string for a stop word. Costs about 1 µs; `words.ts` keeps what it gave.
 *
 * @see Porter 1980, An algorithm for suffix stripping, Program 14(3)
 */
export function toTerm(word: string): string {
  if (isStopWord(word)) return '';
  return /^[a-z]{3,}$/.test(word) ? stemmer(word) : word;
}
