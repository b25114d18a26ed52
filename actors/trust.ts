/**
 * How much a participant is believed, and what moves it: votes, proposals, and above all outcomes. Pure arithmetic.
 *
 * Agreement alone cannot tell a liar from a minority that is right, and a majority that colludes would be trusted more and
 * more. So trust also moves by anchored outcomes: vectors that came to be known from outside the vote (an anchor, a
 * verified result), against which every participant's earlier contribution is held.
 *
 * With k anchored outcomes of which a participant met all or none, trust is 1 − 0.5·0.9^k or 0.5·0.8^k (within the bounds):
 * after 7 outcomes 0.76 against 0.10. It holds against participants who are wrong where outcomes are known. It does not
 * hold against those who are right until they are trusted and then wrong where nobody will ever check.
 *
 * @see Jøsang and Ismail 2002, The Beta Reputation System, §3.3: trust as an average that forgets exponentially
 */

/** Of somebody nothing is known about. */
export const INITIAL_TRUST = 0.5;
/** Nobody is ever out for good, and nobody beyond doubt. */
export const LEAST_TRUST = 0.05;
export const MOST_TRUST = 0.95;

const VOTE_STEP = 0.05;
const PROPOSAL_RATE = 0.1;
const MET_RATE = 0.1;
/** Twice as fast down as up, so that being right every other time does not pay. */
const MISSED_RATE = 0.2;
/** A contribution meets an outcome from (1 + cosine) / 2 = 0.6 on, as a vote approves. */
const MET_FROM = 0.6;

const bounded = (trust: number): number => Math.min(MOST_TRUST, Math.max(LEAST_TRUST, trust));

/**
 * After a vote.
 *
 * @param trust in [0.05, 0.95]
 * @param agreed whether the voter voted as the count came out
 */
export function trustAfterVote(trust: number, agreed: boolean): number {
  return bounded(trust + (agreed ? VOTE_STEP : -VOTE_STEP));
}

/**
 * The proposer's, after the count of its proposal.
 *
 * @param trust in [0.05, 0.95]
 * @param ratio weight of those in favour over that of all voters, [0, 1]
 */
export function trustAfterProposal(trust: number, ratio: number): number {
  return bounded(trust + PROPOSAL_RATE * (ratio - trust));
}

/**
 * After an outcome became known.
 *
 * @param trust in [0.05, 0.95]
 * @param cosine between what the participant had contributed and the outcome, [-1, 1]
 */
export function trustAfterOutcome(trust: number, cosine: number): number {
  const met = (1 + cosine) / 2 >= MET_FROM;
  return bounded(met ? trust + MET_RATE * (1 - trust) : trust - MISSED_RATE * trust);
}
