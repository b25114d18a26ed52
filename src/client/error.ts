/** What goes wrong between client and server, as one class, whatever shape the server gave it. */
import { ERROR_CODES, type ErrorCode } from '../../actors/errors.ts';

/**
 * Trouble that has no answer of the server: nobody answered, what answered was no Synod, or the reply made no sense. And
 * what a listener of `SEMPClient` threw.
 */
export type ClientErrorCode = ErrorCode | 'NETWORK' | 'BAD_REPLY' | 'LISTENER_FAILED';

interface Facts {
  /** 0 when there was no answer. */
  readonly status: number;
  readonly requestId?: string | undefined;
  readonly details?: unknown;
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/** Where a server, or the proxy before it, tells no code of its own. */
const CODE_BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'MALFORMED',
  401: 'UNAUTHENTICATED',
  402: 'EXPIRED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  409: 'CONFLICT',
  413: 'TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  422: 'INVALID',
  429: 'RATE_LIMITED',
  500: 'INTERNAL',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'DEADLINE',
};

/**
 * @example
 * try {
 *   await client.session.metrics({ id: 'ada' });
 * } catch (error) {
 *   if (error instanceof SynodError && error.code === 'NOT_FOUND') …
 * }
 */
export class SynodError extends Error {
  override readonly name = 'SynodError';
  /** Stable: to be switched on. */
  readonly code: ClientErrorCode;
  /** HTTP status, 0 when there was no answer. */
  readonly status: number;
  /** `X-Request-Id`: by it the server's log knows the request. */
  readonly requestId: string | undefined;
  /** For INVALID: `[{loc, msg, type}]`. */
  readonly details: unknown;
  /** How long the server wants to be left alone, in ms. */
  readonly retryAfterMs: number | undefined;

  constructor(code: ClientErrorCode, message: string, facts: Facts) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = code;
    this.status = facts.status;
    this.requestId = facts.requestId;
    this.details = facts.details;
    this.retryAfterMs = facts.retryAfterMs;
  }

  /** Whether the same call can go better the next time. */
  get retry(): boolean {
    if (this.code === 'NETWORK') return true;
    if (this.code === 'BAD_REPLY' || this.code === 'LISTENER_FAILED') return false;
    // 504 is a proxy's way to say that nobody answered it.
    return ERROR_CODES[this.code].retry || this.status === 502 || this.status === 504;
  }
}

/**
 * Reads an answer that is no success: problem details, `{detail}`, `{message, code, request_id}`,
 * `{code, message, details}`, or whatever a proxy wrote.
 */
export function errorOf(response: Response, text: string): SynodError {
  const { status, headers } = response;
  const body = parseObject(text);
  const message = firstText(body.message, body.detail, body.title) ?? `the server answered ${status}`;
  return new SynodError(codeOf(body.code, status), message, {
    status,
    requestId: firstText(headers.get('x-request-id'), body.request_id),
    details: body.errors ?? body.details ?? (Array.isArray(body.detail) ? body.detail : undefined),
    retryAfterMs: retryAfterMs(headers.get('retry-after')),
  });
}

/** @param given by the server; where it is no code of ours, the status tells */
export function codeOf(given: unknown, status: number): ClientErrorCode {
  if (typeof given === 'string' && given in ERROR_CODES) return given as ErrorCode;
  return CODE_BY_STATUS[status] ?? (status >= 500 ? 'INTERNAL' : status >= 400 ? 'MALFORMED' : 'BAD_REPLY');
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function firstText(...values: unknown[]): string | undefined {
  return values.find((value): value is string => typeof value === 'string' && value !== '');
}

/** Seconds, or a date. */
function retryAfterMs(header: string | null): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
