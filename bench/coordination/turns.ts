/** What the sessions are told: turns about what they know, and now and then a question from nowhere. */
import { createRandom, messageOf } from '../load/words.ts';

export const WORDS_PER_MESSAGE = 20;
const TEXTS = 256;
const random = createRandom(7);
const texts = Array.from({ length: TEXTS }, () => messageOf(random, WORDS_PER_MESSAGE));

/** The body of one turn: the answer to the message before, and the next message. */
export function turnOf(session_id: string, n: number): string {
  const text = (place: number) => `${texts[place % TEXTS]} ${n}`;
  return JSON.stringify({ session_id, message: text(n), response: text(n * 31 + 7) });
}

const ODD = 'harpsichord walnut glacier teapot lantern meadow oyster parsley quarry saddle thimble velvet'.split(' ');

/** A message that has nothing to do with any of them. */
export function surpriseOf(session_id: string, n: number): string {
  const word = (place: number) => ODD[(n * 5 + place * 7) % ODD.length]!;
  return JSON.stringify({ session_id, message: `Who keeps the ${word(0)} near the ${word(1)} and the ${word(2)}?` });
}
