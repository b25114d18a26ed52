/**
 * Who belongs to a cluster. The session decides, as it belongs to one cluster only: it is asked to join, and listed on
 * its yes. While it has not answered it cannot be removed, so a session that was told to leave is never listed by an
 * answer it gave before.
 */

import { publish, refused, reply, type Step, send } from '../wishes.ts';
import type { JoinAnswer, Outcomes, Payload } from './events.ts';
import { type ClusterContext, isMember, MAX_MEMBERS, placeOf } from './model.ts';

const JOIN = 'join.';
const YES = '.reply';
const NO = '.error';

const added = (outcome: Outcomes['member.add']) => reply(outcome);

export function memberAdd(context: ClusterContext, { session }: Payload<'member.add'>): Step<ClusterContext> {
  const { id, members, joining } = context;
  if (session === id) return refused(context, 'CONFLICT', "the cluster's own session cannot be a member of it");
  if (isMember(context, session)) return { context, wishes: [added({ added: false })] };
  if (members.length + joining.length >= MAX_MEMBERS) {
    return refused(context, 'CONFLICT', `the cluster has ${MAX_MEMBERS} members, which is the most`);
  }
  const event = { type: 'cluster.join', cluster: id };
  return {
    context: { ...context, joining: [...joining, session] },
    wishes: [{ type: 'ask', params: { to: { kind: 'session', id: session }, event, as: JOIN + session } }],
  };
}

export function joinAnswered(context: ClusterContext, event: JoinAnswer): Step<ClusterContext> {
  const { type } = event;
  const yes = type.endsWith(YES);
  const session = type.slice(JOIN.length, -(yes ? YES : NO).length);
  const asked = context.joining.indexOf(session);
  if (asked === -1) return refused(context, 'STALE', `session "${session}" was not asked to join`);
  const next = { ...context, joining: context.joining.toSpliced(asked, 1) };
  if (!yes) {
    const { code = 'INTERNAL', message = '' } = event;
    return { context: next, wishes: [added({ added: false, error: { code, message } })] };
  }
  if (isMember(context, session)) return { context: next, wishes: [added({ added: false })] };
  const { members } = context;
  return {
    context: { ...next, members: members.toSpliced(placeOf(members, session), 0, session) },
    wishes: [publish('member.added', { session }), added({ added: true })],
  };
}

export function memberRemove(context: ClusterContext, { session }: Payload<'member.remove'>): Step<ClusterContext> {
  if (context.joining.includes(session)) {
    return refused(context, 'STALE', `session "${session}" is being added; try again`);
  }
  if (!isMember(context, session)) return refused(context, 'NOT_FOUND', 'Session is not a member of this cluster');
  const leave = send('session', session, { type: 'cluster.leave', cluster: context.id });
  return without(context, session, [leave]);
}

export function memberGone(context: ClusterContext, { session }: Payload<'member.gone'>): Step<ClusterContext> {
  return without(context, session, []);
}

function without(
  context: ClusterContext,
  session: string,
  wishes: Step<ClusterContext>['wishes'],
): Step<ClusterContext> {
  if (!isMember(context, session)) return { context, wishes: [reply({ removed: false })] };
  const { members } = context;
  return {
    context: { ...context, members: members.toSpliced(placeOf(members, session), 1) },
    wishes: [...wishes, publish('member.removed', { session }), reply({ removed: true })],
  };
}
