/** Counting a proposal's votes: pure, and the same for the actor and for the in-process engine. */
import { type ConsensusLevel, type Tally, tallyVotes } from '../../../workers/consensus.ts';

export type { ConsensusLevel };

export const CONSENSUS_LEVELS = [
  'simple_majority',
  'qualified_majority',
  'unanimous',
  'weighted_vote',
  'adaptive_threshold',
] as const satisfies readonly ConsensusLevel[];

export const DEFAULT_LEVEL: ConsensusLevel = 'qualified_majority';

/** A cosine of 0.2: from here on a direction speaks for a target. The same bar as the kernel `approvals` has. */
const APPROVES_FROM = 0.6;

/** Whether somebody who stands at this cosine to a target approves of it: (1 + cosine) / 2 ≥ 0.6. */
export function approves(cosine: number): boolean {
  return (1 + cosine) / 2 >= APPROVES_FROM;
}

export interface Ballot {
  readonly approve: boolean;
  /** 0 or more: trust, or the weight an instance was registered with. */
  readonly weight: number;
}

/** Rounding of a sum of weights must not decide a vote that is exactly at the bar. */
const ROUNDING = 1e-12;

/**
 * Counts ballots.
 *
 * @param level null: accepted from one half on, the bar of a proposal to the network that names no level (spec 3.5)
 * @param agreement mean pairwise cosine of the voters, [-1, 1], for `adaptive_threshold`
 * @returns not accepted without any weight
 */
export function countBallots(ballots: readonly Ballot[], level: ConsensusLevel | null, agreement = 1): Tally {
  const votes = Uint8Array.from(ballots, ({ approve }) => (approve ? 1 : 0));
  const weights = Float64Array.from(ballots, ({ weight }) => weight);
  const tally = tallyVotes(votes, weights, level ?? 'weighted_vote', agreement);
  return level === null ? { ...tally, accepted: tally.ratio >= 0.5 - ROUNDING } : tally;
}

/**
 * Whether ballots suffice even if everybody who has not voted yet rejects. A proposal that cannot be accepted any more is
 * not decided by this: a vote may be changed until the deadline.
 *
 * @param absent weights of those who may vote and have not
 * @param agreement as in {@link countBallots}; null: not known before all have voted
 */
export function sufficient(
  ballots: readonly Ballot[],
  absent: readonly number[],
  level: ConsensusLevel | null,
  agreement: number | null,
): boolean {
  if (ballots.length === 0 || (absent.length > 0 && agreement === null)) return false;
  const all = [...ballots, ...absent.map((weight) => ({ approve: false, weight }))];
  return countBallots(all, level, agreement ?? 1).accepted;
}
