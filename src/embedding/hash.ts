/** The embedder that needs nothing: hashed words and character n-grams, deterministic and offline. */
import { unit } from '../../workers/vector.ts';
import { hashText } from '../recall/hash-text.ts';
import { isStopWord, toTerm } from '../recall/tokens.ts';
import { readText } from '../recall/words.ts';
import type { Embedder } from './embedder.ts';

/**
 * What a stop word weighs beside a content word's 1: without a corpus there is no idf, and a few dozen words make up
 * half of all English text. Counted in full they cost 8 points of recall@5 with the vector alone (LoCoMo, two
 * development conversations: 30.4 instead of 38.9). Not 0, or "Who are you?" would be empty.
 */
const STOP_WEIGHT = 0.1;
/**
 * What all n-grams of a word weigh together beside its stem. They carry typos, inflections and compounds. Recall@5 as
 * above: 30.8 without, 36.2 at 0.5, 38.9 at 0.8, 38.1 at 1.2.
 */
const GRAM_WEIGHT = 0.8;
const SHORTEST_GRAM = 3;
const LONGEST_GRAM = 4;
/** Words whose features are kept; about 8 MB when full. Then it starts anew: a text brings few new words. */
const CACHED_WORDS = 20_000;
/** Keep words and n-grams apart: the word "ing" has nothing to do with the ending. */
const WORD_SEED = 1;
const GRAM_SEED = 2;

/** Where a word goes in the vector, and with which sign and weight. */
interface Features {
  readonly places: Uint16Array;
  readonly weights: Float32Array;
}

/**
 * Makes the built-in embedder: each distinct word adds its stem and its n-grams to hashed places with hashed signs,
 * weighted 1 + ln(count), and the sum is brought to unit length. About 40 µs for 200 English words (2 vCPU, Node 20).
 *
 * The vector depends on the text and on this file with `recall/tokens.ts` only. Changing what either makes of a text
 * asks for a new id, since stored vectors would no longer be comparable; a test holds some of them fixed.
 *
 * @param options.dimension numbers per vector, 1 to 65,536; default 384, that of the small sentence models clients know
 * @see Weinberger et al. 2009, Feature Hashing for Large Scale Multitask Learning: signs keep dot products unbiased
 */
export function createHashEmbedder({ dimension = 384 }: { readonly dimension?: number } = {}): Embedder {
  if (!Number.isInteger(dimension) || dimension < 1 || dimension > 65_536) {
    throw new TypeError(`hash embedder: dimension is ${dimension}, it must be a whole number from 1 to 65536`);
  }
  const known = new Map<string, Features>();

  function featuresOf(word: string): Features {
    let features = known.get(word);
    if (features === undefined) {
      features = makeFeatures(word, dimension);
      if (known.size >= CACHED_WORDS) known.clear();
      known.set(word, features);
    }
    return features;
  }

  function embedOne(text: string): Float32Array {
    const sum = new Float64Array(dimension);
    const { words, counts } = readText(text);
    for (let w = 0; w < words.length; w++) {
      const { places, weights } = featuresOf(words[w]!);
      const times = counts[w] === 1 ? 1 : 1 + Math.log(counts[w]!);
      for (let i = 0; i < places.length; i++) sum[places[i]!]! += times * weights[i]!;
    }
    return new Float32Array(unit(sum));
  }

  return {
    id: `hash-v1-${dimension}`,
    dimension,
    embed: async (texts) => texts.map(embedOne),
    healthy: () => true,
    close: async () => {},
  };
}

function makeFeatures(word: string, dimension: number): Features {
  const stop = isStopWord(word);
  const term = stop ? word : toTerm(word);
  const grams = stop ? [] : gramsOf(word);
  const places = new Uint16Array(grams.length + 1);
  const weights = new Float32Array(grams.length + 1);
  const put = (index: number, feature: string, seed: number, weight: number): void => {
    const hash = hashText(feature, seed);
    places[index] = (hash >>> 1) % dimension;
    weights[index] = hash & 1 ? weight : -weight;
  };
  put(0, term, WORD_SEED, stop ? STOP_WEIGHT : 1);
  grams.forEach((gram, index) => {
    put(index + 1, gram, GRAM_SEED, GRAM_WEIGHT / Math.sqrt(grams.length));
  });
  return { places, weights };
}

/** n-grams of `<word>`; the two characters of a pair from a script without spaces; nothing for shorter words. */
function gramsOf(word: string): string[] {
  const characters = [...word];
  if (characters.length < 3) return characters.length === 2 && word.charCodeAt(0) >= 0x0e00 ? characters : [];
  const framed = ['<', ...characters, '>'];
  const grams: string[] = [];
  for (let n = SHORTEST_GRAM; n <= LONGEST_GRAM; n++) {
    for (let start = 0; start + n <= framed.length; start++) grams.push(framed.slice(start, start + n).join(''));
  }
  return grams;
}
