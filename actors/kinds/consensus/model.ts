/** The shape of a tenant's consensus: whom it trusts how far, and the proposals under way and lately decided. */
import type { ConsensusLevel } from './count.ts';

/** The one consensus actor of a tenant. */
export const CONSENSUS_ID = 'network';
/** Proposals waiting for votes at one time. */
export const MAX_OPEN = 64;
/** Proposals kept, decided ones included; the oldest decided one goes first. */
export const MAX_PROPOSALS = 128;
/** Voters of one proposal. */
export const MAX_VOTERS = 1_000;
/** Instances whose trust is kept; beyond, those nearest to the initial trust are forgotten: they lose least. */
export const MAX_TRUSTED = 10_000;

/** Instances are in lists, not keys of an object: an id may be any text. */
export interface Trusted {
  readonly instance: string;
  /** In [0.05, 0.95]. */
  readonly trust: number;
}

export interface Vote {
  readonly instance: string;
  readonly approve: boolean;
}

/** Enough of the voters' directions to know their mean pairwise cosine: (|Σu|² − m) / (m·(m − 1)). */
export interface Agreement {
  /** Sum of the unit directions. */
  readonly sum: Float64Array;
  /** How many. */
  readonly voices: number;
}

export type ProposalStatus = 'pending' | 'accepted' | 'rejected';

export interface Proposal {
  readonly id: string;
  /** A session, or a user of the tenant. */
  readonly proposer: string;
  /** Unit length. */
  readonly proposed: Float64Array;
  readonly rationale: string | null;
  /** Null: trust-weighted, from one half on. */
  readonly level: ConsensusLevel | null;
  /** Who may vote, ascending; null: whoever is a session of the tenant. */
  readonly electors: readonly string[] | null;
  /** By instance, ascending. */
  readonly votes: readonly Vote[];
  /** For `adaptive_threshold` only. */
  readonly agreement: Agreement | null;
  readonly status: ProposalStatus;
  /** Weighted share of approval as of the last count, [0, 1]. */
  readonly ratio: number;
  /** What the ratio had to reach. */
  readonly bar: number;
  /** Unix ms. */
  readonly createdAt: number;
  /** Unix ms; null for one that was decided as it was made. */
  readonly deadline: number | null;
  /** Unix ms. */
  readonly decidedAt: number | null;
  /** Cosine of what was proposed to what turned out right, once that is known. */
  readonly outcomeCosine: number | null;
}

export interface ConsensusContext {
  readonly id: string;
  /** By instance, ascending. Who is not in it has the initial trust. */
  readonly trust: readonly Trusted[];
  /** Oldest first. */
  readonly proposals: readonly Proposal[];
  readonly accepted: number;
  readonly rejected: number;
  /** Unix ms. */
  readonly createdAt: number;
  /** What the last command was answered. */
  readonly outcome: unknown;
}
