/** The shape of a region: everything that survives in its snapshot. */
import { AppError } from '../../errors.ts';
import type { DriftPhase } from '../session/model.ts';

/** Clusters of one region: the region looks at all of them with every vote. */
export const MAX_CLUSTERS = 1_000;
/** Drift events and realignments a region remembers; all of them are in the log. */
export const MAX_EVENTS = 500;
/** Longest window: thirty days. */
export const MAX_WINDOW_MS = 30 * 86_400_000;

/** A drift as a cluster told it. */
export interface DriftNews {
  readonly cluster: string;
  /** Which session of the cluster drifts. */
  readonly session: string;
  readonly score: number;
  readonly phase: DriftPhase;
  /** Unix ms. */
  readonly at: number;
}

/** A cluster has one vote per window; a drift that follows renews it as long as it is open. */
export interface Vote {
  /** The newest drift it stands for. */
  readonly drift: DriftNews;
  /** Unix ms: it ends then. */
  readonly until: number;
  /** A realignment came of it. It no longer counts, and the cluster has no other one until it ends. */
  readonly spent: boolean;
}

export interface RegionCluster {
  readonly id: string;
  readonly vote: Vote | null;
}

/** What the votes came to when they reached the threshold. */
export interface Reached {
  /** Unix ms. */
  readonly at: number;
  /** Clusters with an open vote, ascending. */
  readonly voters: readonly string[];
  /** Voters over clusters, (0, 1]. */
  readonly share: number;
  /** The newest drift among the votes. */
  readonly drift: DriftNews;
}

export interface DriftEvent extends DriftNews {
  readonly type: 'drift';
}

/** `cluster`, `session`, `score` and `phase` are those of the newest drift that was voted with. */
export interface RealignmentEvent extends DriftNews {
  readonly type: 'realignment';
  readonly voters: readonly string[];
  readonly share: number;
  /** Whether the region's own session got a new vector: not when no cluster has one. */
  readonly updated: boolean;
}

export type RegionEvent = DriftEvent | RealignmentEvent;

export interface RegionContext {
  /** Also the id of its own session. */
  readonly id: string;
  readonly name: string;
  /** Share of clusters with an open vote that starts a realignment, [0, 1]; it takes one vote at least. */
  readonly threshold: number;
  readonly windowMs: number;
  /** By id, ascending. */
  readonly clusters: readonly RegionCluster[];
  /** Clusters that were asked to join and have not answered yet, in the order they were asked. */
  readonly claiming: readonly string[];
  /** Oldest first, at most {@link MAX_EVENTS}. */
  readonly events: readonly RegionEvent[];
  /** The realignment under way. */
  readonly reached: Reached | null;
  /** Unix ms of the latest one, null before the first. */
  readonly lastRealignment: number | null;
  readonly realignments: number;
  /** Tries of the realignment under way that failed. */
  readonly failures: number;
  /** Whether the observer looks at it, and is told when it goes. */
  readonly observed: boolean;
  /** Unix ms. */
  readonly createdAt: number;
}

export interface RegionInput {
  readonly id: string;
  readonly name: string;
  readonly threshold: number;
  readonly windowMs: number;
  /** Unix ms. */
  readonly at: number;
}

/** @throws AppError INVALID for a threshold outside [0, 1] or a window outside (0, 30 days] */
export function createRegion({ id, name, threshold, windowMs, at }: RegionInput): RegionContext {
  if (!(threshold >= 0 && threshold <= 1)) {
    throw new AppError('INVALID', `the threshold is ${threshold}, wanted 0 to 1`);
  }
  if (!(windowMs > 0 && windowMs <= MAX_WINDOW_MS)) {
    throw new AppError('INVALID', `the window is ${windowMs} ms, wanted more than 0 and at most ${MAX_WINDOW_MS}`);
  }
  return {
    id,
    name,
    threshold,
    windowMs,
    clusters: [],
    claiming: [],
    events: [],
    reached: null,
    lastRealignment: null,
    realignments: 0,
    failures: 0,
    observed: false,
    createdAt: at,
  };
}

export function hasCluster({ clusters }: Pick<RegionContext, 'clusters'>, cluster: string): boolean {
  return clusters.some(({ id }) => id === cluster);
}

export function remember(context: RegionContext, event: RegionEvent): readonly RegionEvent[] {
  return [...context.events.slice(context.events.length < MAX_EVENTS ? 0 : 1), event];
}
