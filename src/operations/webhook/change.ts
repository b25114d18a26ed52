/** Changing a webhook, giving it another secret, and trying it out. */
import { z } from 'zod';
import { MAX_GRACE_MS, type WebhookContext } from '../../../actors/kinds/webhook/model.ts';
import { compileScopeGlobs } from '../../environment/scope-glob.ts';
import { newSecret } from '../../webhooks/signature.ts';
import { type Context, operation } from '../operation.ts';
import { maybe } from '../schemas.ts';
import { noWebhook, readWebhook, tellWebhook, webhookPath } from './access.ts';
import { scopes, secret, types, url, webhook, webhookOf } from './shapes.ts';

/** A day: time for every instance of a receiver to learn the new secret. */
const GRACE_SECONDS = 86_400;

/** Up to where nothing is owed: a new filter is for what comes, and for what was wanted already and is not delivered yet. */
async function unwantedUpTo({ caller: { tenant }, services }: Context, webhook: WebhookContext): Promise<number> {
  const { system, environment } = services;
  const head = system.head(tenant);
  const { events: types } = webhook;
  const filter = { inScope: compileScopeGlobs(webhook.scopes), ...(types.length > 0 ? { types } : {}) };
  for (let after = webhook.cursor; ; ) {
    const { events, next } = await environment.events(tenant, { ...filter, after, ascending: true, limit: 1 });
    if (events[0]) return events[0].seq - 1;
    if (next === null) return head;
    after = next;
  }
}

export const update = operation({
  name: 'webhooks.update',
  dialect: 'sel',
  summary: 'Change a webhook, stop it, or let it go on',
  description:
    'What is absent stays. `active: false` stops the deliveries; `active: true` lets them go on from where they ' +
    'stopped, so that nothing is missed, or from now with `skip_missed`.',
  http: { method: 'PATCH', path: '/api/webhooks/{id}', aliases: ['/webhooks/{id}'], status: 200 },
  input: {
    path: webhookPath,
    body: z.object({
      url: maybe(url),
      events: maybe(types),
      scopes: maybe(scopes),
      active: maybe(z.boolean()),
      skip_missed: z.boolean().default(false).describe('Leave out every event up to now that was not delivered.'),
    }),
  },
  output: webhook,
  access: 'tenant',
  mutates: true,
  example: { path: { id: '$webhook' }, body: { scopes: ['ui.**'], active: true } },
  owned: ['path.id'],
  run: async (context, { path, body }) => {
    const { system, webhooks, clock } = context.services;
    const before = await readWebhook(context, path.id);
    if (body.url !== undefined) await webhooks.check(body.url);
    const { skip_missed, ...changes } = body;
    const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
    const filtered = body.events !== undefined || body.scopes !== undefined;
    const cursor = skip_missed
      ? { cursor: system.head(context.caller.tenant) }
      : filtered
        ? { cursor: await unwantedUpTo(context, before) }
        : {};
    const told = await tellWebhook(context, path.id, { type: 'update', ...given, ...cursor });
    return webhookOf(told.webhook, clock.now());
  },
});

const rotation = z.object({
  grace_seconds: z
    .number()
    .min(0)
    .max(MAX_GRACE_MS / 1_000)
    .default(GRACE_SECONDS)
    .describe('How long deliveries are signed with the previous secret too; 0: no longer.'),
  secret: secret.optional(),
});

export const rotate = operation({
  name: 'webhooks.rotate',
  dialect: 'sel',
  summary: 'Give a webhook another secret',
  description: 'While the previous one is valid, `webhook-signature` holds two signatures, the new one first.',
  http: { method: 'POST', path: '/api/webhooks/{id}/rotate', aliases: ['/webhooks/{id}/rotate'], status: 200 },
  input: { path: webhookPath, body: rotation.optional().default(() => rotation.parse({})) },
  output: z.object({
    id: z.string(),
    secret: z.string().describe('It is not shown again.'),
    previous_secret_expires_at: z.iso.datetime().nullable(),
  }),
  access: 'tenant',
  mutates: true,
  secret: true,
  example: { path: { id: '$webhook' }, body: { grace_seconds: 3_600 } },
  owned: ['path.id'],
  run: async (context, { path, body }) => {
    const { tenant } = context.caller;
    const { webhooks } = context.services;
    const { id } = path;
    await readWebhook(context, id);
    const { grace_seconds, secret = newSecret() } = body;
    const sealed = webhooks.seal(secret, tenant, id);
    const { reply } = await tellWebhook(context, id, { type: 'rotate', sealed, graceMs: grace_seconds * 1_000 });
    const until = reply.previousUntil;
    return {
      id,
      secret: webhooks.unseal(reply.sealed, tenant, id),
      previous_secret_expires_at: until === null ? null : new Date(until).toISOString(),
    };
  },
});

export const test = operation({
  name: 'webhooks.test',
  dialect: 'sel',
  summary: 'Send a webhook an event made up for this',
  description:
    'Once, also when it is disabled; waits up to 10 s for the answer, and for its turn before that when many of your ' +
    'deliveries are under way. The event has the type `test` and the scope `synod.webhook`; it is not in the log, and nothing of the attempt is kept.',
  http: { method: 'POST', path: '/api/webhooks/{id}/test', aliases: ['/webhooks/{id}/test'], status: 200 },
  input: { path: webhookPath },
  output: z.object({
    delivery_id: z.string(),
    delivered: z.boolean(),
    status: z.int().nullable().describe('HTTP status; null when there was no answer.'),
    error: z.string().nullable(),
    duration_ms: z.number(),
  }),
  access: 'tenant',
  mutates: true,
  example: { path: { id: '$webhook' } },
  owned: ['path.id'],
  run: async (context, { path }) => {
    // One that is not there is not worth a wait for room.
    await readWebhook(context, path.id);
    const tried = await context.services.webhooks.test(context.caller.tenant, path.id);
    if (tried === null) throw noWebhook();
    const { delivery, status, error, ms } = tried;
    return { delivery_id: delivery, delivered: error === null, status, error, duration_ms: ms };
  },
});
