/**
 * Votes: each drift of a cluster is a vote for a realignment, valid for the region's window.
 *
 * V1  A cluster has one vote at a time. A further drift renews an open vote; a spent one stays as it is, so that one
 *     change that many sessions notice leads to one realignment and not to many.
 * V2  The share that counts is open votes over clusters, and at least one vote.
 * V3  The end of a vote is a durable timer. After a jump of the clock forwards a vote has ended even if its timer is late;
 *     after one backwards it lasts a window longer at most.
 */
import { cancelTimer, type Step, timer, type Wish } from '../wishes.ts';
import type { Payload } from './events.ts';
import { type DriftNews, hasCluster, type Reached, type RegionContext, remember } from './model.ts';

export function voteTimer(cluster: string): string {
  return `vote.${cluster}`;
}

const ending = (cluster: string, delayMs: number): Wish =>
  timer(voteTimer(cluster), delayMs, { type: 'vote.ended', cluster });

/** Makes the votes true at a moment (V3). */
export function settleVotes(context: RegionContext, at: number): Step<RegionContext> {
  const { windowMs } = context;
  const wishes: Wish[] = [];
  let changed = false;
  const clusters = context.clusters.map((cluster) => {
    const { id, vote } = cluster;
    if (vote === null) return cluster;
    if (vote.until <= at) {
      changed = true;
      wishes.push(cancelTimer(voteTimer(id)));
      return { id, vote: null };
    }
    if (vote.until <= at + windowMs) return cluster;
    changed = true;
    wishes.push(ending(id, windowMs));
    return { id, vote: { ...vote, until: at + windowMs } };
  });
  return { context: changed ? { ...context, clusters } : context, wishes };
}

/**
 * Takes in a drift of a cluster: an event, and a vote (V1). Drift of a cluster that left concerns nobody. The command is
 * its own record in the log, so no fact repeats it.
 */
export function castVote(context: RegionContext, event: Payload<'drift'>): Step<RegionContext> {
  const { at, cluster, session, drift_score, drift_phase } = event;
  if (!hasCluster(context, cluster)) return { context, wishes: [] };
  const drift: DriftNews = { cluster, session, score: drift_score, phase: drift_phase, at };
  const wishes: Wish[] = [];
  const clusters = context.clusters.map((known) => {
    if (known.id !== cluster || known.vote?.spent) return known;
    wishes.push(ending(cluster, context.windowMs));
    return { id: cluster, vote: { drift, until: at + context.windowMs, spent: false } };
  });
  return { context: { ...context, clusters, events: remember(context, { type: 'drift', ...drift }) }, wishes };
}

/** The timer of a vote fired. */
export function endVote(context: RegionContext, cluster: string): RegionContext {
  return {
    ...context,
    clusters: context.clusters.map((known) => (known.id === cluster ? { id: cluster, vote: null } : known)),
  };
}

/** Open votes were heard. Votes that came while they were acted on were heard with them. */
export function spendVotes(context: RegionContext): RegionContext {
  return {
    ...context,
    clusters: context.clusters.map((cluster) =>
      cluster.vote === null ? cluster : { ...cluster, vote: { ...cluster.vote, spent: true } },
    ),
  };
}

/** @returns what the open votes come to, null while they do not reach the threshold (V2) */
export function reachedBy({ clusters, threshold }: RegionContext, at: number): Reached | null {
  const open = clusters.filter(({ vote }) => vote !== null && !vote.spent);
  const share = open.length / clusters.length;
  if (open.length === 0 || share < threshold) return null;
  const drifts = open.map(({ vote }) => vote!.drift);
  const drift = drifts.reduce((newest, other) => (other.at > newest.at ? other : newest));
  return { at, voters: open.map(({ id }) => id), share, drift };
}
