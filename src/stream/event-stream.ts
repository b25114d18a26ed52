/**
 * A subscription as server-sent events.
 *
 * Every frame is pulled: a subscription is asked for its next item only while the connection takes bytes, so what a slow
 * client has not read waits in the subscription's bounded buffer, and after that in the log.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
import { Readable } from 'node:stream';
import type { StreamItem, Subscription } from '../../actors/ports.ts';
import { describeRecord } from './record.ts';

/** Below the 30–60 s after which proxies drop silent connections. */
export const HEARTBEAT_MS = 15_000;
/** A client that took nothing for so many heartbeats although there was something is let go: it holds a place. */
const STALLED_BEATS = 4;
/** How long a browser waits before it connects again. */
const RETRY_MS = 1_000;

export interface EventStreamOptions {
  /** Where the subscription begins: the client's id until it has heard anything. */
  readonly cursor: number;
  /** Default 15,000. */
  readonly heartbeatMs?: number;
  /** Called once, when it has ended for whatever reason. */
  readonly onEnd: () => void;
}

export class EventStream extends Readable {
  readonly #subscription: Subscription;
  readonly #items: AsyncIterator<StreamItem>;
  readonly #beat: NodeJS.Timeout;
  readonly #onEnd: () => void;
  /** A pull is under way: the next frame goes out as soon as it comes. */
  #pulling = false;
  #stalledBeats = 0;

  constructor(subscription: Subscription, { cursor, heartbeatMs = HEARTBEAT_MS, onEnd }: EventStreamOptions) {
    super();
    this.#subscription = subscription;
    this.#items = subscription[Symbol.asyncIterator]();
    this.#onEnd = onEnd;
    this.#beat = setInterval(() => this.#heartbeat(), heartbeatMs);
    this.#beat.unref();
    // The id comes first: who is cut off before the first record goes on from here and misses nothing.
    this.push(`retry: ${RETRY_MS}\nid: ${cursor}\nevent: subscribed\ndata: ${JSON.stringify({ cursor })}\n\n`);
  }

  /** Lets the client have what it was already sent, and says goodbye. */
  end(): void {
    this.#subscription.close();
  }

  override _read(): void {
    this.#stalledBeats = 0;
    if (this.#pulling) return;
    this.#pulling = true;
    this.#pull().catch((error: unknown) => this.destroy(error as Error));
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearInterval(this.#beat);
    this.#subscription.close();
    this.#onEnd();
    callback(error);
  }

  async #pull(): Promise<void> {
    for (;;) {
      const { done, value } = await this.#items.next();
      if (this.destroyed) return;
      if (done) {
        this.push(null);
        return;
      }
      if (this.push(frameOf(value))) continue;
      this.#pulling = false;
      return;
    }
  }

  #heartbeat(): void {
    if (this.readableLength === 0) this.push(': heartbeat\n\n');
    else if (++this.#stalledBeats >= STALLED_BEATS) this.destroy();
  }
}

/** A record goes out without a name of its own, so that a browser's `onmessage` hears all of them. */
function frameOf(item: StreamItem): string {
  if (item.type === 'lagged') {
    const { missed, cursor } = item;
    return `event: lagged\ndata: ${JSON.stringify({ missed, cursor })}\n\n`;
  }
  return `id: ${item.record.seq}\ndata: ${JSON.stringify(describeRecord(item.record))}\n\n`;
}
