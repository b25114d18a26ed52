/** Creating and deleting a region, and with it the session that holds what its clusters have in common. */
import { z } from 'zod';
import { AppError } from '../../../actors/errors.ts';
import { MAX_WINDOW_MS } from '../../../actors/kinds/region/model.ts';
import { keyed } from '../keyed.ts';
import { operation } from '../operation.ts';
import { name } from '../schemas.ts';
import { sessionAddress } from '../session/access.ts';
import { createInput, removeSession } from '../session/create.ts';
import { noRegion, regionAddress, regionPath } from './access.ts';

export const create = operation({
  name: 'region.create',
  dialect: 'cortex',
  summary: 'Create a region',
  description:
    'Every drift in a cluster of the region is a vote of that cluster, valid for the window. When the share of voting ' +
    'clusters reaches the threshold, the session of the region takes the common direction of its clusters.',
  http: { method: 'POST', path: '/v1/region/', status: 201 },
  input: {
    body: z.object({
      name: name(200),
      consensus_threshold: z
        .number()
        .min(0)
        .max(1)
        .default(0.5)
        .describe('Share of clusters that must vote; it takes one vote at least.'),
      vote_window_seconds: z
        .number()
        .min(0.001)
        .max(MAX_WINDOW_MS / 1_000)
        .default(60)
        .describe('How long a vote counts.'),
    }),
  },
  output: z.object({
    region_id: z.string(),
    id: z.string(),
    name: z.string(),
    meta_session_id: z.string(),
    consensus_threshold: z.number(),
    vote_window_seconds: z.number(),
  }),
  access: 'tenant',
  mutates: true,
  example: { body: { name: 'eu-west', consensus_threshold: 0.6, vote_window_seconds: 300 } },
  owned: [],
  run: async (context, { body }) => {
    const { caller, services } = context;
    const { name, consensus_threshold, vote_window_seconds } = body;
    const id = caller.newId();
    const settings = { name, threshold: consensus_threshold, windowMs: vote_window_seconds * 1_000 };
    // The session first: so whoever sees the region finds it.
    await services.system.spawn(sessionAddress(context, id), createInput(context, {}), keyed(context, 'create'));
    try {
      await services.system.spawn(regionAddress(context, id), settings, keyed(context, 'region.create'));
    } catch (error) {
      // Under a key the request will come again and needs it; otherwise nobody would ever find it.
      if (caller.idempotencyKey === undefined) await removeSession(context, id).catch(() => {});
      throw error;
    }
    return { region_id: id, id, name, meta_session_id: id, consensus_threshold, vote_window_seconds };
  },
});

export const remove = operation({
  name: 'region.delete',
  dialect: 'cortex',
  summary: 'Delete a region',
  description: 'Its session goes with it; its clusters stay and are free to join another one.',
  http: { method: 'DELETE', path: '/v1/region/{id}', status: 200 },
  input: { path: regionPath },
  output: z.object({ region_id: z.string(), deleted: z.boolean() }),
  access: 'tenant',
  mutates: true,
  example: { path: { id: '$region' } },
  owned: ['path.id'],
  run: async (context, { path }) => {
    const { services } = context;
    if (services.system.exists(regionAddress(context, path.id))) {
      // The session first: after a crash in between there is still a region to delete.
      await removeSession(context, path.id).catch((error: unknown) => {
        if (!(error instanceof AppError && error.code === 'NOT_FOUND')) throw error;
      });
    }
    const removed = await services.system.remove(regionAddress(context, path.id), keyed(context, 'region.delete'));
    if (!removed) throw noRegion();
    return { region_id: path.id, deleted: true };
  },
});
