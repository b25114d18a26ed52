/**
 * The door for WebSockets: every upgrade comes through here, is let in or refused, and goes to the front its path names.
 * A front is a value in the table handed to {@link attachUpgrades}; it never sees who may not come in.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import { AppError } from '../../actors/errors.ts';
import type { Verifier } from '../auth/index.ts';
import type { Config } from '../config.ts';
import { createCors, foreignOrigin } from '../http/cors.ts';
import { errorReply, isExpected } from '../http/errors.ts';
import { createHostCheck, foreignHost } from '../http/host.ts';
import type { Limiter, Logger, Principal } from '../http/ports.ts';
import { dialectOf } from '../http/routes.ts';
import { readPathAndQuery } from '../http/target.ts';
import type { Dialect } from '../operations/operation.ts';
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

/** A request without any credentials. */
export type Stranger = Omit<Visitor, 'tenant' | 'principal'>;

/**
 * Says who somebody is by credentials that came later, and has them counted as such. To be called once at most.
 *
 * @param authorization as the header of that name; absent: none, as in anonymous mode
 * @throws AppError UNAUTHENTICATED, EXPIRED, FORBIDDEN, RATE_LIMITED, OVERLOADED, UNAVAILABLE
 */
export type Identify = (authorization: string | undefined) => Promise<Principal>;

/** One sort of WebSocket. The door ends it with 1001 at shutdown, and counts it. */
export interface WebSocketFront {
  /** Without a slash at the end; with one they are found too. */
  readonly paths: readonly string[];
  /** In whose words a refusal is said. */
  readonly dialect: Dialect;
  /** As `ws` takes them. Default: messages of at most 64 KiB, no compression. */
  readonly options?: Pick<ServerOptions, 'maxPayload' | 'autoPong' | 'handleProtocols'>;
  /**
   * Looks at a request that is about to be upgraded.
   *
   * @returns what to do with the connection once it is open
   * @throws AppError to refuse it
   */
  admit(visitor: Visitor): (ws: WebSocket) => void;
  /**
   * Likewise, where credentials may come in a message. Whoever does not identify itself soon is to be shown out by the
   * front. Absent: who has none is refused, unless callers may be anonymous.
   */
  admitStranger?(stranger: Stranger): (ws: WebSocket, identify: Identify) => void;
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

/** The place of an open connection. */
interface Kept {
  /** @throws AppError when there is none for that tenant */
  move(tenant: string): void;
}

/** Whose place a connection has before it has said who it is. No subject of a token is empty. */
const NOBODY = '';

/** Serves WebSockets on an HTTP server's upgrades. Paths of no front are refused with 404. */
export function attachUpgrades(server: Server, options: DoorOptions, fronts: readonly WebSocketFront[]): Door {
  const { logger } = options;
  const { places } = options.services;
  const checks = { isForeign: createCors(options.config).isForeign, isOwnHost: createHostCheck(options.config) };
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
  const keep = (ws: WebSocket, tenant: string): Kept => {
    const take = (whose: string) => places.take(whose, () => ws.close(1001, 'server is shutting down'));
    let leave = take(tenant);
    open.add(ws);
    ws.on('close', () => {
      open.delete(ws);
      leave();
    });
    return {
      move(whose) {
        if (!open.has(ws)) return;
        places.require(whose);
        leave();
        leave = take(whose);
      },
    };
  };
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', destroy);
    const { path, search } = readPathAndQuery(request.url ?? '/');
    const route = routes.get(path);
    if (!route) return refuse(socket, new AppError('NOT_FOUND', 'Not Found'), request, dialectOf(path), logger);
    const { front, sockets } = route;
    const stranger: Stranger = { query: new URLSearchParams(search), request, socket };
    const letIn = (tenant: string, welcome: (ws: WebSocket, kept: Kept) => void) => {
      places.require(tenant);
      sockets.handleUpgrade(request, socket, head, (ws) => welcome(ws, keep(ws, tenant)));
    };
    identify(request, stranger)
      .then((principal) => {
        if (closing) throw new AppError('UNAVAILABLE', 'server is shutting down');
        if (principal !== null) return letIn(principal.tenant, front.admit({ ...stranger, ...principal, principal }));
        const welcome = front.admitStranger!(stranger);
        const { origin, host } = request.headers;
        letIn(NOBODY, (ws, kept) =>
          welcome(ws, async (authorization) => {
            const principal = await admit({ origin, host, authorization }, options, checks, front.dialect);
            kept.move(principal.tenant);
            return principal;
          }),
        );
      })
      .catch((error: unknown) => refuse(socket, error, request, front.dialect, logger));

    /** @returns null for somebody who will say it later */
    async function identify({ headers }: IncomingMessage, { query }: Stranger): Promise<Principal | null> {
      const { authorization, 'x-api-key': apiKey, origin, host } = headers;
      // A browser cannot set headers on a WebSocket, so a token may also come in the query.
      const token = query.get('token');
      if (front.admitStranger && authorization === undefined && apiKey === undefined && token === null) return null;
      const bearer = authorization ?? (token === null ? undefined : `Bearer ${token}`);
      return admit({ origin, host, authorization: bearer, apiKey }, options, checks, front.dialect);
    }
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

/** The same as HTTP's. */
interface Checks {
  readonly isForeign: (request: Pick<Claim, 'origin' | 'host'>) => boolean;
  readonly isOwnHost: (host: string | undefined) => boolean;
}

/** Who a request says it comes from. */
interface Claim {
  readonly origin: string | undefined;
  readonly host: string | undefined;
  readonly authorization: string | undefined;
  readonly apiKey?: string | readonly string[] | undefined;
}

/** @throws AppError UNAUTHENTICATED, EXPIRED, FORBIDDEN, RATE_LIMITED */
async function admit(
  { origin, host, authorization, apiKey }: Claim,
  { verifier, limiter }: DoorOptions,
  { isForeign, isOwnHost }: Checks,
  dialect: Dialect,
): Promise<Principal> {
  const identity = await verifier.authenticate({
    authorization,
    ...(typeof apiKey === 'string' ? { 'x-api-key': apiKey } : {}),
  });
  if (identity.anonymous && isForeign({ origin, host })) throw foreignOrigin(origin);
  if (identity.anonymous && !isOwnHost(host)) throw foreignHost(host);
  const decision = limiter?.take(identity, undefined, dialect);
  if (decision?.allowed === false) {
    throw new AppError('RATE_LIMITED', 'Rate limit exceeded', { retryAfterMs: decision.retryAfterSeconds * 1_000 });
  }
  return identity;
}

/** In the words its dialect has for refusals of requests. */
function refuse(socket: Duplex, error: unknown, { headers }: IncomingMessage, dialect: Dialect, logger: Logger): void {
  const requestId = randomUUID();
  if (!isExpected(error)) logger.error({ requestId, err: error }, 'an upgrade failed');
  const reply = errorReply(error, { dialect, requestId, accept: headers.accept });
  const body = reply.body as string;
  const lines = Object.entries({
    ...reply.headers,
    'X-Request-Id': requestId,
    'Content-Length': Buffer.byteLength(body),
  });
  // Node no longer looks after a socket that was to be upgraded: a client that keeps its half open would hold it for ever.
  socket.once('finish', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${reply.status} Refused\r\nConnection: close\r\n` +
      `${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`,
  );
}
