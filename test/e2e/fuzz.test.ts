/**
 * Nonsense from the wire: whatever is sent, nobody gets a 5xx, what is refused changes nothing at all, no other session
 * notices, and the server lives on.
 * `SYNOD_FUZZ_SEED` and `SYNOD_FUZZ_RUNS` change what is tried; a failure prints the seed and the shrunk request.
 */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { OPERATIONS } from '../../src/operations/index.ts';
import type { Operation } from '../../src/operations/operation.ts';
import { TABLES } from '../../src/store/store.ts';
import type { Client } from '../support/client.ts';
import { openServer, rawRequest, type TestServer } from '../support/server.ts';

const SEED = Number(process.env.SYNOD_FUZZ_SEED ?? 20_260_101);
const RUNS = Number(process.env.SYNOD_FUZZ_RUNS ?? 1_500);
const TARGET = 'target';
const CLUSTER = 'target-cluster';
const REGION = 'target-region';
const PROPOSAL = 'target-open';
const DECIDED = 'target-decided';
const EVENT = 'target-event';
const SIGNAL = 'target-signal';
const WEBHOOK = 'target-webhook';
/** Nobody listens there, and what nonsense made is never called further away. */
const RECEIVER = 'http://127.0.0.1:9/';
/** Long enough for votes and samples not to end or come by themselves while requests are watched. */
const DAY_MS = 86_400_000;
const DIMENSION = 384;

const OBJECT_KEYS = Reflect.ownKeys(Object.prototype);
const ARRAY_KEYS = Reflect.ownKeys(Array.prototype);

let server: TestServer;
let ada: Client;
let bystander: string;
let untouched: string;

beforeAll(async () => {
  server = await openServer({ webhooks: { allowPrivate: true } });
  ada = await server.as('ada');
  bystander = await ada.create({ session_id: 'bystander' });
  await ada.turn(bystander, 'a quiet question', 'a quiet answer');
  untouched = (await ada.export(bystander)).checksum;
});
afterAll(async () => {
  await server.close();
});

/** What requests are aimed at. Some delete it, so it is made again before each. */
async function targets(): Promise<void> {
  await ada.post('/v1/session/create', { session_id: TARGET });
  const { system } = server.running.runtime;
  const vectors = { dimension: DIMENSION, embedder: server.running.runtime.services.embedder.id };
  const own = { config: vectors, template: null, policies: [] };
  const cluster = { tenant: 'ada', kind: 'cluster', id: CLUSTER };
  if (!system.exists(cluster)) {
    await system.spawn({ ...cluster, kind: 'session' }, { ...own, cluster: CLUSTER });
    await system.spawn(cluster, { name: 'target', mode: 'robust', coupling: 0.5, ...vectors });
  }
  const region = { tenant: 'ada', kind: 'region', id: REGION };
  if (!system.exists(region)) {
    await system.spawn({ ...region, kind: 'session' }, own);
    await system.spawn(region, { name: 'target', threshold: 0.5, windowMs: DAY_MS });
  }
  const observer = { tenant: 'ada', kind: 'observer', id: 'observer' };
  if (!system.exists(observer)) await ada.post('/v1/observer/');
  const { intervalMs } = (await system.read<{ intervalMs: number }>(observer))!.context;
  if (intervalMs !== DAY_MS) await system.ask(observer, { type: 'configure', intervalMs: DAY_MS });
  const network = { tenant: 'ada', kind: 'consensus', id: 'network' };
  if (!system.exists(network)) await system.spawn(network, {});
  const made = { proposer: TARGET, proposed: new Float64Array(DIMENSION).fill(1), rationale: null, level: null };
  const { proposals } = (await system.read<{ proposals: { id: string }[] }>(network))!.context;
  const absent = (proposal: string) => !proposals.some(({ id }) => id === proposal);
  if (absent(PROPOSAL)) {
    await system.ask(network, { type: 'open', ...made, proposal: PROPOSAL, electors: null, votingMs: DAY_MS });
  }
  const votes = [{ instance: TARGET, approve: true }];
  if (absent(DECIDED)) await system.ask(network, { type: 'decide', ...made, proposal: DECIDED, votes, agreement: 1 });
  await onlyWebhook();
  await livingSignal();
  await calm();
}

/** An event and the signal it brought up, under ids of our own. */
async function livingSignal(): Promise<void> {
  const { environment } = server.running.runtime.services;
  if (await environment.signal('ada', { id: SIGNAL })) return;
  const ids = [environment.event('ada', EVENT) ? `${EVENT}-${performance.now()}` : EVENT, SIGNAL];
  const poster = { tenant: 'ada', requestId: 'fuzz', newId: () => ids.shift()! };
  const names = { scope: 'fuzz.target', trace_id: 'fuzz', agent_id: 'fuzz' };
  await environment.post(poster, { type: 'proposal', ...names, payload: { action: 'stand' } });
}

/** One webhook, which delivers nothing: attempts would go on while requests are watched. */
async function onlyWebhook(): Promise<void> {
  const { system, services } = server.running.runtime;
  const target = { tenant: 'ada', kind: 'webhook', id: WEBHOOK };
  for (const id of system.list({ tenant: 'ada', kind: 'webhook', limit: 200 })) {
    const { disabled } = (await system.read<{ disabled: unknown }>({ ...target, id }))!.context;
    if (id !== WEBHOOK || disabled === null) await system.remove({ ...target, id });
    services.webhooks.changed('ada', id);
  }
  if (system.exists(target)) return;
  const sealed = services.webhooks.seal('whsec_', 'ada', WEBHOOK);
  const own = { url: RECEIVER, events: [], scopes: [], cursor: system.head('ada'), sealed, active: false };
  await system.spawn(target, own);
}

/** Waits for what the requests before set off: messages on their way, and a realignment that came of them. */
async function calm(): Promise<void> {
  const { store, host, system } = server.running.runtime;
  for (;;) {
    const { reached } = (await system.read<{ reached: unknown }>({ tenant: 'ada', kind: 'region', id: REGION }))!
      .context;
    if (reached === null && store.count('outbox') === 0 && host.backlog().turns === 0) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The ids an operation's example speaks of. */
const aimed = (text: string) =>
  text
    .replaceAll('"$session"', JSON.stringify(TARGET))
    .replaceAll('"$cluster"', JSON.stringify(CLUSTER))
    .replaceAll('"$region"', JSON.stringify(REGION))
    .replaceAll('"https://your-server.com/webhook"', JSON.stringify(RECEIVER));

const AIMS: Readonly<Record<string, string>> = {
  $cluster: CLUSTER,
  $region: REGION,
  $user: 'default',
  $proposal: PROPOSAL,
  $decided: DECIDED,
  $webhook: WEBHOOK,
  $event: EVENT,
  $signal: SIGNAL,
};

const aimOf = ({ example }: Operation): string =>
  AIMS[(example.path as { id?: string } | undefined)?.id ?? ''] ?? TARGET;

/** Every name any operation reads from its query, and one that none should. */
const QUERY = [...new Set(['__proto__', ...OPERATIONS.flatMap(({ input }) => Object.keys(input.query?.shape ?? {}))])];

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
  const filled = aimed(JSON.stringify(example.body ?? {}))
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

/**
 * Everything a request could have changed: where the log stands, and how many rows each table has. An event moves the
 * first, whatever it is. Dead letters are no state, nor is the answer kept under an idempotency key.
 */
function standing(): { readonly head: number } {
  const { store, host } = server.running.runtime;
  const tables = TABLES.filter((table) => table !== 'deadletter' && table !== 'replay');
  const rows = tables.map((table) => [table, store.count(table)]);
  return { head: host.head('ada'), ...Object.fromEntries(rows) };
}

type Wild = { readonly body?: string | Uint8Array; readonly headers?: Readonly<Record<string, string>> };

/** @returns what is wrong with the answer, null when nothing is */
async function send(operation: Operation, { body, headers: wild = {} }: Wild, path: string): Promise<string | null> {
  const headers: Record<string, string> = {
    ...ada.headers,
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...wild,
  };
  const bytes = body === undefined ? undefined : Buffer.from(body);
  if (bytes === undefined && operation.http.method === 'DELETE') headers['content-length'] = '0';
  const before = standing();
  const reply = await rawRequest(server.url, operation.http.method, path, headers, bytes);
  if (operation.name === 'network.users.switch' && reply.status < 400) {
    // The sessions of these tests belong to the user everybody begins as.
    await ada.ok('POST', '/v1/network/users/switch', { user_id: 'default' });
  }
  const declared = operation.errors?.includes(reply.status) === true;
  if (reply.status >= 500 && !declared) return `${reply.status} ${reply.text}`;
  if (reply.status < 400 || isDeepStrictEqual(standing(), before) || timerFired(before.head)) return null;
  return `${reply.status}, and yet it had an effect`;
}

/** Whether what moved the log since may be the timer of an earlier request, as of a proposal, or a webhook's attempt. */
function timerFired(since: number): boolean {
  const records = server.running.runtime.system.records({ tenant: 'ada', after: since, limit: 100 });
  return records.some(({ type, causationId }) => causationId?.startsWith('timer:') || type === 'attempted');
}

async function allIsWell(): Promise<void> {
  expect((await ada.export(bystander)).checksum).toBe(untouched);
  expect((await server.anonymous.get('/v1/health')).status).toBe(200);
  expect(Reflect.ownKeys(Object.prototype)).toEqual(OBJECT_KEYS);
  expect(Reflect.ownKeys(Array.prototype)).toEqual(ARRAY_KEYS);
  expect(server.log.filter(({ level }) => level === 'error')).toEqual([]);
}

const withBody = OPERATIONS.filter(({ input, access }) => input.body !== undefined && access === 'tenant');

describe('every field of every body', () => {
  it.each(withBody.map((operation) => [operation.name, operation] as const))(
    'of %s survives every nasty value',
    { timeout: 120_000 },
    async (_name, operation) => {
      const { fields, example } = bodyOf(operation)!;
      const path = targetPath(operation, { id: aimOf(operation) });
      for (const field of fields) {
        for (const value of NASTY) {
          await targets();
          const body = write({ ...example, [field]: value });
          const wrong = await send(operation, { body }, path);
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
    fc.uint8Array({ maxLength: 200 }),
  );
  /** Bytes that are no UTF-8, in the middle of what else may be JSON: cut sequences, overlong ones, half a surrogate. */
  const broken = fc.constantFrom(
    [0xff],
    [0x80],
    [0xc3],
    [0xc0, 0xaf],
    [0xe2, 0x82],
    [0xed, 0xa0, 0x80],
    [0xf5, 0, 0, 0],
  );
  const withBytes = (text: string) =>
    fc
      .tuple(fc.nat({ max: text.length }), broken)
      .map(([place, bytes]) =>
        Buffer.concat([Buffer.from(text.slice(0, place)), Buffer.from(bytes), Buffer.from(text.slice(place))]),
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
      { weight: 1, arbitrary: withBytes(write(part.example)) },
    );
  };
  const headers = fc.oneof(
    { weight: 6, arbitrary: fc.constant({}) },
    {
      weight: 1,
      arbitrary: fc.dictionary(
        fc.constantFrom('idempotency-key', 'x-request-id', 'accept', 'origin', 'content-encoding', 'x-forwarded-for'),
        fc.oneof(
          fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) }),
          fc.constantFrom('', ' ', 'x'.repeat(8_000), 'null', '__proto__', 'a, b', '"', 'text/html', 'gzip'),
        ),
        { maxKeys: 2 },
      ),
    },
  );
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
        .array(fc.tuple(fc.constantFrom(...QUERY), piece), { maxLength: 4 })
        .map((pairs) => `?${pairs.map(([name, value]) => `${name}=${value}`).join('&')}`),
    },
  );
  const request = fc.constantFrom(...OPERATIONS.filter(({ access }) => access !== 'metrics')).chain((operation) =>
    fc.record({
      name: fc.constant(operation.name),
      body: mutated(operation),
      headers,
      path: fc
        .record({
          id: fc.oneof({ weight: 3, arbitrary: fc.constant(aimOf(operation)) }, piece),
          session_id: fc.oneof(fc.constant(TARGET), piece),
          cluster_id: fc.oneof(fc.constant(CLUSTER), piece),
          region_id: fc.oneof(fc.constant(REGION), piece),
          key: piece,
          memory_hash: piece,
        })
        .map((things) => targetPath(operation, things)),
      query,
    }),
  );

  it(`made of nonsense are never a 5xx (seed ${SEED})`, { timeout: 240_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(request, async ({ name, body, headers: extra, path, query: wild }) => {
        const operation = OPERATIONS.find((known) => known.name === name)!;
        // A path without its parts may lead to another session; the bystander's name is never made up.
        await targets();
        const sent = { headers: extra, ...(body === undefined ? {} : { body }) };
        expect(await send(operation, sent, path + (wild ?? search(operation)))).toBeNull();
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

  it.each(withBody.map((operation) => [operation.name, operation] as const))(
    'of ten megabytes to %s are refused',
    async (_name, operation) => {
      const { fields, example } = bodyOf(operation)!;
      const field = fields.find((name) => example[name] !== undefined) ?? fields[0]!;
      const path = targetPath(operation, { id: 'bystander' });
      const huge = 10 * 2 ** 20;
      for (const value of [
        `"${'x'.repeat(huge)}"`,
        `[${'0,'.repeat(huge / 2)}0]`,
        '['.repeat(huge),
        '{"a":'.repeat(huge / 5),
      ]) {
        const before = standing();
        const reply = await ada.call(operation.http.method, path, write({ ...example, [field]: value }));
        const limit = operation.http.maxBodyBytes ?? server.config.maxBodyBytes;
        if (limit < huge) {
          const sentence = `Request body is larger than ${limit} bytes`;
          const said = operation.dialect === 'cortex' ? { detail: sentence } : { message: sentence };
          expect([reply.status, reply.body]).toMatchObject([413, said]);
        } else expect([400, 422], reply.text.slice(0, 200)).toContain(reply.status);
        expect(reply.text.length).toBeLessThan(100_000);
        if (!timerFired(before.head)) expect(standing()).toEqual(before);
      }
      await allIsWell();
    },
  );

  it('in other languages than JSON are refused by name', async () => {
    for (const type of ['text/plain', 'application/xml', 'multipart/form-data; boundary=x']) {
      const reply = await ada.call('POST', '/v1/run', '{"message":"hi"}', { 'content-type': type });
      expect(reply.status).toBe(415);
    }
    const packed = await ada.call('POST', '/v1/run', '{}', { 'content-encoding': 'gzip' });
    expect(packed.status).toBe(415);
  });
});
