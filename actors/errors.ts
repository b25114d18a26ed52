/** Every expected trouble of the house: one class, one table of codes. Anything else thrown is a bug. */

interface CodeFacts {
  /** HTTP status a front answers with, unless its dialect says otherwise. */
  readonly status: number;
  /** Whether trying the same call again later can help. */
  readonly retry: boolean;
}

/** Clients switch on these codes, so a code never changes its meaning. */
export const ERROR_CODES = {
  /** The input does not have the wanted shape; `details` holds `[{loc, msg, type}]`. */
  INVALID: { status: 422, retry: false },
  /** The input has the right shape but cannot be what it claims to be (checksum, unknown enum member). */
  MALFORMED: { status: 400, retry: false },
  UNAUTHENTICATED: { status: 401, retry: false },
  /** The token was good once. */
  EXPIRED: { status: 402, retry: false },
  /** Credentials would not help: a page or a host name this server does not take requests from. */
  FORBIDDEN: { status: 403, retry: false },
  NOT_FOUND: { status: 404, retry: false },
  METHOD_NOT_ALLOWED: { status: 405, retry: false },
  /** The client takes no media type that there is. */
  NOT_ACCEPTABLE: { status: 406, retry: false },
  CONFLICT: { status: 409, retry: false },
  /** The actor's present state does not accept this event. */
  REFUSED: { status: 409, retry: false },
  /** The event was made for a state that is gone; read again and resend. */
  STALE: { status: 409, retry: true },
  /** A question would come back to an actor that is itself waiting for the answer. */
  CALL_CYCLE: { status: 409, retry: false },
  IDEMPOTENCY_REUSED: { status: 422, retry: false },
  IDEMPOTENCY_IN_FLIGHT: { status: 409, retry: true },
  TOO_LARGE: { status: 413, retry: false },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, retry: false },
  /** This is a WebSocket, and the request did not ask for one. */
  UPGRADE_REQUIRED: { status: 426, retry: false },
  RATE_LIMITED: { status: 429, retry: true },
  INTERNAL: { status: 500, retry: false },
  MAILBOX_FULL: { status: 503, retry: true },
  OVERLOADED: { status: 503, retry: true },
  /** The actor crashed too often and waits for somebody to release it. */
  QUARANTINED: { status: 503, retry: false },
  /** Nothing was stored: the store refused the commit. */
  STORE_FAILED: { status: 503, retry: true },
  /** Stored data does not match its checksum. Nothing is guessed: the actor stays out until it is restored. */
  CORRUPTED: { status: 503, retry: false },
  EMBEDDER_FAILED: { status: 503, retry: true },
  UNAVAILABLE: { status: 503, retry: true },
  /** No answer in time. Whether the event takes effect is unknown: ask again with the same idempotency key. */
  DEADLINE: { status: 504, retry: true },
} as const satisfies Record<string, CodeFacts>;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface AppErrorOptions {
  readonly cause?: unknown;
  /** Machine-readable facts beside the sentence; must survive JSON. */
  readonly details?: unknown;
  /** For `retry` codes: how long to wait first, in ms. */
  readonly retryAfterMs?: number;
}

/** Expected trouble. The message names what was found and what was wanted. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly details: unknown;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.details = options.details;
    this.retryAfterMs = options.retryAfterMs;
  }

  get status(): number {
    return ERROR_CODES[this.code].status;
  }

  get retry(): boolean {
    return ERROR_CODES[this.code].retry;
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
