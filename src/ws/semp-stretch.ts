/** Events behind each other, in pieces that can be written at once: made when the first subscriber comes for them. */
import type { FeedItem } from '../environment/feed.ts';

/** Frames that go to a connection in one piece, unless one alone is longer. */
const PACK_BYTES = 64 * 1_024;

/** A feed item as it goes over the wire. */
export interface Entry {
  readonly seq: number;
  readonly item: FeedItem;
  readonly frame: Buffer;
}

export interface Pack {
  /** Sequence number of its last event. */
  readonly last: number;
  readonly frames: Buffer;
}

export class Stretch {
  /** The sequence number it begins behind. */
  readonly after: number;
  readonly #entries: readonly Entry[];
  readonly #wants: (item: FeedItem) => boolean;
  readonly #packs: Pack[] = [];
  /** Entries that are in no pack yet begin here. */
  #next = 0;

  constructor(after: number, entries: readonly Entry[], wants: (item: FeedItem) => boolean) {
    this.after = after;
    this.#entries = entries;
    this.#wants = wants;
  }

  /** @returns undefined behind the last one */
  pack(index: number): Pack | undefined {
    while (this.#packs.length <= index) {
      const pack = this.#pack();
      if (!pack) return undefined;
      this.#packs.push(pack);
    }
    return this.#packs[index];
  }

  #pack(): Pack | undefined {
    const frames: Buffer[] = [];
    let bytes = 0;
    let last = 0;
    for (; this.#next < this.#entries.length; this.#next++) {
      const { seq, item, frame } = this.#entries[this.#next]!;
      if (!this.#wants(item)) continue;
      if (frames.length > 0 && bytes + frame.length > PACK_BYTES) break;
      frames.push(frame);
      bytes += frame.length;
      last = seq;
    }
    if (frames.length === 0) return undefined;
    return { last, frames: frames.length === 1 ? frames[0]! : Buffer.concat(frames, bytes) };
  }
}
