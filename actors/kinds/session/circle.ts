/** A session among others: the cluster it belongs to, what it tells it, and what reaches it from there. */
import { blend, norm, unit } from '../../../workers/vector.ts';
import type { SendParams } from '../../effects.ts';
import { AppError } from '../../errors.ts';
import type { Payload } from './events.ts';
import type { SessionContext } from './model.ts';
import type { Fact, Outcomes, Step } from './outcomes.ts';
import { takeState, unsigned } from './vectors.ts';

/** A member belongs to one cluster only; joining the same one again changes nothing. */
export function clusterJoin(context: SessionContext, event: Payload<'cluster.join'>): Step<Outcomes['cluster.join']> {
  const { cluster } = context;
  if (cluster !== null && cluster !== event.cluster) {
    throw new AppError('CONFLICT', `the session is a member of cluster "${cluster}"`);
  }
  return {
    context: { ...context, cluster: event.cluster },
    outcome: { joined: cluster === null },
    facts: cluster === null ? [{ type: 'cluster.joined', payload: { cluster: event.cluster } }] : [],
  };
}

export function clusterLeave(
  context: SessionContext,
  event: Payload<'cluster.leave'>,
): Step<Outcomes['cluster.leave']> {
  if (context.cluster !== event.cluster) return { context, outcome: { left: false }, facts: [] };
  return {
    context: { ...context, cluster: null },
    outcome: { left: true },
    facts: [{ type: 'cluster.left', payload: { cluster: event.cluster } }],
  };
}

/**
 * Moves the session's vector a share of the way to another direction. A session that has no direction of its own yet
 * stays so unless it is to be initialised, and directions that cancel out leave it where it was.
 *
 * @see spec 3.5: feedback v' = unit((1 − c)·v + c·A), transfer t' = unit(t̂ + w·(ŝ − t̂)), which is the same
 */
export function vectorBlend(context: SessionContext, event: Payload<'vector.blend'>): Step<Outcomes['vector.blend']> {
  const other = takeState(event.vector, context.config.dimension, 'the vector');
  if (event.initialise === true && !context.initialised && norm(other) > 0) {
    return {
      context: { ...context, state: other, initialised: true },
      outcome: { updated: true, delta_norm: 1 },
      facts: [],
    };
  }
  if (!context.initialised || norm(other) === 0) {
    return { context, outcome: { updated: false, delta_norm: null }, facts: [] };
  }
  const own = unit(context.state);
  const delta = new Float64Array(other.length);
  for (let i = 0; i < delta.length; i++) delta[i] = other[i]! - own[i]!;
  const deltaNorm = norm(delta);
  const state = unsigned(blend(own, other, event.share));
  if (norm(state) === 0) return { context, outcome: { updated: false, delta_norm: deltaNorm }, facts: [] };
  return { context: { ...context, state }, outcome: { updated: true, delta_norm: deltaNorm }, facts: [] };
}

/** What a turn has to tell the cluster: each drift. The cluster knows whom it concerns. */
export function tidings({ id, cluster }: SessionContext, facts: readonly Fact[]): SendParams[] {
  if (cluster === null) return [];
  return facts
    .filter(({ type }) => type === 'drift')
    .map(({ type, payload }) => ({
      to: { kind: 'cluster', id: cluster },
      event: { ...(payload as object), type, session: id },
    }));
}

/** A member that is deleted says so. A cluster's own session goes with its cluster, which knows. */
export function farewell({ id, cluster }: SessionContext): SendParams[] {
  if (cluster === null || cluster === id) return [];
  return [{ to: { kind: 'cluster', id: cluster }, event: { type: 'member.gone', session: id } }];
}
