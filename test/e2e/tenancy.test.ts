/** Somebody else's ids are ids that do not exist. Generated from the operations list. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { OPERATIONS } from '../../src/operations/index.ts';
import type { Operation } from '../../src/operations/operation.ts';
import { at, type Client, type Reply } from '../support/client.ts';
import { marker, openServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let ada: Client;
let bob: Client;
/** What Ada has, and what Bob has of the same sort. */
let hers: Belongings;
let his: Belongings;
const NOTHING = {
  session: 'no-such-session',
  cluster: 'no-such-cluster',
  member: 'no-such-member',
  region: 'no-such-region',
  hash: '0'.repeat(32),
  key: 'no/such/key',
  user: 'no-such-user',
  proposal: 'no-such-proposal',
  decided: 'no-such-proposal',
  webhook: 'no-such-webhook',
  event: 'no-such-event',
  signal: 'no-such-signal',
};

interface Belongings {
  readonly session: string;
  readonly cluster: string;
  readonly member: string;
  readonly region: string;
  readonly hash: string;
  readonly key: string;
  readonly user: string;
  readonly proposal: string;
  readonly decided: string;
  readonly webhook: string;
  readonly event: string;
  readonly signal: string;
}

async function furnish(client: Client, name: string): Promise<Belongings> {
  const session = await client.create();
  const { memory_hash } = await client.turn(session, `${name}'s question`, `${name}'s answer`);
  const key = `${name}/key`;
  await client.ok('POST', at(session, 'entities'), { key, kind: 'path', value: `${name}'s value` });
  await client.ok('PUT', at(session, 'isolation'), { level: 'QUARANTINE' });
  const settings = { name: `${name}'s cluster`, coupling_factor: 0.5 };
  const { cluster_id: cluster } = await client.ok<{ cluster_id: string }>('POST', '/v1/cluster/', settings);
  const member = await client.create();
  await client.ok('POST', `/v1/cluster/${cluster}/members`, { session_id: member });
  const { region_id: region } = await client.ok<{ region_id: string }>('POST', '/v1/region/', {
    name: `${name}'s region`,
  });
  await client.ok('POST', `/v1/region/${region}/clusters`, { cluster_id: cluster });
  await client.ok('POST', '/v1/observer/', { region_ids: [region], sample_interval_seconds: 86_400 });
  const user = `${name}'s user`;
  for (const user_id of [user, 'default']) await client.ok('POST', '/v1/network/users/switch', { user_id });
  const propose = async (rest: object) => {
    const body = { target_embedding: await client.embed('anywhere'), ...rest };
    return (await client.ok<{ proposal_id: string }>('POST', '/v1/network/consensus', body)).proposal_id;
  };
  const [proposal, decided] = [await propose({ voting_timeout: 3_600 }), await propose({})];
  const posted = { type: 'proposal', scope: `${name}.scope`, trace_id: name, agent_id: name, payload: {} };
  const { id: event, signals } = await client.ok<{ id: string; signals: [{ id: string }] }>(
    'POST',
    '/api/events?include=signals',
    posted,
  );
  // After the event: attempts to deliver it would move the log.
  const { id: webhook } = await client.ok<{ id: string }>('POST', '/api/webhooks', { url: 'http://127.0.0.1:9/' });
  const own = { session, cluster, member, region, hash: memory_hash, key, user, proposal, decided, webhook };
  return { ...own, event, signal: signals[0].id };
}

beforeAll(async () => {
  // So that webhooks can be aimed at this machine, where nobody listens, and no name has to be looked up.
  server = await openServer({ webhooks: { allowPrivate: true } });
  [ada, bob] = [await server.as('ada'), await server.as('bob')];
  [hers, his] = [await furnish(ada, 'ada'), await furnish(bob, 'bob')];
});
afterAll(() => server.close());

const owning = OPERATIONS.filter(({ owned }) => owned.length > 0);

/** What stands for whose property in examples. */
const standIns = (things: Belongings): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(things).map(([name, id]) => [`$${name}`, id]));

/** Puts real things in the place of an example's stand-ins. */
function fill(value: unknown, things: Belongings, vector: readonly number[], state: object): unknown {
  if (Array.isArray(value)) return value.map((item) => fill(item, things, vector, state));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, fill(v, things, vector, state)]));
  }
  const named: Record<string, unknown> = { ...standIns(things), $vector: vector, $state: state };
  return typeof value === 'string' && value in named ? named[value] : value;
}

/** Sends an operation's example with other people's things; `places` get another id. */
async function ask(
  client: Client,
  operation: Operation,
  things: Belongings,
  places: Record<string, string> = {},
): Promise<Reply> {
  const vector = await client.embed('anything');
  const { state_dict } = await bob.export(his.session);
  const parts = fill(operation.example, things, vector, state_dict) as Record<
    string,
    Record<string, unknown> | undefined
  >;
  for (const [place, id] of Object.entries(places)) {
    const [part, field] = place.split('.') as [string, string];
    const many = Array.isArray(parts[part]?.[field]);
    parts[part] = { ...parts[part], [field]: many ? [id] : id };
  }
  const { method, path } = operation.http;
  const target = path.replace(/\{(\w+)(?::path)?\}/g, (_whole, name: string) =>
    encodeURIComponent(String(parts.path?.[name])),
  );
  const search = new URLSearchParams(
    Object.entries(parts.query ?? {}).map(([k, v]): [string, string] => [k, String(v)]),
  );
  return client.call(method, search.size > 0 ? `${target}?${search}` : target, parts.body);
}

/** A reply without what differs between any two. */
function visible({ status, headers, text }: Reply): object {
  const kept = [...headers].filter(([name]) => !/^(date|x-request-id|ratelimit.*)$/.test(name));
  return { status, headers: Object.fromEntries(kept), text: text.replace(/"request_id":"[^"]*"/, '"request_id":"…"') };
}

/** Where everything of hers stands: whatever happened to any of it moved the log. */
const stateOf = async () => ({
  head: server.running.runtime.system.head('ada'),
  checksum: (await ada.export(hers.session)).checksum,
});

/** An id of the sort that belongs at a place: as the example has it, else as the field's name says. */
function thingAt({ example }: Operation, place: string, things: Belongings): string {
  const [part, field] = place.split('.') as ['path' | 'query' | 'body', string];
  const shown = (example[part] as Readonly<Record<string, string | readonly string[]>> | undefined)?.[field];
  // What the network's other spelling calls an instance is a session.
  const sort = field.endsWith('_instance') ? 'session' : /(\w+)_id$/.exec(field)?.[1]?.split('_').at(-1);
  const id = standIns(things)[[shown].flat()[0] ?? `$${sort}`];
  if (id === undefined) throw new Error(`nobody knows what belongs at ${place}`);
  return id;
}

describe.each(owning.map((operation) => [operation.name, operation] as const))('%s', (_name, operation) => {
  it('answers for another tenant as for nobody, and leaves no trace', async () => {
    const before = await stateOf();
    const foreign = await ask(bob, operation, hers);
    const absent = await ask(bob, operation, NOTHING);
    expect(foreign.status, foreign.text).toBe(404);
    expect(visible(foreign)).toEqual(visible(absent));
    // Without the request's own id, which may spell anything.
    expect(JSON.stringify(visible(foreign))).not.toMatch(/ada/);
    expect(await stateOf()).toEqual(before);
  });

  it.each(operation.owned)('looks at %s alone, too', async (place) => {
    const before = await stateOf();
    const foreign = await ask(bob, operation, his, { [place]: thingAt(operation, place, hers) });
    const absent = await ask(bob, operation, his, { [place]: thingAt(operation, place, NOTHING) });
    expect(foreign.status, foreign.text).toBe(404);
    expect(visible(foreign)).toEqual(visible(absent));
    expect(await stateOf()).toEqual(before);
  });

  it('does not give itself away when the rest of the request is wrong', async () => {
    const before = await stateOf();
    const { method, path } = operation.http;
    const target = (things: Belongings) =>
      path.replace(/\{(\w+)(?::path)?\}/g, (_whole, name: string) => {
        const place = `path.${name}`;
        return encodeURIComponent(operation.owned.includes(place) ? thingAt(operation, place, things) : 'x');
      });
    const places = operation.owned.map((place) => [place, ...place.split('.')] as [string, string, string]);
    const named = (wanted: string, things: Belongings) =>
      places.flatMap(([place, part, field]) => (part === wanted ? [[field, thingAt(operation, place, things)]] : []));
    const search = (things: Belongings) =>
      places.some(([, part]) => part === 'query')
        ? `?${new URLSearchParams([...(named('query', things) as [string, string][]), ['top_k', 'x']])}`
        : '';
    for (const rest of [
      {},
      { message: 7 },
      { embedding: [1, 2] },
      { state_dict: { a: 1 } },
      { level: 'NONE', key: '' },
    ]) {
      const send = (things: Belongings) => {
        const body = operation.input.body ? { ...Object.fromEntries(named('body', things)), ...rest } : undefined;
        return bob.call(method, target(things) + search(things), body);
      };
      const [foreign, absent] = [await send(hers), await send(NOTHING)];
      expect(foreign.status).toBeGreaterThanOrEqual(400);
      expect(visible(foreign)).toEqual(visible(absent));
    }
    expect(await stateOf()).toEqual(before);
  });

  it('works for its owner with the same input', async () => {
    const owner = await server.as(marker('owner'));
    const reply = await ask(owner, operation, await furnish(owner, 'owner'));
    expect(reply.status, reply.text).toBe(operation.http.status);
  });
});

describe('the list of operations', () => {
  /** An id of a thing that is made by the call itself is nobody's yet. */
  const MADE_HERE = ['session.create body.session_id'];
  /** Patterns over what is the caller's own anyway. */
  const PATTERNS = ['stream query.id'];

  it('declares every field that names somebody’s property', () => {
    const undeclared = OPERATIONS.flatMap(({ name, input, owned }) =>
      (['path', 'query', 'body'] as const).flatMap((part) => {
        const schema = input[part];
        if (!schema) return [];
        const { properties = {} } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
        return Object.keys(properties)
          .filter(
            (field) => /^(id|(\w+_)?(session|cluster|region)_ids?)$/.test(field) && !owned.includes(`${part}.${field}`),
          )
          .map((field) => `${name} ${part}.${field}`);
      }),
    );
    expect(undeclared).toEqual([...MADE_HERE, ...PATTERNS]);
  });
});

describe('ids', () => {
  it('belong to each tenant alone: two sessions of one id know nothing of each other', async () => {
    const id = marker();
    await ada.create({ session_id: id });
    await ada.turn(id, 'secret', 'of ada');
    const { checksum } = await ada.export(id);
    expect((await bob.get(`/v1/metrics/${id}`)).status).toBe(404);
    expect((await bob.post('/v1/session/create', { session_id: id })).status).toBe(200);
    expect(await bob.metrics(id)).toMatchObject({ interaction_count: 0, total_memories: 0 });
    expect((await bob.run({ session_id: id, message: 'secret' })).top_similarity).toBe(0);
    await bob.ok('DELETE', `/v1/session/${id}`);
    expect((await ada.export(id)).checksum).toBe(checksum);
  });

  it('of another tenant are created anew by a reset, not opened', async () => {
    const reply = await bob.run({ session_id: hers.session, message: "ada's question", reset_context: true });
    expect(reply).toMatchObject({ top_similarity: 0, metrics: { interaction_count: 0 } });
    await bob.ok('DELETE', `/v1/session/${hers.session}`);
    expect((await ada.metrics(hers.session)).interaction_count).toBe(1);
  });

  it('of memories and entities do not carry over to another session of the caller', async () => {
    const other = await ada.create();
    expect((await ada.get(at(other, `memories/${hers.hash}`))).status).toBe(404);
    expect((await ada.call('DELETE', at(other, `entities/${encodeURIComponent(hers.key)}`))).status).toBe(404);
  });
});
