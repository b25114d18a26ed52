/** A cluster among others: its region, the drift it passes on, the feedback it spreads, what it says when it is deleted. */
import { norm } from '../../../workers/vector.ts';
import type { SendParams } from '../../effects.ts';
import { publish, refused, reply, type Step, send } from '../wishes.ts';
import type { Payload } from './events.ts';
import { type ClusterContext, isMember } from './model.ts';

/** A cluster belongs to one region only; claiming it again changes nothing. */
export function regionClaim(context: ClusterContext, { region }: Payload<'region.claim'>): Step<ClusterContext> {
  if (context.region !== null && context.region !== region) {
    return refused(context, 'CONFLICT', `the cluster belongs to region "${context.region}"`);
  }
  return { context: { ...context, region }, wishes: [reply({ claimed: context.region === null })] };
}

export function regionRelease(context: ClusterContext, { region }: Payload<'region.release'>): Step<ClusterContext> {
  if (context.region !== region) return { context, wishes: [reply({ released: false })] };
  return { context: { ...context, region: null }, wishes: [reply({ released: true })] };
}

/** Drift of a session that is no member any more concerns nobody. */
export function drift(context: ClusterContext, event: Payload<'drift'>): Step<ClusterContext> {
  const { id, region } = context;
  const { at, session, drift_score, drift_phase, confirmed } = event;
  if (session !== id && !isMember(context, session)) return { context, wishes: [reply(null)] };
  const vote = { type: 'drift', cluster: id, session, drift_score, drift_phase, confirmed };
  return {
    context: { ...context, lastDrift: { at, session, score: drift_score, phase: drift_phase, confirmed } },
    wishes: [...(region === null ? [] : [send('region', region, vote)]), reply(null)],
  };
}

/**
 * Sends the aggregate to members: v' = unit((1 − coupling)·v + coupling·aggregate) in each of them. The messages are part
 * of this turn's commit and each is taken once, so however often it all crashes every member is blended exactly once.
 */
export function feedback(
  context: ClusterContext,
  { vector, sessions }: Payload<'feedback.send'>,
): Step<ClusterContext> {
  const { coupling, dimension } = context;
  if (vector.length !== dimension) {
    return refused(context, 'INVALID', `the vector has ${vector.length} numbers, the cluster wants ${dimension}`);
  }
  const length = norm(vector);
  if (!Number.isFinite(length)) return refused(context, 'INVALID', 'the vector holds numbers that are not finite');
  const receivers =
    coupling === 0 || length === 0 ? [] : [...new Set(sessions)].filter((session) => isMember(context, session));
  const blend = { type: 'vector.blend', vector, share: coupling };
  const updated = receivers.length;
  return {
    context,
    wishes: [
      ...receivers.map((session) => send('session', session, blend)),
      publish('feedback', { updated, share: coupling }),
      reply({ updated }),
    ],
  };
}

/** A deleted cluster lets its members and its region go; those asked to join, too, whatever they were about to say. */
export function farewell({ id, members, joining, region }: ClusterContext): SendParams[] {
  const sessions = [...new Set([...members, ...joining])];
  return [
    ...sessions.map((session) => ({
      to: { kind: 'session', id: session },
      event: { type: 'cluster.leave', cluster: id },
    })),
    ...(region === null ? [] : [{ to: { kind: 'region', id: region }, event: { type: 'cluster.gone', cluster: id } }]),
  ];
}
