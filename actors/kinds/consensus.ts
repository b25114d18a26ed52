/**
 * The consensus of a tenant's network: proposals, votes with a durable deadline, and the trust that weighs them. Trust
 * moves in the very turn that counts, so it survives with the decision or not at all.
 */
import { setup } from 'xstate';
import { effects } from '../effects.ts';
import { AppError } from '../errors.ts';
import { defineKind } from '../kind.ts';
import { type CommandName, type ConsensusEvent, schemas } from './consensus/events.ts';
import { CONSENSUS_ID, type ConsensusContext } from './consensus/model.ts';
import { deadline, decide, open, outcome, type Step, vote } from './consensus/proposals.ts';

interface ConsensusInput {
  readonly id: string;
  /** Unix ms. */
  readonly at: number;
}

type Handlers = {
  readonly [N in CommandName]: (context: ConsensusContext, event: Extract<ConsensusEvent, { type: N }>) => Step;
};

const handlers: Handlers = { decide, open, vote, deadline, outcome };

/** @returns the trouble instead of throwing it, when it is expected */
function handled(context: ConsensusContext, event: ConsensusEvent): Step | AppError {
  const checked = schemas[event.type].safeParse(event);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    return new AppError('INVALID', `${event.type}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? 'wrong shape'}`);
  }
  try {
    return (handlers[event.type] as (context: ConsensusContext, event: unknown) => Step)(context, checked.data);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

const timerOf = (proposal: string) => `deadline:${proposal}`;

const chart = setup({
  types: {} as { context: ConsensusContext; events: ConsensusEvent; input: ConsensusInput },
  actions: { ...effects },
});

const turn = chart.enqueueActions(({ context, event, enqueue }) => {
  const step = handled(context, event);
  if (step instanceof AppError) {
    enqueue({ type: 'refuse', params: { code: step.code, message: step.message } });
    return;
  }
  enqueue.assign({ ...step.context, outcome: step.outcome });
  for (const fact of step.facts) enqueue({ type: 'publish', params: fact });
  const { id, status } = step.outcome.proposal;
  if (event.type === 'open') {
    const ringing = { type: 'deadline', proposal: id };
    enqueue({ type: 'timer', params: { id: timerOf(id), delayMs: event.votingMs, event: ringing } });
  }
  if (event.type === 'vote' && status !== 'pending') {
    enqueue({ type: 'cancelTimer', params: { id: timerOf(id) } });
  }
  enqueue({ type: 'reply', params: step.outcome });
});

const taken = { actions: turn } as const;

export const machine = chart.createMachine({
  id: 'consensus',
  context: ({ input }) => ({
    id: input.id,
    trust: [],
    proposals: [],
    accepted: 0,
    rejected: 0,
    createdAt: input.at,
    outcome: null,
  }),
  initial: 'open',
  states: { open: { on: { decide: taken, open: taken, vote: taken, deadline: taken, outcome: taken } } },
});

const summaries: Readonly<Record<CommandName, string>> = {
  decide: 'Counts a proposal on which everybody has voted',
  open: 'Opens a proposal to votes until its deadline',
  vote: 'Votes, or changes a vote',
  deadline: 'Counts what was voted; sent by the timer of an open proposal',
  outcome: 'Moves trust by what turned out right',
};

const START = Date.UTC(2026, 0, 1);
const north = Float64Array.of(1, 0, 0, 0);

const events: readonly ConsensusEvent[] = [
  {
    type: 'open',
    at: START + 1_000,
    proposal: 'p1',
    proposer: 'planner',
    proposed: north,
    rationale: 'the migration comes first',
    level: 'qualified_majority',
    electors: ['coder', 'critic', 'planner'],
    votingMs: 300_000,
  },
  { type: 'vote', at: START + 2_000, proposal: 'p1', instance: 'planner', approve: true, direction: null },
  { type: 'vote', at: START + 3_000, proposal: 'p1', instance: 'critic', approve: false, direction: null },
  { type: 'vote', at: START + 4_000, proposal: 'p1', instance: 'coder', approve: true, direction: null },
  { type: 'outcome', at: START + 5_000, proposal: 'p1', outcome: Float64Array.of(0.8, 0.6, 0, 0) },
];

export const consensus = defineKind({
  name: 'consensus',
  version: 1,
  origin: 'builtin',
  machine,
  commands: Object.fromEntries(
    (Object.keys(schemas) as CommandName[]).map((name) => [name, { summary: summaries[name], schema: schemas[name] }]),
  ),
  example: { input: { id: CONSENSUS_ID, at: START } satisfies ConsensusInput, events },
});
