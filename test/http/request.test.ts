/** What every request goes through on its way: name, credentials, limits, browser rules, the log. */
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Principal } from '../../src/http/ports.ts';
import { Answer, type Caller } from '../../src/operations/operation.ts';
import { fake, serve } from './harness.ts';

const whoami = fake('GET', '/v1/whoami', { run: async ({ caller: { newId: _, ...caller } }) => caller });
const open = fake('GET', '/v1/health', { access: 'open', run: async () => ({ status: 'ok' }) });

describe('a request', () => {
  it.each([
    ['abc.DEF-1_2', 'abc.DEF-1_2'],
    ['a b', undefined],
    ['x'.repeat(129), undefined],
    ['', undefined],
  ])('called "%s" is answered under a good name', async (given, wanted) => {
    const { call } = await serve([whoami]);
    const response = await call('GET', '/v1/whoami', undefined, { 'x-request-id': given });
    const id = response.headers.get('x-request-id');
    expect(id).toMatch(wanted === undefined ? /^[0-9a-f-]{36}$/ : new RegExp(`^${wanted}$`));
    expect(await response.json()).toMatchObject({ requestId: id, tenant: 'alice', tier: 'pro', anonymous: false });
  });

  it('is answered with headers that keep browsers and caches from guessing', async () => {
    const { call } = await serve([whoami]);
    const { headers } = await call('GET', '/v1/whoami');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('content-type')).toBe('application/json');
    expect([headers.get('server'), headers.get('x-powered-by')]).toEqual([null, null]);
  });

  it('needs no credentials where the operation is open', async () => {
    const { url } = await serve([open]);
    expect((await fetch(`${url}/v1/health`)).status).toBe(200);
  });

  it('with an expired token is sent to renew it', async () => {
    const { call } = await serve([whoami]);
    expect((await call('GET', '/v1/whoami', undefined, { 'x-api-key': 'old' })).status).toBe(402);
  });

  it.each([
    ['ok', 200],
    ['bad', 401],
    ['unset', 503],
  ] as const)('for figures whose password is %s gets %i', async (verdict, status) => {
    const { url } = await serve([fake('GET', '/metrics', { access: 'metrics', dialect: 'synod' })], {
      basic: () => verdict,
    });
    expect((await fetch(`${url}/metrics`)).status).toBe(status);
  });

  it.each([
    [false, '127.0.0.1'],
    [true, '10.0.0.2'],
  ])('behind a proxy (trusted: %s) comes from %s', async (trustProxy, ip) => {
    const { call } = await serve([whoami], { config: { trustProxy } });
    const response = await call('GET', '/v1/whoami', undefined, { 'x-forwarded-for': '6.6.6.6, 10.0.0.2' });
    expect(((await response.json()) as Caller).ip).toBe(ip);
  });
});

describe('the limiter', () => {
  const limited = (allowed: boolean) => {
    const taken: [Principal, string | undefined][] = [];
    const limiter = {
      take: (subject: Principal, sessionId?: string) => {
        taken.push([subject, sessionId]);
        return { allowed, headers: { 'RateLimit-Limit': '5' }, retryAfterSeconds: 3 };
      },
    };
    return { taken, limiter };
  };

  it('is asked about subject and session before the body is read', async () => {
    const { taken, limiter } = limited(false);
    const input = { path: z.object({ id: z.string() }), body: z.object({}) };
    const { raw } = await serve([fake('POST', '/v1/session/{id}/x', { input })], { limiter });
    const head =
      'POST /v1/session/s1/x HTTP/1.1\r\nHost: x\r\nX-API-Key: a\r\nConnection: close\r\nContent-Length: 5\r\n\r\n';
    const answer = await raw(head);
    expect(answer).toMatch(/^HTTP\/1\.1 429 /);
    expect(answer).toMatch(/^Retry-After: 3\r$/m);
    expect(answer).toMatch(/^RateLimit-Limit: 5\r$/m);
    expect(taken).toEqual([[{ tenant: 'a', tier: 'pro', anonymous: false }, 's1']]);
  });

  it('tells what is left with every answer', async () => {
    const { call } = await serve([whoami], { limiter: limited(true).limiter });
    expect((await call('GET', '/v1/whoami')).headers.get('ratelimit-limit')).toBe('5');
  });

  it('does not count open operations', async () => {
    const { taken, limiter } = limited(false);
    const { call } = await serve([open], { limiter });
    expect([(await call('GET', '/v1/health')).status, taken]).toEqual([200, []]);
  });
});

describe('a page of another origin', () => {
  const origin = 'https://app.test';
  const config = { corsOrigins: [origin] };
  const preflight = { origin, 'access-control-request-method': 'GET' };

  it('may call when it is on the list', async () => {
    const { call } = await serve([whoami], { config });
    const { headers } = await call('GET', '/v1/whoami', undefined, { origin });
    expect([headers.get('access-control-allow-origin'), headers.get('vary')]).toEqual([origin, 'Origin']);
    expect(headers.get('access-control-expose-headers')).toContain('X-Request-Id');
  });

  it('may read refusals too', async () => {
    const { url } = await serve([whoami], { config });
    const response = await fetch(`${url}/v1/whoami`, { headers: { origin } });
    expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([401, origin]);
  });

  it('asks first, without credentials', async () => {
    const { url } = await serve([whoami], { config });
    const response = await fetch(`${url}/v1/whoami`, { method: 'OPTIONS', headers: preflight });
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-methods')).toBe('GET, HEAD, OPTIONS');
    expect(response.headers.get('access-control-allow-headers')).toContain('Idempotency-Key');
  });

  it('is told nothing when it is not on the list', async () => {
    const { url } = await serve([whoami], { config });
    const headers = { ...preflight, origin: 'https://evil.test' };
    const response = await fetch(`${url}/v1/whoami`, { method: 'OPTIONS', headers });
    expect(response.headers.get('access-control-allow-origin')).toBe(null);
    expect(response.headers.get('access-control-allow-methods')).toBe(null);
  });

  it.each([
    ['https://evil.test', 403],
    ['null', 403],
    [origin, 200],
    [undefined, 200],
  ])('%s cannot use a server without tokens through a visitor: %i', async (from, status) => {
    const { call } = await serve([whoami], { config });
    const response = await call('GET', '/v1/whoami', undefined, {
      'x-api-key': 'anonymous',
      ...(from === undefined ? {} : { origin: from }),
    });
    expect(response.status).toBe(status);
  });
});

describe('in anonymous mode a page', () => {
  it.each([
    ['http://localhost:3000', true],
    ['http://app.localhost', true],
    ['https://127.0.0.1:5173', true],
    ['http://[::1]:3000', true],
    ['http://localhost.evil.test', false],
    ['http://127.0.0.1.evil.test', false],
    ['file://localhost', false],
    ['null', false],
    ['https://evil.test', false],
  ])('of %s may call: %s', async (origin, allowed) => {
    const { call } = await serve([whoami], { config: { corsOrigins: [], allowAnonymous: true } });
    const { status, headers } = await call('GET', '/v1/whoami', undefined, { origin, 'x-api-key': 'anonymous' });
    expect(status).toBe(allowed ? 200 : 403);
    expect(headers.get('access-control-allow-origin')).toBe(allowed ? origin : null);
  });

  it('of this machine is foreign where tokens are wanted', async () => {
    const { call } = await serve([whoami], { config: { corsOrigins: [], allowAnonymous: false } });
    const { headers } = await call('GET', '/v1/whoami', undefined, { origin: 'http://localhost:3000' });
    expect(headers.get('access-control-allow-origin')).toBe(null);
  });
});

describe('an answer', () => {
  it.each<[string, unknown, number, string | null, string]>([
    ['a value', { a: 1 }, 200, 'application/json', '{"a":1}'],
    ['nothing', undefined, 200, 'application/json', 'null'],
    ['another status', new Answer({ a: 1 }, { status: 207 }), 207, 'application/json', '{"a":1}'],
    ['text', new Answer('hi', { contentType: 'text/plain' }), 200, 'text/plain', 'hi'],
    ['bytes', new Answer(new Uint8Array([104, 105]), { contentType: 'x/y' }), 200, 'x/y', 'hi'],
    ['other JSON', new Answer([1], { contentType: 'application/feed+json' }), 200, 'application/feed+json', '[1]'],
    ['no content', new Answer(undefined, { status: 204 }), 204, null, ''],
    [
      'a stream',
      new Answer(Readable.from(['h', 'i']), { contentType: 'text/event-stream' }),
      200,
      'text/event-stream',
      'hi',
    ],
  ])('can be %s', async (_, value, status, type, text) => {
    const { call } = await serve([fake('GET', '/v1/x', { run: async () => value })]);
    const response = await call('GET', '/v1/x');
    expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
      status,
      type,
      text,
    ]);
  });
});

it('a reader who leaves a stream ends it, and that is no error', async () => {
  let ended = () => {};
  const closed = new Promise<void>((resolve) => {
    ended = resolve;
  });
  async function* endless() {
    try {
      for (;;) yield 'data: x\n\n';
    } finally {
      ended();
    }
  }
  const run = async () => new Answer(Readable.from(endless()), { contentType: 'text/event-stream' });
  const { url, log } = await serve([fake('GET', '/stream', { dialect: 'synod', access: 'open', run })]);
  const leave = new AbortController();
  const response = await fetch(`${url}/stream`, { signal: leave.signal });
  await response.body!.getReader().read();
  leave.abort();
  await closed;
  expect(log.filter(({ level }) => level !== 'info' && level !== 'debug')).toEqual([]);
});

describe('the log', () => {
  it('names route and caller, and nothing of what was said', async () => {
    const op = fake('POST', '/v1/session/{id}/x', {
      input: { path: z.object({ id: z.string() }), query: z.object({}), body: z.object({}) },
    });
    const { call, log } = await serve([op]);
    await call('POST', '/v1/session/s-private/x?q=secret-query', { message: 'secret-text' }, { 'x-request-id': 'r7' });
    expect(log).toHaveLength(1);
    expect(log[0]).toMatchObject({ level: 'info', message: 'request' });
    expect(log[0]!.fields).toEqual({
      requestId: 'r7',
      method: 'POST',
      endpoint: '/v1/session/{id}/x',
      status: 200,
      ms: expect.any(Number),
      tenant: 'alice',
      ip: expect.stringContaining('127.0.0.1'),
      bytes: expect.any(Number),
    });
    expect(JSON.stringify(log)).not.toContain('secret');
  });
});
