/** What the users say: 200 words at random from a pool of 26, the same in every run. */

export { createRandom } from '../../src/random.ts';

const POOL = (
  'alpha bravo charlie delta echo foxtrot golf hotel india juliett kilo lima mike november oscar papa quebec romeo ' +
  'sierra tango uniform victor whiskey xray yankee zulu'
).split(' ');

export const WORDS_PER_MESSAGE = 200;

export function messageOf(random: () => number, words = WORDS_PER_MESSAGE): string {
  return Array.from({ length: words }, () => POOL[Math.floor(random() * POOL.length)]).join(' ');
}

/** A whole number from `low` to `high`, both included. */
export function between(random: () => number, [low, high]: readonly [number, number]): number {
  return low + Math.floor(random() * (high - low + 1));
}
