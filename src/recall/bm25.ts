/** BM25 scores over texts that join and leave one at a time. */
import { readText } from './words.ts';

export interface Bm25Settings {
  /** How slowly repetitions of a word stop counting; 0 means a second one counts nothing. */
  readonly k1: number;
  /** How much a long text is held to its length, 0 (not at all) to 1 (fully). */
  readonly b: number;
}

/** Terms a new index has room for. */
const FIRST_ROOM = 256;
/** Terms of texts that left, below which nothing is moved. */
const LEAST_WASTE = 4_096;

/**
 * An incremental BM25 index over texts in numbered slots; a slot can be used again once it is free.
 *
 * The texts' terms lie one text after the other, as hashes: a query walks over all of them once. That is as fast as an
 * inverted index for the few hundred texts of a session (some 40 µs for 265 texts of 100 terms), a text leaves without
 * being read again, and a term takes 5 bytes instead of 10 to 40. Of n terms in the texts and q in the query, n·q/2³²
 * are taken for another one: once in 10,000 queries of 10 words to a full session.
 *
 * @see Robertson, Zaragoza 2009, The Probabilistic Relevance Framework: BM25 and Beyond, §3; idf with the +1 of Lucene,
 * which keeps the weight of a word that is in most texts above zero
 */
export class Bm25 {
  readonly #settings: Bm25Settings;
  /** Terms of all texts and how often each occurs in its text, at most 255. */
  #terms = new Uint32Array(FIRST_ROOM);
  #counts = new Uint8Array(FIRST_ROOM);
  #end = 0;
  /** Terms of texts that have left. */
  #wasted = 0;
  /** By slot: where its terms begin, how many, and how long the text is in terms. */
  #starts: number[] = [];
  #sizes: number[] = [];
  #lengths: number[] = [];
  #texts = 0;
  #totalLength = 0;

  constructor(settings: Bm25Settings) {
    this.#settings = settings;
  }

  /** Adds the text of a free slot. */
  add(slot: number, text: string): void {
    const { terms, termCounts, length } = readText(text);
    if (this.#end + terms.length > this.#terms.length) this.#move(this.#end - this.#wasted + terms.length);
    this.#terms.set(terms, this.#end);
    this.#counts.set(termCounts, this.#end);
    while (this.#starts.length < slot) this.#keep(this.#starts.length, 0, 0, 0);
    this.#keep(slot, this.#end, terms.length, length);
    this.#end += terms.length;
    this.#totalLength += length;
    this.#texts += 1;
  }

  /** Takes out the text of a slot. */
  remove(slot: number): void {
    this.#totalLength -= this.#lengths[slot]!;
    this.#wasted += this.#sizes[slot]!;
    this.#keep(slot, 0, 0, 0);
    this.#texts -= 1;
    if (this.#wasted > LEAST_WASTE && this.#wasted > this.#end / 2) this.#move(this.#end - this.#wasted);
  }

  /**
   * Adds every text's score for a query to `scores`.
   *
   * @param query distinct terms, as in `Reading.terms`
   * @param scores by slot, must be zero for all slots in use
   * @returns the sum of the idf of all query terms: what a text of average length gets that has each of them once
   */
  score(query: Uint32Array, scores: Float64Array): number {
    const hits = this.#find(query);
    const weights = new Float64Array(query.length);
    let ideal = 0;
    const { k1, b } = this.#settings;
    for (let term = 0; term < weights.length; term++) {
      const present = hits.present[term]!;
      const idf = Math.log(1 + (this.#texts - present + 0.5) / (present + 0.5));
      ideal += idf;
      weights[term] = idf * (k1 + 1);
    }
    const averageLength = Math.max(1, this.#totalLength / Math.max(1, this.#texts));
    const { terms, counts, ends } = hits;
    for (let slot = 0, hit = 0; slot < ends.length; slot++) {
      const held = k1 * (1 - b + (b * this.#lengths[slot]!) / averageLength);
      let score = 0;
      for (const end = ends[slot]!; hit < end; hit++) {
        score += (weights[terms[hit]!]! * counts[hit]!) / (counts[hit]! + held);
      }
      scores[slot]! += score;
    }
    return ideal;
  }

  /** Every place where a text has a term of the query, text by text. */
  #find(query: Uint32Array): Hits {
    const { table, mask } = tableOf(query);
    const all = this.#terms;
    const times = this.#counts;
    const ends = new Int32Array(this.#starts.length);
    const present = new Int32Array(query.length);
    const { terms, counts } = roomFor(this.#end - this.#wasted);
    let hits = 0;
    for (let slot = 0; slot < ends.length; slot++) {
      let at = this.#starts[slot]!;
      for (const end = at + this.#sizes[slot]!; at < end; at++) {
        const term = all[at]!;
        let place = term & mask;
        let entry = table[place]!;
        while (entry !== 0 && query[entry - 1] !== term) {
          place = (place + 1) & mask;
          entry = table[place]!;
        }
        if (entry === 0) continue;
        present[entry - 1]!++;
        terms[hits] = entry - 1;
        counts[hits++] = times[at]!;
      }
      ends[slot] = hits;
    }
    return { present, ends, terms, counts };
  }

  #keep(slot: number, start: number, size: number, length: number): void {
    this.#starts[slot] = start;
    this.#sizes[slot] = size;
    this.#lengths[slot] = length;
  }

  /** Moves the terms of the texts that are there together, into room for `wanted` and an eighth more. */
  #move(wanted: number): void {
    const room = Math.max(FIRST_ROOM, wanted + (wanted >> 3));
    const terms = new Uint32Array(room);
    const counts = new Uint8Array(room);
    let end = 0;
    for (let slot = 0; slot < this.#starts.length; slot++) {
      const start = this.#starts[slot]!;
      const size = this.#sizes[slot]!;
      terms.set(this.#terms.subarray(start, start + size), end);
      counts.set(this.#counts.subarray(start, start + size), end);
      this.#starts[slot] = end;
      end += size;
    }
    this.#terms = terms;
    this.#counts = counts;
    this.#end = end;
    this.#wasted = 0;
  }
}

/** A query's terms by hash, open addressing: position + 1 in the query, 0 where there is none. */
function tableOf(query: Uint32Array): { readonly table: Int32Array; readonly mask: number } {
  let size = 64;
  while (size < 8 * query.length) size *= 2;
  const table = new Int32Array(size);
  const mask = size - 1;
  for (let i = 0; i < query.length; i++) {
    let place = query[i]! & mask;
    while (table[place] !== 0) place = (place + 1) & mask;
    table[place] = i + 1;
  }
  return { table, mask };
}

interface Hits {
  /** In how many texts each term of the query is. */
  readonly present: Int32Array;
  /** By slot: where its hits end. */
  readonly ends: Int32Array;
  /** Of each hit: the term's position in the query, and how often the text has it. */
  readonly terms: Int32Array;
  readonly counts: Uint8Array;
}

/** Room for hits that all queries share, as one is answered at a time. What a giant session needs is not kept. */
const SHARED_ROOM = 262_144;
const shared = { terms: new Int32Array(0), counts: new Uint8Array(0) };

function roomFor(hits: number): Pick<Hits, 'terms' | 'counts'> {
  if (hits > SHARED_ROOM) return { terms: new Int32Array(hits), counts: new Uint8Array(hits) };
  if (hits > shared.terms.length) {
    const room = Math.min(SHARED_ROOM, 2 * hits);
    shared.terms = new Int32Array(room);
    shared.counts = new Uint8Array(room);
  }
  return shared;
}
