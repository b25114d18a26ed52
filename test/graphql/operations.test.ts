/** Queries and mutations over HTTP: what they answer, that they obey REST's rules, and whose they are. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { marker, openServer, serve, type TestServer } from '../support/server.ts';
import { ask, data, draft, errors } from './ask.ts';

let server: TestServer;
let ada: Client;
let bob: Client;

beforeAll(async () => {
  server = await openServer();
  [ada, bob] = [await server.as('ada'), await server.as('bob')];
});
afterAll(() => server.close());

const CREATE =
  'mutation ($input: EventInput!) { createEvent(input: $input) { id type scope trace_id agent_id parent_ids timestamp payload } }';
const FIELDS = 'id type scope trace_id agent_id parent_ids timestamp payload';

interface Event {
  readonly id: string;
  readonly scope: string;
}
const create = async (client: Client, input: object) =>
  (await data<{ createEvent: Event }>(client, CREATE, { input })).createEvent;

describe('an event', () => {
  it('is the same over GraphQL and over REST, whichever made it', async () => {
    const scope = marker('same.');
    const made = await create(ada, draft(scope, 'one', { parent_ids: ['a', 'b'] }));
    const posted = await ada.ok<Event>('POST', '/api/events', draft(scope, 'two'));
    const listed = await ada.ok<Event[]>('GET', `/api/events/scope/${scope}`);
    const { events } = await data(ada, `{ events(scope: "${scope}") { ${FIELDS} } }`);
    expect(events).toEqual(listed);
    expect(listed).toEqual([posted, made]);
    const found = await data(ada, `query ($id: ID!) { event(id: $id) { ${FIELDS} } }`, { id: made.id });
    expect(found).toEqual({ event: made });
  });

  it('that does not exist is null', async () => {
    expect(await data(ada, '{ event(id: "nobody") { id } }')).toEqual({ event: null });
  });

  it('takes null for parents as none', async () => {
    expect(await create(ada, draft('null', 'x', { parent_ids: null }))).toMatchObject({ parent_ids: [] });
  });

  it('has raised its signal when its mutation answers', async () => {
    const scope = marker('signal.');
    await create(ada, draft(scope, 'improve'));
    await create(ada, draft(scope, 'improve', { type: 'reward', payload: { action: 'improve', value: 0.5 } }));
    const answer = await data<{ signals: { strength: number }[]; signal: object }>(
      ada,
      `{ signals(scope: "${scope}") { id scope pattern strength last_updated alpha lambda }
         signal(scope: "${scope}", pattern: "improve") { id scope pattern alpha lambda }
         none: signal(scope: "${scope}", pattern: "nothing") { id } }`,
    );
    const [signal] = answer.signals;
    expect(signal).toMatchObject({ scope, pattern: 'improve', alpha: 1.2, lambda: 0.95 });
    expect(signal!.strength).toBeCloseTo(0.9, 2);
    expect(answer).toMatchObject({ signal: { scope, pattern: 'improve' }, none: null });
  });
});

describe('a list', () => {
  it('is newest first, as long as asked for, and by trace or glob', async () => {
    const root = marker('list');
    for (const [scope, trace_id] of [
      [`${root}.a`, 't1'],
      [`${root}.b`, 't2'],
      [`${root}.a.deep`, 't2'],
      [`${root}x`, 't2'],
    ] as const) {
      await create(ada, draft(scope, 'x', { trace_id: root + trace_id }));
    }
    const scopes = async (args: string) =>
      (await data<{ events: Event[] }>(ada, `{ events(${args}) { scope } }`)).events.map(({ scope }) =>
        scope.slice(root.length),
      );
    expect(await scopes(`scope: "${root}.*"`)).toEqual(['.a.deep', '.b', '.a']);
    expect(await scopes(`scope: "${root}.*", limit: 2`)).toEqual(['.a.deep', '.b']);
    expect(await scopes(`trace_id: "${root}t2"`)).toEqual(['x', '.a.deep', '.b']);
    expect(await scopes(`trace_id: "${root}t2", scope: "${root}.b"`)).toEqual(['.b']);
    expect(await scopes(`trace_id: "${root}t2", scope: "${root}.*"`)).toEqual(['.a.deep', '.b']);
    expect(await scopes('limit: null, scope: "nowhere"')).toEqual([]);
  });

  it('of signals can be bounded by strength and by glob', async () => {
    const root = marker('strong');
    for (const scope of ['a', 'b']) await create(ada, draft(`${root}.${scope}`, 'x'));
    await create(ada, draft(`${root}.b`, 'x', { type: 'reward', payload: { action: 'x', value: 1 } }));
    const { all, strong } = await data<Record<string, Event[]>>(
      ada,
      `{ all: signals(scope: "${root}.*") { scope } strong: signals(scope: "${root}.*", min_strength: 0.7) { scope } }`,
    );
    expect(all!.map(({ scope }) => scope)).toEqual([`${root}.b`, `${root}.a`]);
    expect(strong!.map(({ scope }) => scope)).toEqual([`${root}.b`]);
  });
});

it('a list of signals ends with the thousandth strongest', async () => {
  const carol = await server.as('carol');
  const events = Array.from({ length: 1_000 }, (_, n) => draft('many', `p${n}`));
  await carol.ok('POST', '/api/events/batch', { events });
  await carol.ok('POST', '/api/events', draft('many', 'strong', { type: 'reward', payload: { action: 'strong' } }));
  const { signals } = await data<{ signals: { pattern: string }[] }>(carol, '{ signals { pattern } }');
  expect([signals.length, signals[0]!.pattern]).toEqual([1_000, 'strong']);
});

describe('what is wrong', () => {
  it.each<[string, object]>([
    ['an empty scope', { scope: '' }],
    ['a scope that is too long', { scope: 'x'.repeat(513) }],
    ['an empty trace', { trace_id: '' }],
    ['a NUL in the agent', { agent_id: 'a\0b' }],
    ['a payload that is a list', { payload: [1] }],
    ['a payload that is a text', { payload: 'x' }],
    ['too many parents', { parent_ids: Array.from({ length: 257 }, (_, n) => `p${n}`) }],
  ])('with an event is said in the words of REST: %s', async (_name, changes) => {
    const event = draft('ui.login', 'x', changes);
    const rest = await ada.post<{ message: string; code: string; request_id: string }>('/api/events', event);
    const [error, ...others] = await errors(ada, CREATE, { input: event });
    expect(rest.status).toBe(400);
    expect(others).toEqual([]);
    const { message, request_id, ...extensions } = rest.body;
    expect(error).toMatchObject({ message, path: ['createEvent'] });
    expect(error!.extensions).toEqual({ ...extensions, request_id: expect.not.stringMatching(request_id) });
  });

  it.each([
    ['{ events(limit: 0) { id } }', /^Validation error: limit: /],
    ['{ events(limit: 1001) { id } }', /^Validation error: limit: /],
    ['{ events(scope: "") { id } }', /^Validation error: scope: /],
    ['{ signals(min_strength: 2) { id } }', /^Validation error: min_strength: /],
    ['{ signal(scope: "a", pattern: "") { id } }', /^Validation error: pattern: /],
    ['{ event(id: "") { id } }', /^Validation error: id: /],
  ])('with arguments, too: %s', async (query, message) => {
    const [error] = await errors(ada, query);
    expect(error).toMatchObject({ message: expect.stringMatching(message), extensions: { code: 'INVALID' } });
  });

  it.each([
    ['an unknown type of event', { type: 'PROPOSE' }, /got invalid value "PROPOSE" at "input.type"/],
    ['a missing field', { type: undefined }, /Field "type" of required type "EventType!" was not provided/],
    ['an unknown field', { id: 'mine' }, /Field "id" is not defined by type "EventInput"/],
    ['no payload', { payload: null }, /Expected non-nullable type "JSON!" not to be null/],
  ])('with types is said by GraphQL itself: %s', async (_name, changes, message) => {
    const [error] = await errors(ada, CREATE, { input: draft('a', 'b', changes) });
    expect(error).toMatchObject({ message: expect.stringMatching(message), extensions: { code: 'INVALID' } });
  });

  it('with one field leaves the others their data', async () => {
    const { body } = await ask(ada, '{ a: __typename b: event(id: "") { id } }');
    expect(body.data).toEqual({ a: 'Query', b: null });
    expect(body.errors).toHaveLength(1);
  });

  it('with several operations is which one is meant', async () => {
    const query = 'query A { a: __typename } query B { b: __typename }';
    const named = await ada.post('/api/graphql', { query, operationName: 'B' });
    expect(named.body).toEqual({ data: { b: 'Query' } });
    expect((await errors(ada, query))[0]!.message).toMatch(/^Must provide operationName/);
    const unknown = await ada.post<{ errors: unknown[] }>('/api/graphql', { query, operationName: 'C' });
    expect(unknown.body.errors).toMatchObject([{ message: 'The document has no operation "C"' }]);
  });

  it('with the request is found where GraphQL clients look, beside where those of REST do', async () => {
    for (const [client, body, status, code] of [
      [server.anonymous, { query: '{ __typename }' }, 401, 'UNAUTHENTICATED'],
      [ada, '{', 400, 'INVALID'],
      [ada, [{ query: '{ __typename }' }], 400, 'INVALID'],
      [ada, {}, 400, 'INVALID'],
    ] as const) {
      const reply = await client.post<Record<string, unknown>>('/graphql', body);
      const { errors, ...rest } = reply.body;
      const { message, ...extensions } = rest;
      expect(reply.status).toBe(status);
      expect(extensions).toMatchObject({ code, request_id: expect.any(String) });
      expect(errors).toEqual([{ message, extensions }]);
    }
  });

  it('with a subscription is that it came by HTTP', async () => {
    const [error] = await errors(ada, 'subscription { eventCreated { id } }');
    expect(error).toMatchObject({ message: expect.stringContaining('WebSockets'), extensions: { code: 'REFUSED' } });
    expect(server.running.runtime.system.subscribers).toBe(0);
  });

  it('with nobody’s knowledge is a bug: masked, and logged under the id of the request', async () => {
    const broken = await serve();
    const { environment } = broken.running.runtime.services;
    Object.assign(environment, {
      signals: async () => {
        throw new Error('a secret of the house');
      },
    });
    const client = (await broken.as('ada')).with({ 'x-request-id': 'bug-1' });
    const reply = await ask(client, '{ __typename signals { id } }');
    expect([reply.status, reply.text]).toEqual([200, expect.not.stringContaining('secret')]);
    expect(reply.body.errors).toMatchObject([
      { message: 'Internal server error', path: ['signals'], extensions: { code: 'INTERNAL', request_id: 'bug-1' } },
    ]);
    const [line] = broken.log.filter(({ level }) => level === 'error');
    expect(line!.fields).toMatchObject({ requestId: 'bug-1', err: { message: 'a secret of the house' } });
  });
});

describe('GET', () => {
  const get = (query: Record<string, string>, headers = {}) =>
    ada.call<Record<string, unknown>>('GET', `/graphql?${new URLSearchParams(query)}`, undefined, headers);

  it('answers a query with variables', async () => {
    const { id } = await create(ada, draft('get', 'x'));
    const query = 'query ($id: ID!) { event(id: $id) { id } }';
    expect((await get({ query, variables: JSON.stringify({ id }) })).body).toEqual({ data: { event: { id } } });
  });

  it('does not change anything: a mutation is refused with 405', async () => {
    const { system } = server.running.runtime;
    const before = system.head('ada');
    const input = JSON.stringify({ input: draft('a', 'b') });
    const reply = await get({ query: CREATE, variables: input });
    expect([reply.status, reply.headers.get('allow')]).toEqual([405, 'POST']);
    refusedWith(reply.body, 'METHOD_NOT_ALLOWED', 'A mutation wants POST');
    expect(system.head('ada')).toBe(before);
  });

  /** As everywhere on this route: in the dialect's shape, and once more where GraphQL clients look. */
  const refusedWith = ({ errors, ...body }: Record<string, unknown>, code: string, message: string) => {
    expect(body).toMatchObject({ message, code, request_id: expect.any(String) });
    const { message: sentence, ...extensions } = body;
    expect(errors).toEqual([{ message: sentence, extensions }]);
  };

  it.each([
    ['[]', 'variables: Input should be an object, found a list'],
    ['1', 'variables: Input should be an object, found a number'],
    ['"x"', 'variables: Input should be an object, found a string'],
    ['{', 'variables: Invalid JSON'],
    ['null!', 'variables: Invalid JSON'],
    ['{"a":[1e999]}', 'variables.a.0: Input should be a finite number'],
  ])('variables that are no object are refused by name: %s', async (variables, why) => {
    const reply = await get({ query: '{ __typename }', variables });
    expect(reply.status).toBe(400);
    refusedWith(reply.body, 'INVALID', `Validation error: ${why}`);
    expect(reply.body.details).toMatchObject([{ loc: expect.arrayContaining(['query', 'variables']) }]);
  });

  it('takes no other media type than there is', async () => {
    const reply = await get({ query: '{ __typename }' }, { accept: 'text/html' });
    expect(reply.status).toBe(406);
    refusedWith(reply.body, 'NOT_ACCEPTABLE', 'Accept application/graphql-response+json or application/json');
  });
});

describe('Idempotency-Key', () => {
  const two =
    'mutation ($a: EventInput!, $b: EventInput!) { a: createEvent(input: $a) { id } b: createEvent(input: $b) { id } }';
  const keyed = (key: string) => ({ 'idempotency-key': key });
  const countIn = async (scope: string) => (await ada.ok<Event[]>('GET', `/api/events/scope/${scope}`)).length;

  it('makes a repeated mutation take effect once', async () => {
    const [scope, key] = [marker('once.'), marker()];
    const first = await ask(ada, CREATE, { input: draft(scope, 'x') }, keyed(key));
    const second = await ask(ada, CREATE, { input: draft(scope, 'x') }, keyed(key));
    expect(second.text).toBe(first.text);
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect(await countIn(scope)).toBe(1);
  });

  it('holds for each event of a mutation whose answer was lost', async () => {
    const [scope, key] = [marker('lost.'), marker()];
    const variables = { a: draft(scope, 'one'), b: draft(scope, 'two') };
    const first = await ask(ada, two, variables, keyed(key));
    const { store } = server.running.runtime;
    expect(store.get('replay', ['ada', 'http', key])).toBeDefined();
    await store.commit([{ op: 'del', table: 'replay', key: ['ada', 'http', key] }]);
    const second = await ask(ada, two, variables, keyed(key));
    expect(second.headers.get('idempotent-replayed')).toBeNull();
    expect(second.body).toEqual(first.body);
    expect(await countIn(scope)).toBe(2);
  });

  it('does not keep trouble that passes: the repetition does what was left', async () => {
    const other = await serve();
    const client = await other.as('ada');
    const { environment } = other.running.runtime.services;
    const { post } = environment;
    const { AppError } = await import('../../actors/errors.ts');
    let busy = true;
    Object.assign(environment, {
      post: (...args: Parameters<typeof post>) => {
        if (busy && args[1].payload.action === 'two') throw new AppError('OVERLOADED', 'busy');
        return post(...args);
      },
    });
    const variables = { a: draft('retry', 'one'), b: draft('retry', 'two') };
    const first = await ask(client, two, variables, keyed('k'));
    expect(first.body.errors).toMatchObject([{ message: 'busy', path: ['b'], extensions: { code: 'OVERLOADED' } }]);
    busy = false;
    const second = await ask(client, two, variables, keyed('k'));
    expect(second.body.errors).toBeUndefined();
    const events = await client.ok<Event[]>('GET', '/api/events');
    const { a, b } = second.body.data as Record<string, Event>;
    expect(events.map(({ id }) => id)).toEqual([b!.id, a!.id]);
    expect(await ask(client, two, variables, keyed('k'))).toMatchObject({ text: second.text });
  });
});

describe('another tenant', () => {
  it('sees no event, no signal, and cannot tell an id of somebody from one of nobody', async () => {
    const scope = marker('hers.');
    const { id } = await create(ada, draft(scope, 'secret'));
    const query = `{ event(id: "${id}") { id } events(scope: "${scope}") { id } all: events { id } glob: events(scope: "**") { id }
      signals { id } signal(scope: "${scope}", pattern: "secret") { id } }`;
    expect(await data(bob, query)).toEqual({ event: null, events: [], all: [], glob: [], signals: [], signal: null });
  });
});

it('is described: in the list of operations, in OpenAPI with its schema, and in the figures', async () => {
  const { paths } = await ada.ok<{ paths: Record<string, Record<string, { description: string }>> }>(
    'GET',
    '/openapi.json',
  );
  expect(Object.keys(paths['/api/graphql']!)).toEqual(['post', 'get']);
  expect(paths['/api/graphql']!.post!.description).toContain('type Subscription');
  expect(await server.running.runtime.services.metrics()).toContain(
    'method="POST",endpoint="/api/graphql",status="200"',
  );
});
