/**
 * Which clusters a region has. The cluster decides, as it belongs to one region only: it is asked, and listed on its yes.
 * While it has not answered it cannot be removed, so one that was let go is never listed by an answer it gave before.
 */
import type { SendParams } from '../../effects.ts';
import { OBSERVER_ID } from '../observer/model.ts';
import { ask, cancelTimer, publish, refused, reply, type Step, send, type Wish } from '../wishes.ts';
import type { ClaimAnswer, Outcomes, Payload } from './events.ts';
import { hasCluster, MAX_CLUSTERS, type RegionContext } from './model.ts';
import { voteTimer } from './votes.ts';

const CLAIM = 'claim.';
const YES = '.reply';
const NO = '.error';

const added = (outcome: Outcomes['cluster.add']) => reply(outcome);
const removed = (outcome: Outcomes['cluster.remove']) => reply(outcome);

export function clusterAdd(context: RegionContext, { cluster }: Payload<'cluster.add'>): Step<RegionContext> {
  const { id, clusters, claiming } = context;
  if (hasCluster(context, cluster)) return { context, wishes: [added({ added: false })] };
  if (clusters.length + claiming.length >= MAX_CLUSTERS) {
    return refused(context, 'CONFLICT', `the region has ${MAX_CLUSTERS} clusters, which is the most`);
  }
  const claim = ask('cluster', cluster, { type: 'region.claim', region: id }, CLAIM + cluster);
  return { context: { ...context, claiming: [...claiming, cluster] }, wishes: [claim] };
}

export function claimAnswered(context: RegionContext, event: ClaimAnswer): Step<RegionContext> {
  const { type } = event;
  const yes = type.endsWith(YES);
  const cluster = type.slice(CLAIM.length, -(yes ? YES : NO).length);
  const asked = context.claiming.indexOf(cluster);
  if (asked === -1) return refused(context, 'STALE', `cluster "${cluster}" was not asked`);
  const next = { ...context, claiming: context.claiming.toSpliced(asked, 1) };
  if (!yes) {
    const { code = 'INTERNAL', message = '' } = event;
    return { context: next, wishes: [added({ added: false, error: { code, message } })] };
  }
  if (hasCluster(context, cluster)) return { context: next, wishes: [added({ added: false })] };
  const clusters = [...context.clusters, { id: cluster, vote: null }].sort((a, b) => (a.id < b.id ? -1 : 1));
  return { context: { ...next, clusters }, wishes: [publish('cluster.added', { cluster }), added({ added: true })] };
}

export function clusterRemove(context: RegionContext, { cluster }: Payload<'cluster.remove'>): Step<RegionContext> {
  if (context.claiming.includes(cluster)) {
    return refused(context, 'STALE', `cluster "${cluster}" is being added; try again`);
  }
  return without(context, cluster, [send('cluster', cluster, { type: 'region.release', region: context.id })]);
}

export function clusterGone(context: RegionContext, { cluster }: Payload<'cluster.gone'>): Step<RegionContext> {
  return without(context, cluster, []);
}

function without(context: RegionContext, cluster: string, wishes: readonly Wish[]): Step<RegionContext> {
  if (!hasCluster(context, cluster)) return { context, wishes: [removed({ removed: false })] };
  return {
    context: { ...context, clusters: context.clusters.filter(({ id }) => id !== cluster) },
    wishes: [
      ...wishes,
      cancelTimer(voteTimer(cluster)),
      publish('cluster.removed', { cluster }),
      removed({ removed: true }),
    ],
  };
}

/** A deleted region lets its clusters go; those it asked, too, whatever they were about to say. */
export function farewell({ id, clusters, claiming, observed }: RegionContext): SendParams[] {
  const all = new Set([...clusters.map((cluster) => cluster.id), ...claiming]);
  return [
    ...[...all].map((cluster) => ({
      to: { kind: 'cluster', id: cluster },
      event: { type: 'region.release', region: id },
    })),
    ...(observed ? [{ to: { kind: 'observer', id: OBSERVER_ID }, event: { type: 'region.gone', region: id } }] : []),
  ];
}
