/**
 * `GET /v1/stream` as an async iterable that outlives its connections.
 *
 * R1  After a lost connection it goes on with `Last-Event-ID`: no record is missed and none comes twice.
 * R2  It waits 1 s before it connects again, doubling to 30 s, and from 1 s once more after the server has answered.
 * R3  It ends when it is left, closed, or its signal fires, and fails only with what another try cannot mend.
 */
import { SynodError } from './error.ts';
import type { Backoff } from './options.ts';
import { readEvents, SILENCE_MS } from './sse.ts';
import { failed, type Transport } from './transport.ts';
import { backoffMs, controllerUnder, sleep } from './wait.ts';

/** One committed step of an actor. */
export interface StreamRecord {
  /** Position in the log of the caller. */
  readonly seq: number;
  /** ISO 8601. */
  readonly time: string;
  readonly kind: string;
  readonly id: string;
  /** Of the actor, after this step. */
  readonly revision: number;
  readonly type: string;
  /** Of the actor's statechart, after this step. */
  readonly state: unknown;
  readonly payload: unknown;
  readonly correlation_id: string | null;
  readonly causation_id: string | null;
  readonly hash: string;
}

/** Kinds, ids and types as globs, `*` for any characters; absent: all. */
export interface StreamFilter {
  readonly kinds?: readonly string[];
  readonly ids?: readonly string[];
  readonly types?: readonly string[];
  /** Sequence number to go on after, `cursor` of an earlier stream. Default: from now on. */
  readonly since?: number;
}

/** What a stream tells beside its records. */
export type StreamNotice =
  /** The server answered; records after `cursor` follow. */
  | { readonly type: 'subscribed'; readonly cursor: number }
  /** This reader was so slow that `missed` records left the server's buffer. They follow all the same, from the log. */
  | { readonly type: 'lagged'; readonly missed: number; readonly cursor: number }
  /** The connection is lost, or could not be had. */
  | { readonly type: 'reconnecting'; readonly delayMs: number; readonly error: SynodError };

export interface StreamOptions {
  /** Ends the stream: the loop over it throws the signal's reason. */
  readonly signal?: AbortSignal;
  readonly onNotice?: (notice: StreamNotice) => void;
  /** Default 1 s to 30 s. */
  readonly backoff?: Backoff;
  /** Without a sign of life for so long the connection counts as lost, in ms. Default 45,000: three heartbeats. */
  readonly silenceMs?: number;
}

const BACKOFF = { firstMs: 1_000, maxMs: 30_000 };

/** To be read once. */
export class RecordStream implements AsyncIterable<StreamRecord, void, undefined> {
  readonly #transport: Transport;
  readonly #filter: StreamFilter;
  readonly #options: StreamOptions;
  readonly #closing = new AbortController();
  #cursor: number | undefined;
  #read = false;

  constructor(transport: Transport, filter: StreamFilter, options: StreamOptions) {
    this.#transport = transport;
    this.#filter = filter;
    this.#options = options;
    this.#cursor = filter.since;
  }

  /** `seq` of the last record handed out, or where the stream began: `since` for one that is to go on here. */
  get cursor(): number | undefined {
    return this.#cursor;
  }

  /** Ends the loop over it, also one that waits. */
  close(): void {
    this.#closing.abort();
  }

  /** @throws TypeError the second time */
  [Symbol.asyncIterator](): AsyncGenerator<StreamRecord, void, undefined> {
    if (this.#read) throw new TypeError('a stream is read once; open another one');
    this.#read = true;
    return this.#records();
  }

  async *#records(): AsyncGenerator<StreamRecord, void, undefined> {
    const { signal, onNotice, backoff = BACKOFF } = this.#options;
    const { controller, release } = controllerUnder(signal);
    const close = () => controller.abort();
    this.#closing.signal.addEventListener('abort', close);
    if (this.#closing.signal.aborted) close();
    let failures = 0;
    try {
      for (;;) {
        const began = () => {
          failures = 0;
        };
        const error: unknown = yield* this.#connection(controller.signal, began);
        if (controller.signal.aborted) break;
        if (!(error instanceof SynodError) || !mendable(error)) throw error;
        const delayMs = Math.max(backoffMs(backoff, ++failures), error.retryAfterMs ?? 0);
        onNotice?.({ type: 'reconnecting', delayMs, error });
        await sleep(delayMs, controller.signal).catch(() => {});
        if (controller.signal.aborted) break;
      }
      signal?.throwIfAborted();
    } finally {
      controller.abort();
      this.#closing.signal.removeEventListener('abort', close);
      release();
    }
  }

  /** The records of one connection. @returns why it is over */
  async *#connection(signal: AbortSignal, began: () => void): AsyncGenerator<StreamRecord, unknown, undefined> {
    const { silenceMs = SILENCE_MS, onNotice } = this.#options;
    const { controller, release } = controllerUnder(signal);
    const silent = () =>
      controller.abort(new SynodError('NETWORK', `nothing heard for ${silenceMs} ms`, { status: 0 }));
    try {
      const timer = setTimeout(silent, silenceMs);
      const response = await this.#open(controller.signal).finally(() => clearTimeout(timer));
      for await (const { event, data, id } of readEvents(response.body!, silent, silenceMs)) {
        if (id !== null && /^\d+$/.test(id)) this.#cursor = Number(id);
        if (event === 'message') {
          yield JSON.parse(data) as StreamRecord;
        } else if (event === 'subscribed') {
          began();
          onNotice?.({ type: 'subscribed', ...(JSON.parse(data) as { cursor: number }) });
        } else if (event === 'lagged') {
          onNotice?.({ type: 'lagged', ...(JSON.parse(data) as { missed: number; cursor: number }) });
        }
      }
      return new SynodError('NETWORK', 'the server ended the stream', { status: 0 });
    } catch (cause) {
      if (cause instanceof SynodError) return cause;
      return failed(controller.signal, 'the stream broke off', cause);
    } finally {
      controller.abort();
      release();
    }
  }

  #open(signal: AbortSignal): Promise<Response> {
    const search = new URLSearchParams();
    const { kinds = [], ids = [], types = [] } = this.#filter;
    for (const kind of kinds) search.append('kind', kind);
    for (const id of ids) search.append('id', id);
    for (const type of types) search.append('type', type);
    const target = search.size === 0 ? '/v1/stream' : `/v1/stream?${search}`;
    const headers = {
      accept: 'text/event-stream, application/problem+json',
      ...(this.#cursor === undefined ? {} : { 'last-event-id': String(this.#cursor) }),
    };
    return this.#transport.open({ method: 'GET', target }, headers, signal);
  }
}

/** A server that crashed under the request may be back for the next one. */
function mendable(error: SynodError): boolean {
  return error.retry || error.status >= 500;
}
