/**
 * One connection of `/ws`: what is sent to it, and how far it is.
 *
 * W1  The cursor is the sequence number up to which the client has been sent everything it wants. Only what lies behind
 *     it is sent, so nothing comes twice, whether it comes from the hub or from the log.
 * W2  A live connection follows the hub, which misses nothing behind its floor (H1). One whose cursor is below the floor
 *     reads the log until it is not, and is live from the same step on. So nothing is missing.
 * W3  To a connection whose socket holds more than {@link MAX_BUFFERED} nothing is written. It is no longer live, and
 *     reads on when the socket is empty. Frames are shared, so it keeps nobody's memory but its own list of them.
 */
import type { Duplex } from 'node:stream';
import { setImmediate as breathe } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import { AppError, messageOf } from '../../actors/errors.ts';
import type { FeedItem } from '../environment/feed.ts';
import type { Logger } from '../http/ports.ts';
import type { Services } from '../operations/services.ts';
import { textFrame } from './frame.ts';
import { Replies } from './replies.ts';
import type { Hub, HubSubscriber } from './semp-hub.ts';
import { Stretch } from './semp-stretch.ts';
import { EVERYTHING, readSubscribe, type Wanted } from './semp-subscribe.ts';
import type { Peer } from './sweep.ts';

/** What may wait in a connection's socket, in bytes, beside what the kernel takes; one event more may join it. */
const MAX_BUFFERED = 256 * 1_024;
/** Events read from the log at once. */
const PAGE = 64;
const NOTHING = { upTo: 0, count: 0 };

export interface SubscriberOptions {
  readonly services: Pick<Services, 'environment' | 'system'>;
  readonly logger: Logger;
  readonly tenant: string;
  readonly hub: Hub;
}

/**
 * `pressed`: what one commit brought was more than its socket may hold at once; it reads on when that is out.
 * `lagging`: and the next commit came before. `behind`: reads on from its cursor.
 */
type Pace = 'live' | 'pressed' | 'lagging' | 'behind';

export class Subscriber implements HubSubscriber, Peer {
  alive = true;
  readonly #ws: WebSocket;
  /** The connection under the WebSocket, for frames that are made once for all. */
  readonly #socket: Duplex;
  readonly #options: SubscriberOptions;
  readonly #replies: Replies;
  #wanted: Wanted;
  #cursor: number;
  #pace: Pace = 'live';
  /** Signals up to here changed before it asked for them: they are not replayed, as the log cannot. */
  #signalsAfter = 0;
  /** Whether it ever subscribed: who did not is told about nothing but events. */
  #asked = false;
  /** Events it was not sent, counted up to a sequence number. */
  #heldBack = NOTHING;
  /** The reading that counts; an earlier one finds itself replaced. */
  #reading: object | null = null;

  constructor(ws: WebSocket, socket: Duplex, options: SubscriberOptions) {
    this.#ws = ws;
    this.#socket = socket;
    this.#options = options;
    this.#replies = new Replies(ws);
    this.#wanted = options.hub.want(EVERYTHING);
    this.#cursor = options.hub.head;
    ws.on('message', (data, isBinary) => {
      this.alive = true;
      if (!isBinary) this.#receive(String(data));
    });
    ws.on('pong', () => {
      this.alive = true;
    });
    ws.on('error', () => ws.terminate());
    ws.on('close', () => options.hub.unwant(this.#wanted));
    socket.on('drain', () => this.#drained());
  }

  ping(): void {
    this.#ws.ping();
  }

  terminate(): void {
    this.#ws.terminate();
  }

  follow(): void {
    const { hub } = this.#options;
    if (this.#pace === 'behind' || this.#cursor >= hub.head) return;
    if (this.#pace === 'live' && this.#cursor >= hub.floor) this.#sendOn();
    else if (this.#pace === 'live') {
      this.#pace = 'behind';
      this.#readOn();
    } else {
      this.#pace = 'lagging';
      this.#count();
    }
  }

  /** Sends what the hub has behind the cursor. */
  #sendOn(): void {
    const { hub } = this.#options;
    const stretch = this.#cursor < this.#signalsAfter ? this.#replay() : hub.stretch(this.#cursor, this.#wanted);
    for (let n = 0, pack = stretch.pack(0); pack; pack = stretch.pack(++n)) {
      if (!this.#write(pack.frames)) {
        this.#pace = 'pressed';
        this.#heldBack = { upTo: this.#cursor, count: 0 };
        this.#count();
        return;
      }
      this.#cursor = pack.last;
    }
    // The log may have shown it events that the hub is yet to publish.
    this.#cursor = Math.max(this.#cursor, hub.head);
  }

  /** What the hub has behind the cursor, as the log would have it as long as it is from before the subscription. */
  #replay(): Stretch {
    const after = this.#signalsAfter;
    const { filter } = this.#wanted;
    const wants = (item: FeedItem) => (item.event !== undefined || item.seq > after) && filter(item);
    return new Stretch(this.#cursor, this.#options.hub.since(this.#cursor), wants);
  }

  /** Counts what it could not be sent. */
  #count(): void {
    const { hub } = this.#options;
    const wanted = hub.since(this.#heldBack.upTo).filter(({ item }) => this.#wanted.filter(item));
    this.#heldBack = { upTo: hub.head, count: this.#heldBack.count + wanted.length };
  }

  /** @returns false when there is no room (W3) */
  #write(frame: Buffer): boolean {
    if (this.#socket.writableLength >= MAX_BUFFERED) return false;
    // Behind a goodbye nothing may be said.
    if (this.#ws.readyState === this.#ws.OPEN) this.#socket.write(frame);
    return true;
  }

  #drained(): void {
    this.alive = true;
    if (this.#pace === 'live') return;
    if (this.#pace === 'lagging' && this.#asked) {
      this.#write(textFrame(JSON.stringify({ type: 'lagged', dropped: this.#heldBack.count })));
    }
    this.#pace = 'behind';
    this.#readOn();
  }

  /** Goes on from the cursor, unless it does already. */
  #readOn(): void {
    if (this.#reading) return;
    const reading = {};
    this.#reading = reading;
    this.#catchUp(reading).catch((error: unknown) => {
      this.#options.logger.warn({ err: messageOf(error) }, 'a subscriber could not be served from the log');
      this.#ws.close(1011, 'internal error');
    });
  }

  async #catchUp(reading: object): Promise<void> {
    const { hub } = this.#options;
    while (this.#reading === reading && this.#ws.readyState === this.#ws.OPEN) {
      if (this.#cursor >= hub.floor) {
        this.#pace = 'live';
        this.#sendOn();
        break;
      }
      if (!(await this.#sendPage(reading))) break;
    }
    if (this.#reading === reading) this.#reading = null;
  }

  /** Sends the next events of the log. @returns false when the socket has enough, or another subscription counts by now */
  async #sendPage(reading: object): Promise<boolean> {
    const { services, tenant } = this.#options;
    const head = services.system.head(tenant);
    const query = { ...this.#wanted.query, after: this.#cursor, ascending: true, limit: PAGE };
    const { events, next } = await services.environment.events(tenant, query);
    if (this.#reading !== reading) return false;
    for (const { seq, event } of events) {
      if (!this.#write(textFrame(JSON.stringify({ type: 'event', data: event })))) return false;
      this.#cursor = seq;
    }
    this.#cursor = Math.max(this.#cursor, next ?? head);
    // A long history is read in pieces, with the event loop in between.
    await breathe();
    return true;
  }

  #receive(text: string): void {
    const message = parse(text);
    const type = typeof message === 'object' && message !== null && 'type' in message ? message.type : undefined;
    if (type === 'ping') this.#replies.send({ type: 'pong' });
    if (type !== 'subscribe') return;
    try {
      this.#subscribe(message);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.#replies.send({ type: 'error', message: error.message });
    }
  }

  /** @throws AppError INVALID */
  #subscribe(message: unknown): void {
    const { hub } = this.#options;
    const { wanted, since } = readSubscribe(message);
    // What came before this message still goes by the subscription before, as far as it can be sent.
    if (this.#pace === 'live') this.follow();
    const heldBack = this.#pace === 'pressed' || this.#pace === 'lagging';
    const cursor = this.#seqOf(since) ?? (heldBack ? this.#cursor : Math.max(this.#cursor, hub.head));
    this.#asked = true;
    hub.unwant(this.#wanted);
    this.#wanted = hub.want(wanted);
    this.#cursor = cursor;
    // What was held back of an earlier subscription still follows.
    this.#signalsAfter = since === undefined || !wanted.signals ? 0 : hub.head;
    this.#reading = null;
    this.#pace = cursor >= hub.head ? 'live' : 'behind';
    this.#replies.send({ type: 'subscribed', cursor });
    // Of many in a row only the last one is worth a look into the log.
    if (this.#pace === 'behind') setImmediate(() => this.#pace === 'behind' && this.#readOn());
  }

  /** @throws AppError INVALID for an event that the tenant does not have */
  #seqOf(since: string | number | undefined): number | undefined {
    const { hub, services, tenant } = this.#options;
    if (since === undefined) return undefined;
    // A cursor from another life of the data may lie ahead: whoever has one would hear nothing for a long time.
    if (typeof since === 'number') return Math.min(since, hub.head);
    const seq = services.environment.seqOf(tenant, since);
    if (seq === undefined) throw new AppError('INVALID', `since: there is no event "${since}"`);
    return seq;
  }
}

/** @returns undefined for what is no JSON */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
