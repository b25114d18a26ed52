/** Making the observer, once per subject, and telling it what to look at. */
import { z } from 'zod';
import { AppError, type ErrorCode } from '../../../actors/errors.ts';
import { MAX_INTERVAL_MS, MAX_REGIONS, MIN_INTERVAL_MS } from '../../../actors/kinds/observer/model.ts';
import { keyed } from '../keyed.ts';
import { type Context, operation } from '../operation.ts';
import { noRegion } from '../region/access.ts';
import { id, maybe } from '../schemas.ts';
import { sessionAddress } from '../session/access.ts';
import { createInput, removeSession } from '../session/create.ts';
import { observerAddress, presentRegions, readObserver, requireRegions, tellObserver } from './access.ts';

const DEFAULT_INTERVAL_SECONDS = 30;

const body = z.object({
  sample_interval_seconds: maybe(
    z
      .number()
      .min(MIN_INTERVAL_MS / 1_000)
      .max(MAX_INTERVAL_MS / 1_000),
  ).describe('Between two samples; 30 for a new observer. An observer that is there already takes it over.'),
  region_ids: maybe(z.array(id).max(MAX_REGIONS)).describe('Regions to register, beside those that are.'),
});

export const create = operation({
  name: 'observer.create',
  dialect: 'cortex',
  summary: 'Create the observer, or get the one there is',
  description: 'Every subject has one. It samples by itself while regions are registered.',
  http: { method: 'POST', path: '/v1/observer/', status: 201 },
  input: { body: body.optional().default(() => body.parse({})) },
  output: z.object({
    observer_id: z.string(),
    id: z.string(),
    registered_regions: z.int(),
    region_ids: z.array(z.string()),
    sample_interval_seconds: z.number(),
    meta_session_id: z.string(),
  }),
  access: 'tenant',
  mutates: true,
  errors: [404],
  example: { body: { sample_interval_seconds: 30, region_ids: ['$region'] } },
  owned: ['body.region_ids'],
  run: async (context, { body }) => {
    const { sample_interval_seconds: seconds, region_ids: regions = [] } = body;
    requireRegions(context, regions);
    const intervalMs = seconds === undefined ? undefined : seconds * 1_000;
    if (!context.services.system.exists(observerAddress(context))) await make(context, intervalMs);
    if (intervalMs !== undefined && (await readObserver(context)).intervalMs !== intervalMs) {
      await tellObserver(context, { type: 'configure', intervalMs });
    }
    for (const region of new Set(regions)) await register(context, region);
    const observer = await readObserver(context);
    const present = presentRegions(context, observer);
    return {
      observer_id: observer.id,
      id: observer.id,
      registered_regions: present.length,
      region_ids: [...present],
      sample_interval_seconds: observer.intervalMs / 1_000,
      meta_session_id: observer.session,
    };
  },
});

async function make(context: Context, intervalMs = DEFAULT_INTERVAL_SECONDS * 1_000): Promise<void> {
  const { caller, services } = context;
  const session = caller.newId();
  await services.system.spawn(sessionAddress(context, session), createInput(context, {}), keyed(context, 'create'));
  try {
    await services.system.spawn(observerAddress(context), { session, intervalMs }, keyed(context, 'observer.create'));
  } catch (error) {
    const conflict = error instanceof AppError && error.code === 'CONFLICT';
    // Two requests at once made one each: the other one's stays.
    if (conflict || caller.idempotencyKey === undefined) await removeSession(context, session).catch(() => {});
    if (!conflict) throw error;
  }
}

async function register(context: Context, region: string): Promise<void> {
  const { error } = await tellObserver(context, { type: 'region.register', region }, `:${region}`);
  if (error) throw error.code === 'NOT_FOUND' ? noRegion() : new AppError(error.code as ErrorCode, error.message);
}

const answer = z.object({ observer_id: z.string(), region_id: z.string() });

export const registerRegion = operation({
  name: 'observer.region.register',
  dialect: 'cortex',
  summary: 'Let the observer look at a region',
  http: { method: 'POST', path: '/v1/observer/regions', status: 200 },
  input: { body: z.object({ region_id: id }) },
  output: answer.extend({ registered: z.boolean() }),
  access: 'tenant',
  mutates: true,
  errors: [404, 409],
  example: { body: { region_id: '$region' } },
  owned: ['body.region_id'],
  run: async (context, { body }) => {
    const { id } = await readObserver(context);
    requireRegions(context, [body.region_id]);
    await register(context, body.region_id);
    return { observer_id: id, region_id: body.region_id, registered: true };
  },
});

export const unregisterRegion = operation({
  name: 'observer.region.unregister',
  dialect: 'cortex',
  summary: 'Let the observer look at a region no longer',
  http: { method: 'DELETE', path: '/v1/observer/regions/{region_id}', status: 200 },
  input: { path: z.object({ region_id: id.describe('Region id.') }) },
  output: answer.extend({ unregistered: z.boolean() }),
  access: 'tenant',
  mutates: true,
  errors: [404, 409],
  example: { path: { region_id: '$region' } },
  owned: ['path.region_id'],
  run: async (context, { path }) => {
    const { id, regions, registering } = await readObserver(context);
    const notHere = new AppError('NOT_FOUND', 'Region is not registered with the observer');
    if (![...regions, ...registering].includes(path.region_id)) throw notHere;
    const event = { type: 'region.unregister' as const, region: path.region_id };
    const { unregistered } = await tellObserver(context, event);
    if (!unregistered) throw notHere;
    return { observer_id: id, region_id: path.region_id, unregistered: true };
  },
});
