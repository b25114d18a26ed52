/** Clusters of a region: the caller's, each in one region only. */
import { z } from 'zod';
import { AppError, type ErrorCode } from '../../../actors/errors.ts';
import { noCluster, readCluster } from '../cluster/access.ts';
import { operation } from '../operation.ts';
import { id } from '../schemas.ts';
import { readRegion, regionPath, tellRegion } from './access.ts';

export const addCluster = operation({
  name: 'region.cluster.add',
  dialect: 'cortex',
  summary: 'Attach a cluster to a region',
  description: '`added` is false when it is there already; 409 when it belongs to another region.',
  http: { method: 'POST', path: '/v1/region/{id}/clusters', status: 200 },
  input: { path: regionPath, body: z.object({ cluster_id: id }) },
  output: z.object({ region_id: z.string(), cluster_id: z.string(), added: z.boolean() }),
  access: 'tenant',
  mutates: true,
  errors: [409],
  example: { path: { id: '$region' }, body: { cluster_id: '$cluster' } },
  owned: ['path.id', 'body.cluster_id'],
  run: async (context, { path, body }) => {
    await readRegion(context, path.id);
    const { region } = await readCluster(context, body.cluster_id);
    // What can be known before anybody is asked leaves no trace.
    if (region !== null && region !== path.id) {
      throw new AppError('CONFLICT', `the cluster belongs to region "${region}"`);
    }
    const { added, error } = await tellRegion(context, path.id, { type: 'cluster.add', cluster: body.cluster_id });
    if (error) throw error.code === 'NOT_FOUND' ? noCluster() : new AppError(error.code as ErrorCode, error.message);
    return { region_id: path.id, cluster_id: body.cluster_id, added };
  },
});

export const removeCluster = operation({
  name: 'region.cluster.remove',
  dialect: 'cortex',
  summary: 'Detach a cluster from a region',
  http: { method: 'DELETE', path: '/v1/region/{id}/clusters/{cluster_id}', status: 200 },
  input: { path: regionPath.extend({ cluster_id: id.describe('Cluster id.') }) },
  output: z.object({ region_id: z.string(), cluster_id: z.string(), removed: z.boolean() }),
  access: 'tenant',
  mutates: true,
  errors: [409],
  example: { path: { id: '$region', cluster_id: '$cluster' } },
  owned: ['path.id', 'path.cluster_id'],
  run: async (context, { path }) => {
    const notHere = new AppError('NOT_FOUND', 'Cluster is not in this region');
    const { clusters, claiming } = await readRegion(context, path.id);
    if (![...clusters.map(({ id }) => id), ...claiming].includes(path.cluster_id)) throw notHere;
    const { removed } = await tellRegion(context, path.id, { type: 'cluster.remove', cluster: path.cluster_id });
    if (!removed) throw notHere;
    return { region_id: path.id, cluster_id: path.cluster_id, removed: true };
  },
});
