/**
 * The shape of a session: everything that survives in its snapshot. Values are never changed in place: a turn
 * builds the next state from the present one and shares what did not change.
 */

export const TIERS = ['short_term', 'medium_term', 'long_term'] as const;
export type Tier = (typeof TIERS)[number];

export const ISOLATION_LEVELS = ['OPEN', 'FILTER', 'QUARANTINE', 'LOCKDOWN'] as const;
export type IsolationLevel = (typeof ISOLATION_LEVELS)[number];

export const ENTITY_KINDS = [
  'variable',
  'function',
  'class',
  'path',
  'error',
  'signature',
  'constant',
  'type',
] as const;
export type EntityKind = (typeof ENTITY_KINDS)[number];

export type Phase = 'initialization' | 'exploration' | 'convergence' | 'resonance' | 'stability' | 'instability';
export type DriftPhase = 'stable' | 'shifting' | 'drifted';

export interface Memory {
  /** First 32 hex digits of SHA-256(session id | seq | text); never changes, whatever tier the memory is in. */
  readonly hash: string;
  /** Order of arrival in this session, from 1. */
  readonly seq: number;
  readonly text: string;
  /** First 16 hex digits of SHA-256 of the text with case and white space evened out: equal for exact duplicates. */
  readonly fingerprint: string;
  /** Unit length, or all zeros. */
  readonly embedding: Float32Array;
  /** 0 or more; 0.5 is ordinary, 1.0 what a trigger hit gives. */
  readonly importance: number;
  /** How many runs recalled it. */
  readonly access: number;
  /** The stored turn it came with, from 1; 0 for an injected memory before the first turn. */
  readonly turn: number;
  /** The last stored turn in which it was stored or recalled: recency is counted in turns, never in seconds. */
  readonly used: number;
  /** Unix ms: when it happened, as the client says (`timestamp`), else when it was stored. */
  readonly at: number;
  /** Which conversation of the session it belongs to, from 0. */
  readonly episode: number;
  readonly tier: Tier;
}

export interface Trigger {
  readonly keyword?: string;
  readonly embedding?: Float32Array;
  /** Cosine from which an embedding trigger hits. */
  readonly threshold: number;
  readonly weight: number;
}

export interface PolicyVector {
  readonly embedding: Float32Array;
  readonly weight: number;
  readonly promote: boolean;
}

export interface Isolation {
  readonly level: IsolationLevel;
  readonly exclusions: readonly Float32Array[];
  readonly allowlist: readonly Float32Array[];
  /** Cosine from which an input matches. */
  readonly threshold: number;
}

/** A question that waits for its answer. */
export interface Pending {
  /** Increases with every buffered message; a stored answer names the one it was embedded with. */
  readonly id: number;
  readonly message: string;
  readonly embedding: Float32Array;
  /** Unix ms. */
  readonly at: number;
  /** Whether `at` is the client's own time stamp, and not merely when the message came in. */
  readonly stated: boolean;
  /** Whether isolation let it in; the answer to a message that was not let in is not stored either. */
  readonly admitted: boolean;
  /** Drift score measured when it came in; 0 when it was not admitted. */
  readonly drift: number;
}

/** An input that isolation set aside. */
export interface Quarantined {
  /** The chunk as it would have been stored; `Q: …` alone until the answer comes. */
  readonly text: string;
  readonly embedding: Float32Array;
  /** Unix ms. */
  readonly at: number;
  readonly episode: string | null;
  /** The pending message it came from: its answer joins it here. Null for a finished exchange. */
  readonly pendingId: number | null;
}

export interface Entity {
  readonly key: string;
  readonly kind: EntityKind;
  readonly value: string;
  readonly context: string | null;
  readonly importance: number;
  readonly access: number;
  /** Order of the last write, for recency. */
  readonly seq: number;
}

/** Rolling histories, newest last, at most {@link HISTORY_LENGTH} entries each. */
export interface Histories {
  readonly beta: readonly number[];
  readonly similarity: readonly number[];
  readonly fsm: readonly number[];
  readonly norm: readonly number[];
  readonly phase: readonly Phase[];
}

export const HISTORY_LENGTH = 256;

export interface Capacities {
  readonly short_term: number;
  readonly medium_term: number;
  readonly long_term: number;
}

export const DEFAULT_CAPACITIES: Capacities = { short_term: 15, medium_term: 50, long_term: 200 };

export interface SessionConfig {
  readonly dimension: number;
  /** Embedder whose vectors this session holds. */
  readonly embedder: string;
  readonly model_name: string;
  readonly use_attention: boolean;
  readonly use_cache: boolean;
  readonly use_cortex: boolean;
  readonly enable_topic_switch: boolean;
  readonly memory: Capacities;
}

/** What the last stored turn measured. */
export interface TurnMetrics {
  readonly similarity: number;
  readonly beta: number;
  readonly pattern_strength: number;
  readonly norm: number;
  readonly fsm: number;
  readonly phase: Phase;
  readonly topic_switch: number;
  readonly novelty_score: number;
}

export interface Drift {
  /** 0 (as usual) to 1 (certainly another topic). */
  readonly score: number;
  /** score ≥ 0.5: suspected at once. */
  readonly detected: boolean;
  /** The suspicion held for a second message: the conversation has moved on. */
  readonly confirmed: boolean;
  readonly phase: DriftPhase;
}

/** Which similarities are usual. */
export interface Normal {
  readonly mean: number;
  /** Standard deviation, greater than 0. */
  readonly spread: number;
}

/** What drift is measured against, from one message to the next. Newest last in every list. */
export interface DriftState {
  /** Of the latest messages to what was there before them, at most eight: what is usual in this session. */
  readonly similarities: readonly number[];
  /** Drift scores of the latest messages, at most eight. */
  readonly scores: readonly number[];
  /** Which of the latest messages asked where nothing was left to be answered, at most eight. */
  readonly openings: readonly boolean[];
  /** Whether a question waits for its answer. */
  readonly asked: boolean;
  /** Vectors of the last two stored turns that have content. */
  readonly recent: readonly Float32Array[];
  /** Set by a suspicious message; the next message confirms or clears it. */
  readonly suspicion: {
    /** The suspicious message. */
    readonly message: Float32Array;
    /** What it was compared with: the recent turns and the session's vector. */
    readonly context: readonly Float32Array[];
    readonly normal: Normal;
  } | null;
}

export interface SessionContext {
  readonly id: string;
  readonly config: SessionConfig;
  /** Unit length once a vector with any content or a template was taken in (`initialised`); else all zeros. */
  readonly state: Float64Array;
  readonly initialised: boolean;
  /** Stored turns: question and answer pairs, or answers alone. */
  readonly turns: number;
  /** All memories, oldest first by `seq`; the tier is a field of each. */
  readonly memories: readonly Memory[];
  readonly nextSeq: number;
  readonly metrics: TurnMetrics;
  readonly histories: Histories;
  /** As measured on the latest message. */
  readonly drift: Drift;
  readonly driftState: DriftState;
  readonly pending: Pending | null;
  readonly nextPending: number;
  readonly triggers: readonly Trigger[];
  readonly anchors: readonly Float32Array[];
  readonly realignmentRemaining: number;
  readonly policies: readonly PolicyVector[];
  readonly isolation: Isolation;
  readonly quarantine: readonly Quarantined[];
  readonly entities: readonly Entity[];
  readonly nextEntitySeq: number;
  /** Index of the conversation now going on, and the client's label for it. */
  readonly episode: number;
  readonly episodeLabel: string | null;
  /** Unix ms of the last stored or buffered input; a gap starts a new episode. Null before the first. */
  readonly lastAt: number | null;
  /** Unix ms. */
  readonly createdAt: number;
  /** The cluster it is a member of, or whose own session it is (then the id is its own); null: none. */
  readonly cluster: string | null;
  /**
   * The user of its tenant it belongs to: who was active when it was made. Null: nobody's in particular, as the own sessions
   * of clusters and regions are; every user reaches it.
   */
  readonly user: string | null;
  /** What the command just handled came to; the reply is made from it. */
  readonly outcome: unknown;
}
