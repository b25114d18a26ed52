/** What documents may ask for, and what becomes of those that ask for more: a sentence, and soon. */
import { getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { openServer, serve, serveAnonymous, type TestServer } from '../support/server.ts';
import { ask, data, draft, errors } from './ask.ts';

let server: TestServer;
let ada: Client;

beforeAll(async () => {
  server = await openServer();
  ada = await server.as('ada');
  await ada.ok('POST', '/api/events', draft('ui.login', 'improve_ux'));
});
afterAll(() => server.close());

const many = (count: number, one: (n: number) => string, between = ' ') =>
  Array.from({ length: count }, (_, n) => one(n)).join(between);
const nested = (depth: number) => `${'{ event(id: "x") '.repeat(depth)}{ id }${' }'.repeat(depth)}`;

describe('a document is refused, with what was found and what is allowed, when it has', () => {
  it.each<[string, string, string, object?]>([
    [
      'too many characters',
      `{ __typename } #${'x'.repeat(20_000)}`,
      'The document has 20016 characters, 16384 allowed',
    ],
    [
      'too many tokens',
      `{ ${'id '.repeat(2_000)}}`,
      'Syntax Error: Document contains more that 1000 tokens. Parsing aborted.',
    ],
    ['too much depth', nested(16), 'The document is 17 fields deep, 16 allowed'],
    ['too many aliases', `{ events { ${many(31, (n) => `a${n}: id`)} } }`, 'The document has 31 aliases, 30 allowed'],
    [
      'too many aliases in fragments that are spread again and again',
      `{ signals { ...A ...A } } fragment A on Signal { ${many(16, (n) => `a${n}: id`)} }`,
      'The document has 32 aliases, 30 allowed',
    ],
    [
      'too many root fields',
      `{ ${many(21, () => 'signal(scope: "a", pattern: "b") { id }')} }`,
      'The document has 21 root fields, 20 allowed',
    ],
    [
      'too large lists',
      '{ a: events(limit: 1000) { id type scope payload } b: events(limit: 1000) { id type scope trace_id agent_id timestamp payload } }',
      'The document costs 17002 (fields times the lengths of their lists), 16000 allowed',
    ],
    [
      'too large a list by a variable',
      'query ($n: Int = 1000) { a: events(limit: $n) { id type payload } b: events(limit: $n) { id type payload } c: events(limit: $n) { id type payload } }',
      'The document costs 18003 (fields times the lengths of their lists), 16000 allowed',
    ],
    [
      'too many events to create',
      `mutation ($i: EventInput!) { ${many(20, (n) => `m${n}: createEvent(input: $i) { id }`)} n: __typename
       ...M } fragment M on Mutation { ${many(4, (n) => `l${n}: createEvent(input: $i) { id }`)} }`,
      'The document has 25 root fields, 20 allowed',
      { i: draft('a', 'b') },
    ],
  ])('%s', async (_name, query, message, variables) => {
    const found = await errors(ada, query, variables as Record<string, unknown>);
    expect(found.map(({ message }) => message)).toContain(message);
  });

  it('and the variable that makes it smaller lets it pass', async () => {
    const query =
      'query ($n: Int = 1000) { a: events(limit: $n) { id type payload } b: events(limit: $n) { id type payload } c: events(limit: $n) { id type payload } }';
    expect(Object.keys(await data(ada, query, { n: 10 }))).toEqual(['a', 'b', 'c']);
  });

  it('a code that tells size from other trouble', async () => {
    expect((await errors(ada, nested(20)))[0]!.extensions!.code).toBe('TOO_LARGE');
    expect((await errors(ada, '{ nothing }'))[0]!.extensions!.code).toBe('INVALID');
  });
});

describe('as much as REST answers with is allowed:', () => {
  it('a thousand whole events', async () => {
    await data(
      ada,
      '{ events(limit: 1000) { id type scope trace_id agent_id parent_ids timestamp payload __typename } }',
    );
  });

  it('every signal', async () => {
    await data(ada, '{ signals { id scope pattern strength last_updated alpha lambda } }');
  });

  it('twenty events in one mutation', async () => {
    const query = `mutation ($i: EventInput!) { ${many(20, (n) => `m${n}: createEvent(input: $i) { id }`)} }`;
    expect(Object.keys(await data(ada, query, { i: draft('bulk', 'b') }))).toHaveLength(20);
  });
});

/** Documents made to cost time or memory. */
const HOSTILE: Readonly<Record<string, string>> = {
  'ten thousand aliases': `{ ${many(10_000, (n) => `a${n}: __typename`)} }`,
  'ten thousand times the same field': `{ ${'__typename '.repeat(10_000)}}`,
  'as many times the same field as tokens allow': `{ ${'__typename '.repeat(990)}}`,
  'fields of one name to be merged pair by pair': `{ events { ${'id '.repeat(980)}} }`,
  'a thousand levels': nested(1_000),
  'fragments that spread each other': '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }',
  'a fragment that spreads itself': '{ events { ...A } } fragment A on Event { id ...A }',
  'two to the sixtieth fields': `{ events { ...F0 } } ${many(60, (n) => `fragment F${n} on Event { ...F${n + 1} ...F${n + 1} }`)} fragment F60 on Event { id }`,
  'a huge string': `{ event(id: "${'x'.repeat(300_000)}") { id } }`,
  'a literal a thousand lists deep': `mutation { createEvent(input: { type: proposal, scope: "a", trace_id: "t", agent_id: "a", payload: {a: ${'['.repeat(400)}${']'.repeat(400)}} }) { id } }`,
  'directives without end': `{ __typename ${'@include(if: true) '.repeat(140)} }`,
  'directives nobody knows': `{ __typename ${'@a '.repeat(490)} }`,
  'unknown fields': `{ ${many(400, (n) => `unknown${n}`)} }`,
  'introspection in circles':
    '{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }',
  'introspection many times': `{ ${many(20, (n) => `a${n}: __schema { types { fields { name args { name } } } }`)} }`,
  'many operations': many(120, (n) => `query Q${n} { __typename }`),
  'conflicting aliases in fragments': `{ events { ${many(60, (n) => `...F${n}`)} } } ${many(60, (n) => `fragment F${n} on Event { id: type }`)}`,
  nothing: '',
  'a lone quote': '"',
  'no text': '\u0000\uFFFF',
};

describe('hostile documents', () => {
  it.each(Object.entries(HOSTILE))(
    '%s: refused for less than a second of work, and the server goes on',
    async (_name, query) => {
      const began = process.cpuUsage();
      const reply = await ask(ada, query);
      // What it cost, not how long it took: the machine may have other work to do.
      expect(process.cpuUsage(began).user / 1_000).toBeLessThan(1_000);
      expect([200, 400, 413], reply.text.slice(0, 300)).toContain(reply.status);
      expect(reply.body.errors!.length).toBeGreaterThan(0);
      expect(reply.body.errors!.length).toBeLessThanOrEqual(21);
      expect(reply.text.length).toBeLessThan(20_000);
      expect(server.log.filter(({ level }) => level === 'error')).toEqual([]);
    },
  );

  const literal = (payload: string) =>
    `mutation { createEvent(input: { type: proposal, scope: "lit", trace_id: "t", agent_id: "a",
      payload: ${payload} }) { payload } }`;

  it('a payload literal is kept as it is', async () => {
    const { createEvent } = await data<{ createEvent: { payload: object } }>(
      ada,
      literal('{ b: [1, 2.5, "x", true, null, FOO], c: { d: {} }, constructor: { prototype: { a: 1 } } }'),
    );
    const payload = { b: [1, 2.5, 'x', true, null, 'FOO'], c: { d: {} }, constructor: { prototype: { a: 1 } } };
    expect(createEvent.payload).toEqual(payload);
  });

  it.each([
    ['{ a: { __proto__: { a: 1 } } }', 'payload.a.__proto__: A key "__proto__" is not accepted'],
    ['{ a: [0, 1e999] }', 'payload.a.1: Input should be a finite number'],
  ])('a payload literal obeys the lock for JSON: %s', async (payload, why) => {
    const [error] = await errors(ada, literal(payload));
    expect([error!.message, error!.extensions?.code]).toEqual([`Validation error: ${why}`, 'INVALID']);
  });

  it('what the library quotes of a wrong variable is cut off', async () => {
    const [error] = await errors(ada, 'query ($n: Int) { events(limit: $n) { id } }', { n: 'x'.repeat(200_000) });
    expect(error!.message).toMatch(/^Variable "\$n" got invalid value/);
    expect(error!.message.length).toBeLessThan(600);
  });
});

describe('introspection', () => {
  const names = '{ __schema { types { name } } }';

  it('is off unless callers may be anonymous, and then names nothing that was not asked for', async () => {
    const [error] = await errors(ada, names);
    expect(error!.message).toMatch(/introspection has been disabled/i);
    const [unknown] = await errors(ada, '{ event(id: "x") { idd } }');
    expect(unknown!.message).toBe('Cannot query field "idd" on type "Event".');
    expect(await data(ada, '{ __typename }')).toEqual({ __typename: 'Query' });
  });

  it('is on in anonymous mode: the whole schema, as tools ask for it', async () => {
    const { anonymous } = await serveAnonymous();
    const query = getIntrospectionQuery({ inputValueDeprecation: true, specifiedByUrl: true, schemaDescription: true });
    expect(await data(anonymous, query)).toMatchObject({ __schema: { queryType: { name: 'Query' } } });
    const [unknown] = await errors(anonymous, '{ event(id: "x") { idd } }');
    expect(unknown!.message).toContain('Did you mean "id"');
  });

  it('can be switched on and off', async () => {
    const on = await serve({ graphql: { introspection: 'on' } });
    expect(await data(await on.as('ada'), names)).toHaveProperty('__schema');
    const off = await serveAnonymous({ graphql: { introspection: 'off' } });
    expect((await errors(off.anonymous, names))[0]!.message).toMatch(/introspection has been disabled/i);
  });
});
