/** Proposals to the network: made, voted on, held against what turned out right; and whom it trusts how far. */
import { z } from 'zod';
import type { Address } from '../../../actors/address.ts';
import { AppError } from '../../../actors/errors.ts';
import { CONSENSUS_LEVELS, DEFAULT_LEVEL } from '../../../actors/kinds/consensus/count.ts';
import {
  CONSENSUS_ID,
  type ConsensusContext,
  MAX_VOTERS,
  type Proposal,
  type Trusted,
} from '../../../actors/kinds/consensus/model.ts';
import { type ProposalView, viewOf } from '../../../actors/kinds/consensus/proposals.ts';
import type { AskOptions } from '../../../actors/ports.ts';
import { keyed } from '../keyed.ts';
import { type Context, operation } from '../operation.ts';
import { id, MAX_VECTOR_BYTES, maybe, name, vector } from '../schemas.ts';
import { readSession } from '../session/access.ts';
import { activeUser } from './active-user.ts';
import { standOf, votersOf } from './voters.ts';

const trustScores = z.record(z.string(), z.number()).describe('By instance, [0.05, 0.95]; 0.5 of somebody unknown.');

const proposalOutput = z.object({
  proposal_id: z.string(),
  status: z.enum(['pending', 'accepted', 'rejected']),
  accepted: z.boolean(),
  ratio: z.number().describe('Trust of those in favour over that of all voters, [0, 1].'),
  bar: z.number().describe('What the ratio has to reach; a bar of one half is to be exceeded when a level was named.'),
  proposer: z.string(),
  consensus_level: z.enum(CONSENSUS_LEVELS).nullable(),
  rationale: z.string().nullable(),
  votes: z.record(z.string(), z.boolean()),
  voters: z.array(z.string()).nullable().describe('Who may vote; null: every session of the caller.'),
  voting_deadline: z.number().nullable().describe('Unix seconds.'),
  outcome_cosine: z.number().nullable().describe('Of the proposal to what turned out right; null: not known.'),
  trust_scores: trustScores,
});

const scoresOf = (trust: readonly Trusted[]) => Object.fromEntries(trust.map((it) => [it.instance, it.trust]));

function shown({ proposal, trust }: ProposalView): z.output<typeof proposalOutput> {
  return {
    proposal_id: proposal.id,
    status: proposal.status,
    accepted: proposal.status === 'accepted',
    ratio: proposal.ratio,
    bar: proposal.bar,
    proposer: proposal.proposer,
    consensus_level: proposal.level,
    rationale: proposal.rationale,
    votes: Object.fromEntries(proposal.votes.map(({ instance, approve }) => [instance, approve])),
    voters: proposal.electors === null ? null : [...proposal.electors],
    voting_deadline: proposal.deadline === null ? null : proposal.deadline / 1_000,
    outcome_cosine: proposal.outcomeCosine,
    trust_scores: scoresOf(trust),
  };
}

function networkAddress({ caller }: Context): Address {
  return { tenant: caller.tenant, kind: 'consensus', id: CONSENSUS_ID };
}

async function readNetwork(context: Context): Promise<ConsensusContext | undefined> {
  return (await context.services.system.read<ConsensusContext>(networkAddress(context)))?.context;
}

/** @throws AppError NOT_FOUND */
async function readProposal(
  context: Context,
  wanted: string,
): Promise<{ proposal: Proposal; network: ConsensusContext }> {
  const network = await readNetwork(context);
  const proposal = network?.proposals.find((it) => it.id === wanted);
  if (!network || !proposal) throw new AppError('NOT_FOUND', 'Proposal not found');
  return { proposal, network };
}

async function tell(
  context: Context,
  event: { type: string; [key: string]: unknown },
  options: Pick<AskOptions, 'create'> = {},
): Promise<ProposalView> {
  const once = keyed(context, `network.${event.type}`);
  const asked = await context.services.system.ask(networkAddress(context), event, { ...once, ...options });
  return asked.reply as ProposalView;
}

/** Brings a proposal in. A tenant has its network from the first one on. */
function bring(context: Context, event: { type: 'open' | 'decide'; [key: string]: unknown }): Promise<ProposalView> {
  return tell(context, event, { create: {} });
}

/** @throws AppError INVALID for a vector of another length, or of zeros */
function direction(values: readonly number[], dimension: number, field: string): Float64Array {
  const trouble =
    values.length !== dimension
      ? `vector has ${values.length} numbers, ${dimension} wanted`
      : values.every((value) => value === 0)
        ? 'a vector of zeros has no direction'
        : null;
  if (trouble === null) return Float64Array.from(values);
  throw new AppError('INVALID', trouble, { details: [{ loc: ['body', field], msg: trouble, type: 'value_error' }] });
}

const level = z.enum(CONSENSUS_LEVELS);

const proposeBody = z
  .object({
    proposer_session_id: maybe(id).describe('Default: the active user proposes.'),
    target_embedding: maybe(vector).describe('Where the network should stand.'),
    proposed_state: maybe(vector).describe('Same as target_embedding.'),
    rationale: maybe(name(4_000)),
    consensus_level: maybe(level).describe(
      'Absent: accepted from one half of the trust on; for an open proposal qualified_majority.',
    ),
    voting_timeout: maybe(z.number().min(0.001).max(604_800)).describe(
      'Seconds. Opens the proposal to votes; absent: every session votes now, by where it stands.',
    ),
    voters: maybe(z.array(id).min(1).max(MAX_VOTERS)).describe('Sessions that vote; absent: all of the active user.'),
  })
  .refine((it) => (it.target_embedding ?? it.proposed_state) !== undefined, {
    path: ['target_embedding'],
    message: 'Field required',
  });

export const propose = operation({
  name: 'network.consensus.propose',
  dialect: 'cortex',
  summary: 'Propose where the network should stand',
  description:
    'Without voting_timeout every session of the active user that has a direction (at most 1,000, the most trusted first) ' +
    'votes at once: in favour when (1 + cosine) / 2 of its direction to the proposal is at least 0.6. With one, the ' +
    'proposal is open: accepted as soon as the remaining voters cannot prevent it, else counted at its deadline. Votes ' +
    'are weighted by trust. Deciding moves trust: a voter by 0.05 towards or away, as the count came out; the proposer a ' +
    'tenth of the way to the ratio.',
  http: { method: 'POST', path: '/v1/network/consensus', status: 200, maxBodyBytes: MAX_VECTOR_BYTES },
  input: { body: proposeBody },
  output: proposalOutput,
  access: 'tenant',
  mutates: true,
  heavy: true,
  errors: [409],
  example: { body: { proposer_session_id: '$session', target_embedding: '$vector' } },
  owned: ['body.proposer_session_id'],
  run: async (context, { body }) => {
    const session = body.proposer_session_id;
    const own = session === undefined ? undefined : await readSession(context, session);
    const dimension = own?.config.dimension ?? context.services.embedder.dimension;
    const field = body.target_embedding === undefined ? 'proposed_state' : 'target_embedding';
    const proposed = direction(body[field]!, dimension, field);
    const named = body.voters && (await Promise.all(body.voters.map((voter) => readSession(context, voter))));
    const common = {
      proposal: context.caller.newId(),
      proposer: session ?? (await activeUser(context)),
      proposed,
      rationale: body.rationale ?? null,
    };
    if (body.voting_timeout !== undefined) {
      const electors = named?.map((voter) => voter.id) ?? null;
      const rule = { level: body.consensus_level ?? DEFAULT_LEVEL, votingMs: body.voting_timeout * 1_000 };
      return shown(await bring(context, { type: 'open', ...common, ...rule, electors }));
    }
    const ledger = (await readNetwork(context))?.trust ?? [];
    const usable = named?.filter((voter) => voter.initialised && voter.config.dimension === dimension);
    const stand = await standOf(context, usable ?? (await votersOf(context, ledger, dimension)), proposed);
    return shown(await bring(context, { type: 'decide', ...common, level: body.consensus_level ?? null, ...stand }));
  },
});

const proposalPath = z.object({ id: id.describe('Proposal id.') });

export const getProposal = operation({
  name: 'network.consensus.proposal',
  dialect: 'cortex',
  summary: 'Read a proposal',
  description: 'The latest 128 are kept.',
  http: { method: 'GET', path: '/v1/network/consensus/proposals/{id}', status: 200 },
  input: { path: proposalPath },
  output: proposalOutput,
  access: 'tenant',
  mutates: false,
  example: { path: { id: '$proposal' } },
  owned: ['path.id'],
  run: async (context, { path }) => {
    const { proposal, network } = await readProposal(context, path.id);
    return shown(viewOf(network, proposal));
  },
});

export const castVote = operation({
  name: 'network.consensus.vote',
  dialect: 'cortex',
  summary: 'Vote on an open proposal',
  description:
    'A vote may be changed until the proposal is decided; so one that failed so far stays pending until then.',
  http: { method: 'POST', path: '/v1/network/consensus/proposals/{id}/votes', status: 200 },
  input: {
    path: proposalPath,
    body: z.object({ session_id: id.describe('Who votes.'), vote: z.boolean().describe('In favour, or against.') }),
  },
  output: proposalOutput,
  access: 'tenant',
  mutates: true,
  errors: [409],
  example: { path: { id: '$proposal' }, body: { session_id: '$session', vote: true } },
  owned: ['path.id', 'body.session_id'],
  run: async (context, { path, body }) => {
    await readProposal(context, path.id);
    const { id: instance, state, initialised } = await readSession(context, body.session_id);
    const event = { proposal: path.id, instance, approve: body.vote, direction: initialised ? state : null };
    return shown(await tell(context, { type: 'vote', ...event }));
  },
});

export const reportOutcome = operation({
  name: 'network.consensus.outcome',
  dialect: 'cortex',
  summary: 'Tell what turned out right',
  description:
    'An addition: agreement alone cannot tell a liar from a minority that is right. Whoever was in favour of a proposal ' +
    'that turned out right ((1 + cosine) / 2 ≥ 0.6 to the outcome), or against one that did not, gains a tenth of the ' +
    'trust that is missing; the others lose a fifth of theirs. Once per decided proposal.',
  http: { method: 'POST', path: '/v1/network/consensus/proposals/{id}/outcome', status: 200 },
  input: { path: proposalPath, body: z.object({ outcome_embedding: vector }) },
  output: proposalOutput,
  access: 'tenant',
  mutates: true,
  errors: [409],
  example: { path: { id: '$decided' }, body: { outcome_embedding: '$vector' } },
  owned: ['path.id'],
  run: async (context, { path, body }) => {
    const { proposal } = await readProposal(context, path.id);
    const outcome = direction(body.outcome_embedding, proposal.proposed.length, 'outcome_embedding');
    return shown(await tell(context, { type: 'outcome', proposal: path.id, outcome }));
  },
});

export const getTrust = operation({
  name: 'network.consensus.trust',
  dialect: 'cortex',
  summary: 'Read whom the network trusts how far',
  http: { method: 'GET', path: '/v1/network/consensus/trust', status: 200 },
  input: {},
  output: z.object({ trust_scores: trustScores }),
  access: 'tenant',
  mutates: false,
  example: {},
  owned: [],
  run: async (context) => ({ trust_scores: scoresOf((await readNetwork(context))?.trust ?? []) }),
});
