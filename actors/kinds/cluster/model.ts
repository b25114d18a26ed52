/** The shape of a cluster: everything that survives in its snapshot. */
import { AppError } from '../../errors.ts';
import type { DriftPhase } from '../session/model.ts';

/** How members become one vector; see `aggregate.ts`. */
export const AGGREGATION_MODES = ['weighted_average', 'attention', 'robust'] as const;
export type AggregationMode = (typeof AGGREGATION_MODES)[number];

/** Members of one cluster: a feedback is one commit with a message to each. */
export const MAX_MEMBERS = 10_000;

/** The newest drift of a member or of the cluster's own session. */
export interface LastDrift {
  /** Unix ms. */
  readonly at: number;
  readonly session: string;
  readonly score: number;
  readonly phase: DriftPhase;
  /** Whether the suspicion held for a second message. */
  readonly confirmed: boolean;
}

export interface ClusterContext {
  /** Also the id of its own session. */
  readonly id: string;
  readonly name: string;
  readonly mode: AggregationMode;
  /** Share of the aggregate that feedback brings into a member, [0, 1]. */
  readonly coupling: number;
  /** Of the vectors of its own session; members with others do not count in the aggregate. */
  readonly dimension: number;
  readonly embedder: string;
  /** Session ids, ascending. */
  readonly members: readonly string[];
  /** Sessions asked to join that have not answered yet, in the order they were asked; one may be asked twice. */
  readonly joining: readonly string[];
  /** The region it belongs to, null: none. */
  readonly region: string | null;
  readonly lastDrift: LastDrift | null;
  /** Unix ms. */
  readonly createdAt: number;
}

export interface ClusterInput {
  readonly id: string;
  readonly name: string;
  readonly mode: AggregationMode;
  readonly coupling: number;
  readonly dimension: number;
  readonly embedder: string;
  /** Unix ms. */
  readonly at: number;
}

/** @throws AppError MALFORMED for a mode there is not, INVALID for a coupling outside [0, 1] */
export function createCluster({ at, ...input }: ClusterInput): ClusterContext {
  if (!AGGREGATION_MODES.includes(input.mode)) throw new AppError('MALFORMED', `unknown mode "${input.mode}"`);
  if (!(input.coupling >= 0 && input.coupling <= 1)) {
    throw new AppError('INVALID', `the coupling is ${input.coupling}, wanted 0 to 1`);
  }
  return { ...input, members: [], joining: [], region: null, lastDrift: null, createdAt: at };
}

/** The place of an id among ascending ones, or where it would go. */
export function placeOf(ids: readonly string[], id: string): number {
  let [low, high] = [0, ids.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ids[middle]! < id) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function isMember({ members }: Pick<ClusterContext, 'members'>, session: string): boolean {
  return members[placeOf(members, session)] === session;
}
