/** The ranker: stemmed BM25, then conversation structure, then vectors, then boosts; it explains every score. */

import { memoryCosines } from '../../actors/kinds/session/columns.ts';
import type { Memory } from '../../actors/kinds/session/model.ts';
import { makeBoost } from './boost.ts';
import type { Query, Ranker, Recalled } from './ranker.ts';
import { SessionIndex } from './session-index.ts';
import { DEFAULT_SETTINGS, type RankSettings } from './settings.ts';
import { earnFromStructure } from './structure.ts';
import { readText } from './words.ts';

/**
 * Makes a ranker. How a score comes about:
 *
 * 1. *lexical*: BM25 of the memory; *structure*: what it earns from its neighbours and its episode (`structure.ts`).
 *    Both are divided by the best sum of the two in the session.
 * 2. *trust* in the words, in [0, 1]: how much of what the query asks (by idf) the best memory has, `coverage` of it
 *    being enough for full trust. The words weigh w = (1 − vectorWeight) · trust, the vector 1 − w: a convex sum. So
 *    the score also says how good the best match is, and words nobody used leave the decision to the vector.
 * 3. *vector*: (1 − w) · max(0, cosine).
 * 4. *boost*: triggers and anchors (`boost.ts`) move a memory a share of the way from there to 1.
 *
 * score = lexical + structure + vector + boost, every part as it stands in `parts` with its weight in it. Equal scores
 * go by cosine, then by later use, then by later arrival.
 *
 * Without a text (or without any content word in it) w = 0; without a vector the words weigh *trust* alone. Without
 * either the newest come first by use and arrival, and then *recency* makes the score: (n − place) / n. Memories that
 * match nothing come last with score 0; they are returned when topK asks for them.
 *
 * An index is kept for every session that was asked about lexically, at most `maxMemories` texts in all; the least
 * recently used ones give way and are built anew when asked again (4 to 28 ms for a full session of 25 to 200 words a memory).
 */
export function createRanker(options: Partial<RankSettings> = {}): Ranker {
  const settings: RankSettings = { ...DEFAULT_SETTINGS, ...options };
  /** In the order of last use, oldest first. */
  const indexes = new Map<string, SessionIndex>();
  let held = 0;

  function forget(key: string): void {
    held -= indexes.get(key)?.size ?? 0;
    indexes.delete(key);
  }

  function indexOf(key: string, memories: readonly Memory[]): SessionIndex {
    const index = indexes.get(key) ?? new SessionIndex(settings);
    forget(key);
    index.sync(memories);
    for (const oldest of indexes.keys()) {
      if (held + index.size <= settings.maxMemories) break;
      forget(oldest);
    }
    indexes.set(key, index);
    held += index.size;
    return index;
  }

  function rank(key: string, memories: readonly Memory[], query: Query): Recalled {
    const terms = query.text === undefined ? NO_TERMS : readText(query.text).terms;
    const cosines = compareAll(memories, query.vector);
    const degraded = query.text !== undefined && query.vector === undefined;
    if (terms.length === 0 && !cosines.any) return { ...rankByRecency(memories, query), degraded };

    const words = terms.length === 0 ? null : readWords(indexOf(key, memories), terms, settings);
    const wordWeight = words === null ? 0 : words.trust * (query.vector === undefined ? 1 : 1 - settings.vectorWeight);
    const wordScale = words === null || words.best === 0 ? 0 : wordWeight / words.best;
    const boostOf = makeBoost(query);
    // Found again for the hits instead of kept: an object for every memory would be most of what a run leaves behind.
    const lexicalOf = (i: number) => (words === null ? 0 : wordScale * words.own[i]!);
    const structureOf = (i: number) => (words === null ? 0 : wordScale * words.earned[i]!);
    const vectorOf = (i: number) => (1 - wordWeight) * Math.max(0, cosines.of[i]!);
    const score = match(words, wordScale, cosines.of, 1 - wordWeight);
    const gains = boostOf === null ? null : score.map((matched, i) => boostOf(memories[i]!) * (1 - matched));
    if (gains !== null) for (let i = 0; i < score.length; i++) score[i] = Math.min(1, score[i]! + gains[i]!);
    const better = (a: number, b: number): boolean => {
      const lead = score[a]! - score[b]! || cosines.of[a]! - cosines.of[b]!;
      return lead === 0 ? isNewer(memories[a]!, memories[b]!) : lead > 0;
    };
    const hits = selectBest(memories.length, query.topK, better).map((i) => ({
      memory: memories[i]!,
      score: score[i]!,
      cosine: query.vector === undefined ? null : cosines.of[i]!,
      parts: {
        lexical: lexicalOf(i),
        structure: structureOf(i),
        vector: vectorOf(i),
        boost: gains?.[i] ?? 0,
        recency: 0,
      },
    }));
    return { hits, topSimilarity: cosines.top, degraded };
  }

  return { rank, forget };
}

const NO_TERMS = new Uint32Array(0);

/** The convex sum for every memory: what the words say of it and what the vector says. */
function match(words: Words | null, wordScale: number, cosines: Float64Array, vectorWeight: number): Float64Array {
  const score = new Float64Array(cosines.length);
  for (let i = 0; i < score.length; i++) {
    const said = words === null ? 0 : wordScale * words.own[i]! + wordScale * words.earned[i]!;
    const sum = said + vectorWeight * Math.max(0, cosines[i]!);
    score[i] = Math.min(1, sum);
  }
  return score;
}

/** What the words of a query say about every memory, by position, in the unit of BM25. */
interface Words {
  readonly own: Float64Array;
  readonly earned: Float64Array;
  /** Largest sum of the two. */
  readonly best: number;
  readonly trust: number;
}

function readWords(index: SessionIndex, terms: Uint32Array, settings: RankSettings): Words {
  const { own, ideal } = index.score(terms);
  const earned = earnFromStructure(own, index.links, settings);
  let bestOwn = 0;
  let best = 0;
  for (let i = 0; i < own.length; i++) {
    const sum = own[i]! + earned[i]!;
    if (own[i]! > bestOwn) bestOwn = own[i]!;
    if (sum > best) best = sum;
  }
  return { own, earned, best, trust: bestOwn === 0 ? 0 : Math.min(1, bestOwn / (settings.coverage * ideal)) };
}

/** Cosines of all memories with the query; `any` says whether there was something to compare. */
function compareAll(memories: readonly Memory[], vector: Query['vector']) {
  const any = vector?.some((number) => number !== 0) ?? false;
  if (vector === undefined || !any) return { of: new Float64Array(memories.length), top: 0, any };
  const of = memoryCosines(memories, vector);
  let top = 0;
  for (let i = 0; i < of.length; i++) if (of[i]! > top) top = of[i]!;
  return { of, top, any };
}

function rankByRecency(memories: readonly Memory[], { vector, topK }: Query) {
  const n = memories.length;
  const order = selectBest(n, topK, (a, b) => isNewer(memories[a]!, memories[b]!));
  const hits = order.map((position, place) => {
    const recency = (n - place) / n;
    const parts = { lexical: 0, structure: 0, vector: 0, boost: 0, recency };
    return { memory: memories[position]!, score: recency, cosine: vector === undefined ? null : 0, parts };
  });
  return { hits, topSimilarity: 0 };
}

function isNewer(a: Memory, b: Memory): boolean {
  return a.used === b.used ? a.seq > b.seq : a.used > b.used;
}

/** The best k of n positions, best first: one comparison for most positions, where a full sort needs log n. */
function selectBest(n: number, k: number, better: (a: number, b: number) => boolean): number[] {
  const best: number[] = [];
  for (let position = 0; position < n && k >= 1; position++) {
    if (best.length >= k && !better(position, best.at(-1)!)) continue;
    let low = 0;
    let high = best.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (better(position, best[middle]!)) high = middle;
      else low = middle + 1;
    }
    best.splice(low, 0, position);
    if (best.length > k) best.pop();
  }
  return best;
}
