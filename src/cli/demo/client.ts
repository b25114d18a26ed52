/** The calls the demo makes, over HTTP like any other client's. */
import { AppError, messageOf } from '../../../actors/errors.ts';

export interface RunReply {
  readonly session_id: string;
  readonly top_similarity: number;
  readonly short_circuit: boolean;
  readonly drift_score: number;
  readonly drift_phase: string;
  readonly drift_confirmed: boolean;
  readonly context: string;
  readonly context_tokens: number;
  readonly recalled: readonly { readonly memory_hash: string; readonly score: number }[];
}

export interface StoreReply {
  readonly memory_hash: string | null;
  readonly metrics: { readonly interaction_count: number; readonly total_memories: number };
}

/** Longer than any answer of a healthy server takes. */
const DEADLINE_MS = 15_000;

export class DemoClient {
  readonly #base: string;
  readonly #token: string | undefined;

  constructor(base: string, token: string | undefined) {
    this.#base = base.replace(/\/+$/, '');
    this.#token = token;
  }

  run(body: object): Promise<RunReply> {
    return this.#call('POST', '/v1/run', body);
  }

  store(body: object): Promise<StoreReply> {
    return this.#call('POST', '/v1/store', body);
  }

  memory(session: string, hash: string): Promise<{ readonly text: string; readonly turn: number }> {
    return this.#call('GET', `/v1/session/${encodeURIComponent(session)}/memories/${encodeURIComponent(hash)}`);
  }

  async remove(session: string): Promise<void> {
    await this.#call('DELETE', `/v1/session/${encodeURIComponent(session)}`);
  }

  get<T>(path: string): Promise<T> {
    return this.#call('GET', path);
  }

  post<T = unknown>(path: string, body?: object): Promise<T> {
    return this.#call('POST', path, body);
  }

  /** @throws AppError UNAVAILABLE, in words for whoever typed the command */
  async #call<T>(method: string, path: string, body?: object): Promise<T> {
    const headers: Record<string, string> = { 'content-type': 'application/json' };
    if (this.#token !== undefined) headers.authorization = `Bearer ${this.#token}`;
    let response: Response;
    let text: string;
    try {
      const signal = AbortSignal.timeout(DEADLINE_MS);
      response = await fetch(this.#base + path, {
        method,
        headers,
        signal,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      text = await response.text();
    } catch (cause) {
      const reason = (cause as { cause?: { code?: string } }).cause?.code ?? messageOf(cause);
      throw new AppError('UNAVAILABLE', `${this.#base} does not answer: ${reason}`, { cause });
    }
    if (response.status === 401) {
      throw new AppError('UNAUTHENTICATED', `${this.#base} wants a token it knows; give one with --token`);
    }
    const reply = parse(text);
    if (!response.ok || reply === undefined) {
      const detail = typeof reply?.detail === 'string' ? `: ${reply.detail}` : '';
      throw new AppError('UNAVAILABLE', `${method} ${this.#base}${path} answered ${response.status}${detail}`);
    }
    return reply as T;
  }
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
