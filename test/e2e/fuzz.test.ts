/**
 * Nonsense from the wire: whatever is sent, nobody gets a 5xx, no other session notices, and the server lives on.
 * `SYNOD_FUZZ_SEED` and `SYNOD_FUZZ_RUNS` change what is tried; a failure prints the seed and the shrunk request.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { OPERATIONS } from '../../src/operations/index.ts';
import type { Operation } from '../../src/operations/operation.ts';
import { at, type Client } from '../support/client.ts';
import { openServer, rawRequest, type TestServer } from '../support/server.ts';

const SEED = Number(process.env.SYNOD_FUZZ_SEED ?? 20_260_101);
const RUNS = Number(process.env.SYNOD_FUZZ_RUNS ?? 1_500);
const TARGET = 'target';
const DIMENSION = 384;

let server: TestServer;
let ada: Client;
let bystander: string;
let untouched: string;

beforeAll(async () => {
  server = await openServer();
  ada = await server.as('ada');
  bystander = await ada.create({ session_id: 'bystander' });
  await ada.turn(bystander, 'a quiet question', 'a quiet answer');
  untouched = (await ada.export(bystander)).checksum;
});
afterAll(async () => {
  await server.close();
});

const numbers = (count: number, value: string) => `[${Array.from({ length: count }, () => value).join(',')}]`;

/** Values as raw JSON text, so that what JavaScript cannot hold can be sent too. */
const NASTY: readonly string[] = [
  ...['null', 'true', 'false', '0', '-0', '-1', '1', '0.5', '2', '1e-400', '1e39', '-1e39', '1e308', '1e999', '-1e999'],
  ...['9007199254740993', '1234567890123456789012345678901234567890', 'NaN', 'Infinity', '-Infinity', 'undefined'],
  ...['""', '" "', '"x"', '"\\u0000"', '"a\\u0000b"', '"\\ud800"', '"\\udc00x"', '"\u2028"', '"__proto__"', '"../.."'],
  ...[`"${'x'.repeat(299)}ü"`, `"${'x'.repeat(301)}"`, `"${'ü'.repeat(300)}"`, `"${'\\u0001'.repeat(200)}"`],
  ...[`"${'x'.repeat(65_537)}"`, `"${'😀'.repeat(16_384)}"`, `"${'\\n'.repeat(1_000)}"`],
  ...['[]', '{}', '[[]]', '[null]', '["x"]', '[{}]', '{"a":1}', '{"toString":1,"length":-1}'],
  ...[
    '{"__proto__":{"polluted":1}}',
    '{"constructor":{"prototype":{"polluted":1}}}',
    '{"\\u005f_proto__":{"polluted":1}}',
  ],
  ...[`${'['.repeat(99)}${']'.repeat(99)}`, `${'['.repeat(50_000)}${']'.repeat(50_000)}`, '{"a":'.repeat(5_000)],
  ...[
    numbers(DIMENSION, '0'),
    numbers(DIMENSION, '1e38'),
    numbers(DIMENSION, '3.4028235e38'),
    numbers(DIMENSION, '1e39'),
  ],
  ...[numbers(DIMENSION, '1e-45'), numbers(DIMENSION, '1e-320'), numbers(DIMENSION, '-0.0'), numbers(DIMENSION, '1')],
  ...[numbers(DIMENSION - 1, '0.1'), numbers(DIMENSION + 1, '0.1'), `[${numbers(DIMENSION, '1')},${numbers(2, '1')}]`],
  ...[
    `[${Array.from({ length: 20 }, () => numbers(DIMENSION, '0')).join(',')}]`,
    '1743000000',
    '8.64e15',
    '"2026-13-45T99:99"',
  ],
];

interface Part {
  readonly fields: readonly string[];
  readonly example: Readonly<Record<string, string>>;
}

/** The body's fields as raw JSON, ready for one of them to go wrong. */
function bodyOf({ input, example }: Operation): Part | null {
  if (!input.body) return null;
  const { properties = {} } = z.toJSONSchema(input.body, { io: 'input', unrepresentable: 'any' });
  const filled = JSON.stringify(example.body ?? {})
    .replaceAll('"$session"', JSON.stringify(TARGET))
    .replaceAll('"$vector"', numbers(DIMENSION, '0.05'))
    .replaceAll('"$state"', '{}');
  const raw = Object.entries(JSON.parse(filled) as object).map(([k, v]) => [k, JSON.stringify(v)] as const);
  return { fields: [...Object.keys(properties), '__proto__'], example: Object.fromEntries(raw) };
}

const write = (fields: Readonly<Record<string, string>>) =>
  `{${Object.entries(fields)
    .map(([name, value]) => `${JSON.stringify(name)}:${value}`)
    .join(',')}}`;

const targetPath = (operation: Operation, things: Record<string, string>) =>
  operation.http.path.replace(/\{(\w+)(?::path)?\}/g, (_whole, name: string) => things[name] ?? 'x');

const search = ({ example }: Operation) => {
  const query = Object.entries(example.query ?? {}).map(
    ([k, v]) => `${k}=${v === '$session' ? TARGET : encodeURIComponent(String(v))}`,
  );
  return query.length > 0 ? `?${query.join('&')}` : '';
};

/** @returns what is wrong with the answer, null when nothing is */
async function send(operation: Operation, body: string | undefined, path: string): Promise<string | null> {
  const headers: Record<string, string> = {
    ...ada.headers,
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  };
  if (operation.http.method === 'DELETE') headers['content-length'] = '0';
  const reply = await rawRequest(server.url, operation.http.method, path, headers, body);
  const declared = operation.errors?.includes(reply.status) === true;
  return reply.status >= 500 && !declared ? `${reply.status} ${reply.text}` : null;
}

async function allIsWell(): Promise<void> {
  expect((await ada.export(bystander)).checksum).toBe(untouched);
  expect((await server.anonymous.get('/v1/health')).status).toBe(200);
  expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  expect(server.log.filter(({ level }) => level === 'error')).toEqual([]);
}

const withBody = OPERATIONS.filter(({ input, access }) => input.body !== undefined && access === 'tenant');

describe('every field of every body', () => {
  it.each(withBody.map((operation) => [operation.name, operation] as const))(
    'of %s survives every nasty value',
    { timeout: 120_000 },
    async (_name, operation) => {
      const { fields, example } = bodyOf(operation)!;
      const path = targetPath(operation, { id: TARGET });
      for (const field of fields) {
        for (const value of NASTY) {
          await ada.post('/v1/session/create', { session_id: TARGET });
          const body = write({ ...example, [field]: value });
          const wrong = await send(operation, body, path);
          expect(wrong, `${operation.name} ${body.slice(0, 300)}`).toBeNull();
        }
      }
      await allIsWell();
    },
  );
});

describe('whole requests', () => {
  const whole = fc.oneof(
    fc.constantFrom(
      '',
      '[]',
      '[1]',
      '""',
      '0',
      'null',
      'true',
      '{',
      '}',
      '{"a"',
      '\u0000',
      '\ufeff{}',
      '{}{}',
      "{'a':1}",
      '//',
    ),
    fc.json({ maxDepth: 6 }),
    fc.string({ unit: 'binary', maxLength: 200 }),
  );
  const mutated = (operation: Operation) => {
    const part = bodyOf(operation);
    if (!part) return fc.constant(undefined);
    const changes = fc.dictionary(fc.constantFrom(...part.fields), fc.oneof(fc.constantFrom(...NASTY), fc.json()), {
      maxKeys: 4,
    });
    return fc.oneof(
      { weight: 3, arbitrary: changes.map((changed) => write({ ...part.example, ...changed })) },
      { weight: 1, arbitrary: whole },
    );
  };
  const piece = fc.oneof(
    fc.constantFrom(
      TARGET,
      '..',
      '.',
      '%2e%2e',
      '%2F',
      '%252F',
      '%00',
      '%',
      '%ff',
      '%c0%ae',
      '',
      ' '.repeat(3).replaceAll(' ', '%20'),
      '*',
      ':id',
      '{id}',
    ),
    fc.string({ maxLength: 20 }).map((text) => encodeURIComponent(text.toWellFormed())),
    fc.constantFrom('x'.repeat(300), 'x'.repeat(301), '%C3%BC'.repeat(151), '__proto__', 'constructor'),
  );
  const query = fc.oneof(
    { weight: 3, arbitrary: fc.constant(null) },
    {
      weight: 1,
      arbitrary: fc
        .array(
          fc.tuple(
            fc.constantFrom('session_id', 'top_k', 'q', 'full_first', 'max_results', '__proto__', 'explain'),
            piece,
          ),
          { maxLength: 4 },
        )
        .map((pairs) => `?${pairs.map(([name, value]) => `${name}=${value}`).join('&')}`),
    },
  );
  const request = fc.constantFrom(...OPERATIONS.filter(({ access }) => access !== 'metrics')).chain((operation) =>
    fc.record({
      name: fc.constant(operation.name),
      body: mutated(operation),
      path: fc
        .record({ id: fc.oneof({ weight: 3, arbitrary: fc.constant(TARGET) }, piece), key: piece, memory_hash: piece })
        .map((things) => targetPath(operation, things)),
      query,
    }),
  );

  it(`made of nonsense are never a 5xx (seed ${SEED})`, { timeout: 240_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(request, async ({ name, body, path, query: wild }) => {
        const operation = OPERATIONS.find((known) => known.name === name)!;
        // A path without its parts may lead to another session; the bystander's name is never made up.
        await ada.post('/v1/session/create', { session_id: TARGET });
        expect(await send(operation, body, path + (wild ?? search(operation)))).toBeNull();
      }),
      { seed: SEED, numRuns: RUNS },
    );
    await allIsWell();
  });

  it.each([
    '/v1/../v1/health',
    '//v1/run',
    '/v1//run',
    '/v1/run/',
    '/v1/session/../../../etc/passwd/export',
    '/v1/session/%2e%2e%2fbystander/export',
    '/v1/session/target%2f..%2fbystander/export',
    '/v1/session/./bystander/../target/export',
    `/v1/metrics/${'a'.repeat(10_000)}`,
    `/${'v1/'.repeat(2_000)}`,
    '/v1/metrics/%',
    '/v1/metrics/%E0%A4%A',
    '/v1/metrics/a%00b',
    'http://elsewhere/v1/metrics/none',
    '*',
  ])('to the path %s are refused or answered, never a 5xx', async (path) => {
    const reply = await rawRequest(server.url, 'GET', path, ada.headers);
    expect(reply.status).toBeLessThan(500);
    expect(reply.text).not.toContain('a quiet question');
    await allIsWell();
  });

  it('of ten megabytes are refused without being read into memory', async () => {
    const body = `{"message":"${'x'.repeat(10 * 2 ** 20)}"}`;
    const reply = await ada.post('/v1/run', body);
    expect([reply.status, reply.body]).toEqual([413, { detail: 'Request body is larger than 1048576 bytes' }]);
    const imported = await ada.post(at(bystander, 'import'), `{"state_dict":{"x":"${'x'.repeat(10 * 2 ** 20)}"}}`);
    expect(imported.status).toBe(400);
    await allIsWell();
  });

  it('in other languages than JSON are refused by name', async () => {
    for (const type of ['text/plain', 'application/xml', 'multipart/form-data; boundary=x']) {
      const reply = await ada.call('POST', '/v1/run', '{"message":"hi"}', { 'content-type': type });
      expect(reply.status).toBe(415);
    }
    const packed = await ada.call('POST', '/v1/run', '{}', { 'content-encoding': 'gzip' });
    expect(packed.status).toBe(415);
  });
});
