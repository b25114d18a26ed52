/** The literal cache: exact names and values, never blurred by vectors. */
import { z } from 'zod';
import { AppError } from '../../../actors/errors.ts';
import { ENTITY_KINDS, type EntityKind } from '../../../actors/kinds/session/model.ts';
import { operation } from '../operation.ts';
import { name, sessionPath, whole, words } from '../schemas.ts';
import { readSession, tellSession } from './access.ts';
import { byImportance, matchEntities } from './recall.ts';

const entity = z.object({
  key: z.string(),
  kind: z.string(),
  value: z.string(),
  context: z.string().nullable(),
  importance: z.number(),
  access_count: z.int(),
});

export const putEntity = operation({
  name: 'session.entity.put',
  dialect: 'cortex',
  summary: 'Store a verbatim entity',
  description: `The same key overwrites. Kinds: ${ENTITY_KINDS.join(', ')}.`,
  http: { method: 'POST', path: '/v1/session/{id}/entities', status: 201 },
  input: {
    path: sessionPath,
    body: z.object({
      key: name(1_000),
      kind: z
        .string()
        .min(1)
        .max(100)
        .describe(`One of ${ENTITY_KINDS.join(', ')}; another one is a 400.`),
      value: z
        .string()
        .max(65_536)
        .overwrite((value) => value.toWellFormed()),
      context: z
        .string()
        .max(65_536)
        .overwrite((value) => value.toWellFormed())
        .nullish(),
      importance: z.number().min(0).max(100).default(1),
    }),
  },
  output: z.object({ session_id: z.string(), key: z.string(), size: z.int() }),
  access: 'tenant',
  mutates: true,
  errors: [400],
  example: {
    path: { id: '$session' },
    body: { key: 'MAX_RETRIES', kind: 'constant', value: '5', context: 'src/client.ts' },
  },
  owned: ['path.id'],
  run: async (context, { path, body }) => {
    await readSession(context, path.id);
    if (!(ENTITY_KINDS as readonly string[]).includes(body.kind)) {
      throw new AppError('MALFORMED', `Unknown entity kind "${body.kind}"; one of ${ENTITY_KINDS.join(', ')} wanted`);
    }
    const { outcome } = await tellSession(context, path.id, {
      type: 'entity.put',
      key: body.key,
      kind: body.kind as EntityKind,
      value: body.value,
      context: body.context ?? null,
      importance: body.importance,
    });
    return { session_id: path.id, key: outcome.key, size: outcome.size };
  },
});

export const listEntities = operation({
  name: 'session.entity.list',
  dialect: 'cortex',
  summary: 'List or search entities',
  http: { method: 'GET', path: '/v1/session/{id}/entities', status: 200 },
  input: {
    path: sessionPath,
    query: z.object({
      q: words.describe('Words of the key or the value; none lists all.'),
      max_results: whole(1, 1_000).default(20),
    }),
  },
  output: z.object({ session_id: z.string(), entities: z.array(entity), total: z.int() }),
  access: 'tenant',
  mutates: false,
  example: { path: { id: '$session' }, query: { q: 'retries' } },
  owned: ['path.id'],
  run: async (context, { path, query }) => {
    const { entities } = await readSession(context, path.id);
    const all = query.q ? matchEntities(entities, query.q, entities.length) : [...entities].sort(byImportance);
    return {
      session_id: path.id,
      entities: all.slice(0, query.max_results).map(({ access, key, kind, value, context, importance }) => ({
        key,
        kind,
        value,
        context,
        importance,
        access_count: access,
      })),
      total: all.length,
    };
  },
});

export const removeEntity = operation({
  name: 'session.entity.remove',
  dialect: 'cortex',
  summary: 'Remove an entity',
  http: { method: 'DELETE', path: '/v1/session/{id}/entities/{key:path}', status: 200 },
  input: { path: sessionPath.extend({ key: name(1_000).describe('May contain slashes.') }) },
  output: z.object({ session_id: z.string(), key: z.string(), removed: z.boolean() }),
  access: 'tenant',
  mutates: true,
  example: { path: { id: '$session', key: '$key' } },
  owned: ['path.id'],
  run: async (context, { path }) => {
    const { outcome } = await tellSession(context, path.id, { type: 'entity.remove', key: path.key }).catch(
      (error: unknown) => {
        if (error instanceof AppError && error.code === 'NOT_FOUND' && error.message !== 'Session not found') {
          throw new AppError('NOT_FOUND', 'Entity not found in this session', { cause: error });
        }
        throw error;
      },
    );
    return { session_id: path.id, key: path.key, removed: outcome.removed };
  },
});
