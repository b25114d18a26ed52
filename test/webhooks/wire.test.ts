/** Webhooks over HTTP: the published example, the shapes, what is refused, and where a secret is never seen. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deliveryId } from '../../src/webhooks/signature.ts';
import type { Client } from '../support/client.ts';
import { marker, openServer, type TestServer } from '../support/server.ts';
import { receiver, status, until } from './receiver.ts';

interface Made {
  readonly id: string;
  readonly secret: string;
  readonly [name: string]: unknown;
}

let server: TestServer;
let client: Client & { readonly tenant: string };
beforeAll(async () => {
  server = await openServer({ webhooks: { allowPrivate: true } });
});
afterAll(() => server.close());

/** A tenant of its own for every test. */
const caller = async () => {
  const tenant = marker('tenant');
  client = Object.assign(await server.as(tenant), { tenant });
};

const make = (body: object = {}) =>
  client.ok<Made>('POST', '/api/webhooks', { url: 'http://127.0.0.1:9/hook', ...body });

const event = (scope = 'ui.login', type = 'proposal') => ({
  type,
  scope,
  trace_id: 'trace-001',
  agent_id: 'agent-001',
  payload: { action: 'improve_ux' },
});

/** Verbatim from the published guide. */
const PUBLISHED = `{
"url": "https://your-server.com/webhook",
"events": ["proposal", "reward", "penalty"],
"scopes": ["ui.*", "api.users.*"]
}`;

describe('making a webhook', () => {
  it('works as published, also where no name can be looked up', async () => {
    const guarded = await openServer();
    try {
      const ada = await guarded.as('ada');
      const { status: code, body } = await ada.call<Made>('POST', '/api/webhooks', PUBLISHED);
      expect(code).toBe(201);
      expect(body).toEqual({
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        url: 'https://your-server.com/webhook',
        events: ['proposal', 'reward', 'penalty'],
        scopes: ['ui.*', 'api.users.*'],
        active: true,
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
      });
    } finally {
      await guarded.close();
    }
  });

  it('needs no more than a URL, and works without the prefix', async () => {
    await caller();
    const { body } = await client.post<Made>('/webhooks', { url: 'http://127.0.0.1:9/' });
    expect(body).toMatchObject({ events: [], scopes: [], active: true });
    expect(await client.ok('GET', `/webhooks/${body.id}`)).toEqual({
      id: body.id,
      url: 'http://127.0.0.1:9/',
      events: [],
      scopes: [],
      active: true,
      created_at: body.created_at,
      status: 'active',
      disabled_reason: null,
      next_attempt_at: null,
      consecutive_failures: 0,
      delivered_total: 0,
      failed_total: 0,
      previous_secret_expires_at: null,
    });
  });

  it.each<[string, object]>([
    ['no URL', {}],
    ['no URL at all', { url: 'your-server' }],
    ['another protocol', { url: 'ftp://127.0.0.1/' }],
    ['credentials', { url: 'https://user:hunter2@your-server.com/' }],
    ['a long URL', { url: `https://a.example/${'x'.repeat(2_048)}` }],
    ['an unknown type', { url: 'http://127.0.0.1:9/', events: ['proposals'] }],
    ['a list that is none', { url: 'http://127.0.0.1:9/', scopes: 'ui.*' }],
    ['an empty glob', { url: 'http://127.0.0.1:9/', scopes: [''] }],
    ['a long glob', { url: 'http://127.0.0.1:9/', scopes: ['x'.repeat(513)] }],
    ['101 globs', { url: 'http://127.0.0.1:9/', scopes: Array.from({ length: 101 }, (_, n) => `s${n}`) }],
    ['a weak secret', { url: 'http://127.0.0.1:9/', secret: 'whsec_aGk=' }],
    ['a secret of another sort', { url: 'http://127.0.0.1:9/', secret: 'hunter2hunter2hunter2hunter2' }],
  ])('with %s is refused', async (_name, body) => {
    await caller();
    const reply = await client.post<{ message: string }>('/api/webhooks', body);
    expect(reply.status).toBe(400);
    expect(reply.body.message).toMatch(/^Validation error: /);
    expect(reply.text).not.toContain('hunter2');
    expect(await client.ok('GET', '/api/webhooks')).toEqual([]);
  });

  it('that leads to a private address is refused where that is not allowed', async () => {
    const guarded = await openServer();
    try {
      const ada = await guarded.as('ada');
      for (const [url, what] of [
        ['http://127.0.0.1:8080/', '127.0.0.1 is not a public address'],
        ['http://[::ffff:10.0.0.1]/', '::ffff:a00:1 is not a public address'],
        ['http://0x7f000001/', '127.0.0.1 is not a public address'],
        ['http://localhost:8080/', 'localhost leads to an address that is not public'],
      ]) {
        const { status: code, body } = await ada.post<{ message: string }>('/api/webhooks', { url });
        const how = 'the operator can allow it with --webhook-allow-private (SYNOD_WEBHOOK_ALLOW_PRIVATE=1)';
        expect([code, body.message]).toEqual([400, `Validation error: url: ${what}; ${how}`]);
      }
    } finally {
      await guarded.close();
    }
  });

  it('under one idempotency key makes one, and answers with its secret again', async () => {
    await caller();
    const key = { 'idempotency-key': marker() };
    const [first, second] = [
      await client.post<Made>('/api/webhooks', { url: 'http://127.0.0.1:9/' }, key),
      await client.post<Made>('/api/webhooks', { url: 'http://127.0.0.1:9/' }, key),
    ];
    expect(second.body).toEqual(first.body);
    expect(await client.ok('GET', '/api/webhooks')).toHaveLength(1);
  });

  it('stops at a hundred', async () => {
    await caller();
    for (let i = 0; i < 100; i++) await make({ active: false });
    const { status: code, body } = await client.post('/api/webhooks', { url: 'http://127.0.0.1:9/' });
    expect([code, body]).toMatchObject([409, { message: 'there are 100 webhooks, at most 100 can be' }]);
    const [{ id }] = (await client.ok('GET', '/api/webhooks?limit=1')) as [{ id: string }];
    expect(await client.ok('DELETE', `/api/webhooks/${id}`)).toEqual({ id, deleted: true });
    await make();
  });
});

describe('a list of webhooks', () => {
  const listed = async (query = '') => (await client.ok<Made[]>('GET', `/api/webhooks${query}`)).map(({ id }) => id);

  it('has the newest first, a page at a time', async () => {
    await caller();
    const made: string[] = [];
    for (let i = 0; i < 5; i++) {
      made.unshift((await make({ active: i % 2 === 0 })).id);
      // Its age is told in whole milliseconds.
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(await listed()).toEqual(made);
    expect(await listed('?limit=2')).toEqual(made.slice(0, 2));
    expect(await listed(`?limit=2&after=${made[1]}`)).toEqual(made.slice(2, 4));
    expect(await listed(`?limit=2&after=${made[3]}`)).toEqual(made.slice(4));
    expect(await listed(`?after=${made[4]}`)).toEqual([]);
  });

  it('does not begin anew without a word when the last one of the page before is deleted', async () => {
    await caller();
    const { id } = await make();
    await client.ok('DELETE', `/api/webhooks/${id}`);
    const { status: code, body } = await client.get<{ message: string }>(`/api/webhooks?after=${id}`);
    expect([code, body.message]).toEqual([400, expect.stringMatching(/after: there is no webhook .* first page/)]);
  });
});

describe('a webhook over HTTP', () => {
  it('gets what is posted, and says what came of it', async () => {
    const there = await receiver();
    await caller();
    const { id } = await make({ url: there.url, scopes: ['ui.*'] });
    const posted = await client.ok<{ id: string }>('POST', '/api/events', event());
    await client.ok('POST', '/api/events', event('api.orders'));
    await until(() => there.received.length > 0);
    expect(there.received[0]!.body).toEqual({
      type: 'event',
      data: posted,
      webhook_id: id,
      delivery_id: deliveryId(id, posted.id),
    });
    await until(async () => (await client.ok<unknown[]>('GET', `/api/webhooks/${id}/deliveries`)).length > 0);
    expect(await client.ok('GET', `/api/webhooks/${id}/deliveries?limit=5`)).toEqual([
      {
        delivery_id: deliveryId(id, posted.id),
        event_id: posted.id,
        event_type: 'proposal',
        attempt: 1,
        outcome: 'delivered',
        status: 204,
        error: null,
        duration_ms: expect.any(Number),
        timestamp: expect.any(String),
      },
    ]);
    expect(await client.ok('GET', `/api/webhooks/${id}`)).toMatchObject({ status: 'active', delivered_total: 1 });
  });

  it('is changed field by field', async () => {
    await caller();
    const { id } = await make({ events: ['reward'], scopes: ['ui.*'] });
    const path = `/api/webhooks/${id}`;
    expect(await client.ok('PATCH', path, { scopes: ['api.**'] })).toMatchObject({
      events: ['reward'],
      scopes: ['api.**'],
      active: true,
    });
    expect(await client.ok('PATCH', path, { events: [], active: false })).toMatchObject({
      events: [],
      active: false,
      status: 'disabled',
      disabled_reason: 'paused',
    });
    expect((await client.call('PATCH', path, { url: 'gopher://x/' })).status).toBe(400);
    expect((await client.call('PATCH', path, { events: ['x'] })).status).toBe(400);
    expect(await client.ok('GET', path)).toMatchObject({ url: 'http://127.0.0.1:9/hook', events: [], active: false });
  });

  it('can be tried out, and nothing of it is kept', async () => {
    const there = await receiver();
    await caller();
    const { id } = await make({ url: there.url, active: false });
    expect(await client.ok('POST', `/api/webhooks/${id}/test`)).toEqual({
      delivery_id: there.received[0]!.headers['webhook-id'],
      delivered: true,
      status: 204,
      error: null,
      duration_ms: expect.any(Number),
    });
    expect(there.received[0]!.body.data).toMatchObject({ type: 'test', scope: 'synod.webhook' });
    there.answer = status(500);
    expect(await client.ok('POST', `/api/webhooks/${id}/test`)).toMatchObject({ delivered: false, status: 500 });
    expect(await client.ok('GET', `/api/webhooks/${id}/deliveries`)).toEqual([]);
    expect(await client.ok('GET', '/api/events')).toEqual([]);
  });

  it('is nobody’s when it is somebody else’s', async () => {
    await caller();
    const { id } = await make();
    const other = await server.as(marker('other'));
    for (const [method, rest] of [
      ['GET', ''],
      ['PATCH', ''],
      ['DELETE', ''],
      ['POST', '/rotate'],
      ['POST', '/test'],
      ['GET', '/deliveries'],
    ] as const) {
      const reply = await other.call(method, `/api/webhooks/${id}${rest}`, method === 'PATCH' ? {} : undefined);
      expect([reply.status, reply.body]).toMatchObject([404, { message: 'Webhook not found' }]);
    }
    expect(await other.ok('GET', '/api/webhooks')).toEqual([]);
  });

  it('hears nothing of another tenant', async () => {
    const there = await receiver();
    await caller();
    const { id } = await make({ url: there.url });
    const other = await server.as(marker('other'));
    await other.ok('POST', '/api/events', event());
    const own = await client.ok<{ id: string }>('POST', '/api/events', event());
    await until(async () => (await client.ok<unknown[]>('GET', `/api/webhooks/${id}/deliveries`)).length > 0);
    expect(there.received.map(({ body }) => body.data.id)).toEqual([own.id]);
  });
});

describe('a secret', () => {
  it('is shown when it is made, and never again: not by lists, not in the log, not in what is logged', async () => {
    const there = await receiver(status(500));
    await caller();
    const { id, secret } = await make({ url: there.url });
    const rotated = await client.ok<Made>('POST', `/api/webhooks/${id}/rotate`, { grace_seconds: 60 });
    await client.ok('POST', '/api/events', event());
    await until(async () => (await client.ok<unknown[]>('GET', `/api/webhooks/${id}/deliveries`)).length > 0);
    const { system } = server.running.runtime;
    const records = system.records({ tenant: client.tenant, after: 0, limit: 1_000 });
    const view = await system.read({ tenant: client.tenant, kind: 'webhook', id });
    expect(records.map(({ type }) => type)).toEqual(expect.arrayContaining(['synod.created', 'rotate', 'attempted']));
    const shown = [
      (await client.get('/api/webhooks')).text,
      (await client.get(`/api/webhooks/${id}`)).text,
      (await client.get(`/api/webhooks/${id}/deliveries`)).text,
      (await client.call('PATCH', `/api/webhooks/${id}`, {})).text,
      JSON.stringify(server.log),
      JSON.stringify([records, view]),
    ].join('\n');
    for (const text of [secret, rotated.secret]) {
      expect(shown).not.toContain(text);
      expect(shown).not.toContain(text.slice('whsec_'.length));
    }
  });
});
