/** Which pages of other origins may call from a browser, and how their browsers are told. */
import type { IncomingHttpHeaders } from 'node:http';

export interface Cors {
  /** Headers for an answer to this request; empty without an `Origin`, or for one that may not call. */
  headers(request: IncomingHttpHeaders): Readonly<Record<string, string>>;
  /** Headers for the answer to a preflight of an allowed origin. */
  preflight(allow: readonly string[]): Readonly<Record<string, string>>;
  /** Whether the request comes from a page of another origin that is not allowed. */
  isForeign(request: IncomingHttpHeaders): boolean;
}

const REQUEST_HEADERS =
  'Authorization, Content-Type, X-API-Key, X-Request-Id, X-Tenant-Id, Idempotency-Key, Last-Event-ID, Accept';
const RESPONSE_HEADERS =
  'X-Request-Id, Retry-After, RateLimit, RateLimit-Policy, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Idempotent-Replayed, Location, ETag';
/** How long a browser may remember a preflight, in seconds. */
const MAX_AGE = '600';

const NONE = {} as const;

/** @param origins exact origins (`https://app.example`), or `*` */
export function createCors(origins: readonly string[]): Cors {
  const allowed = new Set(origins);
  const any = allowed.has('*');
  const isAllowed = (origin: string) => any || allowed.has(origin);

  return {
    headers({ origin }) {
      if (allowed.size === 0) return NONE;
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
