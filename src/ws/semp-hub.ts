/**
 * One tenant's events on their way to its subscribers: each is encoded once, whoever hears it, and the newest are kept for
 * those who come back or fall behind. Subscribers read from here, each from its own cursor; the hub only says when.
 *
 * H1  Behind {@link Hub.floor} nothing that was published is missing here, and all of the last commit is kept.
 * H2  The first {@link SLICE} subscribers follow before anything else happens, so before the poster is answered. Any
 *     others follow slice by slice, with the event loop in between: ten thousand writes would hold everybody up.
 */
import type { FeedItem } from '../environment/feed.ts';
import { textFrame } from './frame.ts';
import { type Entry, Stretch } from './semp-stretch.ts';
import type { Wanted } from './semp-subscribe.ts';

/** Some 10 µs each. */
const SLICE = 2_000;
/** Frames kept for those who are behind. Whoever is further behind reads from the log. */
const TAIL_BYTES = 2 * 2 ** 20;

export interface HubSubscriber {
  /** There is more. Must neither wait nor throw. */
  follow(): void;
}

export class Hub {
  readonly #subscribers = new Set<HubSubscriber>();
  /** What is wanted, by its key, and by how many: those who want the same share what is made for them. */
  readonly #wanted = new Map<string, { readonly wanted: Wanted; count: number }>();
  /** By what is wanted, the stretch that was asked for last; only while a slice follows, since it holds copies. */
  readonly #stretches = new Map<Wanted, Stretch>();
  #tail: Entry[] = [];
  #tailBytes = 0;
  #floor: number;
  #head: number;
  #running = false;
  #following = false;

  /** @param head newest sequence number of the tenant's log */
  constructor(head: number) {
    this.#floor = head;
    this.#head = head;
  }

  /** What was published behind this sequence number can be read here. */
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

  /** @returns the same as whoever else wants it */
  want(wanted: Wanted): Wanted {
    const known = this.#wanted.get(wanted.key) ?? { wanted, count: 0 };
    known.count++;
    this.#wanted.set(wanted.key, known);
    return known.wanted;
  }

  unwant({ key }: Wanted): void {
    const known = this.#wanted.get(key);
    if (known && --known.count === 0) this.#wanted.delete(key);
  }

  publish(items: readonly FeedItem[]): void {
    const entries = items.filter(({ seq }) => seq > this.#head).map(entryOf);
    const last = entries.at(-1);
    if (!last) return;
    this.#keep(entries);
    this.#head = last.seq;
    const subscribers = this.#subscribers.values();
    const more = this.#follow(subscribers);
    if (more && !this.#running) this.#run(subscribers, this.#head);
  }

  /** What was published behind a sequence number that is not below the floor, as far as it is wanted. */
  stretch(after: number, wanted: Wanted): Stretch {
    const known = this.#stretches.get(wanted);
    if (known?.after === after) return known;
    const stretch = new Stretch(after, this.since(after), wanted.filter);
    if (this.#following) this.#stretches.set(wanted, stretch);
    return stretch;
  }

  /** All that was published behind a sequence number and is still here, oldest first. */
  since(after: number): readonly Entry[] {
    let low = 0;
    for (let high = this.#tail.length; low < high; ) {
      const middle = (low + high) >>> 1;
      if (this.#tail[middle]!.seq > after) high = middle;
      else low = middle + 1;
    }
    return this.#tail.slice(low);
  }

  /** @param upTo the newest event when these subscribers had their first turn */
  #run(subscribers: Iterator<HubSubscriber>, upTo: number): void {
    this.#running = true;
    setImmediate(() => {
      if (this.#follow(subscribers)) return this.#run(subscribers, upTo);
      this.#running = false;
      // More came meanwhile: the first ones have it already.
      const again = this.#subscribers.values();
      if (this.#head !== upTo && this.#follow(again)) this.#run(again, this.#head);
    });
  }

  /** Lets a slice of subscribers follow. @returns whether there may be more of them */
  #follow(subscribers: Iterator<HubSubscriber>): boolean {
    this.#following = true;
    let more = true;
    for (let n = 0; n < SLICE && more; n++) {
      const { done, value } = subscribers.next();
      if (done) more = false;
      else value.follow();
    }
    this.#following = false;
    this.#stretches.clear();
    return more;
  }

  #keep(entries: readonly Entry[]): void {
    if (this.#tailBytes > TAIL_BYTES) {
      // Half goes at once: one by one, every commit would move the whole list.
      let gone = 0;
      while (this.#tailBytes > TAIL_BYTES / 2) this.#tailBytes -= this.#tail[gone++]!.frame.length;
      this.#floor = this.#tail[gone - 1]!.seq;
      this.#tail = this.#tail.slice(gone);
    }
    for (const entry of entries) {
      this.#tail.push(entry);
      this.#tailBytes += entry.frame.length;
    }
  }
}

function entryOf(item: FeedItem): Entry {
  const { seq, event, signal } = item;
  const message = event ? { type: 'event', data: event } : { type: 'signal', data: signal };
  return { seq, item, frame: textFrame(JSON.stringify(message)) };
}
