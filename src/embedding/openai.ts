/**
 * The embedder that asks an OpenAI-compatible server.
 *
 * B1. At most `concurrency` requests are under way; what arrives meanwhile waits and leaves together, `maxBatch` texts
 *     a request.
 * B2. Texts of several callers share a request, their fate does not: when the server refuses a shared request, each
 *     caller's texts are asked for again alone.
 * B3. Five failed requests in a row open the circuit: calls fail at once for ten seconds, then one request probes
 *     while the rest goes on failing.
 * B4. No error carries the key, a text, or anything the server said: servers quote both.
 */
import type { Clock } from '../../actors/ports.ts';
import type { Embedder } from './embedder.ts';
import { EmbedderFailure, endpointOf, headersOf, readVectors, retryAfterOf } from './openai-wire.ts';

export interface OpenAiEmbedderOptions {
  /** Base URL (`https://host/v1`); `/embeddings` is added unless it ends so, `/v1/embeddings` when it has no path. */
  readonly url: string;
  readonly model: string;
  /** Numbers per vector; an answer of another dimension is an error. */
  readonly dimension: number;
  /** Sent as a Bearer token. */
  readonly apiKey?: string;
  /** Whether to ask for `dimensions`. Default false: only some models can shorten, and others refuse the field. */
  readonly sendDimensions?: boolean;
  readonly fetch?: typeof globalThis.fetch;
  readonly clock?: Clock;
  /** Per request, answer included. Default 10,000; a request that takes longer is not tried again. */
  readonly timeoutMs?: number;
  /** Texts per request. Default 64. */
  readonly maxBatch?: number;
  /** Requests under way at once. Default 2. */
  readonly concurrency?: number;
  /** Texts that may wait; beyond it calls fail. Default 4,096. */
  readonly maxQueued?: number;
}

const FAILURES_TO_OPEN = 5;
const OPEN_MS = 10_000;
const BACKOFF_MS = 250;
/** Longest wait a server may ask of a caller who is waiting too; for more, the call fails and passes the wish on. */
const MAX_RETRY_AFTER_MS = 5_000;
/** Statuses by which a server judges these texts rather than its own health. */
const TEXT_REFUSED: readonly number[] = [400, 413, 422];

const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout(fn, ms) {
    const timer = setTimeout(fn, ms);
    return { cancel: () => clearTimeout(timer) };
  },
};

/** One `embed()` call. */
interface Call {
  left: number;
  settled: boolean;
  resolve(): void;
  reject(error: unknown): void;
}

/** One text of a call, and where its vector belongs. */
interface Item {
  readonly call: Call;
  readonly text: string;
  readonly vectors: Float32Array[];
  readonly position: number;
}

/**
 * Makes an embedder over any server with `POST /v1/embeddings`. Its id is `openai:<model>:<dimension>`; the role is
 * ignored, the protocol has no place for it. A call that is tried twice may take twice the timeout and a wait between.
 *
 * @throws TypeError when the options cannot work
 */
export function createOpenAiEmbedder(options: OpenAiEmbedderOptions): Embedder {
  const { model, dimension, sendDimensions = false, fetch = globalThis.fetch, clock = systemClock } = options;
  const { timeoutMs = 10_000, maxBatch = 64, concurrency = 2, maxQueued = 4_096 } = options;
  for (const [name, value] of Object.entries({ dimension, timeoutMs, maxBatch, concurrency, maxQueued })) {
    if (!Number.isInteger(value) || value < 1) throw new TypeError(`${name} is ${value}, a positive integer wanted`);
  }
  if (model === '') throw new TypeError('model is empty, the name of a model wanted');
  const url = endpointOf(options.url);
  const headers = headersOf(options.apiKey);
  const name = `embedder ${url.host}`;
  const queue: Item[] = [];
  const underWay = new Set<Promise<void>>();
  const aborts = new Set<() => void>();
  let closed = false;
  let pumpPlanned = false;
  let failures = 0;
  let openUntil = 0;
  let probing = false;

  const isOpen = () => failures >= FAILURES_TO_OPEN && (probing || clock.monotonic() < openUntil);
  const closedFailure = () => new EmbedderFailure('final', `${name}: it was closed`);
  const openFailure = () => {
    const retryAfterMs = Math.max(1, Math.ceil(openUntil - clock.monotonic()));
    return new EmbedderFailure('final', `${name}: not asked, its last ${failures} requests failed`, { retryAfterMs });
  };

  function planPump(): void {
    if (pumpPlanned) return;
    pumpPlanned = true;
    // Calls made while the event loop reads one round of sockets leave in one request.
    setImmediate(() => {
      pumpPlanned = false;
      pump();
    });
  }

  /** Sends what waits, as far as B1 and B3 allow. */
  function pump(): void {
    while (!probing && underWay.size < concurrency) {
      if (isOpen()) rejectAll(queue.splice(0), openFailure());
      const batch = nextBatch();
      if (batch.length === 0) return;
      probing = failures >= FAILURES_TO_OPEN;
      const work = embedBatch(batch).finally(() => {
        underWay.delete(work);
        pump();
      });
      underWay.add(work);
    }
  }

  function nextBatch(): Item[] {
    const batch: Item[] = [];
    while (batch.length < maxBatch && queue.length > 0) {
      // The rest of a call that has failed would be asked for nobody.
      batch.push(...queue.splice(0, maxBatch - batch.length).filter((item) => !item.call.settled));
    }
    return batch;
  }

  async function embedBatch(batch: readonly Item[]): Promise<void> {
    try {
      const vectors = await request(batch);
      failures = 0;
      probing = false;
      for (const [index, item] of batch.entries()) {
        item.vectors[item.position] = vectors[index]!;
        item.call.left--;
        if (item.call.left === 0) settle(item.call, item.call.resolve);
      }
    } catch (error) {
      const refused = error instanceof EmbedderFailure && error.kind === 'refused';
      if (!closed) failures = refused ? 0 : failures + 1;
      if (failures >= FAILURES_TO_OPEN) openUntil = clock.monotonic() + OPEN_MS;
      probing = false;
      const parts = refused && !closed ? byCall(batch) : [];
      if (parts.length < 2) return rejectAll(batch, error);
      for (const part of parts) await embedBatch(part); // B2
    }
  }

  /** Asks once, and once more when that may help. */
  async function request(batch: readonly Item[]): Promise<Float32Array[]> {
    const texts = batch.map((item) => item.text);
    try {
      return await attempt(texts);
    } catch (error) {
      if (!(error instanceof EmbedderFailure && error.kind === 'again')) throw error;
      const waitMs = Math.max(error.retryAfterMs ?? 0, BACKOFF_MS);
      if (waitMs > MAX_RETRY_AFTER_MS || closed) throw error;
      await pause(waitMs);
      return attempt(texts);
    }
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        aborts.delete(done);
        timer.cancel();
        resolve();
      };
      const timer = clock.setTimeout(done, ms);
      aborts.add(done);
    });
  }

  async function attempt(texts: readonly string[]): Promise<Float32Array[]> {
    if (closed) throw closedFailure();
    const controller = new AbortController();
    const abort = () => controller.abort();
    let timedOut = false;
    const timer = clock.setTimeout(() => {
      timedOut = true;
      abort();
    }, timeoutMs);
    aborts.add(abort);
    try {
      const body = {
        model,
        input: texts,
        encoding_format: 'base64',
        ...(sendDimensions ? { dimensions: dimension } : {}),
      };
      const init = { method: 'POST', headers, body: JSON.stringify(body), signal: controller.signal };
      // A redirect would carry texts to a place nobody configured.
      const response = await fetch(url, { ...init, redirect: 'manual' });
      if (response.status !== 200) {
        await response.body?.cancel().catch(() => undefined);
        throw statusFailure(response);
      }
      return readVectors(name, await response.text(), texts.length, dimension);
    } catch (cause) {
      if (cause instanceof EmbedderFailure) throw cause;
      if (closed) throw closedFailure();
      if (timedOut) throw new EmbedderFailure('final', `${name}: no answer within ${timeoutMs} ms`, { cause });
      throw new EmbedderFailure('again', `${name}: the connection failed, an answer to POST ${url.pathname} wanted`, {
        cause,
      });
    } finally {
      timer.cancel();
      aborts.delete(abort);
    }
  }

  function statusFailure(response: Response): EmbedderFailure {
    const { status } = response;
    const again = status === 429 || status >= 500;
    const retryAfterMs = again ? retryAfterOf(response.headers.get('retry-after'), clock.now()) : undefined;
    const kind = again ? 'again' : TEXT_REFUSED.includes(status) ? 'refused' : 'final';
    const message = `${name}: answered ${status} to POST ${url.pathname} for model ${model}, 200 wanted`;
    return new EmbedderFailure(kind, message, retryAfterMs === undefined ? {} : { retryAfterMs });
  }

  return {
    id: `openai:${model}:${dimension}`,
    dimension,
    async embed(texts) {
      if (closed) throw closedFailure();
      const vectors = texts.map(() => new Float32Array(dimension));
      const wanted = [...texts.entries()].filter(([, text]) => text.trim() !== '');
      if (wanted.length === 0) return vectors;
      if (isOpen()) throw openFailure();
      // A single call larger than the bound would otherwise never get in.
      if (queue.length > 0 && queue.length + wanted.length > maxQueued) {
        throw new EmbedderFailure('final', `${name}: ${queue.length} texts wait for it, at most ${maxQueued} wanted`);
      }
      await new Promise<void>((resolve, reject) => {
        const call: Call = { left: wanted.length, settled: false, resolve, reject };
        for (const [position, text] of wanted) queue.push({ call, text, vectors, position });
        planPump();
      });
      return vectors;
    },
    healthy: () => !closed && !isOpen(),
    async close() {
      closed = true;
      rejectAll(queue.splice(0), closedFailure());
      for (const abort of [...aborts]) abort();
      await Promise.all(underWay);
    },
  };
}

function settle(call: Call, finish: () => void): void {
  if (call.settled) return;
  call.settled = true;
  finish();
}

function rejectAll(items: readonly Item[], error: unknown): void {
  for (const { call } of items) settle(call, () => call.reject(error));
}

function byCall(batch: readonly Item[]): Item[][] {
  const parts = new Map<Call, Item[]>();
  for (const item of batch) parts.set(item.call, [...(parts.get(item.call) ?? []), item]);
  return [...parts.values()];
}
