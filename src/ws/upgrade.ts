/**
 * The door for WebSockets: every upgrade comes through here, is let in or refused, and goes to the front its path names.
 * A front is a value in the table handed to {@link attachUpgrades}; it never sees who may not come in.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import { AppError } from '../../actors/errors.ts';
import type { Verifier } from '../auth/index.ts';
import type { Config } from '../config.ts';
import { createHostCheck } from '../http/host.ts';
import type { Limiter, Logger, Principal } from '../http/ports.ts';
import { readPathAndQuery } from '../http/target.ts';
import type { Services } from '../operations/services.ts';

/** Largest message a client may send, unless its front says otherwise. */
const MAX_MESSAGE_BYTES = 64 * 1024;

export interface DoorOptions {
  readonly services: Pick<Services, 'places'>;
  readonly verifier: Verifier;
  readonly config: Config;
  readonly logger: Logger;
  /** An upgrade counts like any request; absent or null: no limits. */
  readonly limiter?: Limiter | null;
}

/** Somebody who was let in. */
export interface Visitor {
  readonly tenant: string;
  readonly principal: Principal;
  readonly query: URLSearchParams;
  readonly request: IncomingMessage;
  /** What the WebSocket runs over; for fronts that write frames of their own. */
  readonly socket: Duplex;
}

/** One sort of WebSocket. The door ends it with 1001 at shutdown, and counts it. */
export interface WebSocketFront {
  /** Without a slash at the end; with one they are found too. */
  readonly paths: readonly string[];
  /** As `ws` takes them. Default: messages of at most 64 KiB, no compression. */
  readonly options?: Pick<ServerOptions, 'maxPayload' | 'autoPong' | 'handleProtocols'>;
  /**
   * Looks at a request that is about to be upgraded.
   *
   * @returns what to do with the connection once it is open
   * @throws AppError to refuse it
   */
  admit(visitor: Visitor): (ws: WebSocket) => void;
  /** Called once, when nobody is let in any more. */
  close?(): void;
}

export interface Door {
  readonly connections: number;
  /** Lets nobody in any more. */
  close(): void;
  /** Drops the clients that did not answer the goodbye. */
  terminate(): void;
}

/** Serves WebSockets on an HTTP server's upgrades. Paths of no front are refused with 404. */
export function attachUpgrades(server: Server, options: DoorOptions, fronts: readonly WebSocketFront[]): Door {
  const { logger } = options;
  const { places } = options.services;
  const isOwnHost = createHostCheck(options.config);
  const open = new Set<WebSocket>();
  const routes = new Map<string, { front: WebSocketFront; sockets: WebSocketServer }>();
  for (const front of fronts) {
    const sockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: MAX_MESSAGE_BYTES,
      ...front.options,
    });
    for (const path of front.paths) for (const one of [path, `${path}/`]) routes.set(one, { front, sockets });
  }
  let closing = false;
  // Apart from where the request is at hand: what lives as long as the connection must not hold on to it.
  const keep = (ws: WebSocket, tenant: string) => {
    open.add(ws);
    const leave = places.take(tenant, () => ws.close(1001, 'server is shutting down'));
    ws.on('close', () => {
      open.delete(ws);
      leave();
    });
  };
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', destroy);
    const { path, search } = readPathAndQuery(request.url ?? '/');
    const route = routes.get(path);
    if (!route) return refuse(socket, new AppError('NOT_FOUND', 'Not Found'), logger);
    const query = new URLSearchParams(search);
    admit(request, query, options, isOwnHost)
      .then((principal) => {
        if (closing) throw new AppError('UNAVAILABLE', 'server is shutting down');
        const { tenant } = principal;
        const welcome = route.front.admit({ tenant, principal, query, request, socket });
        places.require(tenant);
        route.sockets.handleUpgrade(request, socket, head, (ws) => {
          keep(ws, tenant);
          welcome(ws);
        });
      })
      .catch((error: unknown) => refuse(socket, error, logger));
  });
  return {
    close: () => {
      closing = true;
      for (const front of fronts) front.close?.();
    },
    terminate: () => {
      for (const ws of open) ws.terminate();
    },
    get connections() {
      return open.size;
    },
  };
}

function destroy(this: Duplex): void {
  this.destroy();
}

/** @throws AppError UNAUTHENTICATED, EXPIRED, RATE_LIMITED */
async function admit(
  request: IncomingMessage,
  query: URLSearchParams,
  { verifier, config, limiter }: DoorOptions,
  isOwnHost: (host: string | undefined) => boolean,
): Promise<Principal> {
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
  return identity;
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
