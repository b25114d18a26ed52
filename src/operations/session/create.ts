/** Creating and deleting a session. */
import { z } from 'zod';
import { formatAddress } from '../../../actors/address.ts';
import { AppError } from '../../../actors/errors.ts';
import type { SessionInput } from '../../../actors/kinds/session/create.ts';
import type { SessionContext } from '../../../actors/kinds/session/model.ts';
import { keyed } from '../keyed.ts';
import { activeUser } from '../network/active-user.ts';
import { type Context, operation } from '../operation.ts';
import { id, MAX_VECTORS_BYTES, maybe, sessionPath, vector } from '../schemas.ts';
import { noSession, requireReachable, sessionAddress, toVector } from './access.ts';
import { ownerOf, tellCircle } from './owner.ts';

const capacity = z.int().min(1).max(5_000);

const body = z.object({
  session_id: maybe(id).describe('An id of your own choice; absent: a new one is made.'),
  dimension: maybe(z.int().min(1).max(65_536)).describe(
    "Must be the server's embedder dimension, which is the default.",
  ),
  model_name: z.string().min(1).max(200).default('all-MiniLM-L6-v2'),
  use_attention: z.boolean().default(false),
  use_cache: z.boolean().default(false),
  use_meta_pss: maybe(z.boolean()).describe('Same as use_cortex.'),
  use_cortex: z.boolean().default(false),
  enable_topic_switch: z.boolean().default(true),
  template_embedding: vector.nullish().describe('Pre-initialises the state.'),
  policy_vectors: z
    .array(
      z.object({
        embedding: vector,
        weight: z.number().min(0.01).max(100).default(1.5),
        promote: z.boolean().default(true),
      }),
    )
    .max(64)
    .nullish(),
  memory: z
    .object({ short_term: capacity, medium_term: capacity, long_term: capacity })
    .partial()
    .nullish()
    .describe('Memories each tier holds.'),
});

type CreateBody = Partial<z.output<typeof body>>;

/** The statechart's input for a new session. Whose it is (`user`) is for the caller to say: by itself it is everybody's. */
export function createInput(context: Context, body: CreateBody): Omit<SessionInput, 'id' | 'at'> {
  const { config, embedder } = context.services;
  const dimension = body.dimension ?? embedder.dimension;
  if (dimension !== embedder.dimension) {
    const msg = `dimension is ${dimension}, this server's embedder "${embedder.id}" makes ${embedder.dimension}`;
    throw new AppError('INVALID', msg, { details: [{ loc: ['body', 'dimension'], msg, type: 'value_error' }] });
  }
  return {
    config: {
      dimension,
      embedder: embedder.id,
      model_name: body.model_name ?? 'all-MiniLM-L6-v2',
      use_attention: body.use_attention ?? false,
      use_cache: body.use_cache ?? false,
      use_cortex: body.use_cortex === true || body.use_meta_pss === true,
      enable_topic_switch: body.enable_topic_switch ?? true,
      memory: {
        short_term: body.memory?.short_term ?? config.memory.short_term,
        medium_term: body.memory?.medium_term ?? config.memory.medium_term,
        long_term: body.memory?.long_term ?? config.memory.long_term,
      },
    },
    template: body.template_embedding ? toVector(body.template_embedding, dimension, 'template_embedding') : null,
    policies: (body.policy_vectors ?? []).map(({ embedding, weight, promote }, i) => ({
      embedding: toVector(embedding, dimension, 'policy_vectors', i, 'embedding'),
      weight,
      promote,
    })),
  };
}

export const create = operation({
  name: 'session.create',
  dialect: 'cortex',
  summary: 'Create a session',
  http: { method: 'POST', path: '/v1/session/create', status: 200, maxBodyBytes: MAX_VECTORS_BYTES },
  input: { body: body.optional().default(() => body.parse({})) },
  output: z.object({ session_id: z.string(), created: z.boolean() }),
  access: 'tenant',
  mutates: true,
  errors: [409],
  example: { body: { memory: { long_term: 500 } } },
  owned: [],
  run: async (context, { body }) => {
    const { caller, services } = context;
    const id = body.session_id ?? caller.newId();
    const input = { ...createInput(context, body), user: await activeUser(context) };
    await services.system
      .spawn(sessionAddress(context, id), input, keyed(context, 'create'))
      .catch((error: unknown) => {
        if (!(error instanceof AppError && error.code === 'CONFLICT')) throw error;
        throw new AppError('CONFLICT', 'Session already exists', { cause: error });
      });
    return { session_id: id, created: true };
  },
});

export const remove = operation({
  name: 'session.delete',
  dialect: 'cortex',
  summary: 'Delete a session',
  description:
    'Its memories, vectors and texts leave the store; the log keeps the hashes. It leaves its cluster, too. The own ' +
    'session of a cluster or a region goes with that only (409), and that of the observer stays.',
  http: { method: 'DELETE', path: '/v1/session/{id}', status: 200 },
  input: { path: sessionPath },
  output: z.object({ session_id: z.string(), deleted: z.boolean() }),
  access: 'tenant',
  mutates: true,
  errors: [409],
  example: { path: { id: '$session' } },
  owned: ['path.id'],
  run: async (context, { path }) => {
    await requireReachable(context, path.id);
    const owner = await ownerOf(context, path.id);
    if (owner === 'observer') throw new AppError('CONFLICT', 'Session belongs to the observer');
    if (owner !== null) throw new AppError('CONFLICT', `Session belongs to a ${owner}; delete the ${owner} instead`);
    const view = await context.services.system.read<SessionContext>(sessionAddress(context, path.id));
    await removeSession(context, path.id);
    if (view) await tellCircle(context, view.context);
    return { session_id: path.id, deleted: true };
  },
});

/**
 * Deletes a session, whoever it belongs to.
 *
 * @throws AppError NOT_FOUND
 */
export async function removeSession(context: Context, id: string): Promise<void> {
  const { services } = context;
  const address = sessionAddress(context, id);
  const removed = await services.system.remove(address, keyed(context, 'delete'));
  if (!removed) throw noSession();
  services.ranker.forget(formatAddress(address));
}
