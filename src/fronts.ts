/** The fronts of a server: HTTP and WebSocket on one port, over a runtime that already runs. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, isIP, type Socket } from 'node:net';
import { AppError } from '../actors/errors.ts';
import {
  basicAuthMatches,
  createRateLimiter,
  createVerifier,
  ENVIRONMENT_LIMITS,
  environmentLimitHeaders,
  rateLimitHeaders,
  type VerificationKey,
  type Verifier,
} from './auth/index.ts';
import type { Config } from './config.ts';
import { createHttpApp } from './http/app.ts';
import type { BasicCheck, Limiter, Logger } from './http/ports.ts';
import { OPERATIONS } from './operations/index.ts';
import { createReplayStore } from './replay.ts';
import type { Runtime } from './runtime.ts';
import { Places } from './stream/places.ts';
import { graphqlFront } from './ws/graphql.ts';
import { sempFront } from './ws/semp.ts';
import { streamFront } from './ws/stream.ts';
import { attachUpgrades } from './ws/upgrade.ts';

/** A client that sends its headers slower than this is let go. */
const HEADERS_MS = 10_000;
/** A whole request, body included: enough for the largest import over a slow line. */
const REQUEST_MS = 120_000;
/** How often connections are looked at for that; with Node's own 30 s a header could take 40. */
const CHECK_MS = 5_000;
/** Idle connections are kept this long; above the usual 60 s of load balancers, so that they close first. */
const KEEP_ALIVE_MS = 65_000;
/** What is still running after this is cut off at shutdown. */
const DRAIN_MS = 10_000;

export interface Fronts {
  /** `http://host:port`, with the port that was picked. */
  readonly url: string;
  readonly port: number;
  /** Stops accepting and lets running requests finish; cuts off what does not. */
  close(): Promise<void>;
}

export interface FrontOptions {
  readonly config: Config;
  readonly keys: readonly VerificationKey[];
  readonly logger: Logger;
  /** The listening socket failed; the fronts must be closed and opened again. */
  readonly onFailure: (error: Error) => void;
}

/** @throws AppError UNAVAILABLE when the port cannot be had */
export async function openFronts(runtime: Runtime, { config, keys, logger, onFailure }: FrontOptions): Promise<Fronts> {
  const { clock, metrics, store, seal } = runtime;
  // Of these fronts alone: when they have failed and come up again, nobody of before is in them.
  const places = new Places(config);
  const services = { ...runtime.services, places };
  const verifier = createVerifier({ keys, clock, renewUrl: config.renewUrl, allowAnonymous: config.allowAnonymous });
  const limiter = createLimiter(config, runtime);
  const sockets = [
    streamFront({ services, logger }),
    sempFront({ services, logger }),
    graphqlFront({ services, logger, limiter }),
  ];
  const app = createHttpApp({
    operations: OPERATIONS,
    sockets: sockets.flatMap(({ paths }) => paths),
    services,
    authenticator: { authenticate: (headers) => verifier.authenticate(pick(headers)) },
    limiter,
    basic: basicCheck(config),
    logger,
    replay: createReplayStore(store, clock, seal),
    metrics,
  });
  const timeouts = { headersTimeout: HEADERS_MS, requestTimeout: REQUEST_MS, keepAliveTimeout: KEEP_ALIVE_MS };
  const server = createServer({ ...timeouts, connectionsCheckingInterval: CHECK_MS }, app.callback());
  const connections = trackConnections(server);
  const door = attachUpgrades(server, { services, verifier, config, logger, limiter }, sockets);
  const letGo = trackAnswers(server);
  await listen(server, config);
  server.on('error', onFailure);
  const close = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    places.close();
    door.close();
    letGo();
    server.closeIdleConnections();
    for (const socket of connections.unused) socket.destroy();
    const cut = setTimeout(() => {
      door.terminate();
      for (const socket of connections.open) socket.destroy();
    }, DRAIN_MS);
    await closed;
    clearTimeout(cut);
  };
  return { url: urlOf(server), port: (server.address() as AddressInfo).port, close };
}

interface Connections {
  /** All of them; Node's own `closeAllConnections` leaves out those that wanted an upgrade. */
  readonly open: ReadonlySet<Socket>;
  /** Those that never carried a request: opened ahead, as browsers do. To `closeIdleConnections` they are not idle. */
  readonly unused: ReadonlySet<Socket>;
}

function trackConnections(server: Server): Connections {
  const open = new Set<Socket>();
  const unused = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    unused.add(socket);
    socket.once('close', () => {
      open.delete(socket);
      unused.delete(socket);
    });
  });
  const used = ({ socket }: IncomingMessage) => void unused.delete(socket);
  server.prependListener('request', used);
  server.prependListener('upgrade', used);
  return { open, unused };
}

/**
 * Watches the answers under way. A client that keeps its connection busy would otherwise be served until the drain is
 * cut off: `server.close` ends idle connections only.
 *
 * @returns a function after which every answer is the last one of its connection
 */
function trackAnswers(server: Server): () => void {
  const open = new Set<ServerResponse>();
  let leaving = false;
  server.prependListener('request', (_request, response: ServerResponse) => {
    response.shouldKeepAlive &&= !leaving;
    open.add(response);
    response.once('close', () => open.delete(response));
  });
  return () => {
    leaving = true;
    for (const response of open) response.shouldKeepAlive = false;
  };
}

/** Whether only this machine can reach it. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

function pick(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Parameters<Verifier['authenticate']>[0] {
  const { authorization, 'x-api-key': apiKey } = headers;
  return {
    ...(typeof authorization === 'string' ? { authorization } : {}),
    ...(typeof apiKey === 'string' ? { 'x-api-key': apiKey } : {}),
  };
}

function createLimiter(config: Config, { clock }: Runtime): Limiter | null {
  const off =
    config.rateLimit === 'off' || (config.rateLimit === 'auto' && config.allowAnonymous && isLoopback(config.host));
  if (off) return null;
  const limiter = createRateLimiter({ clock });
  // Buckets of their own: whoever has used up one interface still has the other.
  const environment = createRateLimiter({ clock, subjects: ENVIRONMENT_LIMITS, sessions: ENVIRONMENT_LIMITS });
  return {
    take(subject, sessionId, dialect) {
      const isEnvironment = dialect === 'sel';
      const decision = (isEnvironment ? environment : limiter).take(subject, sessionId);
      const { allowed, retryAfterSeconds } = decision;
      const headers = { ...rateLimitHeaders(decision), ...(isEnvironment ? environmentLimitHeaders(decision) : {}) };
      return { allowed, retryAfterSeconds, headers };
    },
  };
}

function basicCheck({ metricsUser, metricsPassword }: Config): BasicCheck {
  if (!metricsUser || !metricsPassword) return () => 'unset';
  const wanted = { user: metricsUser, password: metricsPassword };
  return (authorization) => (basicAuthMatches(authorization, wanted) ? 'ok' : 'bad');
}

function listen(server: Server, { host, port }: Config): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) => {
      const reasons: Record<string, string> = {
        EADDRINUSE: `port ${port} is in use on ${host}; stop what uses it, or choose another --port`,
        EACCES: `port ${port} needs more rights than this process has; choose a --port above 1023`,
        EADDRNOTAVAIL: `${host} is not an address of this machine`,
        ENOTFOUND: `${host} is not a known host name`,
      };
      reject(
        new AppError('UNAVAILABLE', reasons[error.code ?? ''] ?? `cannot listen on ${host}:${port}: ${error.message}`, {
          cause: error,
        }),
      );
    };
    server.once('error', failed);
    server.listen(port, host, () => {
      server.off('error', failed);
      resolve();
    });
  });
}

function urlOf(server: Server): string {
  const { address, port } = server.address() as AddressInfo;
  return `http://${address.includes(':') ? `[${address}]` : address}:${port}`;
}
