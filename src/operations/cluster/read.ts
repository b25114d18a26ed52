/** Looking at clusters: the list, and one of them with its aggregate. */
import { z } from 'zod';
import { aggregateOf } from '../../../actors/kinds/cluster/aggregate.ts';
import { AGGREGATION_MODES, type ClusterContext } from '../../../actors/kinds/cluster/model.ts';
import { operation } from '../operation.ts';
import { pageQuery, readPage } from '../page.ts';
import { turnMetrics } from '../schemas.ts';
import { readSession } from '../session/access.ts';
import { metricsOf } from '../session/metrics.ts';
import { worldFor } from '../world.ts';
import { clusterPath, noCluster, readCluster } from './access.ts';

const short = z.object({
  cluster_id: z.string(),
  id: z.string(),
  name: z.string(),
  member_count: z.int(),
  aggregation_mode: z.enum(AGGREGATION_MODES),
  coupling_factor: z.number(),
  region_id: z.string().nullable(),
});

function shortly(cluster: ClusterContext): z.input<typeof short> {
  return {
    cluster_id: cluster.id,
    id: cluster.id,
    name: cluster.name,
    member_count: cluster.members.length,
    aggregation_mode: cluster.mode,
    coupling_factor: cluster.coupling,
    region_id: cluster.region,
  };
}

export const list = operation({
  name: 'cluster.list',
  dialect: 'cortex',
  summary: 'List your clusters',
  http: { method: 'GET', path: '/v1/cluster/', status: 200 },
  input: {
    query: pageQuery('clusters'),
  },
  output: z.array(short).describe('By id.'),
  access: 'tenant',
  mutates: false,
  example: { query: { limit: 100 } },
  owned: [],
  run: async (context, { query }) => (await readPage<ClusterContext>(context, 'cluster', query)).map(shortly),
});

export const get = operation({
  name: 'cluster.get',
  dialect: 'cortex',
  summary: 'A cluster, its members and its aggregate vector',
  description:
    'Phase, turns and memories are those of its own session; the aggregate is made of its members as they are.',
  http: { method: 'GET', path: '/v1/cluster/{id}', status: 200 },
  input: { path: clusterPath },
  output: short.extend({
    phase: turnMetrics.shape.phase,
    interaction_count: z.int(),
    total_memories: z.int(),
    aggregate_vector: z
      .array(z.number())
      .describe('Unit length; zeros when no member has a vector, or they cancel out.'),
    members: z.array(
      z.object({
        session_id: z.string(),
        interaction_count: z.int(),
        initialised: z.boolean().describe('Whether it has a vector, of the embedder of the cluster.'),
        weight: z.number().describe('Share in the aggregate, [0, 1].'),
      }),
    ),
    created_at: z.number().describe('Unix seconds.'),
  }),
  access: 'tenant',
  mutates: false,
  heavy: true,
  example: { path: { id: '$cluster' } },
  owned: ['path.id'],
  run: async (context, { path }) => {
    const cluster = await readCluster(context, path.id);
    const own = await readSession(context, path.id).catch(() => {
      // It is being deleted.
      throw noCluster();
    });
    const { vector, members } = await aggregateOf(worldFor(context), cluster);
    const { phase, interaction_count, total_memories } = metricsOf(own);
    return {
      ...shortly(cluster),
      phase,
      interaction_count,
      total_memories,
      aggregate_vector: [...vector],
      members: members.map(({ id, turns, initialised, weight }) => ({
        session_id: id,
        interaction_count: turns,
        initialised,
        weight,
      })),
      created_at: cluster.createdAt / 1_000,
    };
  },
});
