/** User partitions over the wire: whose a session is, who reaches it, and that it comes back as it was. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { OPERATIONS } from '../../src/operations/index.ts';
import type { Client, Reply } from '../support/client.ts';
import { marker, openServer, serve, serveAnonymous, type TestServer, tempDir } from '../support/server.ts';
import { vec } from './vectors.ts';

let server: TestServer;
let ada: Client;

beforeAll(async () => {
  server = await openServer();
});
afterAll(() => server.close());
beforeEach(async () => {
  ada = await server.as(marker('ada'));
});

const USERS = '/v1/network/users';
const switchTo = (client: Client, user_id: string) =>
  client.ok<{ active_user: string; previous_user: string }>('POST', `${USERS}/switch`, { user_id });

interface Serialized {
  readonly user_id: string;
  readonly state: {
    readonly sessions: readonly { readonly session_id: string; readonly checksum: string }[];
    readonly next: string | null;
    readonly checksum: string;
  };
}
const serialize = (client: Client, user: string, query = '') =>
  client.ok<Serialized>('POST', `${USERS}/${encodeURIComponent(user)}/serialize${query}`);

describe('the active user', () => {
  it('is "default" at first, then whoever was switched to', async () => {
    expect(await ada.ok('GET', `${USERS}/active`)).toEqual({ active_user: 'default' });
    expect(await switchTo(ada, 'user_42')).toEqual({ active_user: 'user_42', previous_user: 'default' });
    expect(await ada.ok('GET', `${USERS}/active`)).toEqual({ active_user: 'user_42' });
    expect(await switchTo(ada, 'user_42')).toEqual({ active_user: 'user_42', previous_user: 'user_42' });
    expect(await switchTo(ada, 'default')).toEqual({ active_user: 'default', previous_user: 'user_42' });
  });

  it('is each tenant’s own', async () => {
    const bob = await server.as(marker('bob'));
    await switchTo(ada, 'user_42');
    expect(await bob.ok('GET', `${USERS}/active`)).toEqual({ active_user: 'default' });
    const id = await bob.create();
    expect((await bob.metrics(id)).interaction_count).toBe(0);
  });

  it('works for callers without a token, who share one tenant', async () => {
    const { anonymous } = await serveAnonymous();
    const id = await anonymous.create();
    await switchTo(anonymous, 'user_42');
    expect((await anonymous.get(`/v1/metrics/${id}`)).status).toBe(404);
  });

  it('is told to whoever watches the log', async () => {
    await switchTo(ada, 'user_42');
    await switchTo(ada, 'user_42');
    const tenant = ada.headers.authorization ? await tenantOf(ada) : '';
    const records = server.running.runtime.system.records({ tenant, after: 0, limit: 100 });
    expect(records.filter(({ type }) => type === 'user.switched').map(({ payload }) => payload)).toEqual([
      { active_user: 'user_42', previous_user: 'default' },
    ]);
  });

  it.each([
    ['nothing', {}],
    ['an empty name', { user_id: '' }],
    ['a number', { user_id: 7 }],
    ['301 bytes', { user_id: 'x'.repeat(301) }],
    ['a NUL', { user_id: 'a\u0000b' }],
  ])('cannot be %s', async (_what, body) => {
    expect((await ada.post(`${USERS}/switch`, body)).status).toBe(422);
    expect(await ada.ok('GET', `${USERS}/active`)).toEqual({ active_user: 'default' });
  });

  it.each(['__proto__', 'constructor', 'user/with/slashes', 'Ünïcode 🙂', ' '])('may be called %s', async (user) => {
    await switchTo(ada, user);
    const id = await ada.create();
    await switchTo(ada, 'default');
    expect((await ada.get(`/v1/metrics/${id}`)).status).toBe(404);
    expect((await serialize(ada, user)).state.sessions.map((it) => it.session_id)).toEqual([id]);
  });
});

/** The subject in the caller's token. */
async function tenantOf(client: Client): Promise<string> {
  const [, payload] = client.headers.authorization!.split('.') as [string, string];
  return (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { sub: string }).sub;
}

describe('sessions', () => {
  it('made before the first switch belong to "default", and come back as they were', async () => {
    const id = await ada.create();
    await ada.turn(id, 'a question', 'an answer');
    const before = await ada.export(id);
    await switchTo(ada, 'user_42');
    expect((await ada.get(`/v1/session/${id}/export`)).status).toBe(404);
    await switchTo(ada, 'default');
    expect(await ada.export(id)).toEqual(before);
  });

  it('belong to whoever was active as they were made, by create or by run', async () => {
    await switchTo(ada, 'u1');
    const made = [
      await ada.create(),
      (await ada.run({ message: 'hi' })).session_id,
      (await ada.run({ message: 'hi', session_id: marker(), reset_context: true })).session_id,
    ];
    await switchTo(ada, 'u2');
    for (const id of made) expect((await ada.get(`/v1/metrics/${id}`)).status).toBe(404);
    await switchTo(ada, 'u1');
    for (const id of made) expect((await ada.get(`/v1/metrics/${id}`)).status).toBe(200);
  });

  it('set aside are neither opened nor replaced: their ids stay taken', async () => {
    const id = await ada.create();
    const { checksum } = await ada.export(id);
    await switchTo(ada, 'u2');
    expect((await ada.post('/v1/session/create', { session_id: id })).status).toBe(409);
    expect((await ada.post('/v1/run', { session_id: id, message: 'hi', reset_context: true })).status).toBe(404);
    expect((await ada.call('DELETE', `/v1/session/${id}`)).status).toBe(404);
    await switchTo(ada, 'default');
    expect((await ada.export(id)).checksum).toBe(checksum);
  });

  it('made while users are switched belong to one of them, and requests after a switch are for the new one', async () => {
    const users = ['u0', 'u1', 'u2'];
    for (const user of users) await switchTo(ada, user);
    const made = Array.from({ length: 24 }, async (_, i) =>
      i % 4 === 3 ? switchTo(ada, users[i % 3]!) : ada.run({ message: 'hi' }),
    );
    const ids = (await Promise.all(made)).flatMap((it) => ('session_id' in it ? [it.session_id] : []));
    const owned: string[] = [];
    for (const user of users) {
      await switchTo(ada, user);
      const { sessions } = (await serialize(ada, user)).state;
      for (const { session_id } of sessions) expect((await ada.get(`/v1/metrics/${session_id}`)).status).toBe(200);
      owned.push(...sessions.map((it) => it.session_id));
      const others = ids.filter((id) => !sessions.some((it) => it.session_id === id));
      for (const id of others) expect((await ada.get(`/v1/metrics/${id}`)).status).toBe(404);
    }
    expect(owned.sort()).toEqual(ids.sort());
  });

  it('keep their user through a reset and an import', async () => {
    const [mine, other] = [await ada.create(), await ada.create()];
    const { state_dict } = await ada.export(other);
    await switchTo(ada, 'u2');
    const id = await ada.create();
    await ada.run({ session_id: id, message: 'hi', reset_context: true });
    await ada.ok('POST', `/v1/session/${id}/import`, { state_dict });
    expect((await ada.get(`/v1/metrics/${id}`)).status).toBe(200);
    await switchTo(ada, 'default');
    expect((await ada.get(`/v1/metrics/${id}`)).status).toBe(404);
    expect((await ada.get(`/v1/metrics/${mine}`)).status).toBe(200);
  });

  it('that are nobody’s in particular, as a cluster’s own, are reached by every user', async () => {
    const tenant = await tenantOf(ada);
    const address = { tenant, kind: 'session', id: 'shared' };
    await server.running.runtime.system.spawn(address, { config: {}, template: null, policies: [] });
    await switchTo(ada, 'u2');
    expect((await ada.get('/v1/metrics/shared')).status).toBe(200);
  });
});

describe('a cluster', () => {
  it('is the tenant’s: every user talks to it, and only sessions of the active one join', async () => {
    const { cluster_id } = await ada.ok<{ cluster_id: string }>('POST', '/v1/cluster/', { name: 'team' });
    const mine = await ada.create({ template_embedding: vec(1) });
    await ada.ok('POST', `/v1/cluster/${cluster_id}/members`, { session_id: mine });
    const late = await ada.create();
    await switchTo(ada, 'u2');
    const joining = await ada.post(`/v1/cluster/${cluster_id}/members`, { session_id: late });
    expect(joining.status).toBe(404);
    await ada.ok('POST', `/v1/cluster/${cluster_id}/store`, { message: 'what?', response: 'that' });
    expect(await ada.ok('POST', `/v1/cluster/${cluster_id}/run`, { query: 'what?' })).toMatchObject({
      metrics: { interaction_count: 1 },
    });
    // Members are members whoever is active; their sessions alone are out of reach.
    expect(await ada.ok('GET', `/v1/cluster/${cluster_id}`)).toMatchObject({ member_count: 1 });
    expect((await ada.get(`/v1/metrics/${mine}`)).status).toBe(404);
    await ada.ok('DELETE', `/v1/cluster/${cluster_id}`);
    await switchTo(ada, 'default');
    expect((await ada.get(`/v1/metrics/${mine}`)).status).toBe(200);
  });

  it('and the sessions of regions and the observer are shared as well', async () => {
    await switchTo(ada, 'u1');
    const region = await ada.ok<{ meta_session_id: string }>('POST', '/v1/region/', { name: 'eu' });
    const observer = await ada.ok<{ meta_session_id: string }>('POST', '/v1/observer/');
    await switchTo(ada, 'u2');
    for (const { meta_session_id } of [region, observer]) {
      expect((await ada.get(`/v1/metrics/${meta_session_id}`)).status).toBe(200);
    }
  });
});

/** Every operation that names a session, asked for one that is set aside: taken from the list, so new ones are covered. */
describe('a session set aside is not there', () => {
  const naming = OPERATIONS.filter(({ example }) => JSON.stringify(example).includes('"$session"'));

  const fill = (value: unknown, session: string): unknown => {
    if (Array.isArray(value)) return value.map((item) => fill(item, session));
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fill(item, session)]));
    }
    const stand: Record<string, unknown> = { $session: session, $vector: vec(1), $state: {} };
    return typeof value === 'string' && value in stand ? stand[value] : value;
  };

  async function ask(example: (typeof naming)[number], session: string): Promise<Reply> {
    const parts = fill(example.example, session) as Record<string, Record<string, unknown> | undefined>;
    const path = example.http.path.replace(/\{(\w+)(?::path)?\}/g, (_whole, name: string) =>
      encodeURIComponent(String(parts.path?.[name])),
    );
    const search = new URLSearchParams(parts.query as Record<string, string> | undefined);
    return ada.call(example.http.method, search.size > 0 ? `${path}?${search}` : path, parts.body);
  }

  it.each(naming.map((operation) => [operation.name, operation] as const))('for %s', async (_name, operation) => {
    const id = await ada.create({ template_embedding: vec(1) });
    const { checksum } = await ada.export(id);
    await switchTo(ada, 'u2');
    const [aside, absent] = [await ask(operation, id), await ask(operation, 'no-such-session')];
    expect([aside.status, aside.body]).toEqual([404, absent.body]);
    await switchTo(ada, 'default');
    expect((await ada.export(id)).checksum).toBe(checksum);
  });
});

describe('serializing a user', () => {
  it('gives every session of the user as its export, active or not', async () => {
    const first = [await ada.create({ session_id: 'b' }), await ada.create({ session_id: 'a' })];
    await ada.turn('a', 'question', 'answer');
    const { checksum } = await ada.export('a');
    await switchTo(ada, 'u2');
    await ada.create({ session_id: 'c' });
    const { user_id, state } = await serialize(ada, 'default');
    expect(user_id).toBe('default');
    expect(state.sessions.map((it) => it.session_id)).toEqual(first.sort());
    expect(state.sessions[0]!.checksum).toBe(checksum);
    expect((await serialize(ada, 'u2')).state.sessions.map((it) => it.session_id)).toEqual(['c']);
    const imported = await ada.create();
    await ada.ok('POST', `/v1/session/${imported}/import`, { state_dict: state.sessions[0] });
    expect((await ada.metrics(imported)).interaction_count).toBe(1);
  });

  it('goes on where the answer before ended, and leaves nothing out', async () => {
    const made: string[] = [];
    for (let i = 0; i < 5; i++) {
      made.push(await ada.create());
      await switchTo(ada, 'other');
      await ada.create();
      await switchTo(ada, 'default');
    }
    const found: string[] = [];
    let next: string | null = null;
    do {
      const query: string = next === null ? '?limit=2' : `?limit=2&after=${next}`;
      const { state } = await serialize(ada, 'default', query);
      found.push(...state.sessions.map((it) => it.session_id));
      next = state.next;
    } while (next !== null);
    expect(found).toEqual(made.sort());
  });

  it('is not possible for somebody who never was active', async () => {
    expect((await ada.post(`${USERS}/nobody/serialize`)).status).toBe(404);
    expect((await serialize(ada, 'default')).state.sessions).toEqual([]);
  });
});

it('a restart changes nothing about who is active and whose a session is', async () => {
  const [data, key] = [await tempDir(), `${await tempDir()}/key.json`];
  const first = await serve({ data, key });
  const before = await first.as('ada');
  const old = await before.create();
  await switchTo(before, 'user_42');
  const fresh = await before.create();
  await first.close();

  const second = await serve({ data, key });
  const after = await second.as('ada');
  expect(await after.ok('GET', `${USERS}/active`)).toEqual({ active_user: 'user_42' });
  expect((await after.get(`/v1/metrics/${old}`)).status).toBe(404);
  expect((await after.get(`/v1/metrics/${fresh}`)).status).toBe(200);
  expect(await switchTo(after, 'default')).toEqual({ active_user: 'default', previous_user: 'user_42' });
  expect((await after.get(`/v1/metrics/${old}`)).status).toBe(200);
});
