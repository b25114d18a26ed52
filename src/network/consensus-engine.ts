/** Proposals and votes inside one process, for a program that counts its own agents' votes. Nothing here is durable. */
import { randomUUID } from 'node:crypto';
import { AppError } from '../../actors/errors.ts';
import { type ConsensusLevel, countBallots, DEFAULT_LEVEL, sufficient } from '../../actors/kinds/consensus/count.ts';
import { meanPairwiseCosine } from '../../workers/consensus.ts';

/** Shape [d]. */
type Vector = readonly number[] | Float32Array | Float64Array;

const DEFAULT_VOTING_SECONDS = 300;

export interface ProposalOptions {
  /** Default `qualified_majority`: two thirds of the weight. */
  readonly consensusLevel?: ConsensusLevel;
  /** Seconds. Default 300. */
  readonly votingTimeout?: number;
}

export interface VoteOptions {
  /** Default: the engine's own instance. */
  readonly votingInstance?: string;
  /** The voter's own vector; `adaptive_threshold` asks for a larger majority the less the voters' vectors agree. */
  readonly state?: Vector;
}

/** One proposal. A failed vote leaves it `pending`: votes may change until its deadline. */
export class ConsensusProposal {
  readonly proposalId = randomUUID();
  readonly type: string;
  readonly proposedState: Vector;
  readonly rationale: string;
  readonly consensusLevel: ConsensusLevel;
  /** Unix ms. */
  readonly votingDeadline: number;
  readonly #votes = new Map<string, boolean>();
  readonly #states = new Map<string, Vector>();
  readonly #weights: ReadonlyMap<string, number>;
  #accepted = false;

  /** @param weights of the instances that may vote, as they are when votes are counted */
  constructor(
    given: Pick<ConsensusProposal, 'type' | 'proposedState' | 'rationale' | 'consensusLevel' | 'votingDeadline'>,
    weights: ReadonlyMap<string, number>,
  ) {
    this.type = given.type;
    this.proposedState = given.proposedState;
    this.rationale = given.rationale;
    this.consensusLevel = given.consensusLevel;
    this.votingDeadline = given.votingDeadline;
    this.#weights = weights;
  }

  get status(): 'pending' | 'accepted' {
    return this.#accepted ? 'accepted' : 'pending';
  }

  get votes(): Readonly<Record<string, boolean>> {
    return Object.fromEntries(this.#votes);
  }

  /** Counts the votes cast. `ratio`: weight of those in favour over that of all who voted, [0, 1]. */
  calculateConsensus(): { readonly accepted: boolean; readonly ratio: number } {
    const { accepted, ratio } = countBallots(this.#ballots(), this.consensusLevel, this.#agreement());
    return { accepted, ratio };
  }

  /** @internal by the engine, which knows who may vote and until when */
  take(instance: string, approve: boolean, state: Vector | undefined): void {
    this.#votes.set(instance, approve);
    if (state) this.#states.set(instance, state);
    const absent = [...this.#weights].filter(([name]) => !this.#votes.has(name)).map(([, weight]) => weight);
    const agreement = this.consensusLevel === 'adaptive_threshold' && absent.length > 0 ? null : this.#agreement();
    this.#accepted ||= sufficient(this.#ballots(), absent, this.consensusLevel, agreement);
  }

  #ballots() {
    return [...this.#votes].map(([name, approve]) => ({ approve, weight: this.#weights.get(name) ?? 0 }));
  }

  #agreement(): number {
    const d = this.proposedState.length;
    const states = [...this.#states.values()];
    const rows = new Float64Array(states.length * d);
    for (const [i, state] of states.entries()) rows.set(state, i * d);
    return meanPairwiseCosine(rows, d);
  }
}

/**
 * Proposals among registered instances, each with its weight.
 *
 * @example
 * const engine = new ConsensusEngine('planner', 'release');
 * engine.registerInstance('coder');
 * engine.registerInstance('critic', 1.5);
 * const { proposalId } = engine.createProposal('direction', vector, 'ship on Friday');
 * engine.voteOnProposal(proposalId, true);
 */
export class ConsensusEngine {
  readonly consensusId: string;
  readonly localId: string;
  readonly networkId: string;
  readonly #weights = new Map<string, number>();
  readonly #proposals = new Map<string, ConsensusProposal>();
  readonly #now: () => number;

  /** @param now Unix ms */
  constructor(localId: string, networkId: string, now: () => number = Date.now) {
    this.localId = localId;
    this.networkId = networkId;
    this.consensusId = `${networkId}:${localId}`;
    this.#now = now;
    this.registerInstance(localId);
  }

  /** @param weight 0 or more; registering again changes it. @throws TypeError for one that is no such number */
  registerInstance(id: string, weight = 1): void {
    if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY)) {
      throw new TypeError(`weight of "${id}" is ${weight}, a finite number of 0 or more wanted`);
    }
    this.#weights.set(id, weight);
  }

  /** @throws TypeError for a voting time that is no positive number of seconds */
  createProposal(
    type: string,
    proposedState: Vector,
    rationale: string,
    options: ProposalOptions = {},
  ): ConsensusProposal {
    const { consensusLevel = DEFAULT_LEVEL, votingTimeout = DEFAULT_VOTING_SECONDS } = options;
    if (!(votingTimeout > 0)) throw new TypeError(`votingTimeout is ${votingTimeout}, a number of seconds wanted`);
    const votingDeadline = this.#now() + votingTimeout * 1_000;
    const proposal = new ConsensusProposal(
      { type, proposedState, rationale, consensusLevel, votingDeadline },
      this.#weights,
    );
    this.#proposals.set(proposal.proposalId, proposal);
    return proposal;
  }

  getProposal(id: string): ConsensusProposal | undefined {
    return this.#proposals.get(id);
  }

  /**
   * @throws AppError NOT_FOUND for a proposal or an instance there is not, CONFLICT for one accepted or past its deadline
   */
  voteOnProposal(id: string, approve: boolean, options: VoteOptions = {}): ConsensusProposal {
    const { votingInstance = this.localId, state } = options;
    const proposal = this.#proposals.get(id);
    if (!proposal) throw new AppError('NOT_FOUND', `there is no proposal "${id}"`);
    if (!this.#weights.has(votingInstance)) throw new AppError('NOT_FOUND', `"${votingInstance}" is not registered`);
    if (proposal.status === 'accepted') throw new AppError('CONFLICT', 'the proposal was accepted');
    if (this.#now() > proposal.votingDeadline) throw new AppError('CONFLICT', 'the voting time is over');
    if (state && state.length !== proposal.proposedState.length) {
      throw new AppError('INVALID', `the voter's state has ${state.length} numbers, the proposal has another count`);
    }
    proposal.take(votingInstance, approve, state);
    return proposal;
  }

  getStatistics(): {
    readonly network_id: string;
    readonly known_instances: number;
    readonly proposals: number;
    readonly accepted: number;
  } {
    const accepted = [...this.#proposals.values()].filter(({ status }) => status === 'accepted').length;
    return {
      network_id: this.networkId,
      known_instances: this.#weights.size,
      proposals: this.#proposals.size,
      accepted,
    };
  }
}
