/** The network layer for an embedding application: names for its operations, and nothing else. */
import { type Call, type CallOptions, keyed } from '../calls.ts';

export type TransferType = 'FULL_STATE' | 'PARTIAL_STATE' | 'SEMANTIC_DELTA' | 'MEMORY_FRAGMENT' | 'COHERENCE_FIELD';

/** Fields as in `POST /v1/network/transfer`. */
export interface TransferOptions extends CallOptions {
  /** How far the target may move, [0, 1]. Default 0.15. */
  readonly max_weight?: number;
  /** Default `SEMANTIC_DELTA`. */
  readonly transfer_type?: TransferType;
  /** A vector of somebody who lives elsewhere; absent: the source's own. */
  readonly state_vector?: readonly number[];
  /** IEEE 754 binary64 of each of its numbers, 16 hex digits each: what is not bit-exact is refused. */
  readonly bit_pattern?: string;
}

export interface Transferred {
  readonly packet_id: string;
  readonly transfer_type: TransferType;
  /** The bit pattern was compared. */
  readonly verified: boolean;
  /** Distance of the two directions before any weight, [0, 2]. */
  readonly delta_norm: number;
  /** Whether the target changed. */
  readonly updated: boolean;
}

/** Fields as in `POST /v1/network/consensus`. */
export interface ProposeOptions extends CallOptions {
  readonly proposer_session_id?: string;
  readonly rationale?: string;
  readonly consensus_level?:
    | 'simple_majority'
    | 'qualified_majority'
    | 'unanimous'
    | 'weighted_vote'
    | 'adaptive_threshold';
  /** Seconds. Opens the proposal to votes; absent: every session votes now, by where it stands. */
  readonly voting_timeout?: number;
  readonly voters?: readonly string[];
}

export interface ProposalView {
  readonly proposal_id: string;
  readonly accepted: boolean;
  readonly status: string;
  /** Share of the trust that was in favour. */
  readonly ratio: number;
  readonly trust_scores: Readonly<Record<string, number>>;
}

/** Transfers, users and consensus of one tenant. Every method is the operation that REST serves. */
export interface Network {
  /** Brings what one session is about to another. */
  transfer(source: string, target: string, options?: TransferOptions): Promise<Transferred>;
  /** Sets the sessions of the active user aside and brings those of another back. @returns who was active before */
  switchUser(user: string): Promise<string>;
  activeUser(): Promise<string>;
  /** Lets the network decide on where it should stand, weighted by trust. */
  propose(target: readonly number[], options?: ProposeOptions): Promise<ProposalView>;
  proposal(id: string): Promise<ProposalView>;
  vote(proposal: string, session: string, inFavour: boolean): Promise<ProposalView>;
  /** Tells what turned out right: whoever voted so is trusted more from now on, the others less. */
  outcome(proposal: string, vector: readonly number[]): Promise<ProposalView>;
  trust(): Promise<Readonly<Record<string, number>>>;
}

export function networkOf(call: Call): Network {
  return {
    transfer: (source, target, { idempotencyKey, ...rest } = {}) => {
      const ends =
        rest.state_vector === undefined
          ? { source_session_id: source, target_session_id: target }
          : { source_instance: source, target_instance: target };
      return call('network.transfer', { body: { ...ends, ...rest } }, keyed(idempotencyKey));
    },
    switchUser: async (user) =>
      (await call<{ previous_user: string }>('network.users.switch', { body: { user_id: user } })).previous_user,
    activeUser: async () => (await call<{ active_user: string }>('network.users.active')).active_user,
    propose: (target, { idempotencyKey, ...rest } = {}) =>
      call('network.consensus.propose', { body: { ...rest, target_embedding: target } }, keyed(idempotencyKey)),
    proposal: (id) => call('network.consensus.proposal', { path: { id } }),
    vote: (id, session, inFavour) =>
      call('network.consensus.vote', { path: { id }, body: { session_id: session, vote: inFavour } }),
    outcome: (id, vector) => call('network.consensus.outcome', { path: { id }, body: { outcome_embedding: vector } }),
    trust: async () => (await call<{ trust_scores: Record<string, number> }>('network.consensus.trust')).trust_scores,
  };
}
