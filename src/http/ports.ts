/** What the HTTP room needs from the other rooms; whoever starts the server hands it in. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Caller, Dialect } from '../operations/operation.ts';

/** Whom a request speaks for. */
export type Principal = Pick<Caller, 'tenant' | 'tier' | 'anonymous'>;

export interface Authenticator {
  /** @throws AppError UNAUTHENTICATED, EXPIRED */
  authenticate(headers: IncomingHttpHeaders): Promise<Principal>;
}

export interface RateDecision {
  readonly allowed: boolean;
  /** `RateLimit-*` and friends; sent with every answer, refused or not. */
  readonly headers: Readonly<Record<string, string>>;
  readonly retryAfterSeconds: number;
}

export interface Limiter {
  /**
   * Takes one request from the budget of the subject, and of the session when the path names one.
   *
   * @param dialect each may have budgets of its own. Default: `synod`
   */
  take(subject: Principal, sessionId?: string, dialect?: Dialect): RateDecision;
}

/** Checks the `Authorization` header of operations with `access: 'metrics'`; `unset`: no password is configured. */
export type BasicCheck = (authorization: string | undefined) => 'ok' | 'unset' | 'bad';

/** The part of pino this room uses. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** A finished answer, kept under the caller's idempotency key. */
export interface StoredResponse {
  /** Hex SHA-256 of method, target and body: tells a repetition from a reuse of the key. */
  readonly fingerprint: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | null;
  /** It holds a secret, which must not be readable where it is kept. */
  readonly secret: boolean;
}

/** Remembers answers for as long as a client may repeat a request (24 hours). */
export interface ReplayStore {
  get(tenant: string, key: string): StoredResponse | undefined;
  /** Resolves when the response would survive a crash. */
  put(tenant: string, key: string, response: StoredResponse): Promise<void>;
}
