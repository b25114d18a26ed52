/** Looking at webhooks, and at what came of their deliveries. */
import { z } from 'zod';
import { AppError } from '../../../actors/errors.ts';
import { MAX_DELIVERIES, type WebhookContext } from '../../../actors/kinds/webhook/model.ts';
import { operation } from '../operation.ts';
import { pageQuery, readPage } from '../page.ts';
import { id, maybe, whole } from '../schemas.ts';
import { readWebhook, webhookPath } from './access.ts';
import { MAX_WEBHOOKS } from './create.ts';
import { delivery, deliveryOf, webhook, webhookOf } from './shapes.ts';

/** Many requests at the same moment may have made some more than there can be. */
const MOST = 10 * MAX_WEBHOOKS;

const page = pageQuery('webhooks').extend({
  after: maybe(id).describe(
    'Only webhooks made before this one: the last one of the page before. 400 once it is deleted.',
  ),
});

const newestFirst = (a: WebhookContext, b: WebhookContext) => b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1);

export const list = operation({
  name: 'webhooks.list',
  dialect: 'sel',
  summary: 'List your webhooks, the newest first',
  http: { method: 'GET', path: '/api/webhooks', aliases: ['/webhooks'], status: 200 },
  input: { query: page },
  output: z.array(webhook).describe('Newest first.'),
  access: 'tenant',
  mutates: false,
  example: { query: { limit: 100 } },
  owned: [],
  run: async (context, { query: { limit, after } }) => {
    // All are read for each page: an id says nothing of its age, and they are few.
    const all = (await readPage<WebhookContext>(context, 'webhook', { limit: MOST, after: undefined })).sort(
      newestFirst,
    );
    const last = after === undefined ? -1 : all.findIndex(({ id }) => id === after);
    if (after !== undefined && last < 0) {
      throw new AppError('INVALID', `after: there is no webhook ${after}, or none any more; begin with the first page`);
    }
    const now = context.services.clock.now();
    return all.slice(last + 1, last + 1 + limit).map((each) => webhookOf(each, now));
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
