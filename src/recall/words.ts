/**
 * Reading a text: which words and terms it has, and how often. What `splitWords` and `toTerm` say is the rule; ASCII
 * texts, nearly all there are, are read here in one pass without making a string of every word.
 *
 * R1  The result is that of the rules, word for word, in the order of the first occurrences.
 * R2  A word has one entry in the table as long as the table keeps it; counting is a mark and a place on the entry.
 */
import { hashText } from './hash-text.ts';
import { cutContractions, detach, shorten, splitWords, toTerm, WORD_LENGTH } from './tokens.ts';

/** What a text is made of. Positions of `words` and `counts` belong together, as those of `terms` and `termCounts` do. */
export interface Reading {
  /** Distinct words in order of first occurrence; shape [w]. */
  readonly words: readonly string[];
  /** How often each word occurs; shape [w]. */
  readonly counts: readonly number[];
  /** Hashes of the distinct terms ({@link hashTerm}), stop words left out; shape [t]. */
  readonly terms: Uint32Array;
  /** How often each term occurs, at most 255; shape [t]. */
  readonly termCounts: Uint8Array;
  /** Terms in all, repetitions included. */
  readonly length: number;
}

/** A term is kept under its stem's hash; its mark and place are those of the text being read. */
interface Term {
  readonly hash: number;
  mark: number;
  place: number;
}

interface Word {
  readonly text: string;
  /** Of its characters, with this process's seed. */
  readonly hash: number;
  /** Null for a stop word. */
  readonly term: Term | null;
  mark: number;
  place: number;
}

/** Entries of each table. A full one starts anew, which is simpler than an eviction order and costs a few ms. */
const MOST_WORDS = 32_768;
const SLOTS = 4 * MOST_WORDS;
/** Unknown to whoever sends texts, so nobody can make words that meet in one slot. */
const SEED = Math.floor(Math.random() * 2 ** 32) | 0;

let slots: (Word | undefined)[] = new Array(SLOTS);
let filled = 0;
/** Words of texts beyond ASCII, and numbers. */
const others = new Map<string, Word>();
const terms = new Map<string, Term>();
let round = 0;

/** Lower case of a letter or digit, 0 for everything else. */
const FOLD = new Uint8Array(128);
for (let code = 48; code <= 57; code++) FOLD[code] = code;
for (let code = 97; code <= 122; code++) {
  FOLD[code] = code;
  FOLD[code - 32] = code;
}
const NINE = 57;

/** What a term is known by in an index: 32 bits. */
export const hashTerm = (term: string): number => hashText(term, 0);

function makeWord(text: string, hash: number): Word {
  const own = detach(text);
  const stem = toTerm(own);
  let term = stem === '' ? null : terms.get(stem);
  if (term === undefined) {
    if (terms.size >= MOST_WORDS) terms.clear();
    term = { hash: hashTerm(stem), mark: 0, place: 0 };
    terms.set(detach(stem), term);
  }
  return { text: own, hash, term, mark: 0, place: 0 };
}

function known(text: string): Word {
  let word = others.get(text);
  if (word === undefined) {
    if (others.size >= MOST_WORDS) others.clear();
    word = makeWord(text, 0);
    others.set(word.text, word);
  }
  return word;
}

/** The word at a stretch of an ASCII text. */
function wordAt(text: string, start: number, end: number, hash: number): Word {
  let slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
  for (let word = slots[slot]; word !== undefined; word = slots[slot]) {
    if (word.hash === hash && sameLetters(word.text, text, start, end)) return word;
    slot = (slot + 1) & (SLOTS - 1);
  }
  if (filled >= MOST_WORDS) {
    slots = new Array(SLOTS);
    filled = 0;
    slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
  }
  const word = makeWord(text.slice(start, end).toLowerCase(), hash);
  slots[slot] = word;
  filled++;
  return word;
}

function sameLetters(word: string, text: string, start: number, end: number): boolean {
  if (word.length !== end - start) return false;
  for (let i = 0; i < word.length; i++) if (word.charCodeAt(i) !== FOLD[text.charCodeAt(start + i)]) return false;
  return true;
}

/** The text being read. */
let found: string[] = [];
let counts: number[] = [];
let distinct: Word[] = [];

function note(word: Word): void {
  if (word.mark === round) {
    counts[word.place]!++;
    return;
  }
  word.mark = round;
  word.place = found.length;
  found.push(word.text);
  counts.push(1);
  distinct.push(word);
}

/** @returns false for a text that is not ASCII; what was noted then is worth nothing */
function scan(text: string): boolean {
  const { length } = text;
  let i = 0;
  while (i < length) {
    let code = text.charCodeAt(i);
    if (code > 127) return false;
    let letter = FOLD[code]!;
    if (letter === 0) {
      i++;
      continue;
    }
    const start = i;
    let hash = SEED;
    let digits = true;
    do {
      hash = Math.imul(hash ^ letter, 0x01000193);
      if (letter > NINE) digits = false;
      i++;
      code = i < length ? text.charCodeAt(i) : 0;
      letter = code > 127 ? 0 : FOLD[code]!;
    } while (letter !== 0);
    const end = digits ? numberEnd(text, i) : i;
    if (end > i || i - start > WORD_LENGTH) note(known(shorten(text.slice(start, end).toLowerCase())));
    else note(wordAt(text, start, i, hash));
    i = end;
  }
  return true;
}

const isDigit = (code: number): boolean => code >= 48 && code <= NINE;

/** Where a number ends whose first digits end at `at`: groups behind `.`, `,` or `:` belong to it, none before a letter. */
function numberEnd(text: string, at: number): number {
  let end = at;
  for (;;) {
    const code = text.charCodeAt(end);
    if (code !== 46 && code !== 44 && code !== 58) return end;
    let next = end + 1;
    while (isDigit(text.charCodeAt(next))) next++;
    if (next === end + 1 || (FOLD[text.charCodeAt(next)] ?? 0) !== 0) return end;
    end = next;
  }
}

function read(text: string): Reading {
  const start = () => {
    round++;
    found = [];
    counts = [];
    distinct = [];
  };
  start();
  if (!scan(text.includes("'") ? cutContractions(text.toLowerCase()) : text)) {
    start();
    for (const word of splitWords(text)) note(known(word));
  }
  const hashes = new Uint32Array(distinct.length);
  const termCounts = new Uint8Array(distinct.length);
  let size = 0;
  let length = 0;
  for (let i = 0; i < distinct.length; i++) {
    const { term } = distinct[i]!;
    if (term === null) continue;
    const times = counts[i]!;
    length += times;
    if (term.mark !== round) {
      term.mark = round;
      term.place = size;
      hashes[size++] = term.hash;
    }
    termCounts[term.place] = Math.min(255, termCounts[term.place]! + times);
  }
  return { words: found, counts, terms: hashes.subarray(0, size), termCounts: termCounts.subarray(0, size), length };
}

/**
 * Texts read lately: a stored text is read by the embedder and soon after by the index, a message by both at once. Two
 * generations: what was not asked for during the last one goes.
 */
let recent = new Map<string, Reading>();
let former = new Map<string, Reading>();
let recentChars = 0;
/** Of one generation: some 200 turns of 200 words, about 3 MB. */
const RECENT_CHARS = 500_000;

/** Reads a text. The result is shared and must not be changed. */
export function readText(text: string): Reading {
  const again = recent.get(text);
  if (again !== undefined) return again;
  const reading = former.get(text) ?? read(text);
  if (recentChars >= RECENT_CHARS) {
    former = recent;
    recent = new Map();
    recentChars = 0;
  }
  recent.set(text, reading);
  recentChars += text.length;
  return reading;
}
