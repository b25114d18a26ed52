/** Creating and deleting a cluster, and with it the session its members share. */
import { z } from 'zod';
import { AppError } from '../../../actors/errors.ts';
import { AGGREGATION_MODES, type AggregationMode } from '../../../actors/kinds/cluster/model.ts';
import type { SessionContext } from '../../../actors/kinds/session/model.ts';
import { keyed } from '../keyed.ts';
import { type Context, operation } from '../operation.ts';
import { name } from '../schemas.ts';
import { sessionAddress } from '../session/access.ts';
import { createInput, removeSession } from '../session/create.ts';
import { clusterAddress, clusterPath, noCluster } from './access.ts';

const MODES = AGGREGATION_MODES.join(', ');

export const create = operation({
  name: 'cluster.create',
  dialect: 'cortex',
  summary: 'Create a cluster',
  description: 'It comes with a session of its own, under the same id, that its members share.',
  http: { method: 'POST', path: '/v1/cluster/', status: 201 },
  input: {
    body: z.object({
      name: name(200),
      aggregation_mode: z
        .string()
        .max(100)
        .default('weighted_average')
        .describe(`How members become one vector: ${MODES}; another one is a 400.`),
      coupling_factor: z
        .number()
        .min(0)
        .max(1)
        .default(0)
        .describe('Share of the aggregate that feedback brings into a member.'),
    }),
  },
  output: z.object({
    cluster_id: z.string(),
    id: z.string(),
    name: z.string(),
    aggregation_mode: z.enum(AGGREGATION_MODES),
    coupling_factor: z.number(),
  }),
  access: 'tenant',
  mutates: true,
  errors: [400],
  example: { body: { name: 'analyst-team', aggregation_mode: 'attention', coupling_factor: 0.3 } },
  owned: [],
  run: async (context, { body }) => {
    const mode = modeOf(body.aggregation_mode);
    const id = context.caller.newId();
    await found(context, id, { name: body.name, mode, coupling: body.coupling_factor });
    return {
      cluster_id: id,
      id,
      name: body.name,
      aggregation_mode: mode,
      coupling_factor: body.coupling_factor,
    };
  },
});

function modeOf(mode: string): AggregationMode {
  const known = AGGREGATION_MODES.find((one) => one === mode);
  if (known === undefined)
    throw new AppError('MALFORMED', `Unknown aggregation_mode "${mode}"; one of ${MODES} wanted`);
  return known;
}

/** The session first: so whoever sees the cluster finds its session. */
async function found(context: Context, id: string, settings: object): Promise<void> {
  const { caller, services } = context;
  const { system } = services;
  const own = createInput(context, {});
  const { dimension, embedder } = own.config;
  await system.spawn(sessionAddress(context, id), { ...own, cluster: id }, keyed(context, 'create'));
  try {
    await system.spawn(
      clusterAddress(context, id),
      { ...settings, dimension, embedder },
      keyed(context, 'cluster.create'),
    );
  } catch (error) {
    // Under a key the request will come again and needs it; otherwise nobody would ever find it.
    if (caller.idempotencyKey === undefined) await system.remove(sessionAddress(context, id)).catch(() => {});
    throw error;
  }
}

export const remove = operation({
  name: 'cluster.delete',
  dialect: 'cortex',
  summary: 'Delete a cluster',
  description: 'Its own session goes with it; its members stay and are free to join another one.',
  http: { method: 'DELETE', path: '/v1/cluster/{id}', status: 200 },
  input: { path: clusterPath },
  output: z.object({ cluster_id: z.string(), deleted: z.boolean() }),
  access: 'tenant',
  mutates: true,
  example: { path: { id: '$cluster' } },
  owned: ['path.id'],
  run: async (context, { path }) => {
    const { services } = context;
    const removed = await services.system.remove(clusterAddress(context, path.id), keyed(context, 'cluster.delete'));
    // Also when the cluster went and a crash came before its session did.
    const own = await services.system.read<SessionContext>(sessionAddress(context, path.id));
    const left = own?.context.cluster === path.id;
    if (left) await removeSession(context, path.id);
    if (!removed && !left) throw noCluster();
    return { cluster_id: path.id, deleted: true };
  },
});
