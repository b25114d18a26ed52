/** Looking at webhooks, and at what came of their deliveries. */
import { z } from 'zod';
import { MAX_DELIVERIES, type WebhookContext } from '../../../actors/kinds/webhook/model.ts';
import { operation } from '../operation.ts';
import { pageQuery, readPage } from '../page.ts';
import { whole } from '../schemas.ts';
import { readWebhook, webhookPath } from './access.ts';
import { delivery, deliveryOf, webhook, webhookOf } from './shapes.ts';

export const list = operation({
  name: 'webhooks.list',
  dialect: 'sel',
  summary: 'List your webhooks',
  http: { method: 'GET', path: '/api/webhooks', aliases: ['/webhooks'], status: 200 },
  input: { query: pageQuery('webhooks') },
  output: z.array(webhook).describe('By id.'),
  access: 'tenant',
  mutates: false,
  example: { query: { limit: 100 } },
  owned: [],
  run: async (context, { query }) => {
    const now = context.services.clock.now();
    return (await readPage<WebhookContext>(context, 'webhook', query)).map((each) => webhookOf(each, now));
  },
});

export const get = operation({
  name: 'webhooks.get',
  dialect: 'sel',
  summary: 'A webhook and how it is doing',
  http: { method: 'GET', path: '/api/webhooks/{id}', aliases: ['/webhooks/{id}'], status: 200 },
  input: { path: webhookPath },
  output: webhook,
  access: 'tenant',
  mutates: false,
  example: { path: { id: '$webhook' } },
  owned: ['path.id'],
  run: async (context, { path }) => webhookOf(await readWebhook(context, path.id), context.services.clock.now()),
});

export const deliveries = operation({
  name: 'webhooks.deliveries',
  dialect: 'sel',
  summary: 'The last attempts to deliver',
  http: { method: 'GET', path: '/api/webhooks/{id}/deliveries', aliases: ['/webhooks/{id}/deliveries'], status: 200 },
  input: {
    path: webhookPath,
    query: z.object({ limit: whole(1, MAX_DELIVERIES).default(MAX_DELIVERIES) }),
  },
  output: z.array(delivery).describe('Newest first.'),
  access: 'tenant',
  mutates: false,
  example: { path: { id: '$webhook' }, query: { limit: 20 } },
  owned: ['path.id'],
  run: async (context, { path, query }) => {
    const { deliveries } = await readWebhook(context, path.id);
    return deliveries.slice(-query.limit).reverse().map(deliveryOf);
  },
});
