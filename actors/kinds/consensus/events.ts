/** The commands of the consensus as they come in: the shape of each event beside `type`. */
import { z } from 'zod';
import { CONSENSUS_LEVELS } from './count.ts';
import { MAX_VOTERS } from './model.ts';

/** Unix ms, put on by the runtime. */
const at = z.number();
const instance = z.string().min(1).max(300);
/** Short enough to be part of a timer's id. */
const proposal = z.string().min(1).max(64);
const level = z.enum(CONSENSUS_LEVELS).nullable();
const state = z.custom<Float64Array>((value) => value instanceof Float64Array, 'is no Float64Array');
const rationale = z.string().max(4_000).nullable();

/** A week: longer than any vote, short enough that a forgotten proposal goes. */
export const MAX_VOTING_MS = 7 * 86_400_000;

export const schemas = {
  /** A proposal on which everybody has voted already: the operation measured where each instance stands. */
  decide: z.object({
    at,
    proposal,
    proposer: instance,
    proposed: state,
    rationale,
    level,
    votes: z.array(z.object({ instance, approve: z.boolean() })).max(MAX_VOTERS),
    /** Mean pairwise cosine of the voters. */
    agreement: z.number().min(-1).max(1),
  }),
  open: z.object({
    at,
    proposal,
    proposer: instance,
    proposed: state,
    rationale,
    level,
    electors: z.array(instance).min(1).max(MAX_VOTERS).nullable(),
    votingMs: z.number().min(1).max(MAX_VOTING_MS),
  }),
  vote: z.object({
    at,
    proposal,
    instance,
    approve: z.boolean(),
    /** The voter's own vector as it votes; looked at for `adaptive_threshold` only. */
    direction: state.nullable(),
  }),
  /** The voting time of a proposal is over. Its timer sends this. */
  deadline: z.object({ at, proposal }),
  /** What was right became known from outside the vote. */
  outcome: z.object({ at, proposal, outcome: state }),
} as const;

export type CommandName = keyof typeof schemas;
export type Payload<N extends CommandName> = z.output<(typeof schemas)[N]>;
export type ConsensusEvent = { [N in CommandName]: { readonly type: N } & Payload<N> }[CommandName];
