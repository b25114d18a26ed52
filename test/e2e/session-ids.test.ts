/** Session ids are opaque: whatever a client chose, every route finds it, and nothing but it. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { openServer, rawRequest, type TestServer } from '../support/server.ts';

let server: TestServer;
let ada: Client;

beforeAll(async () => {
  server = await openServer();
  ada = await server.as('ada');
});
afterAll(() => server.close());

const IDS = [
  'plain',
  'create',
  'a/b',
  '/',
  '..',
  '.',
  '../metrics/plain',
  '%',
  '%2F',
  'a b',
  ' ',
  'a?b#c',
  'größe',
  '鍵',
  '👩‍💻',
  '__proto__',
  'constructor',
  '*',
  'x'.repeat(300),
  'ü'.repeat(150),
  '\u0001'.repeat(150),
  '\n',
  '"quoted"',
  'null',
  '0',
];

it.each(IDS)('%j works on every route', async (session_id) => {
  const name = encodeURIComponent(session_id);
  const call = async (method: string, path: string, body?: unknown) => {
    const headers: Record<string, string> = { ...ada.headers, 'content-type': 'application/json' };
    // Byte for byte: fetch would resolve the dots before it sends.
    const reply = await rawRequest(
      server.url,
      method,
      path,
      headers,
      body === undefined ? undefined : JSON.stringify(body),
    );
    expect([reply.status < 300, path, reply.text.slice(0, 200)]).toEqual([true, path, reply.text.slice(0, 200)]);
    return JSON.parse(reply.text) as Record<string, unknown>;
  };
  expect(await ada.create({ session_id })).toBe(session_id);
  await ada.turn(session_id, 'a question', `the answer in ${session_id.slice(0, 20)}`);
  const { state_dict } = await call('GET', `/v1/session/${name}/export`);
  for (const [method, path, body] of [
    ['GET', `/v1/metrics/${name}`],
    ['GET', `/v1/state/context?session_id=${name}`],
    ['POST', `/v1/session/${name}/trigger`, { keyword: 'x' }],
    ['DELETE', `/v1/session/${name}/trigger`],
    ['GET', `/v1/session/${name}/anchor_score`],
    ['PUT', `/v1/session/${name}/isolation`, { level: 'OPEN' }],
    ['POST', `/v1/session/${name}/isolation/release`],
    ['POST', `/v1/session/${name}/import`, { state_dict }],
    ['POST', `/v1/session/${name}/verify`, { test_embeddings: [] }],
    ['POST', `/v1/session/${name}/entities`, { key: 'k', kind: 'path', value: 'v' }],
    ['GET', `/v1/session/${name}/entities`],
    ['DELETE', `/v1/session/${name}/entities/k`],
    ['DELETE', `/v1/session/${name}`],
  ] as const) {
    expect((await call(method, path, body)).session_id, path).toBe(session_id);
  }
  expect((await rawRequest(server.url, 'GET', `/v1/metrics/${name}`, ada.headers)).status).toBe(404);
});

it.each(['', 'x'.repeat(301), 'ü'.repeat(151), '\u0001'.repeat(151), 'nul\u0000'])(
  '%j is refused with 422',
  async (session_id) => {
    for (const [path, body] of [
      ['/v1/session/create', {}],
      ['/v1/run', { message: 'm', reset_context: true }],
      ['/v1/run', { message: 'm' }],
      ['/v1/store', { response: 'r' }],
    ] as const) {
      const reply = await ada.post(path, { session_id, ...body });
      expect([reply.status, path]).toEqual([422, path]);
      expect(reply.body).toMatchObject({ detail: [{ loc: ['body', 'session_id'] }] });
    }
  },
);
