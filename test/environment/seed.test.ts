/** The published reference of the environment against a running server: every curl as printed, and its HTTP samples. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { SempEvent } from '../../src/environment/event.ts';
import { readCurls } from '../e2e/fixtures/curls.ts';
import { serveAnonymous } from '../support/server.ts';

const event = z.strictObject({
  id: z.uuidv4(),
  type: z.literal('proposal'),
  scope: z.literal('ui.login'),
  trace_id: z.literal('trace-001'),
  agent_id: z.literal('my-agent'),
  parent_ids: z.tuple([]),
  timestamp: z.iso.datetime({ precision: 3 }),
  payload: z.strictObject({ action: z.literal('improve_ux') }),
});
const signal = z.strictObject({
  id: z.uuidv4(),
  scope: z.literal('ui.login'),
  pattern: z.literal('improve_ux'),
  strength: z.number().min(0.29).max(0.3),
  last_updated: z.iso.datetime({ precision: 3 }),
  alpha: z.literal(1.2),
  lambda: z.literal(0.95),
});
const one = z.tuple([event]);

/** What each command is answered with, in the order of the reference. */
const SHAPES = [
  ['POST /api/events', 201, event],
  ['GET /api/events', 200, one],
  ['GET /api/events/scope/ui.login', 200, one],
  ['GET /api/events/trace/trace-001', 200, one],
  ['GET /api/signals', 200, z.tuple([signal])],
] as const;

const curls = readCurls(new URL('../e2e/fixtures/seed-003.curls.txt', import.meta.url));

it('its curls are all told here, in order', () => {
  expect(curls.map(({ method, path }) => `${method} ${path}`)).toEqual(SHAPES.map(([request]) => request));
});

it.each([
  ['with the prefix of development', (path: string) => path],
  ['without, as in production', (path: string) => path.replace('/api', '')],
])('its curls work %s', async (_, place) => {
  const { anonymous } = await serveAnonymous();
  for (const [n, { method, path, headers, body }] of curls.entries()) {
    const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
    const reply = await anonymous.call(method, place(path), body, lower);
    const [, status, shape] = SHAPES[n]!;
    expect([reply.status, reply.headers.get('content-type')]).toEqual([status, 'application/json']);
    expect(shape.safeParse(reply.body).error, reply.text).toBeUndefined();
  }
});

describe('its samples', () => {
  it('a request with parents and a comment less comes back with what it said', async () => {
    const { anonymous } = await serveAnonymous();
    const sent = {
      type: 'proposal',
      scope: 'ui.login',
      trace_id: 'trace-001',
      agent_id: 'agent-1',
      parent_ids: ['parent-uuid'],
      payload: { action: 'improve_ux' },
    };
    const reply = await anonymous.post<SempEvent>('/api/events', sent);
    expect([reply.status, reply.body]).toEqual([
      201,
      { id: expect.any(String), ...sent, timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) },
    ]);
  });

  it('a wrong type is 400 with exactly its sentence', async () => {
    const { anonymous } = await serveAnonymous();
    for (const type of ['applause', '', 'proposal ', null, 7, {}]) {
      const body = { type, scope: 's', trace_id: 't', agent_id: 'a', payload: {} };
      const reply = await anonymous.post('/api/events', body);
      expect([reply.status, reply.body]).toMatchObject([400, { message: 'Validation error: Invalid event type' }]);
      expect(reply.headers.get('content-type')).toBe('application/json');
    }
  });

  it('health answers on both paths, without a token and without a prefix', async () => {
    const { anonymous } = await serveAnonymous();
    for (const path of ['/health', '/api/health']) {
      expect(await anonymous.ok('GET', path)).toEqual({ status: 'ok', version: expect.any(String) });
    }
  });
});
