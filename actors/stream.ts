/** Bounded subscriptions to the log: from a cursor through history into the present, never slowing an actor down. */
import { globs } from './glob.ts';
import type { Host, LogRecord, StreamFilter, StreamItem, Subscription } from './ports.ts';

/** Records read from history at a time. */
const PAGE = 256;

/**
 * Whether a record passes a filter.
 *
 * @throws AppError INVALID for too many or too long patterns
 */
export function recordFilter(filter: StreamFilter): (record: LogRecord) => boolean {
  const kind = globs(filter.kinds);
  const id = globs(filter.ids);
  const type = globs(filter.types);
  return (record) =>
    record.address.tenant === filter.tenant &&
    (!kind || kind(record.address.kind)) &&
    (!id || id(record.address.id)) &&
    (!type || type(record.type));
}

class Reader implements Subscription {
  readonly matches: (record: LogRecord) => boolean;
  readonly #tenant: string;
  readonly #host: Host;
  readonly #capacity: number;
  readonly #onClose: (reader: Reader) => void;
  #live: LogRecord[] = [];
  #missed = 0;
  /** Newest sequence number handed out or looked at. */
  #cursor: number;
  /** Newest sequence number it was told of, wanted or not. */
  #told = 0;
  /** Everything was handed out when it began to wait. */
  #idle = false;
  /** Still reading history up to the moment the live buffer takes over. */
  #replaying: boolean;
  #wake: (() => void) | null = null;
  #closed = false;

  constructor(
    host: Host,
    filter: StreamFilter,
    since: number | undefined,
    capacity: number,
    onClose: (r: Reader) => void,
  ) {
    this.matches = recordFilter(filter);
    this.#tenant = filter.tenant;
    this.#host = host;
    this.#capacity = capacity;
    this.#onClose = onClose;
    const head = host.head(filter.tenant);
    // A cursor from another log, or from before turns were lost, must not silence everything below it.
    this.#cursor = Math.min(since ?? head, head);
    this.#replaying = this.#cursor < head;
  }

  get position(): number {
    const isThrough = this.#idle && this.#live.length === 0 && this.#missed === 0;
    return isThrough ? Math.max(this.#cursor, this.#told) : this.#cursor;
  }

  offer(record: LogRecord): void {
    this.#told = record.seq;
    if (!this.matches(record)) return;
    // Once one did not fit, none may before it was read from the log: there would be a gap.
    if (this.#missed > 0 || this.#live.length >= this.#capacity) this.#missed++;
    else this.#live.push(record);
    this.#wake?.();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#live = [];
    this.#onClose(this);
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<StreamItem> {
    try {
      while (!this.#closed) {
        if (this.#replaying) yield* this.#history();
        const batch = this.#live;
        this.#live = [];
        for (const record of batch) {
          // History and the live buffer overlap: the cursor decides.
          if (record.seq <= this.#cursor) continue;
          this.#cursor = record.seq;
          yield { type: 'record', record };
          if (this.#closed) return;
        }
        if (this.#missed > 0 && this.#live.length === 0) {
          const missed = this.#missed;
          this.#missed = 0;
          yield { type: 'lagged', missed, cursor: this.#cursor };
          this.#replaying = true;
        }
        if (this.#live.length === 0 && this.#missed === 0 && !this.#replaying && !this.#closed) {
          this.#idle = true;
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
          this.#wake = null;
          this.#idle = false;
        }
      }
    } finally {
      this.close();
    }
  }

  async *#history(): AsyncIterable<StreamItem> {
    while (!this.#closed) {
      const page = this.#host.records({ tenant: this.#tenant, after: this.#cursor, limit: PAGE });
      for (const record of page) {
        this.#cursor = record.seq;
        if (this.matches(record)) yield { type: 'record', record };
        if (this.#closed) return;
      }
      // Only an empty page proves that nothing came while the last one was handed out.
      if (page.length === 0) break;
      // A long history is read in pieces, with the event loop in between.
      await new Promise((resolve) => setImmediate(resolve));
    }
    // What the buffer could not hold meanwhile was read from history.
    this.#missed = 0;
    this.#replaying = false;
  }
}

/** All subscriptions of a system. */
export class Streams {
  readonly #host: Host;
  readonly #readers = new Map<string, Set<Reader>>();

  constructor(host: Host) {
    this.#host = host;
    host.onRecord(
      (record) => {
        const readers = this.#readers.get(record.address.tenant);
        if (readers) for (const reader of readers) reader.offer(record);
      },
      (tenant) => this.#readers.has(tenant),
    );
  }

  /** @throws TypeError when `since` is not a whole number from 0, or `capacity` none from 1 */
  subscribe(filter: StreamFilter, since: number | undefined, capacity: number): Subscription {
    if (since !== undefined && !(Number.isSafeInteger(since) && since >= 0)) {
      throw new TypeError(`since is ${since}, a sequence number wanted`);
    }
    if (!(Number.isInteger(capacity) && capacity > 0)) {
      throw new TypeError(`capacity is ${capacity}, a whole number of records wanted`);
    }
    const reader = new Reader(this.#host, filter, since, capacity, (closed) => {
      const readers = this.#readers.get(filter.tenant);
      readers?.delete(closed);
      if (readers?.size === 0) this.#readers.delete(filter.tenant);
    });
    const readers = this.#readers.get(filter.tenant) ?? new Set();
    this.#readers.set(filter.tenant, readers.add(reader));
    return reader;
  }

  get size(): number {
    let size = 0;
    for (const readers of this.#readers.values()) size += readers.size;
    return size;
  }

  close(): void {
    for (const readers of this.#readers.values()) for (const reader of [...readers]) reader.close();
  }
}
