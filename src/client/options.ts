/** What a client and each of its calls can be told. */
import type { WebSocketConstructor } from './socket.ts';

export interface Backoff {
  /** Wait before the first repetition, in ms; each further one doubles it. */
  readonly firstMs: number;
  /** No wait is longer, in ms. */
  readonly maxMs: number;
}

export interface ClientOptions {
  /** JWT or API key, or a function that is asked for one before every request. */
  readonly token?: string | (() => string | Promise<string>);
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** For one call with all its repetitions, in ms. Default 30,000. */
  readonly deadlineMs?: number;
  /** How often a call is repeated when trying again can help. Default 4; 0: never. */
  readonly retries?: number;
  /** Waits between those, each drawn from its upper half. Default 250 ms to 8 s; a longer `Retry-After` is obeyed. */
  readonly backoff?: Backoff;
  /** Default: the global one. */
  readonly fetch?: typeof fetch;
  /** Default: the global one; in a Node without, that of the package `ws`. */
  readonly WebSocket?: WebSocketConstructor;
}

export interface CallOptions {
  /** Ends the call with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Default: the client's. */
  readonly deadlineMs?: number;
  /** Default: the client's. */
  readonly retries?: number;
  /**
   * The same key takes effect once, and answers the same, within a day. Default: a new one for each call that changes
   * something; its repetitions keep it.
   */
  readonly idempotencyKey?: string;
  /** Beside the client's. */
  readonly headers?: Readonly<Record<string, string>>;
}
