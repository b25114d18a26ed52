/** Documents somebody has tampered with: whatever comes of it, it is an answer, and only mutations that worked leave a trace. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { openServer, type TestServer } from '../support/server.ts';
import { ask, draft } from './ask.ts';

const SEED = Number(process.env.SYNOD_FUZZ_SEED ?? 20_260_101);
const RUNS = Number(process.env.SYNOD_FUZZ_RUNS ?? 400);

const DOCUMENTS = [
  'query GetEvents { events(limit: 10, scope: "ui.login") { id type scope trace_id agent_id timestamp payload } }',
  'query ($id: ID!, $n: Int = 3) { event(id: $id) { ...F } events(limit: $n) { ...F } } fragment F on Event { id payload }',
  'mutation CreateEvent($input: EventInput!) { createEvent(input: $input) { id type scope timestamp } }',
  'mutation { a: createEvent(input: { type: ready, scope: "f", trace_id: "t", agent_id: "a", payload: { a: [1, "x"] } }) { id } }',
  'subscription OnEvent($scope: String) { eventCreated(scope: $scope) { id } }',
  '{ signals(scope: "ui.*", min_strength: 0.5) { strength } signal(scope: "a", pattern: "b") { id } __typename }',
];
const PIECES = [
  ...[
    '{',
    '}',
    '(',
    ')',
    '[',
    ']',
    '"',
    '"""',
    '...',
    '@',
    '$',
    ':',
    '!',
    '|',
    '&',
    '#',
    '\n',
    '\0',
    '\ufeff',
    '😀',
    '\ud800',
  ],
  ...[
    'events',
    'event',
    'signals',
    'createEvent',
    'payload',
    '__schema',
    '__type(name: "Event")',
    'fragment F on Event',
    'on',
    'null',
  ],
  ...[
    '$input',
    '$n',
    '-1',
    '1e999',
    '99999999999',
    '0',
    'true',
    '@include(if: false)',
    '@skip(if: true)',
    'limit: 1000',
    'type',
  ],
];
const VALUES = [
  null,
  true,
  0,
  -1,
  1e300,
  '',
  'x',
  '\0',
  '\ud800',
  [],
  {},
  [[]],
  draft('fuzz', 'x'),
  { ...draft('fuzz', 'x'), type: 'PROPOSAL' },
];

let server: TestServer;
let ada: Client;

beforeAll(async () => {
  server = await openServer();
  ada = await server.as('ada');
});
afterAll(() => server.close());

const edits = fc.array(
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    cut: fc.nat({ max: 12 }),
    put: fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: 'binary', maxLength: 5 })),
  }),
  { maxLength: 4 },
);
const query = fc.tuple(fc.constantFrom(...DOCUMENTS), edits).map(([document, changes]) =>
  changes.reduce((text, { at, cut, put }) => {
    const place = Math.floor(at * text.length);
    return text.slice(0, place) + put + text.slice(place + cut);
  }, document),
);
const variables = fc.dictionary(
  fc.constantFrom('input', 'id', 'n', 'scope', '__proto__'),
  fc.oneof(fc.constantFrom(...VALUES), fc.jsonValue({ maxDepth: 4 })),
  { maxKeys: 3 },
);

it(`tampered documents are answered (seed ${SEED})`, { timeout: 120_000 }, async () => {
  const { system } = server.running.runtime;
  await fc.assert(
    fc.asyncProperty(query, variables, async (text, given) => {
      const before = system.head('ada');
      const { status, body, text: answer } = await ask(ada, text.toWellFormed(), given as Record<string, unknown>);
      expect([200, 400], answer).toContain(status);
      const worked = Object.values(body.data ?? {}).filter((value) => value !== null);
      expect(body.errors !== undefined || body.data !== undefined, answer).toBe(true);
      if (worked.length === 0) expect(system.head('ada')).toBe(before);
      for (const { message, extensions } of body.errors ?? []) {
        expect(message.length).toBeLessThan(600);
        expect(extensions?.code, answer).not.toBe('INTERNAL');
      }
    }),
    { seed: SEED, numRuns: RUNS },
  );
  expect(system.subscribers).toBe(0);
  expect(server.log.filter(({ level }) => level === 'error')).toEqual([]);
});
