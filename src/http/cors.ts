/** Which pages of other origins may call from a browser, and how their browsers are told. */
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { AppError } from '../../actors/errors.ts';
import type { Config } from '../config.ts';

export interface Cors {
  /** Headers for an answer to this request; empty without an `Origin`, or for one that may not call. */
  headers(request: IncomingHttpHeaders): Readonly<Record<string, string>>;
  /** Headers for the answer to a preflight of an allowed origin. */
  preflight(allow: readonly string[]): Readonly<Record<string, string>>;
  /** Whether the request comes from a page of another origin that is not allowed. */
  isForeign(request: IncomingHttpHeaders): boolean;
}

const REQUEST_HEADERS =
  'Authorization, Content-Type, X-API-Key, X-Request-Id, X-Tenant-Id, Idempotency-Key, If-None-Match, Last-Event-ID, Accept';
const RESPONSE_HEADERS =
  'X-Request-Id, Retry-After, RateLimit, RateLimit-Policy, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, ' +
  'X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, Idempotent-Replayed, Location, ETag, Link, ' +
  'X-Next-Cursor, X-Truncated';
/** How long a browser may remember a preflight, in seconds. */
const MAX_AGE = '600';

const NONE = {} as const;

/** What a page of another origin is told where no token says who is asking. */
export function foreignOrigin(origin: string | undefined): AppError {
  const way = 'serve with --cors-origins to allow it';
  return new AppError('FORBIDDEN', `Origin ${origin} is not among the allowed origins; ${way}`);
}

/**
 * Which origins may call: those listed (`https://app.example`, or `*`), and in anonymous mode every page this very machine
 * serves, as it is for development: no page of the net can have such an origin.
 */
export function createOriginCheck(config: Pick<Config, 'corsOrigins' | 'allowAnonymous'>): (origin: string) => boolean {
  const allowed = new Set(config.corsOrigins);
  const any = allowed.has('*');
  return (origin) => any || allowed.has(origin) || (config.allowAnonymous && isLocal(origin));
}

function isLocal(origin: string): boolean {
  if (!URL.canParse(origin)) return false;
  const { protocol, hostname } = new URL(origin);
  if (protocol !== 'http:' && protocol !== 'https:') return false;
  const isLoopback = hostname === '[::1]' || (isIP(hostname) === 4 && hostname.startsWith('127.'));
  return isLoopback || hostname === 'localhost' || hostname.endsWith('.localhost');
}

export function createCors(config: Pick<Config, 'corsOrigins' | 'allowAnonymous'>): Cors {
  const isAllowed = createOriginCheck(config);
  const any = config.corsOrigins.includes('*');
  const none = config.corsOrigins.length === 0 && !config.allowAnonymous;

  return {
    headers({ origin }) {
      if (none) return NONE;
      // A shared cache must not hand one origin's answer to another.
      const vary = any ? NONE : { Vary: 'Origin' };
      if (origin === undefined || !isAllowed(origin)) return vary;
      return {
        ...vary,
        'Access-Control-Allow-Origin': any ? '*' : origin,
        'Access-Control-Expose-Headers': RESPONSE_HEADERS,
      };
    },
    preflight: (allow) => ({
      'Access-Control-Allow-Methods': allow.join(', '),
      'Access-Control-Allow-Headers': REQUEST_HEADERS,
      'Access-Control-Max-Age': MAX_AGE,
    }),
    isForeign({ origin, host }) {
      return origin !== undefined && !isAllowed(origin) && origin.replace(/^https?:\/\//, '') !== host;
    },
  };
}
