/** The commands of a region as they come in: the shape of each event beside `type`, checked before it is handled. */
import { z } from 'zod';
import { addressPartTrouble } from '../../address.ts';
import type { Realigned } from './realign.ts';
import { voteTimer } from './votes.ts';

const id = z.string().min(1).max(1_000);
/** Names a timer, too. */
const cluster = id.refine((value) => addressPartTrouble(voteTimer(value)) === null, 'is too long');
/** Unix ms, put on by the runtime. */
const at = z.number();

export const schemas = {
  'cluster.add': z.object({ at, cluster }),
  'cluster.remove': z.object({ at, cluster }),
  /** From a cluster that was deleted. */
  'cluster.gone': z.object({ at, cluster }),
  /** From a cluster: a member of it, or its own session, drifts. */
  drift: z.object({
    at,
    cluster,
    session: id,
    drift_score: z.number().min(0).max(1),
    drift_phase: z.enum(['stable', 'shifting', 'drifted']),
  }),
  /** From the observer. */
  observe: z.object({ at, observed: z.boolean() }),
} as const;

export type CommandName = keyof typeof schemas;

/** The payload of a command, `at` included. */
export type Payload<N extends CommandName> = z.output<(typeof schemas)[N]>;

export type CommandEvent<N extends CommandName> = { readonly type: N } & Payload<N>;

/** What a cluster said to `region.claim`; the middle of the type is its id, which an error would not name. */
export type ClaimAnswer = {
  readonly type: `claim.${string}`;
  readonly at: number;
  readonly code?: string;
  readonly message?: string;
};

/** From the timer of a vote. */
export interface VoteEnded {
  readonly type: 'vote.ended';
  readonly at: number;
  readonly cluster: string;
}

/** From the timer that wakes a region in the middle of a realignment. */
export interface Resume {
  readonly type: 'resume';
  readonly at: number;
}

/** From the promise of a realignment. */
export interface Done {
  readonly type: 'xstate.done.actor.realign';
  readonly at: number;
  readonly output: Realigned;
}

export type RegionEventIn =
  | { [N in CommandName]: CommandEvent<N> }[CommandName]
  | ClaimAnswer
  | VoteEnded
  | Resume
  | Done;

/** Answers by command. */
export interface Outcomes {
  /** `added`: false when it was there already, or when the cluster said no (`error`). */
  'cluster.add': {
    readonly added: boolean;
    readonly error?: { readonly code: string; readonly message: string };
  };
  'cluster.remove': { readonly removed: boolean };
  'cluster.gone': { readonly removed: boolean };
  drift: null;
  observe: null;
}
