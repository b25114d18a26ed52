/** The session a cluster's members share: asked and told like any other. */
import { z } from 'zod';
import { AppError } from '../../../actors/errors.ts';
import { type Context, operation } from '../operation.ts';
import { maybe, text } from '../schemas.ts';
import { runBody, runIn, runOutput } from '../session/run.ts';
import { storeBody, storeIn, storeOutput } from '../session/store.ts';
import { clusterPath, noCluster, readCluster } from './access.ts';

/** To the caller it is the cluster that is not there. */
async function inCluster<T>(context: Context, id: string, turn: () => Promise<T>): Promise<T> {
  await readCluster(context, id);
  return await turn().catch((error: unknown) => {
    throw error instanceof AppError && error.code === 'NOT_FOUND' ? noCluster() : error;
  });
}

export const run = operation({
  name: 'cluster.run',
  dialect: 'cortex',
  summary: "Retrieve context from a cluster's shared session",
  description: 'Like a run of a session: what one member stored here makes the paraphrase of another short-circuit.',
  http: { method: 'POST', path: '/v1/cluster/{id}/run', status: 200 },
  input: {
    path: clusterPath,
    body: runBody
      .omit({ session_id: true, message: true })
      .extend({
        message: maybe(text).describe('The message; it or `query` is needed.'),
        query: maybe(text).describe('Same as message.'),
      })
      .refine((body) => body.message !== undefined || body.query !== undefined, {
        path: ['message'],
        message: 'message or query is needed',
      }),
  },
  output: runOutput.extend({ cluster_id: z.string() }),
  access: 'tenant',
  mutates: true,
  heavy: true,
  example: { path: { id: '$cluster' }, body: { query: "What's the team consensus on retention strategy?" } },
  owned: ['path.id'],
  run: async (context, { path, body }) => {
    const { query, ...rest } = body;
    const message = rest.message ?? query!;
    const answer = await inCluster(context, path.id, () => runIn(context, path.id, { ...rest, message }));
    return { cluster_id: path.id, ...answer };
  },
});

export const store = operation({
  name: 'cluster.store',
  dialect: 'cortex',
  summary: "Store an exchange in a cluster's shared session",
  http: { method: 'POST', path: '/v1/cluster/{id}/store', status: 200 },
  input: { path: clusterPath, body: storeBody.omit({ session_id: true }).extend({ message: text }) },
  output: storeOutput.extend({ cluster_id: z.string() }),
  access: 'tenant',
  mutates: true,
  heavy: true,
  errors: [409],
  example: {
    path: { id: '$cluster' },
    body: { message: 'How long do we keep logs?', response: 'Ninety days, then they are erased.' },
  },
  owned: ['path.id'],
  run: async (context, { path, body }) => {
    const exchange = { ...body, session_id: path.id };
    const answer = await inCluster(context, path.id, () => storeIn(context, exchange));
    return { cluster_id: path.id, ...answer };
  },
});
