/** A client of the sessions' API: typed where tests read answers, raw where they look at the wire. */
import { expect } from 'vitest';

export interface Reply<T = unknown> {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The JSON of the body; null when there is none. */
  readonly body: T;
}

export interface Metrics {
  readonly phase: string;
  readonly interaction_count: number;
  readonly total_memories: number;
  readonly similarity: number;
  readonly beta: number;
  readonly [name: string]: unknown;
}

export interface RunBody {
  readonly session_id: string;
  readonly context: string;
  readonly top_similarity: number;
  readonly short_circuit: boolean;
  readonly drift_score: number;
  readonly drift_detected: boolean;
  readonly drift_phase: string;
  readonly metrics: Metrics;
  readonly dedup_signal: string | null;
  readonly retrieval_error: string | null;
  readonly degraded: boolean;
  readonly isolation: { readonly level: string; readonly action: string };
  readonly stored: boolean | null;
  readonly context_tokens: number;
  readonly context_budget_tokens: number;
  readonly recalled: readonly { readonly memory_hash: string; readonly score: number }[];
}

export interface StoreBody {
  readonly session_id: string;
  readonly stored: boolean;
  readonly memory_hash: string;
  readonly dedup_signal: string | null;
  readonly isolation: { readonly level: string; readonly action: string };
  readonly metrics: Metrics;
  readonly warning: string | null;
}

export interface MemoryItem {
  readonly text: string;
  readonly relevance: number;
  readonly memory_hash: string;
  readonly truncated: boolean;
  readonly tier: string;
  readonly timestamp: number;
  readonly episode: number;
  readonly explain?: Readonly<Record<string, number | null>>;
}

export interface ContextBody {
  readonly session_id: string;
  readonly memories: readonly MemoryItem[];
  readonly total: number;
  readonly degraded: boolean;
}

export interface ExportBody {
  readonly session_id: string;
  readonly state_dict: Readonly<Record<string, unknown>>;
  readonly checksum: string;
}

type HeaderMap = Readonly<Record<string, string>>;

export class Client {
  readonly url: string;
  readonly headers: HeaderMap;

  constructor(url: string, headers: HeaderMap) {
    this.url = url;
    this.headers = headers;
  }

  /** The same caller with more headers on every request. */
  with(headers: HeaderMap): Client {
    return new Client(this.url, { ...this.headers, ...headers });
  }

  /** Sends JSON, or a body as it is when it is text or bytes. */
  async call<T = unknown>(method: string, path: string, body?: unknown, headers: HeaderMap = {}): Promise<Reply<T>> {
    const plain = typeof body === 'string' || body instanceof Uint8Array;
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...this.headers,
        ...headers,
      },
      ...(body === undefined ? {} : { body: plain ? (body as string) : JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = /json/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: (json ? JSON.parse(text) : null) as T,
    };
  }

  /** The body of a call that has to work. */
  async ok<T = unknown>(method: string, path: string, body?: unknown, headers: HeaderMap = {}): Promise<T> {
    const reply = await this.call<T>(method, path, body, headers);
    expect(reply.status, `${method} ${path}: ${reply.text.slice(0, 500)}`).toBeLessThan(300);
    return reply.body;
  }

  get<T = unknown>(path: string): Promise<Reply<T>> {
    return this.call<T>('GET', path);
  }

  post<T = unknown>(path: string, body?: unknown, headers: HeaderMap = {}): Promise<Reply<T>> {
    return this.call<T>('POST', path, body, headers);
  }

  run(body: object, headers: HeaderMap = {}): Promise<RunBody> {
    return this.ok<RunBody>('POST', '/v1/run', body, headers);
  }

  store(body: object, headers: HeaderMap = {}): Promise<StoreBody> {
    return this.ok<StoreBody>('POST', '/v1/store', body, headers);
  }

  /** A new session, by its id. */
  async create(body: object = {}): Promise<string> {
    const { session_id } = await this.ok<{ session_id: string }>('POST', '/v1/session/create', body);
    return session_id;
  }

  /** A turn: question, then answer. */
  async turn(session_id: string, message: string, response: string): Promise<StoreBody> {
    await this.run({ session_id, message });
    return this.store({ session_id, response });
  }

  metrics(id: string): Promise<Metrics> {
    return this.ok<Metrics>('GET', `/v1/metrics/${encodeURIComponent(id)}`);
  }

  context(id: string, query: Readonly<Record<string, string | number | boolean>> = {}): Promise<ContextBody> {
    const search = new URLSearchParams({ session_id: id });
    for (const [name, value] of Object.entries(query)) search.set(name, String(value));
    return this.ok<ContextBody>('GET', `/v1/state/context?${search}`);
  }

  export(id: string): Promise<ExportBody> {
    return this.ok<ExportBody>('GET', `/v1/session/${encodeURIComponent(id)}/export`);
  }

  /** The vector the server's own embedder makes of a text. */
  async embed(text: string): Promise<number[]> {
    const body = { model: 'any', input: text };
    const { data } = await this.ok<{ data: [{ embedding: number[] }] }>('POST', '/v1/embeddings', body);
    return data[0].embedding;
  }
}

/** A session's control routes. */
export function at(id: string, rest: string): string {
  return `/v1/session/${encodeURIComponent(id)}/${rest}`;
}
