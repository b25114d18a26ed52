/**
 * `WS /stream`: every change of every actor of the caller, as it becomes durable.
 *
 * The client may name what it wants in the query (`?kind=session&id=a*&type=store&since=12`) or in a message
 * `{"type":"subscribe","kinds":[…],"ids":[…],"types":[…],"since":12}`; a later one replaces the earlier. The server
 * sends `subscribed`, then `record`s, `lagged` when the client was too slow for its buffer, and `heartbeat`s.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { AppError, messageOf } from '../../actors/errors.ts';
import type { StreamFilter, StreamItem, Subscription } from '../../actors/ports.ts';
import type { Verifier } from '../auth/index.ts';
import type { Config } from '../config.ts';
import { createHostCheck } from '../http/host.ts';
import type { Limiter, Logger } from '../http/ports.ts';
import { readPathAndQuery } from '../http/target.ts';
import type { Services } from '../operations/services.ts';
import { describeRecord } from '../stream/record.ts';
import { readSubscription, type Subscribe, subscriptionOf } from '../stream/subscribe.ts';

/** Below the 30–60 s after which proxies drop silent connections. */
const HEARTBEAT_MS = 15_000;
/** Largest message a client may send. */
const MAX_MESSAGE_BYTES = 64 * 1024;

export interface StreamOptions {
  readonly services: Services;
  readonly verifier: Verifier;
  readonly config: Config;
  readonly logger: Logger;
  /** An upgrade counts like any request; absent or null: no limits. */
  readonly limiter?: Limiter | null;
  /** Default 15,000. */
  readonly heartbeatMs?: number;
}

export interface Stream {
  readonly connections: number;
  /** Lets nobody in any more. */
  close(): void;
  /** Drops the clients that did not answer the goodbye. */
  terminate(): void;
}

/** Serves `/stream` on an HTTP server's upgrades. Other paths are refused with 404. */
export function attachStream(server: Server, options: StreamOptions): Stream {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES, autoPong: false });
  const isOwnHost = createHostCheck(options.config);
  const sessions = new Set<Session>();
  const { places } = options.services;
  let closing = false;
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    admit(request, options, isOwnHost)
      .then(({ tenant, wanted }) => {
        if (closing) return refuse(socket, new AppError('UNAVAILABLE', 'server is shutting down'), options.logger);
        places.require(tenant);
        sockets.handleUpgrade(request, socket, head, (ws) => {
          const leave = places.take(tenant, () => session.end(1001, 'server is shutting down'));
          const session: Session = new Session(ws, tenant, options, () => {
            sessions.delete(session);
            leave();
          });
          sessions.add(session);
          if (wanted) session.subscribe(wanted);
        });
      })
      .catch((error: unknown) => refuse(socket, error, options.logger));
  });
  return {
    close: () => {
      closing = true;
      sockets.close();
    },
    terminate: () => {
      for (const session of sessions) session.terminate();
    },
    get connections() {
      return sessions.size;
    },
  };
}

/** @throws AppError NOT_FOUND, UNAUTHENTICATED, EXPIRED, RATE_LIMITED, INVALID */
async function admit(
  request: IncomingMessage,
  { verifier, config, limiter }: StreamOptions,
  isOwnHost: (host: string | undefined) => boolean,
) {
  const { path, search } = readPathAndQuery(request.url ?? '/');
  if (path !== '/stream' && path !== '/stream/') throw new AppError('NOT_FOUND', 'Not Found');
  const query = new URLSearchParams(search);
  const { authorization, 'x-api-key': apiKey, origin, host } = request.headers;
  // A browser cannot set headers on a WebSocket, so a token may also come in the query.
  const token = query.get('token');
  const identity = await verifier.authenticate({
    ...(authorization === undefined ? (token === null ? {} : { authorization: `Bearer ${token}` }) : { authorization }),
    ...(typeof apiKey === 'string' ? { 'x-api-key': apiKey } : {}),
  });
  if (
    identity.anonymous &&
    origin !== undefined &&
    !config.corsOrigins.includes(origin) &&
    !sameHost(origin, request)
  ) {
    throw new AppError('UNAUTHENTICATED', `Origin ${origin} is not among the allowed origins`);
  }
  if (identity.anonymous && !isOwnHost(host)) {
    throw new AppError('UNAUTHENTICATED', `Host ${host} is not a name of this server`);
  }
  const decision = limiter?.take(identity);
  if (decision?.allowed === false) {
    throw new AppError('RATE_LIMITED', 'Rate limit exceeded', { retryAfterMs: decision.retryAfterSeconds * 1_000 });
  }
  return { tenant: identity.tenant, wanted: subscriptionOf(query) };
}

function sameHost(origin: string, request: IncomingMessage): boolean {
  return URL.canParse(origin) && new URL(origin).host === request.headers.host;
}

function refuse(socket: Duplex, error: unknown, logger: Logger): void {
  const known = error instanceof AppError;
  if (!known) logger.error({ err: error }, 'an upgrade failed');
  const status = known ? error.status : 500;
  const retry =
    known && error.retryAfterMs !== undefined ? `Retry-After: ${Math.ceil(error.retryAfterMs / 1_000)}\r\n` : '';
  const body = JSON.stringify({ title: known ? error.message : 'Internal server error', status });
  // Node no longer looks after a socket that was to be upgraded: a client that keeps its half open would hold it for ever.
  socket.once('finish', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${status} Refused\r\nConnection: close\r\n${retry}Content-Type: application/problem+json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

/** One connection. What it cannot take at once waits in the subscription's bounded buffer, not in the socket's. */
class Session {
  readonly #socket: WebSocket;
  readonly #tenant: string;
  readonly #options: StreamOptions;
  readonly #beat: NodeJS.Timeout;
  #subscription: Subscription | null = null;
  #alive = true;
  /** Answers to the client that are not yet on their way. */
  #owed = 0;

  constructor(socket: WebSocket, tenant: string, options: StreamOptions, onEnd: () => void) {
    this.#socket = socket;
    this.#tenant = tenant;
    this.#options = options;
    this.#beat = setInterval(() => this.#heartbeat(), options.heartbeatMs ?? HEARTBEAT_MS);
    this.#beat.unref();
    socket.on('pong', () => {
      this.#alive = true;
    });
    socket.on('ping', (data) => this.#owe((done) => socket.pong(data, false, done)));
    socket.on('message', (data, isBinary) => this.#receive(isBinary ? null : String(data)));
    socket.on('error', () => socket.terminate());
    socket.on('close', () => {
      clearInterval(this.#beat);
      this.#subscription?.close();
      onEnd();
    });
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
    this.#reply({ type: 'subscribed', cursor });
    // Of many in a row only the last one is worth a look into the log.
    setImmediate(() => {
      if (this.#subscription !== subscription) return;
      this.#pump(subscription).catch((error: unknown) => {
        this.#options.logger.warn({ err: messageOf(error) }, 'a stream ended');
        this.end(1011, 'internal error');
      });
    });
  }

  end(code: number, reason: string): void {
    this.#subscription?.close();
    this.#socket.close(code, reason);
  }

  terminate(): void {
    this.#socket.terminate();
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
      this.#reply({ type: 'error', message });
    }
  }

  #heartbeat(): void {
    if (!this.#alive) {
      this.#socket.terminate();
      return;
    }
    this.#alive = false;
    this.#socket.ping();
    if (this.#socket.bufferedAmount === 0) {
      this.#send({ type: 'heartbeat', cursor: this.#options.services.system.head(this.#tenant) }).catch(() => {});
    }
  }

  #reply(message: object): void {
    this.#owe((done) => this.#socket.send(JSON.stringify(message), done));
  }

  /** Nothing more is read until the answer is on its way: a client that sends and never reads would fill memory. */
  #owe(send: (done: () => void) => void): void {
    this.#owed++;
    this.#socket.pause();
    send(() => {
      if (--this.#owed === 0) this.#socket.resume();
    });
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
