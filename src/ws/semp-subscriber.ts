/**
 * One connection of `/ws`: what is sent to it, and how far it is.
 *
 * W1  The cursor is the sequence number up to which the client has been sent everything it wants. Only what lies behind
 *     it is sent, so nothing comes twice, whichever of these it comes from: the live batches, the hub's newest, the log.
 * W2  A live connection has been sent all that was published. One that is not is offered nothing: it reads on from its
 *     cursor, and becomes live in the same step in which it has read the hub's newest to their end. So nothing is missing.
 * W3  To a connection whose socket holds more than {@link MAX_BUFFERED} nothing is written. It is no longer live, and
 *     reads on when the socket is empty. Frames are shared, so it keeps nobody's memory but its own list of them.
 */
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { AppError, messageOf } from '../../actors/errors.ts';
import type { Logger } from '../http/ports.ts';
import type { Services } from '../operations/services.ts';
import { textFrame } from './frame.ts';
import { Replies } from './replies.ts';
import type { Batch, Entry, Hub, HubSubscriber } from './semp-hub.ts';
import { EVERYTHING, readSubscribe, type Wanted } from './semp-subscribe.ts';
import type { Peer } from './sweep.ts';

/** What may wait in a connection's socket, in bytes, beside what the kernel takes; one event more may join it. */
const MAX_BUFFERED = 256 * 1_024;
/** Events read from the log at once. */
const PAGE = 64;

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
  #wanted: Wanted = EVERYTHING;
  #cursor: number;
  #pace: Pace = 'live';
  /** Whether it ever subscribed: who did not is told about nothing but events. */
  #asked = false;
  #dropped = 0;
  /** The reading that counts; an earlier one finds itself replaced. */
  #reading: object | null = null;

  constructor(ws: WebSocket, socket: Duplex, options: SubscriberOptions) {
    this.#ws = ws;
    this.#socket = socket;
    this.#options = options;
    this.#replies = new Replies(ws);
    this.#cursor = options.hub.head;
    ws.on('message', (data, isBinary) => {
      this.alive = true;
      if (!isBinary) this.#receive(String(data));
    });
    ws.on('pong', () => {
      this.alive = true;
    });
    ws.on('error', () => ws.terminate());
    socket.on('drain', () => this.#drained());
  }

  ping(): void {
    this.#ws.ping();
  }

  terminate(): void {
    this.#ws.terminate();
  }

  offer(batch: Batch): void {
    if (this.#pace === 'behind') return;
    if (this.#pace !== 'live') {
      this.#pace = 'lagging';
      this.#dropped += this.#missed(batch.entries);
      return;
    }
    const all = this.#wanted.filter === null && this.#cursor < batch.first;
    const sent = all ? this.#sendPacks(batch) : this.#send(batch.entries);
    if (sent) {
      this.#cursor = batch.last;
      return;
    }
    this.#pace = 'pressed';
    this.#dropped = this.#missed(batch.entries);
  }

  /** @returns whether all of it went out */
  #sendPacks(batch: Batch): boolean {
    for (const { frames, last } of batch.packs()) {
      if (!this.#write(frames)) return false;
      this.#cursor = last;
    }
    return true;
  }

  /** Sends what is wanted of these. @returns whether all of it went out */
  #send(entries: readonly Entry[]): boolean {
    for (const { seq, item, frame } of entries) {
      if (seq <= this.#cursor) continue;
      if (this.#wants(item) && !this.#write(frame)) return false;
      this.#cursor = seq;
    }
    return true;
  }

  /** @returns false when there is no room (W3) */
  #write(frame: Buffer): boolean {
    if (this.#socket.writableLength >= MAX_BUFFERED) return false;
    // Behind a goodbye nothing may be said.
    if (this.#ws.readyState === this.#ws.OPEN) this.#socket.write(frame);
    return true;
  }

  #wants(item: Entry['item']): boolean {
    const { filter } = this.#wanted;
    return filter === null ? item.event !== undefined : filter(item);
  }

  #missed(entries: readonly Entry[]): number {
    let missed = 0;
    for (const { seq, item } of entries) if (seq > this.#cursor && this.#wants(item)) missed++;
    return missed;
  }

  #drained(): void {
    this.alive = true;
    if (this.#pace === 'live') return;
    if (this.#pace === 'lagging' && this.#asked) {
      this.#write(textFrame(JSON.stringify({ type: 'lagged', dropped: this.#dropped })));
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
        const sent = this.#send(hub.after(this.#cursor));
        if (sent) this.#pace = 'live';
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
    await new Promise((resolve) => setImmediate(resolve));
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
    // A cursor from another life of the data may lie ahead: whoever has one would hear nothing for a long time.
    const cursor = Math.min(this.#seqOf(since) ?? hub.head, hub.head);
    this.#asked = true;
    this.#wanted = wanted;
    this.#cursor = cursor;
    this.#reading = null;
    this.#dropped = 0;
    this.#pace = cursor === hub.head ? 'live' : 'behind';
    this.#replies.send({ type: 'subscribed', cursor });
    // Of many in a row only the last one is worth a look into the log.
    if (this.#pace === 'behind') setImmediate(() => this.#pace === 'behind' && this.#readOn());
  }

  /** @throws AppError INVALID for an event that the tenant does not have */
  #seqOf(since: string | number | undefined): number | undefined {
    if (typeof since !== 'string') return since;
    const { services, tenant } = this.#options;
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
