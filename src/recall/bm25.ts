/** An inverted index with BM25 scores that texts join and leave one at a time. */
import { countTerms } from './tokens.ts';

export interface Bm25Settings {
  /** How slowly repetitions of a word stop counting; 0 means a second one counts nothing. */
  readonly k1: number;
  /** How much a long text is held to its length, 0 (not at all) to 1 (fully). */
  readonly b: number;
}

/** The texts a term occurs in, each packed as slot · 256 + count (counts stop at 255); a lone one needs no array. */
type Postings = number | number[];
/** Postings below this length take no more room than they need. */
const SHORT = 32;

/**
 * An incremental BM25 index over texts in numbered slots (below 2²³); a slot can be used again once it is free.
 *
 * What a text contributed is not kept but found again by tokenising the text when it leaves, which halves the memory.
 * Measured: 150 to 600 KB for the 265 memories of a full session of 25 to 200 words each.
 *
 * @see Robertson, Zaragoza 2009, The Probabilistic Relevance Framework: BM25 and Beyond, §3; idf with the +1 of Lucene,
 * which keeps the weight of a word that is in most texts above zero
 */
export class Bm25 {
  private readonly postings = new Map<string, Postings>();
  /** By slot, in terms. */
  private readonly lengths: number[] = [];
  private readonly settings: Bm25Settings;
  private texts = 0;
  private totalLength = 0;

  constructor(settings: Bm25Settings) {
    this.settings = settings;
  }

  /** Adds the text of a free slot. */
  add(slot: number, text: string): void {
    let length = 0;
    for (const [term, count] of countTerms(text)) {
      length += count;
      const packed = slot * 256 + Math.min(count, 255);
      const present = this.postings.get(term);
      if (present === undefined) this.postings.set(term, packed);
      else if (typeof present === 'number') this.postings.set(term, [present, packed]);
      // V8 grows an array by half and 16 more, which for the many short ones is most of the memory.
      else if (present.length < SHORT) this.postings.set(term, present.concat(packed));
      else present.push(packed);
    }
    this.lengths[slot] = length;
    this.totalLength += length;
    this.texts += 1;
  }

  /** Takes out the text of a slot; it must be the text that was added. */
  remove(slot: number, text: string): void {
    for (const term of countTerms(text).keys()) {
      const present = this.postings.get(term);
      if (typeof present !== 'object') {
        this.postings.delete(term);
        continue;
      }
      const place = present.findIndex((packed) => packed >>> 8 === slot);
      const last = present.pop()!;
      if (place < present.length) present[place] = last;
      if (present.length === 1) this.postings.set(term, present[0]!);
    }
    this.totalLength -= this.lengths[slot]!;
    this.lengths[slot] = 0;
    this.texts -= 1;
  }

  /**
   * Adds every text's score for a query to `scores`.
   *
   * @param query terms as `toTerms` makes them; each counts once, however often it is asked
   * @param scores by slot, must be zero for all slots in use
   * @returns the sum of the idf of all query terms: what a text of average length gets that has each of them once
   */
  score(query: readonly string[], scores: Float64Array): number {
    const { k1, b } = this.settings;
    const averageLength = Math.max(1, this.totalLength / Math.max(1, this.texts));
    let ideal = 0;
    for (const term of new Set(query)) {
      const present = this.postings.get(term);
      const list = typeof present === 'number' ? [present] : (present ?? []);
      const idf = Math.log(1 + (this.texts - list.length + 0.5) / (list.length + 0.5));
      ideal += idf;
      for (const packed of list) {
        const slot = packed >>> 8;
        const count = packed & 255;
        const held = k1 * (1 - b + (b * this.lengths[slot]!) / averageLength);
        scores[slot]! += (idf * count * (k1 + 1)) / (count + held);
      }
    }
    return ideal;
  }
}
