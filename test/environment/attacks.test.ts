/** What an attacker found. */
import { describe, expect, it } from 'vitest';
import type { EventDraft, SempEvent } from '../../src/environment/event.ts';
import { compileScopeGlobs } from '../../src/environment/scope-glob.ts';
import type { Signal } from '../../src/environment/signals.ts';
import { createIds } from '../../src/http/idempotency.ts';
import type { Client } from '../support/client.ts';
import { serveAnonymous, tempDir } from '../support/server.ts';

const draft = (type: string, payload: object, changes: object = {}) => ({
  type,
  scope: 'ui',
  trace_id: 't',
  agent_id: 'a',
  payload,
  ...changes,
});

const post = (client: Client, type: string, payload: object, changes: object = {}) =>
  client.ok<SempEvent>('POST', '/api/events', draft(type, payload, changes));

const signals = (client: Client) => client.ok<Signal[]>('GET', '/api/signals');

describe('a list of large events', () => {
  it('ends after 8 MiB, and says where it goes on', async () => {
    const { anonymous } = await serveAnonymous();
    const payload = { action: 'x', text: 'x'.repeat(250_000) };
    for (let n = 0; n < 40; n++) await post(anonymous, 'proposal', payload);
    const first = await anonymous.call<SempEvent[]>('GET', '/api/events');
    expect(first.body.length).toBeGreaterThan(20);
    expect(first.body.length).toBeLessThan(40);
    const cursor = first.headers.get('x-next-cursor')!;
    const rest = await anonymous.ok<SempEvent[]>('GET', `/api/events?before=${encodeURIComponent(cursor)}`);
    expect(new Set([...first.body, ...rest].map(({ id }) => id)).size).toBe(40);
    const query = `{ ${Array.from({ length: 4 }, (_, n) => `a${n}: events(limit: 40) { payload }`).join(' ')} }`;
    const { errors } = await anonymous.ok<{ errors: { extensions: { code: string } }[] }>('POST', '/api/graphql', {
      query,
    });
    expect(errors.map(({ extensions }) => extensions.code)).toContain('TOO_LARGE');
  });
});

it('a thousand globs made to be slow are not', () => {
  const fits = compileScopeGlobs(Array.from({ length: 1_000 }, (_, n) => `${'*a'.repeat(200)}*${n}b`));
  const began = process.cpuUsage();
  for (let n = 0; n < 10; n++) expect(fits('a'.repeat(512))).toBe(false);
  // Character by character these were several seconds.
  expect(process.cpuUsage(began).user / 1_000).toBeLessThan(1_500);
});

it.each([
  ['*a*a*', 'ba.a', false],
  ['*a*a*', 'banana', true],
  ['ab*ba', 'aba', false],
  ['ab*ba', 'abba', true],
  ['*', '', true],
  ['a**b', 'ab', true],
])('%s and %s: %s', (glob, scope, wanted) => {
  expect(compileScopeGlobs([glob])(scope)).toBe(wanted);
});

it('with relaxed durability an event finds what the one before it did', async () => {
  const { anonymous } = await serveAnonymous({ durability: 'relaxed', data: await tempDir() });
  for (let n = 0; n < 50; n++) {
    const trace = { trace_id: `t${n}`, scope: `s${n}` };
    await post(anonymous, 'proposal', { action: 'x' }, trace);
    const { id } = await post(anonymous, 'reward', { value: 0.5 }, trace);
    expect((await anonymous.call('GET', `/api/events/${id}`)).status).toBe(200);
  }
  expect(new Set((await signals(anonymous)).map(({ pattern }) => pattern))).toEqual(new Set(['x']));
});

it('a batch that goes on after a part of it was recorded gives every signal an id of its own', async () => {
  const { anonymous, running } = await serveAnonymous();
  const events = Array.from({ length: 20 }, (_, n) => draft('proposal', { action: `p${n}` }) as EventDraft);
  const poster = () => ({
    tenant: 'anonymous',
    requestId: 'r',
    idempotencyKey: 'k',
    newId: createIds('anonymous', 'k'),
  });
  const { environment } = running.runtime.services;
  await environment.postBatch(poster(), events.slice(0, 5));
  await environment.postBatch(poster(), events);
  const ids = (await signals(anonymous)).map(({ id }) => id);
  expect([ids.length, new Set(ids).size]).toEqual([20, 20]);
});

it('what is wrong with one of a batch stays its own trouble', async () => {
  const { anonymous } = await serveAnonymous();
  const { status, body } = await anonymous.call<{ status: number }[] | { results: { status: number }[] }>(
    'POST',
    '/api/events/batch',
    {
      events: [
        draft('proposal', { action: 'x' }),
        draft('reward', { targetSignalId: '\ud800', pattern: 'x' }),
        draft('proposal', { action: 'y' }),
      ],
    },
  );
  const results = Array.isArray(body) ? body : body.results;
  expect([status, results.map((one) => one.status)]).toEqual([200, [201, 201, 201]]);
});

describe('the id of a signal', () => {
  it('of an earlier life does not reach the present one', async () => {
    const { anonymous } = await serveAnonymous();
    await post(anonymous, 'proposal', { action: 'x' });
    const [first] = await signals(anonymous);
    await post(anonymous, 'penalty', { action: 'x' });
    await post(anonymous, 'proposal', { action: 'x' });
    await post(anonymous, 'reward', { targetSignalId: first!.id, value: 0.1 }, { scope: 'elsewhere', trace_id: 'u' });
    const all = await signals(anonymous);
    expect(all.find(({ pattern }) => pattern === 'x')!.strength).toBeCloseTo(0.3, 2);
    expect(all.find(({ pattern }) => pattern === 'default')!.scope).toBe('elsewhere');
  });
});

it('an empty pattern is none: the action counts', async () => {
  const { anonymous } = await serveAnonymous();
  await post(anonymous, 'proposal', { pattern: '', action: 'zz' });
  expect((await signals(anonymous))[0]!.pattern).toBe('zz');
});

it('a scope full of signals that have just ended is not searched through', async () => {
  const { anonymous } = await serveAnonymous({
    signals: { profile: 'arch', scopes: [{ scope: 'dead', lambda: 0.01, intervalMs: 1 }] },
  });
  const events = Array.from({ length: 200 }, (_, n) => draft('proposal', { action: `p${n}` }, { scope: 'dead' }));
  await anonymous.call('POST', '/api/events/batch', { events, ordered: false });
  await post(anonymous, 'ready', {}, { scope: 'dead', trace_id: 'new' });
  const [event] = await anonymous.ok<SempEvent[]>('GET', '/api/events?limit=1');
  expect(event!.trace_id).toBe('new');
});
