/**
 * One tenant's events on their way to its subscribers: each is encoded once, whoever hears it, and the newest are kept
 * for those who come back or fell behind.
 */
import type { FeedItem } from '../environment/feed.ts';
import { textFrame } from './frame.ts';

/** Frames of one commit that go to a connection in one piece. */
const PACK_BYTES = 64 * 1_024;
/** Frames kept for those who are behind. Whoever is further behind reads from the log. */
const TAIL_BYTES = 2 * 2 ** 20;

/** A feed item as it goes over the wire. */
export interface Entry {
  readonly seq: number;
  readonly item: FeedItem;
  readonly frame: Buffer;
}

/** Some events behind each other. */
export interface Pack {
  readonly last: number;
  readonly frames: Buffer;
}

/** What one commit brought. */
export interface Batch {
  readonly entries: readonly Entry[];
  readonly first: number;
  readonly last: number;
  /** All of its events, for those who want all of them. */
  packs(): readonly Pack[];
}

export interface HubSubscriber {
  /** Must neither wait nor throw. */
  offer(batch: Batch): void;
}

export class Hub {
  readonly #subscribers = new Set<HubSubscriber>();
  #tail: Entry[] = [];
  #tailBytes = 0;
  #floor: number;
  #head: number;

  /** @param head newest sequence number of the tenant's log */
  constructor(head: number) {
    this.#floor = head;
    this.#head = head;
  }

  /** Every event behind this sequence number that was published is in {@link after}. */
  get floor(): number {
    return this.#floor;
  }

  /** Everything up to here was published. */
  get head(): number {
    return this.#head;
  }

  get size(): number {
    return this.#subscribers.size;
  }

  add(subscriber: HubSubscriber): void {
    this.#subscribers.add(subscriber);
  }

  delete(subscriber: HubSubscriber): void {
    this.#subscribers.delete(subscriber);
  }

  publish(items: readonly FeedItem[]): void {
    const entries = items.filter(({ seq }) => seq > this.#head).map(entryOf);
    if (entries.length === 0) return;
    this.#keep(entries);
    const batch = batchOf(entries);
    this.#head = batch.last;
    for (const subscriber of this.#subscribers) subscriber.offer(batch);
  }

  /** What was published behind a sequence number that is not below the floor, oldest first. */
  after(seq: number): readonly Entry[] {
    let low = 0;
    for (let high = this.#tail.length; low < high; ) {
      const middle = (low + high) >>> 1;
      if (this.#tail[middle]!.seq > seq) high = middle;
      else low = middle + 1;
    }
    return this.#tail.slice(low);
  }

  #keep(entries: readonly Entry[]): void {
    this.#tail.push(...entries);
    for (const { frame } of entries) this.#tailBytes += frame.length;
    // Half goes at once: one by one, every commit would move the whole list.
    if (this.#tailBytes <= TAIL_BYTES) return;
    let gone = 0;
    while (this.#tailBytes > TAIL_BYTES / 2) this.#tailBytes -= this.#tail[gone++]!.frame.length;
    this.#floor = this.#tail[gone - 1]!.seq;
    this.#tail = this.#tail.slice(gone);
  }
}

function entryOf(item: FeedItem): Entry {
  const { seq, event, signal } = item;
  const message = event ? { type: 'event', data: event } : { type: 'signal', data: signal };
  return { seq, item, frame: textFrame(JSON.stringify(message)) };
}

function batchOf(entries: readonly Entry[]): Batch {
  let packs: Pack[] | null = null;
  return {
    entries,
    first: entries[0]!.seq,
    last: entries.at(-1)!.seq,
    packs: () => {
      packs ??= packed(entries);
      return packs;
    },
  };
}

function packed(entries: readonly Entry[]): Pack[] {
  const packs: Pack[] = [];
  let frames: Buffer[] = [];
  let bytes = 0;
  let last = 0;
  const close = () => {
    if (frames.length > 0) packs.push({ last, frames: frames.length === 1 ? frames[0]! : Buffer.concat(frames) });
    frames = [];
    bytes = 0;
  };
  for (const { seq, item, frame } of entries) {
    if (!item.event) continue;
    if (bytes + frame.length > PACK_BYTES) close();
    frames.push(frame);
    bytes += frame.length;
    last = seq;
  }
  close();
  return packs;
}
