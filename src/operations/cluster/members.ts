/** Members of a cluster: sessions of the same caller, each in one cluster only. */
import { z } from 'zod';
import { AppError, type ErrorCode } from '../../../actors/errors.ts';
import type { ClusterContext } from '../../../actors/kinds/cluster/model.ts';
import type { SessionContext } from '../../../actors/kinds/session/model.ts';
import { Answer, operation } from '../operation.ts';
import { id } from '../schemas.ts';
import { noSession, readSession } from '../session/access.ts';
import { clusterPath, readCluster, tellCluster } from './access.ts';

export const addMember = operation({
  name: 'cluster.member.add',
  dialect: 'cortex',
  summary: 'Add a session to a cluster',
  description:
    '200 instead of 201 when it is a member already; 409 when it belongs to another cluster, or this one has 10,000.',
  http: { method: 'POST', path: '/v1/cluster/{id}/members', status: 201 },
  input: { path: clusterPath, body: z.object({ session_id: id }) },
  output: z.object({ cluster_id: z.string(), session_id: z.string(), added: z.boolean() }),
  access: 'tenant',
  mutates: true,
  errors: [409],
  example: { path: { id: '$cluster' }, body: { session_id: '$session' } },
  owned: ['path.id', 'body.session_id'],
  run: async (context, { path, body }) => {
    const cluster = await readCluster(context, path.id);
    const session = await readSession(context, body.session_id);
    check(cluster, session);
    const { outcome } = await tellCluster(context, path.id, { type: 'member.add', session: body.session_id });
    const { added, error } = outcome;
    if (error) throw error.code === 'NOT_FOUND' ? noSession() : new AppError(error.code as ErrorCode, error.message);
    const answer = { cluster_id: path.id, session_id: body.session_id, added };
    return added ? answer : new Answer(answer, { status: 200 });
  },
});

/** What can be known before anybody is asked, so that it leaves no trace. */
function check({ id, embedder, dimension }: ClusterContext, { cluster, config }: SessionContext): void {
  if (cluster !== null && cluster !== id) {
    throw new AppError('CONFLICT', `the session is a member of cluster "${cluster}"`);
  }
  if (config.embedder !== embedder || config.dimension !== dimension) {
    const [theirs, ours] = [`"${config.embedder}" (${config.dimension})`, `"${embedder}" (${dimension})`];
    throw new AppError('CONFLICT', `the session holds vectors of embedder ${theirs}, the cluster of ${ours}`);
  }
}

export const removeMember = operation({
  name: 'cluster.member.remove',
  dialect: 'cortex',
  summary: 'Remove a session from a cluster',
  http: { method: 'DELETE', path: '/v1/cluster/{id}/members/{session_id}', status: 200 },
  input: { path: clusterPath.extend({ session_id: id.describe('Session id.') }) },
  output: z.object({ cluster_id: z.string(), session_id: z.string(), removed: z.boolean() }),
  access: 'tenant',
  mutates: true,
  errors: [409],
  example: { path: { id: '$cluster', session_id: '$member' } },
  owned: ['path.id', 'path.session_id'],
  run: async (context, { path }) => {
    const { outcome } = await tellCluster(context, path.id, { type: 'member.remove', session: path.session_id });
    return { cluster_id: path.id, session_id: path.session_id, removed: outcome.removed };
  },
});
