/** What a command comes to: the next context, the answer, and facts for the log. */
import type { ErrorCode } from '../../errors.ts';
import type { DedupSignal } from './dedup.ts';
import type { IsolationAction } from './isolation.ts';
import type { Drift, IsolationLevel, SessionContext, Tier, TurnMetrics } from './model.ts';

/** A fact for the log beside the event: small, and never a text. */
export interface Fact {
  readonly type: string;
  readonly payload: unknown;
}

/** One command handled. */
export interface Step<TOutcome> {
  readonly context: SessionContext;
  readonly outcome: TOutcome;
  readonly facts: readonly Fact[];
}

/** The answer to a command that could not be done; everything else in the context is as it was. */
export interface Failure {
  readonly error: { readonly code: ErrorCode; readonly message: string };
}

export function isFailure(outcome: unknown): outcome is Failure {
  return typeof outcome === 'object' && outcome !== null && 'error' in outcome;
}

export interface Admission {
  readonly level: IsolationLevel;
  readonly action: IsolationAction;
}

export interface StoreOutcome {
  /** Whether the turn was taken in; a duplicate is taken in by refreshing the memory it repeats. */
  readonly stored: boolean;
  /** Of the chunk's memory, or of the one it repeats; null when nothing was stored. */
  readonly memory_hash: string | null;
  readonly dedup_signal: DedupSignal | null;
  readonly isolation: Admission;
  /** Of the last stored turn: this one, when `stored`. */
  readonly metrics: TurnMetrics;
  readonly total_memories: number;
  readonly turn: number;
  /** What the client should know although nothing failed. */
  readonly warning: string | null;
}

export interface RunOutcome {
  /** Stored turns, an inline answer included. */
  readonly turn: number;
  /** Of this message; all quiet when it was not admitted. */
  readonly drift: Drift;
  /** What this message measured; `metrics` speaks of the last stored turn. */
  readonly message: { readonly similarity: number; readonly topic_switch: number };
  readonly isolation: Admission;
  /** Of the inline answer, null without one. */
  readonly stored: StoreOutcome | null;
  /** The answer to this message names it. */
  readonly pendingId: number;
  readonly metrics: TurnMetrics;
  readonly total_memories: number;
  readonly episode: number;
}

/** Answers by command. */
export interface Outcomes {
  run: RunOutcome;
  store: StoreOutcome;
  'trigger.add': { readonly trigger_count: number };
  'trigger.clear': { readonly trigger_count: 0 };
  'anchor.add': { readonly anchor_count: number; readonly anchor_score: number };
  isolate: { readonly level: IsolationLevel; readonly quarantined: number };
  release: { readonly released_count: number; readonly total_memories: number };
  'memory.inject': { readonly memory_hash: string; readonly tier: Tier; readonly total_memories: number };
  'entity.put': { readonly key: string; readonly size: number; readonly evicted: string | null };
  'entity.remove': { readonly key: string; readonly size: number; readonly removed: true };
  'entity.touch': { readonly touched: number };
  import: { readonly imported: true; readonly total_memories: number };
  /** `delta_norm`: distance of the two before the blend, 0 to 2 (1 from a session initialised by it); null when one says nothing. */
  'vector.blend': { readonly updated: boolean; readonly delta_norm: number | null };
  /** `joined`: false when it was a member already. */
  'cluster.join': { readonly joined: boolean };
  'cluster.leave': { readonly left: boolean };
  'vector.set': { readonly updated: true; readonly anchor_score: number };
}
