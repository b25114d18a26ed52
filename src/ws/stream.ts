/**
 * `WS /stream`: every change of every actor of the caller, as it becomes durable.
 *
 * The client may name what it wants in the query (`?kind=session&id=a*&type=store&since=12`) or in a message
 * `{"type":"subscribe","kinds":[…],"ids":[…],"types":[…],"since":12}`; a later one replaces the earlier. The server
 * sends `subscribed`, then `record`s, `lagged` when the client was too slow for its buffer, and `heartbeat`s.
 */
import type { WebSocket } from 'ws';
import { AppError, messageOf } from '../../actors/errors.ts';
import type { StreamFilter, StreamItem, Subscription } from '../../actors/ports.ts';
import type { Logger } from '../http/ports.ts';
import type { Services } from '../operations/services.ts';
import { SOCKETS } from '../operations/sockets.ts';
import { describeRecord } from '../stream/record.ts';
import { readSubscription, type Subscribe, subscriptionOf } from '../stream/subscribe.ts';
import { Replies } from './replies.ts';
import { type Peer, Sweep } from './sweep.ts';
import type { WebSocketFront } from './upgrade.ts';

/** Below the 30–60 s after which proxies drop silent connections. */
const HEARTBEAT_MS = 15_000;

export interface StreamOptions {
  readonly services: Pick<Services, 'system'>;
  readonly logger: Logger;
  /** Between two heartbeats of a connection. Default 15,000. */
  readonly heartbeatMs?: number;
}

/** The front of `/stream`. */
export function streamFront(options: StreamOptions): WebSocketFront {
  const sweep = new Sweep(options.heartbeatMs ?? HEARTBEAT_MS);
  return {
    paths: SOCKETS.stream.paths,
    dialect: 'synod',
    options: { autoPong: false },
    admit({ tenant, query }) {
      const wanted = subscriptionOf(query);
      return (ws) => {
        const session = new Session(ws, tenant, options);
        ws.on('close', sweep.add(session));
        if (wanted) session.subscribe(wanted);
      };
    },
    close: () => sweep.stop(),
  };
}

/** One connection. What it cannot take at once waits in the subscription's bounded buffer, not in the socket's. */
class Session implements Peer {
  alive = true;
  readonly #socket: WebSocket;
  readonly #tenant: string;
  readonly #options: StreamOptions;
  #subscription: Subscription | null = null;
  readonly #replies: Replies;

  constructor(socket: WebSocket, tenant: string, options: StreamOptions) {
    this.#socket = socket;
    this.#tenant = tenant;
    this.#options = options;
    this.#replies = new Replies(socket);
    socket.on('pong', () => {
      this.alive = true;
    });
    socket.on('message', (data, isBinary) => this.#receive(isBinary ? null : String(data)));
    socket.on('error', () => socket.terminate());
    socket.on('close', () => this.#subscription?.close());
  }

  ping(): void {
    this.#socket.ping();
    if (this.#socket.bufferedAmount === 0) {
      // Not the head of the log: what is on its way there would be missing to whoever goes on from this cursor.
      const cursor = this.#subscription?.position ?? this.#options.services.system.head(this.#tenant);
      this.#send({ type: 'heartbeat', cursor }).catch(() => {});
    }
  }

  terminate(): void {
    this.#socket.terminate();
  }

  subscribe(wanted: Subscribe): void {
    this.#subscription?.close();
    const { system } = this.#options.services;
    const { kinds, ids, types, since } = wanted;
    const filter: StreamFilter = {
      tenant: this.#tenant,
      ...(kinds ? { kinds } : {}),
      ...(ids ? { ids } : {}),
      ...(types ? { types } : {}),
    };
    // A cursor from another life of the data may lie ahead: whoever has one would hear nothing for a long time.
    const head = system.head(this.#tenant);
    const cursor = Math.min(since ?? head, head);
    const subscription = system.subscribe(filter, since === undefined ? {} : { since: cursor });
    this.#subscription = subscription;
    this.#replies.send({ type: 'subscribed', cursor });
    // Of many in a row only the last one is worth a look into the log.
    setImmediate(() => {
      if (this.#subscription !== subscription) return;
      this.#pump(subscription).catch((error: unknown) => {
        this.#options.logger.warn({ err: messageOf(error) }, 'a stream ended');
        subscription.close();
        this.#socket.close(1011, 'internal error');
      });
    });
  }

  async #pump(subscription: Subscription): Promise<void> {
    for await (const item of subscription) {
      if (this.#socket.readyState !== this.#socket.OPEN) return;
      // Waiting for the socket is what makes a slow client lag instead of filling memory.
      await this.#send(describeItem(item)).catch(() => subscription.close());
    }
  }

  #receive(text: string | null): void {
    try {
      if (text === null) throw new AppError('INVALID', 'text frames only');
      this.subscribe(readSubscription(JSON.parse(text)));
    } catch (error) {
      const message = error instanceof AppError ? error.message : 'not JSON';
      this.#replies.send({ type: 'error', message });
    }
  }

  #send(message: object): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.send(JSON.stringify(message), (error) => (error ? reject(error) : resolve()));
    });
  }
}

/** A stream item as it goes over the wire. */
export function describeItem(item: StreamItem): object {
  return item.type === 'record' ? { type: 'record', data: describeRecord(item.record) } : item;
}
