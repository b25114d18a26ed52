/** Steering a session: triggers, anchors, isolation, memories written by hand. */
import { z } from 'zod';
import { AppError } from '../../../actors/errors.ts';
import { ANCHOR_DRIFT_THRESHOLD, anchorScore } from '../../../actors/kinds/session/anchors.ts';
import { ISOLATION_LEVELS, TIERS } from '../../../actors/kinds/session/model.ts';
import { operation } from '../operation.ts';
import { cosine, MAX_VECTORS_BYTES, name, sessionPath, text, vector } from '../schemas.ts';
import { readSession, tellSession, toVector } from './access.ts';

const triggerBody = z
  .object({
    keyword: name(200).nullish(),
    embedding: vector.nullish(),
    threshold: cosine.default(0.8).describe('Cosine from which an embedding trigger hits.'),
    weight: z.number().min(0).max(100).default(1),
  })
  .refine((body) => body.keyword != null || body.embedding != null, 'keyword or embedding is needed');

export const addTrigger = operation({
  name: 'session.trigger.add',
  dialect: 'cortex',
  summary: 'Add a resonance trigger',
  http: { method: 'POST', path: '/v1/session/{id}/trigger', status: 200 },
  input: { path: sessionPath, body: triggerBody },
  output: z.object({ session_id: z.string(), trigger_count: z.int() }),
  access: 'tenant',
  mutates: true,
  example: { path: { id: '$session' }, body: { keyword: 'deadline' } },
  owned: ['path.id'],
  run: async (context, { path, body }) => {
    const { config } = await readSession(context, path.id);
    const { keyword, embedding, threshold, weight } = body;
    const trigger = {
      threshold,
      weight,
      ...(keyword == null ? {} : { keyword }),
      ...(embedding == null ? {} : { embedding: toVector(embedding, config.dimension, 'embedding') }),
    };
    const { outcome } = await tellSession(context, path.id, { type: 'trigger.add', trigger });
    return { session_id: path.id, trigger_count: outcome.trigger_count };
  },
});

export const clearTriggers = operation({
  name: 'session.trigger.clear',
  dialect: 'cortex',
  summary: 'Remove all triggers',
  http: { method: 'DELETE', path: '/v1/session/{id}/trigger', status: 200 },
  input: { path: sessionPath },
  output: z.object({ session_id: z.string(), trigger_count: z.int() }),
  access: 'tenant',
  mutates: true,
  example: { path: { id: '$session' } },
  owned: ['path.id'],
  run: async (context, { path }) => {
    const { outcome } = await tellSession(context, path.id, { type: 'trigger.clear' });
    return { session_id: path.id, trigger_count: outcome.trigger_count };
  },
});

export const addAnchor = operation({
  name: 'session.anchor.add',
  dialect: 'cortex',
  summary: 'Add a drift anchor',
  http: { method: 'POST', path: '/v1/session/{id}/anchor', status: 200 },
  input: { path: sessionPath, body: z.object({ embedding: vector }) },
  output: z.object({ session_id: z.string(), anchor_count: z.int() }),
  access: 'tenant',
  mutates: true,
  example: { path: { id: '$session' }, body: { embedding: '$vector' } },
  owned: ['path.id'],
  run: async (context, { path, body }) => {
    const { config } = await readSession(context, path.id);
    const embedding = toVector(body.embedding, config.dimension, 'embedding');
    const { outcome } = await tellSession(context, path.id, { type: 'anchor.add', embedding });
    return { session_id: path.id, anchor_count: outcome.anchor_count };
  },
});

export const getAnchorScore = operation({
  name: 'session.anchor.score',
  dialect: 'cortex',
  summary: 'How near the session is to its anchors',
  http: { method: 'GET', path: '/v1/session/{id}/anchor_score', status: 200 },
  input: { path: sessionPath },
  output: z.object({
    session_id: z.string(),
    anchor_score: z.number().describe('Largest cosine of the state to an anchor; 0 without state or anchors.'),
    anchor_count: z.int(),
    drift_threshold: z.number(),
    realignment_remaining: z.int().describe('Stored turns that still pull the state back.'),
    drifted: z.boolean(),
    anchor_drift: z.number(),
  }),
  access: 'tenant',
  mutates: false,
  example: { path: { id: '$session' } },
  owned: ['path.id'],
  run: async (context, { path }) => {
    const session = await readSession(context, path.id);
    const score = anchorScore(session);
    return {
      session_id: path.id,
      anchor_score: score,
      anchor_count: session.anchors.length,
      drift_threshold: ANCHOR_DRIFT_THRESHOLD,
      realignment_remaining: session.realignmentRemaining,
      drifted: session.anchors.length > 0 && session.initialised && score < ANCHOR_DRIFT_THRESHOLD,
      anchor_drift: 1 - score,
    };
  },
});

export const isolate = operation({
  name: 'session.isolation.set',
  dialect: 'cortex',
  summary: 'Set the isolation level',
  http: { method: 'PUT', path: '/v1/session/{id}/isolation', status: 200, maxBodyBytes: MAX_VECTORS_BYTES },
  input: {
    path: sessionPath,
    body: z.object({
      level: z.enum(ISOLATION_LEVELS),
      exclusion_embeddings: z.array(vector).max(1_000).nullish(),
      allowlist_embeddings: z.array(vector).max(1_000).nullish(),
      similarity_threshold: cosine.default(0.8),
    }),
  },
  output: z.object({ session_id: z.string(), level: z.enum(ISOLATION_LEVELS) }),
  access: 'tenant',
  mutates: true,
  example: { path: { id: '$session' }, body: { level: 'QUARANTINE', exclusion_embeddings: ['$vector'] } },
  owned: ['path.id'],
  run: async (context, { path, body }) => {
    const { config } = await readSession(context, path.id);
    const vectors = (field: 'exclusion_embeddings' | 'allowlist_embeddings') =>
      (body[field] ?? []).map((values, i) => toVector(values, config.dimension, field, i));
    const { outcome } = await tellSession(context, path.id, {
      type: 'isolate',
      level: body.level,
      exclusions: vectors('exclusion_embeddings'),
      allowlist: vectors('allowlist_embeddings'),
      threshold: body.similarity_threshold,
    });
    return { session_id: path.id, level: outcome.level };
  },
});

export const releaseQuarantine = operation({
  name: 'session.isolation.release',
  dialect: 'cortex',
  summary: 'Store what isolation set aside',
  http: { method: 'POST', path: '/v1/session/{id}/isolation/release', status: 200 },
  input: { path: sessionPath },
  output: z.object({ session_id: z.string(), released_count: z.int() }),
  access: 'tenant',
  mutates: true,
  heavy: true,
  errors: [409],
  example: { path: { id: '$session' } },
  owned: ['path.id'],
  run: async (context, { path }) => {
    const { outcome } = await tellSession(context, path.id, { type: 'release' });
    return { session_id: path.id, released_count: outcome.released_count };
  },
});

export const injectMemory = operation({
  name: 'session.memory.inject',
  dialect: 'cortex',
  summary: 'Write a memory straight into a tier',
  http: { method: 'POST', path: '/v1/session/{id}/memory', status: 200 },
  input: {
    path: sessionPath,
    body: z.object({
      embedding: vector,
      text,
      tier: z.enum(TIERS).default('short_term'),
      importance: z.number().min(0).max(100).default(0.5),
      access_count: z.int().min(0).max(1_000_000).default(0),
    }),
  },
  output: z.object({ session_id: z.string(), tier: z.enum(TIERS), total_memories: z.int(), memory_hash: z.string() }),
  access: 'tenant',
  mutates: true,
  example: {
    path: { id: '$session' },
    body: { embedding: '$vector', text: 'The customer is called Ada.', tier: 'long_term' },
  },
  owned: ['path.id'],
  run: async (context, { path, body }) => {
    const { config } = await readSession(context, path.id);
    if (config.embedder !== context.services.embedder.id) {
      throw new AppError('CONFLICT', `the session holds vectors of embedder "${config.embedder}"`);
    }
    const { outcome } = await tellSession(context, path.id, {
      type: 'memory.inject',
      embedding: toVector(body.embedding, config.dimension, 'embedding'),
      text: body.text,
      tier: body.tier,
      importance: body.importance,
      access: body.access_count,
    });
    return {
      session_id: path.id,
      tier: outcome.tier,
      total_memories: outcome.total_memories,
      memory_hash: outcome.memory_hash,
    };
  },
});
