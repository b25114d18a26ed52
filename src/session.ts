/** The built-in session kind for an embedding application: names for its operations, and nothing else. */
import type { z } from 'zod';
import { type Call, type CallOptions, keyed, unless } from './calls.ts';
import type { isolationReport, turnMetrics } from './operations/schemas.ts';
import type { RunBody, runOutput } from './operations/session/run.ts';

/** As `POST /v1/run` answers. */
export type RunResult = z.output<typeof runOutput>;
/** As every turn reports. */
export type TurnMetrics = z.output<typeof turnMetrics>;

/** Fields and units as in `POST /v1/session/create`. */
export interface SessionSettings {
  readonly memory?: { readonly short_term?: number; readonly medium_term?: number; readonly long_term?: number };
  readonly use_attention?: boolean;
  readonly use_cache?: boolean;
  readonly use_cortex?: boolean;
  readonly enable_topic_switch?: boolean;
}

/** Fields and units as in `POST /v1/run`. */
export type RunOptions = Partial<Omit<RunBody, 'message' | 'session_id'>> & CallOptions;

export interface StoreOptions extends CallOptions {
  /** The question, when no run came before. */
  readonly message?: string;
  /** Unix seconds or ISO 8601. Default: now. */
  readonly timestamp?: number | string;
  readonly episode?: string;
}

export interface StoreResult {
  readonly session_id: string;
  /** False when isolation did not let it in. */
  readonly stored: boolean;
  readonly memory_hash: string | null;
  readonly dedup_signal: string | null;
  readonly isolation: z.output<typeof isolationReport>;
  readonly metrics: TurnMetrics;
  readonly warning: string | null;
}

/** Fields and units as in `GET /v1/state/context`. */
export interface ContextOptions {
  readonly top_k?: number;
  readonly full_first?: boolean;
  readonly explain?: boolean;
  readonly max_text_chars?: number;
}

export interface ContextResult {
  readonly session_id: string;
  readonly memories: readonly {
    readonly text: string;
    readonly relevance: number;
    readonly memory_hash: string;
    readonly truncated: boolean;
    readonly tier: string;
    /** Unix seconds. */
    readonly timestamp: number;
    readonly episode: number;
    readonly explain?: Readonly<Record<string, number | null>>;
  }[];
  readonly total: number;
  readonly degraded: boolean;
}

export interface RememberOptions extends CallOptions {
  /** Default `constant`; the kinds of `POST /v1/session/{id}/entities`. */
  readonly kind?: string;
  readonly context?: string;
  readonly importance?: number;
}

/** One conversation's memory. Every method is the operation that REST serves under the same rules. */
export interface Session {
  readonly id: string;
  /**
   * What the session remembers of a message; `context` is the block for your prompt.
   *
   * @example
   * const { context } = await session.run('Which port does the server use?');
   */
  run(message: string, options?: RunOptions): Promise<RunResult>;
  /** Learns the model's answer to the last message; on disk when it resolves. */
  store(response: string, options?: StoreOptions): Promise<StoreResult>;
  /** Memories ranked by a question, or by what the session is about. */
  context(question?: string, options?: ContextOptions): Promise<ContextResult>;
  metrics(): Promise<TurnMetrics & { readonly session_id: string; readonly drift_score: number }>;
  /** Keeps an exact name and value, never blurred by vectors. */
  remember(key: string, value: string, options?: RememberOptions): Promise<void>;
  /** @returns false when there was no such key */
  forget(key: string, options?: CallOptions): Promise<boolean>;
  export(): Promise<{ readonly state_dict: Readonly<Record<string, unknown>>; readonly checksum: string }>;
  /** Deletes the session: memories, vectors and texts leave the store. */
  remove(): Promise<void>;
}

/** @throws AppError INVALID for settings out of range */
export async function openSession(call: Call, id: string, settings: SessionSettings): Promise<Session> {
  await call('session.create', { body: { session_id: id, ...settings } }).catch(unless('CONFLICT'));
  const path = { id };
  return {
    id,
    run: (message, { idempotencyKey, ...rest } = {}) =>
      call('session.run', { body: { ...rest, message, session_id: id } }, keyed(idempotencyKey)),
    store: (response, { idempotencyKey, ...rest } = {}) =>
      call('session.store', { body: { ...rest, response, session_id: id } }, keyed(idempotencyKey)),
    context: (q, options = {}) => call('session.context', { query: { ...options, q, session_id: id } }),
    metrics: () => call('session.metrics', { path }),
    remember: async (key, value, { idempotencyKey, kind = 'constant', ...rest } = {}) => {
      await call('session.entity.put', { path, body: { ...rest, key, kind, value } }, keyed(idempotencyKey));
    },
    forget: async (key, { idempotencyKey } = {}) =>
      (await call('session.entity.remove', { path: { id, key } }, keyed(idempotencyKey)).catch(unless('NOT_FOUND'))) !==
      undefined,
    export: () => call('session.export', { path }),
    remove: async () => void (await call('session.delete', { path }).catch(unless('NOT_FOUND'))),
  };
}
