/** One Koa application over the operations list. The life of a request is `answer`, read from top to bottom. */
import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import Koa from 'koa';
import { AppError, messageOf } from '../../actors/errors.ts';
import type { Config } from '../config.ts';
import { Answer, type Caller, type Dialect, type Operation } from '../operations/operation.ts';
import type { Services } from '../operations/services.ts';
import { Aborted, createBodyRoom, discardBody, readJsonBody } from './body.ts';
import { createCors, foreignOrigin } from './cors.ts';
import { withDocumentation } from './documentation.ts';
import { errorReply, isExpected } from './errors.ts';
import { createHostCheck, foreignHost } from './host.ts';
import { createIdempotency, createIds, fingerprintOf, isFinal, readIdempotencyKey } from './idempotency.ts';
import { parseJson } from './json.ts';
import { createHeavyLane } from './lanes.ts';
import type { Metrics } from './metrics.ts';
import type { Authenticator, BasicCheck, Limiter, Logger, Principal, ReplayStore } from './ports.ts';
import { encode, isReadable, type Reply } from './reply.ts';
import { createRoutes, dialectOf, type Route } from './routes.ts';
import { clientAddress, readPathAndQuery, requireDecodable } from './target.ts';
import { createValidator } from './validation.ts';

export interface HttpOptions {
  /** What is served. `/openapi.json` and `/docs` are added unless the list has them. */
  readonly operations: readonly Operation[];
  /** Paths of WebSockets: a plain request for one is told so. Without a slash at the end. Default: none. */
  readonly sockets?: readonly string[];
  readonly services: Services;
  readonly authenticator: Authenticator;
  /** `null`: no limits. */
  readonly limiter: Limiter | null;
  readonly basic: BasicCheck;
  readonly logger: Logger;
  readonly replay: ReplayStore;
  readonly metrics: Metrics;
}

/** What is known about a request while it is on its way. */
interface Exchange {
  readonly requestId: string;
  /** Sent with the answer, whatever it turns out to be. */
  readonly headers: Record<string, string>;
  /** Whose error shape a refusal has. */
  dialect: Dialect;
  /** What the operation adds to a refusal. */
  also: Operation['alsoInErrors'];
  /** Route template for logs and metrics. */
  endpoint: string;
  /** What a 401 asks for. */
  challenge: string;
  tenant: string | undefined;
  /** Gives back what was set aside for this request. */
  release: () => void;
}

const REQUEST_ID = /^[\w.-]{1,128}$/;
const NOBODY: Principal = { tenant: '', tier: 'community', anonymous: true };
const NO_BYTES = Buffer.alloc(0);
/** Of requests at once; two full sessions. Parsed they take several times as much. */
const LARGE_BODIES_BYTES = 256 * 1024 * 1024;
/** nginx's status for a client that left before it had its answer; never sent, only counted. */
const CLIENT_LEFT = 499;

/**
 * Makes the application; `callback()` is the request listener for a node:http server.
 *
 * @throws TypeError when two operations claim the same route
 */
export function createHttpApp(options: HttpOptions): Koa {
  const { services, authenticator, limiter, basic, logger, metrics } = options;
  const { config } = services;
  const operations = withDocumentation(options.operations, services.version);
  const routes = createRoutes(operations);
  const validators = new Map(operations.map((operation) => [operation, createValidator(operation)]));
  const sockets = new Set(options.sockets);
  const cors = createCors(config);
  const isOwnHost = createHostCheck(config);
  const idempotency = createIdempotency(options.replay, logger);
  const room = createBodyRoom(LARGE_BODIES_BYTES);
  const heavyLane = createHeavyLane();
  /** Requests under way: beyond a bound, waiting would only make every answer late. */
  let running = 0;

  async function answer(req: IncomingMessage, method: string, exchange: Exchange): Promise<Reply> {
    Object.assign(exchange.headers, cors.headers(req.headers));
    const { path, search } = readPathAndQuery(req.url ?? '/');
    exchange.dialect = dialectOf(path);
    requireDecodable(path);
    const match = routes.match(method, path);
    if (match.kind === 'none' && sockets.has(path.replace(/\/$/, ''))) {
      // RFC 9110 §15.5.22 and §7.8: which protocol, and that it is about this connection.
      Object.assign(exchange.headers, { Upgrade: 'websocket', Connection: 'Upgrade' });
      throw new AppError('UPGRADE_REQUIRED', 'This is a WebSocket: connect with ws:// or wss://, not over plain HTTP');
    }
    if (match.kind === 'none')
      throw new AppError('NOT_FOUND', wordsFor(exchange.dialect, 'Not Found', `no ${method} ${path} here`));
    const { operation } = match.route;
    exchange.dialect = operation.dialect;
    exchange.also = operation.alsoInErrors;
    exchange.endpoint = match.route.template;
    if (match.kind === 'method') {
      exchange.headers.Allow = match.allow.join(', ');
      const words = `${method} is not possible here, only ${match.allow.join(', ')}`;
      if (method !== 'OPTIONS') {
        throw new AppError('METHOD_NOT_ALLOWED', wordsFor(exchange.dialect, 'Method Not Allowed', words));
      }
      return optionsReply(req.headers, exchange, match.allow);
    }

    // Whether it is alive must be answered most of all when it is busy.
    if (running > config.maxRequests && operation.access !== 'open') {
      throw new AppError('OVERLOADED', 'The server is answering as many requests as it may', { retryAfterMs: 1_000 });
    }
    const principal = await admit(operation, req.headers, exchange);
    throttle(match.route, match.params, principal, exchange);

    const key = operation.mutates ? readIdempotencyKey(req.headers['idempotency-key']) : undefined;
    const limit = operation.http.maxBodyBytes ?? config.maxBodyBytes;
    if (operation.input.body !== undefined) exchange.release = room.claim(req, limit);
    const bytes = operation.input.body === undefined ? NO_BYTES : await readJsonBody(req, limit);
    const raw = { params: match.params, search, headers: req.headers, body: parseJson(bytes) };
    const input = validators.get(operation)!(raw);

    const caller: Caller = {
      ...principal,
      requestId: exchange.requestId,
      ip: clientAddress(req, config.trustProxy),
      ...(key === undefined ? {} : { idempotencyKey: key }),
      newId: createIds(principal.tenant, key),
    };
    // The schemas have just vouched for these types, which the widened list no longer knows.
    const run = async () => {
      if (operation.heavy) await heavyLane.enter();
      const result = await operation.run({ caller, services }, input as never);
      return { reply: encode(operation, result), final: !(result instanceof Answer && result.passing) };
    };
    if (key === undefined) return (await run()).reply;
    const fingerprint = fingerprintOf(method, req.url ?? '/', bytes);
    const secret = operation.secret === true;
    return idempotency.once({ tenant: principal.tenant, key, fingerprint, secret }, async () => {
      try {
        return await run();
      } catch (error) {
        return { reply: failure(error, req.headers, exchange), final: isFinal(error) };
      }
    });
  }

  /** @throws AppError UNAUTHENTICATED, EXPIRED, FORBIDDEN, UNAVAILABLE */
  async function admit(operation: Operation, headers: IncomingHttpHeaders, exchange: Exchange): Promise<Principal> {
    if (operation.access === 'open') return NOBODY;
    if (operation.access === 'metrics') {
      exchange.challenge = 'Basic realm="metrics", charset="UTF-8"';
      const verdict = basic(headers.authorization);
      if (verdict === 'unset') throw new AppError('UNAVAILABLE', 'METRICS_USER and METRICS_PASSWORD are not set');
      if (verdict === 'bad') throw new AppError('UNAUTHENTICATED', 'Missing or wrong Basic credentials');
      return NOBODY;
    }
    const principal = await authenticator.authenticate(headers);
    exchange.tenant = principal.tenant;
    // Without tokens the origin is all that keeps any page the developer visits from writing into a local server.
    if (principal.anonymous && cors.isForeign(headers)) throw foreignOrigin(headers.origin);
    if (principal.anonymous && !isOwnHost(headers.host)) throw foreignHost(headers.host);
    return principal;
  }

  /** @throws AppError RATE_LIMITED */
  function throttle(route: Route, params: Readonly<Record<string, string>>, subject: Principal, exchange: Exchange) {
    if (limiter === null || route.operation.access !== 'tenant') return;
    const session = route.sessionParameter === undefined ? undefined : params[route.sessionParameter];
    const { allowed, headers, retryAfterSeconds } = limiter.take(subject, session, route.operation.dialect);
    Object.assign(exchange.headers, headers);
    if (allowed) return;
    const retryAfterMs = retryAfterSeconds * 1_000;
    throw new AppError('RATE_LIMITED', 'Rate limit exceeded', { retryAfterMs });
  }

  function optionsReply(headers: IncomingHttpHeaders, exchange: Exchange, allow: readonly string[]): Reply {
    const isPreflight = headers['access-control-request-method'] !== undefined;
    const isAllowed = exchange.headers['Access-Control-Allow-Origin'] !== undefined;
    return { status: 204, headers: isPreflight && isAllowed ? cors.preflight(allow) : {}, body: null };
  }

  function failure(error: unknown, headers: IncomingHttpHeaders, exchange: Exchange): Reply {
    const { requestId, dialect, also, endpoint } = exchange;
    if (!isExpected(error)) logger.error({ requestId, endpoint, err: error }, 'request failed');
    const reply = errorReply(error, { dialect, also, requestId, accept: headers.accept });
    if (reply.status !== 401) return reply;
    return { ...reply, headers: { ...reply.headers, 'WWW-Authenticate': exchange.challenge } };
  }

  const app = new Koa();
  // What goes wrong while an answer is on the wire ends up here; without a listener Koa prints it.
  app.on('error', (error: unknown) => {
    if (isDisconnect(error)) logger.debug({ err: messageOf(error) }, 'the client left');
    else logger.error({ err: error }, 'an answer could not be sent');
  });
  app.use(async (ctx) => {
    const started = performance.now();
    const { req, method } = ctx;
    const exchange = begin(req.headers['x-request-id'], config.durability);
    let status = CLIENT_LEFT;
    running++;
    try {
      const reply = await answer(req, method, exchange).catch((error: unknown) => {
        if (error instanceof Aborted) throw error;
        return failure(error, req.headers, exchange);
      });
      send(ctx, exchange, reply);
      status = reply.status;
    } catch (error) {
      if (!(error instanceof Aborted)) throw error;
      ctx.respond = false;
      ctx.res.destroy();
    } finally {
      running--;
      exchange.release();
    }
    const { requestId, endpoint, tenant } = exchange;
    const ip = clientAddress(req, config.trustProxy);
    const ms = performance.now() - started;
    metrics.observe(method, endpoint, status, ms / 1_000);
    logger.info(
      { requestId, method, endpoint, status, ms: Math.round(ms * 100) / 100, tenant, ip, bytes: ctx.length },
      'request',
    );
  });
  return app;
}

/** Cortex clients know the framework's own words; everybody else is told what was asked for. */
function wordsFor(dialect: Dialect, published: string, own: string): string {
  return dialect === 'cortex' ? published : `${published}: ${own}`;
}

/** `HPE_…` is the HTTP parser over a request that broke off. */
const DISCONNECT = /^(?:ECONNRESET|ECONNABORTED|EPIPE|ERR_STREAM_PREMATURE_CLOSE|HPE_\w+)$/;

function isDisconnect(error: unknown): boolean {
  return error instanceof Error && 'code' in error && DISCONNECT.test(String(error.code));
}

function begin(given: string | string[] | undefined, durability: Config['durability']): Exchange {
  const requestId = typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
  return {
    requestId,
    headers: {
      'X-Request-Id': requestId,
      'X-Content-Type-Options': 'nosniff',
      'Cache-Control': 'no-store',
      // Whoever asked for less than durable answers is reminded of it with each of them.
      ...(durability === 'relaxed' ? { 'X-Synod-Durability': durability } : {}),
    },
    dialect: 'synod',
    also: undefined,
    endpoint: 'unmatched',
    challenge: 'Bearer',
    tenant: undefined,
    release: () => {},
  };
}

function send(ctx: Koa.Context, exchange: Exchange, { status, headers, body }: Reply): void {
  discardBody(ctx.req);
  const all = { ...exchange.headers, ...headers };
  for (const name in all) ctx.res.setHeader(name, all[name]!);
  if (body === null || typeof body === 'string' || isReadable(body)) ctx.body = body;
  else ctx.body = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  // After the body: setting that may change the status.
  ctx.status = status;
}
