/** A bounded queue in two lanes: the runtime's own events (timers, answers of promises) go ahead of everybody else's. */

interface Sized {
  readonly bytes: number;
}

/** First in, first out, without shifting an array: the head index moves and the array is cut now and then. */
export class Lane<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  unshift(item: T): void {
    if (this.#head > 0) this.#items[--this.#head] = item;
    else this.#items.unshift(item);
  }

  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head++] = undefined;
    if (this.#head > 64 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}

export class Mailbox<T extends Sized> {
  readonly capacity: number;
  readonly #system = new Lane<T>();
  readonly #user = new Lane<T>();
  /** Estimated bytes of everything queued. */
  bytes = 0;

  /** @param capacity most entries of the user lane; the system lane has its own room and is never refused */
  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get length(): number {
    return this.#system.length + this.#user.length;
  }

  /** @returns false when the user lane is full */
  push(item: T, lane: 'user' | 'system'): boolean {
    if (lane === 'user' && this.#user.length >= this.capacity) return false;
    (lane === 'system' ? this.#system : this.#user).push(item);
    this.bytes += item.bytes;
    return true;
  }

  /** Puts an entry back where it was taken from, ahead of everything. */
  putBack(item: T): void {
    this.#system.unshift(item);
    this.bytes += item.bytes;
  }

  shift(): T | undefined {
    const item = this.#system.shift() ?? this.#user.shift();
    if (item) this.bytes -= item.bytes;
    return item;
  }

  /** Takes out what does not pass, and hands it back in order. */
  sift(keep: (item: T) => boolean): T[] {
    const out: T[] = [];
    for (const lane of [this.#system, this.#user]) {
      for (let left = lane.length; left > 0; left--) {
        const item = lane.shift()!;
        if (keep(item)) lane.push(item);
        else out.push(item);
      }
    }
    for (const item of out) this.bytes -= item.bytes;
    return out;
  }
}
