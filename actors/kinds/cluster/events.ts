/** The commands of a cluster as they come in: the shape of each event beside `type`, checked before it is handled. */
import { z } from 'zod';
import { MAX_MEMBERS } from './model.ts';

const id = z.string().min(1).max(1_000);
/** Unix ms, put on by the runtime. */
const at = z.number();

export const schemas = {
  'member.add': z.object({ at, session: id }),
  'member.remove': z.object({ at, session: id }),
  /** From a session that was deleted. */
  'member.gone': z.object({ at, session: id }),
  'region.claim': z.object({ at, region: id }),
  'region.release': z.object({ at, region: id }),
  /** From a member, or from the cluster's own session. */
  drift: z.object({
    at,
    session: id,
    drift_score: z.number().min(0).max(1),
    drift_phase: z.enum(['stable', 'shifting', 'drifted']),
    confirmed: z.boolean(),
  }),
  'feedback.send': z.object({
    at,
    /** The aggregate, shape [dimension]. */
    vector: z.custom<Float32Array | Float64Array>(
      (value) => value instanceof Float64Array || value instanceof Float32Array,
      'is no Float64Array or Float32Array',
    ),
    /** Members with a vector of their own. */
    sessions: z.array(id).max(MAX_MEMBERS),
  }),
} as const;

export type CommandName = keyof typeof schemas;

/** The payload of a command, `at` included. */
export type Payload<N extends CommandName> = z.output<(typeof schemas)[N]>;

export type CommandEvent<N extends CommandName> = { readonly type: N } & Payload<N>;

/** What a session said to `cluster.join`; the middle of the type is its id, which an error would not name. */
export type JoinAnswer = {
  readonly type: `join.${string}`;
  readonly code?: string;
  readonly message?: string;
};

export type ClusterEvent = { [N in CommandName]: CommandEvent<N> }[CommandName] | JoinAnswer;

/** Answers by command. */
export interface Outcomes {
  /** `added`: false when it was a member already, or when the session said no (`error`). */
  'member.add': {
    readonly added: boolean;
    readonly error?: { readonly code: string; readonly message: string };
  };
  'member.remove': { readonly removed: true };
  'member.gone': { readonly removed: boolean };
  /** `claimed`: false when the region had it already. */
  'region.claim': { readonly claimed: boolean };
  'region.release': { readonly released: boolean };
  drift: null;
  /** Members that were sent the aggregate. */
  'feedback.send': { readonly updated: number };
}
