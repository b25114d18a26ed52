/** Making and deleting a webhook. */
import { z } from 'zod';
import { AppError } from '../../../actors/errors.ts';
import type { WebhookContext, WebhookInput } from '../../../actors/kinds/webhook/model.ts';
import { newSecret } from '../../webhooks/signature.ts';
import { keyed } from '../keyed.ts';
import { type Context, operation } from '../operation.ts';
import { noWebhook, webhookAddress, webhookPath } from './access.ts';
import { coreOf, created, scopes, secret, types, url } from './shapes.ts';

/** Webhooks one tenant can have. Requests at the same moment may exceed it by as many as they are. */
export const MAX_WEBHOOKS = 100;

export const create = operation({
  name: 'webhooks.create',
  dialect: 'sel',
  summary: 'Have events posted to a URL',
  description:
    'Every event from now on that has one of the types and scopes is sent as `POST` with the body ' +
    '`{"type":"event","data":<event>,"webhook_id":…,"delivery_id":…}`, in the order of the log, at least once. ' +
    'Verify `webhook-signature`, which covers `webhook-id`, `webhook-timestamp` and the body, with any library for ' +
    'Standard Webhooks; drop a `webhook-id` you have seen. For receivers of the SEMP drafts there are `X-SEMP-Delivery` ' +
    '(the same id), `X-SEMP-Event` (the type of the event) and `X-SEMP-Signature`: `sha256=` and the hex HMAC-SHA256 of ' +
    'the body alone. Mind its key: the text of the secret as you got it, `whsec_` included, while `webhook-signature` is ' +
    'keyed with the bytes that the base64 after `whsec_` stands for; while a rotation lasts it is that of the previous ' +
    'secret. A 2xx ' +
    'within 10 s is a delivery. Anything else, redirects included, is tried again after 1, 2, 4 and 8 s and then given ' +
    'up; 50 deliveries given up in a row, or a 410, disable the webhook. URLs that lead to addresses that are not ' +
    'public are refused.',
  http: { method: 'POST', path: '/api/webhooks', aliases: ['/webhooks'], status: 201 },
  input: {
    body: z.object({
      url,
      events: types.default([]),
      scopes: scopes.default([]),
      active: z.boolean().default(true).describe('False: it keeps its place in the log and delivers once enabled.'),
      secret: secret.optional(),
    }),
  },
  output: created,
  access: 'tenant',
  mutates: true,
  secret: true,
  errors: [409],
  example: {
    body: {
      url: 'https://your-server.com/webhook',
      events: ['proposal', 'reward', 'penalty'],
      scopes: ['ui.*', 'api.users.*'],
    },
  },
  owned: [],
  run: async (context, { body }) => {
    const { caller, services } = context;
    const { tenant } = caller;
    const { system, webhooks } = services;
    await webhooks.check(body.url);
    const id = caller.newId();
    requireRoom(context, id);
    const { secret = newSecret(), ...rest } = body;
    const input: Omit<WebhookInput, 'id' | 'at'> = {
      ...rest,
      cursor: system.head(tenant),
      sealed: webhooks.seal(secret, tenant, id),
    };
    const made = await system.spawn<WebhookContext>(
      webhookAddress(context, id),
      input,
      keyed(context, 'webhook.create'),
    );
    webhooks.changed(tenant, id);
    // The first of two requests under one key has made it, perhaps with another secret.
    const { sealed } = made.context.secrets[0]!;
    return { ...coreOf(made.context), secret: webhooks.unseal(sealed, tenant, id) };
  },
});

function requireRoom(context: Context, id: string): void {
  const { tenant } = context.caller;
  const { system } = context.services;
  if (system.exists(webhookAddress(context, id))) return;
  const { length } = system.list({ tenant, kind: 'webhook', limit: MAX_WEBHOOKS });
  if (length >= MAX_WEBHOOKS)
    throw new AppError('CONFLICT', `there are ${length} webhooks, at most ${MAX_WEBHOOKS} can be`);
}

export const remove = operation({
  name: 'webhooks.delete',
  dialect: 'sel',
  summary: 'Delete a webhook',
  description: 'An attempt under way may still arrive.',
  http: { method: 'DELETE', path: '/api/webhooks/{id}', aliases: ['/webhooks/{id}'], status: 200 },
  input: { path: webhookPath },
  output: z.object({ id: z.string(), deleted: z.boolean() }),
  access: 'tenant',
  mutates: true,
  secret: true,
  example: { path: { id: '$webhook' } },
  owned: ['path.id'],
  run: async (context, { path }) => {
    const { system, webhooks } = context.services;
    const removed = await system.remove(webhookAddress(context, path.id), keyed(context, 'webhook.delete'));
    if (!removed) throw noWebhook();
    webhooks.changed(context.caller.tenant, path.id);
    return { id: path.id, deleted: true };
  },
});
