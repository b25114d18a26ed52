/** Proposals as they are opened, voted on and decided, and how trust moves with each. Pure; expected trouble is thrown. */
import { cosine, dot, norm, unit } from '../../../workers/vector.ts';
import { AppError } from '../../errors.ts';
import { trustAfterOutcome, trustAfterProposal, trustAfterVote } from '../../trust.ts';
import { approves, type Ballot, countBallots, sufficient } from './count.ts';
import type { Payload } from './events.ts';
import { moved, ordered, trustOf } from './ledger.ts';
import {
  type Agreement,
  type ConsensusContext,
  MAX_OPEN,
  MAX_PROPOSALS,
  MAX_VOTERS,
  type Proposal,
  type Trusted,
  type Vote,
} from './model.ts';

export interface Step {
  readonly context: ConsensusContext;
  /** The proposal as it now is, and the trust of those it concerns. */
  readonly outcome: ProposalView;
  readonly facts: readonly { readonly type: string; readonly payload: object }[];
}

/** What a command answers. Plain data. */
export interface ProposalView {
  readonly proposal: Proposal;
  readonly trust: readonly Trusted[];
}

function find({ proposals }: ConsensusContext, id: string): Proposal {
  const found = proposals.find((proposal) => proposal.id === id);
  if (!found) throw new AppError('NOT_FOUND', 'Proposal not found');
  return found;
}

/** A proposal without anybody's vote. */
function made(
  { proposals }: ConsensusContext,
  event: Payload<'open'> | Payload<'decide'>,
  deadline: number | null,
): Proposal {
  if (proposals.some(({ id }) => id === event.proposal))
    throw new AppError('CONFLICT', 'the proposal is there already');
  const proposed = unit(event.proposed);
  if (norm(proposed) === 0) throw new AppError('INVALID', 'the proposed state has no direction');
  return {
    id: event.proposal,
    proposer: event.proposer,
    proposed,
    rationale: event.rationale,
    level: event.level,
    electors: null,
    votes: [],
    agreement: null,
    status: 'pending',
    ratio: 0,
    bar: countBallots([], event.level).bar,
    createdAt: event.at,
    deadline,
    decidedAt: null,
    outcomeCosine: null,
  };
}

/** Puts a proposal in its place, or at the end; then lets the oldest decided one go when there are too many. */
function keep(context: ConsensusContext, proposal: Proposal): ConsensusContext {
  const known = context.proposals.some(({ id }) => id === proposal.id);
  const all = known
    ? context.proposals.map((old) => (old.id === proposal.id ? proposal : old))
    : [...context.proposals, proposal];
  const oldest =
    all.length > MAX_PROPOSALS ? all.find(({ status, id }) => status !== 'pending' && id !== proposal.id) : undefined;
  return { ...context, proposals: oldest ? all.filter((kept) => kept !== oldest) : all };
}

const ballotsOf = (votes: readonly Vote[], trust: (instance: string) => number): Ballot[] =>
  votes.map(({ instance, approve }) => ({ approve, weight: trust(instance) }));

const participants = ({ proposer, votes }: Proposal): string[] => [
  ...new Set([proposer, ...votes.map(({ instance }) => instance)]),
];

/** A proposal with the trust of its proposer and its voters as it is now. */
export function viewOf(context: ConsensusContext, proposal: Proposal): ProposalView {
  const trust = trustOf(context.trust);
  const entries = participants(proposal).map((instance) => ({ instance, trust: trust(instance) }));
  return { proposal, trust: ordered(entries) };
}

function answer(context: ConsensusContext, proposal: Proposal, facts: Step['facts']): Step {
  return { context, outcome: viewOf(context, proposal), facts };
}

/** The last word on a proposal: counted with the trust of this moment, then trust moves by what came out. */
function concluded(context: ConsensusContext, proposal: Proposal, agreement: number, at: number): Step {
  const trust = trustOf(context.trust);
  const { accepted, ratio, bar } = countBallots(ballotsOf(proposal.votes, trust), proposal.level, agreement);
  const status = accepted ? 'accepted' : 'rejected';
  const decided: Proposal = { ...proposal, status, ratio, bar, decidedAt: at };
  // Nobody voted: that says nothing about anybody.
  const changes = new Map<string, number>();
  if (proposal.votes.length > 0) {
    for (const { instance, approve } of proposal.votes) {
      changes.set(instance, trustAfterVote(trust(instance), approve === accepted));
    }
    // A proposer's own vote counts, but moves nothing: its trust follows how far the others came along.
    changes.set(proposal.proposer, trustAfterProposal(trust(proposal.proposer), ratio));
  }
  const next = keep(
    {
      ...context,
      trust: moved(context.trust, changes),
      accepted: context.accepted + (accepted ? 1 : 0),
      rejected: context.rejected + (accepted ? 0 : 1),
    },
    decided,
  );
  const fact = { type: 'proposal.decided', payload: { proposal: proposal.id, status, ratio, bar } };
  return answer(next, decided, [fact, ...trustFacts(changes)]);
}

/** One fact for all who moved: a vote of a thousand is one event to its readers. */
function trustFacts(changes: ReadonlyMap<string, number>): Step['facts'] {
  if (changes.size === 0) return [];
  const scores = ordered([...changes].map(([instance, trust]) => ({ instance, trust })));
  return [{ type: 'trust.changed', payload: { scores } }];
}

const opened = ({ id, proposer, level, deadline }: Proposal) => ({
  type: 'proposal.opened',
  payload: { proposal: id, proposer, level, deadline },
});

/** Everybody's vote is on the event; a voter who stands in the list twice votes as the last one says. */
export function decide(context: ConsensusContext, event: Payload<'decide'>): Step {
  const votes = ordered([...new Map(event.votes.map((vote) => [vote.instance, vote])).values()]);
  const proposal = { ...made(context, event, null), votes };
  const step = concluded(context, proposal, event.agreement, event.at);
  return { ...step, facts: [opened(proposal), ...step.facts] };
}

export function open(context: ConsensusContext, event: Payload<'open'>): Step {
  const waiting = context.proposals.filter(({ status }) => status === 'pending').length;
  if (waiting >= MAX_OPEN) {
    throw new AppError('CONFLICT', `${waiting} proposals wait for votes already, at most ${MAX_OPEN} can`);
  }
  const electors = event.electors === null ? null : [...new Set(event.electors)].sort();
  const fresh = made(context, event, event.at + event.votingMs);
  const voices = { sum: new Float64Array(fresh.proposed.length), voices: 0 };
  const proposal = { ...fresh, electors, agreement: event.level === 'adaptive_threshold' ? voices : null };
  return answer(keep(context, proposal), proposal, [opened(proposal)]);
}

/** Mean pairwise cosine of those who voted; 1 for fewer than two of them. */
function agreementOf({ agreement }: Proposal): number {
  if (agreement === null || agreement.voices < 2) return 1;
  const { sum, voices: m } = agreement;
  return Math.max(-1, Math.min(1, (dot(sum, sum) - m) / (m * (m - 1))));
}

/** The direction of a first vote counts; a changed vote is still one voice. */
function withVoice(agreement: Agreement | null, direction: Float64Array | null): Agreement | null {
  if (agreement === null || direction === null || direction.length !== agreement.sum.length) return agreement;
  const own = unit(direction);
  if (norm(own) === 0) return agreement;
  return { sum: agreement.sum.map((x, i) => x + own[i]!), voices: agreement.voices + 1 };
}

/**
 * Takes a vote, or a change of one. Accepted as soon as those who have not voted cannot prevent it; a proposal whose
 * electors are not known is decided at its deadline.
 */
export function vote(context: ConsensusContext, event: Payload<'vote'>): Step {
  const proposal = find(context, event.proposal);
  const { instance, approve } = event;
  if (proposal.status !== 'pending') throw new AppError('CONFLICT', `the proposal was ${proposal.status}`);
  if (proposal.electors !== null && !proposal.electors.includes(instance)) {
    throw new AppError('CONFLICT', `"${instance}" is not among those who vote on this proposal`);
  }
  const before = proposal.votes.find((known) => known.instance === instance);
  const others = proposal.votes.filter((known) => known !== before);
  if (before === undefined && proposal.electors === null && others.length >= MAX_VOTERS) {
    throw new AppError('CONFLICT', `${others.length} votes were cast already, at most ${MAX_VOTERS} are counted`);
  }
  const votes = ordered([...others, { instance, approve }]);
  const agreement = before ? proposal.agreement : withVoice(proposal.agreement, event.direction);
  const voted: Proposal = { ...proposal, votes, agreement };
  const trust = trustOf(context.trust);
  const ballots = ballotsOf(votes, trust);
  const counted = { ...voted, ...standing(ballots, voted) };
  const fact = { type: 'vote.cast', payload: { proposal: proposal.id, instance, approve } };
  if (voted.electors !== null) {
    const cast = new Set(votes.map((known) => known.instance));
    const absent = voted.electors.filter((elector) => !cast.has(elector)).map(trust);
    const known = agreement === null || absent.length === 0 ? agreementOf(voted) : null;
    if (sufficient(ballots, absent, voted.level, known)) {
      const step = concluded(context, counted, agreementOf(voted), event.at);
      return { ...step, facts: [fact, ...step.facts] };
    }
  }
  return answer(keep(context, counted), counted, [fact]);
}

/** How it stands now, among the votes cast. */
function standing(ballots: readonly Ballot[], proposal: Proposal): Pick<Proposal, 'ratio' | 'bar'> {
  const { ratio, bar } = countBallots(ballots, proposal.level, agreementOf(proposal));
  return { ratio, bar };
}

/** Counts the votes that were cast. One decided meanwhile stays as it is. */
export function deadline(context: ConsensusContext, event: Payload<'deadline'>): Step {
  const proposal = find(context, event.proposal);
  if (proposal.status !== 'pending') return answer(context, proposal, []);
  return concluded(context, proposal, agreementOf(proposal), event.at);
}

/**
 * Holds a decided proposal against what turned out right: whoever approved of what was right, or rejected what was not,
 * gains trust, and the others lose more than that. Once per proposal.
 */
export function outcome(context: ConsensusContext, event: Payload<'outcome'>): Step {
  const proposal = find(context, event.proposal);
  if (proposal.status === 'pending') throw new AppError('CONFLICT', 'the proposal is not decided yet');
  if (proposal.outcomeCosine !== null) throw new AppError('CONFLICT', 'the outcome of this proposal is known already');
  const { length } = proposal.proposed;
  if (event.outcome.length !== length) {
    throw new AppError('INVALID', `the outcome has ${event.outcome.length} numbers, the proposal has ${length}`);
  }
  if (norm(unit(event.outcome)) === 0) throw new AppError('INVALID', 'the outcome has no direction');
  const outcomeCosine = cosine(proposal.proposed, event.outcome);
  const wasRight = approves(outcomeCosine);
  const trust = trustOf(context.trust);
  const changes = new Map<string, number>();
  const hold = (instance: string, right: boolean) =>
    changes.set(instance, trustAfterOutcome(trust(instance), right ? 1 : -1));
  for (const { instance, approve } of proposal.votes) hold(instance, approve === wasRight);
  // Whoever proposed it stood for it, however it voted.
  hold(proposal.proposer, wasRight);
  const known: Proposal = { ...proposal, outcomeCosine };
  const next = keep({ ...context, trust: moved(context.trust, changes) }, known);
  const fact = { type: 'outcome.known', payload: { proposal: proposal.id, cosine: outcomeCosine } };
  return answer(next, known, [fact, ...trustFacts(changes)]);
}
