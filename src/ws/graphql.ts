/**
 * `WS /api/graphql`: subscriptions (and queries and mutations) over `graphql-transport-ws`.
 *
 * B1  What a client does not read is not made: one result at a time is built for a connection, and only when what was
 *     sent before is on its way. Events wait in the bounded buffers of their subscriptions.
 * B2  Nothing is read from a client that leaves its answers unread, or that has too much waiting to be answered.
 *
 * @see https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
 */
import type { WebSocket } from 'ws';
import { AppError, messageOf } from '../../actors/errors.ts';
import type { GraphqlSocket, ServeSocket } from '../graphql/index.ts';
import { parseJson } from '../http/json.ts';
import type { Limiter, Logger, Principal } from '../http/ports.ts';
import { clientAddress } from '../http/target.ts';
import { MAX_EVENT_BYTES } from '../operations/environment/shapes.ts';
import type { Services } from '../operations/services.ts';
import { SOCKETS } from '../operations/sockets.ts';
import { type Peer, Sweep } from './sweep.ts';
import type { WebSocketFront } from './upgrade.ts';

const PROTOCOL = 'graphql-transport-ws';
/** An event, and the document that posts it. */
const MAX_MESSAGE_BYTES = MAX_EVENT_BYTES + 32 * 1_024;
/** Below the 30–60 s after which proxies drop silent connections. */
const HEARTBEAT_MS = 15_000;
/** Bytes that may wait in the socket before anything more is built or read. */
const HIGH_WATER = 64 * 1_024;
/** Operations that may wait for their turn; more than may be under way, as those that were cancelled wait too. */
const MAX_WAITING = 200;
/** Close codes of the protocol, and of WebSockets. */
const [BAD_REQUEST, FORBIDDEN, TRY_AGAIN_LATER, INTERNAL_ERROR, ABNORMAL] = [4400, 4403, 1013, 1011, 1006];

type Params = Readonly<Record<string, unknown>> | undefined;

export interface GraphqlFrontOptions {
  readonly services: Services;
  readonly logger: Logger;
  /** Each operation counts like a request; absent or null: no limits. */
  readonly limiter?: Limiter | null;
  /** Between two pings of a connection. Default 15,000. */
  readonly heartbeatMs?: number;
}

/** The front of `/api/graphql` and `/graphql`. */
export function graphqlFront({ services, logger, limiter = null, heartbeatMs }: GraphqlFrontOptions): WebSocketFront {
  const { trustProxy } = services.config;
  const sweep = new Sweep(heartbeatMs ?? HEARTBEAT_MS);
  let loading: Promise<ServeSocket> | undefined;

  function welcome(ws: WebSocket, ip: string, identify: (params: Params) => Promise<Principal>): void {
    const socket = new Connection(ws, { ip, identify, logger });
    ws.on('close', sweep.add(socket));
    ws.pause();
    loading ??= services.graphql.sockets(services, limiter);
    loading
      .then((serve) => {
        const closed = serve(socket);
        const end = (code: number, reason: string) =>
          closed(code, reason).catch((error: unknown) => logger.error({ err: error }, 'a GraphQL connection failed'));
        if (ws.readyState === ws.CLOSED) return end(ABNORMAL, '');
        ws.on('close', (code, reason) => end(code, String(reason)));
        ws.resume();
      })
      .catch((error: unknown) => socket.fail(error));
  }

  return {
    paths: SOCKETS.graphql.paths,
    dialect: 'sel',
    options: {
      maxPayload: MAX_MESSAGE_BYTES,
      autoPong: false,
      handleProtocols: (protocols) => protocols.has(PROTOCOL) && PROTOCOL,
    },
    admit: ({ principal, request }) => {
      const ip = clientAddress(request, trustProxy);
      return (ws) => welcome(ws, ip, async () => principal);
    },
    admitStranger: ({ request }) => {
      const ip = clientAddress(request, trustProxy);
      return (ws, identify) => welcome(ws, ip, (params) => identify(authorizationIn(params)));
    },
    close: () => sweep.stop(),
  };
}

/** `{authorization: 'Bearer …'}` or `{token: '…'}`. */
function authorizationIn(params: Params): string | undefined {
  const { authorization, Authorization = authorization, token } = params ?? {};
  if (typeof Authorization === 'string') return Authorization;
  return typeof token === 'string' ? `Bearer ${token}` : undefined;
}

interface ConnectionOptions {
  readonly ip: string;
  readonly identify: (params: Params) => Promise<Principal>;
  readonly logger: Logger;
}

class Connection implements GraphqlSocket, Peer {
  alive = true;
  readonly protocol: string;
  readonly ip: string;
  readonly #ws: WebSocket;
  readonly #options: ConnectionOptions;
  /** Who has the room; only the holder gives it back (B1). */
  #holder: object | null = null;
  readonly #waiting: ((leave: (() => void) | null) => void)[] = [];

  constructor(ws: WebSocket, options: ConnectionOptions) {
    this.#ws = ws;
    this.#options = options;
    this.protocol = ws.protocol;
    this.ip = options.ip;
    ws.on('pong', () => {
      this.alive = true;
    });
    ws.on('ping', (data) => {
      ws.pong(data, false, () => this.#goOn());
      this.#holdBack();
    });
    ws.on('error', () => ws.terminate());
    ws.on('close', () => {
      this.#next();
    });
  }

  onMessage(listener: (text: string) => Promise<void>): void {
    this.#ws.on('message', (data, isBinary) => {
      let message: unknown;
      try {
        // The same lock as for bodies: bounded depth, no keys that reach a prototype.
        message = isBinary ? undefined : parseJson(Buffer.from(data as Buffer));
      } catch (error) {
        this.close(BAD_REQUEST, messageOf(error));
        return;
      }
      if (message === undefined) this.close(BAD_REQUEST, 'text frames only');
      else listener(JSON.stringify(message)).catch((error: unknown) => this.fail(error));
    });
  }

  send(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#ws.readyState !== this.#ws.OPEN) {
        reject(new Error('the client left'));
        return;
      }
      this.#ws.send(text, (error) => {
        this.#goOn();
        if (error) reject(error);
        else resolve();
      });
      this.#holdBack();
    });
  }

  close(code: number, reason: string): void {
    // A reason has at most 123 bytes, RFC 6455 §5.5.
    const short = Buffer.byteLength(reason) > 123 ? `${reason.slice(0, 40)}…` : reason;
    this.#ws.close(code, short);
    this.#ws.resume();
  }

  async identify(params: Params): Promise<Principal> {
    try {
      return await this.#options.identify(params);
    } catch (error) {
      if (error instanceof AppError) this.close(error.retry ? TRY_AGAIN_LATER : FORBIDDEN, error.message);
      throw error;
    }
  }

  room(): Promise<(() => void) | null> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#next();
      this.#holdBack();
    });
  }

  /** Something went wrong that nobody expected, unless the client has just left. */
  fail(error: unknown): void {
    if (this.#ws.readyState !== this.#ws.OPEN) return;
    this.#options.logger.error({ err: error }, 'a GraphQL connection failed');
    this.close(INTERNAL_ERROR, 'Internal server error');
  }

  ping(): void {
    this.#ws.ping();
  }

  terminate(): void {
    this.#ws.terminate();
  }

  #next(): void {
    if (this.#ws.readyState !== this.#ws.OPEN) {
      for (const go of this.#waiting.splice(0)) go(null);
      return;
    }
    if (this.#holder || this.#ws.bufferedAmount > HIGH_WATER) return;
    const go = this.#waiting.shift();
    if (!go) return;
    const holder = {};
    this.#holder = holder;
    go(() => {
      if (this.#holder !== holder) return;
      this.#holder = null;
      this.#goOn();
    });
  }

  /** After something was sent, or somebody has left the room. */
  #goOn(): void {
    this.#next();
    if (this.#ws.isPaused && !this.#isFull()) this.#ws.resume();
  }

  #holdBack(): void {
    if (this.#isFull()) this.#ws.pause();
  }

  #isFull(): boolean {
    return this.#ws.bufferedAmount > HIGH_WATER || this.#waiting.length > MAX_WAITING;
  }
}
