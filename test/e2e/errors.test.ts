/** Every refusal of the wire contract: its status, its exact body, and its headers. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadOrCreateKey } from '../../src/auth/keys.ts';
import { mintToken } from '../../src/auth/token.ts';
import { OPERATIONS } from '../../src/operations/index.ts';
import { at, type Client, type Reply } from '../support/client.ts';
import { openServer, serve, type TestServer, tempDir } from '../support/server.ts';

let server: TestServer;
let ada: Client;
let session: string;

beforeAll(async () => {
  server = await openServer({ metricsUser: 'prom', metricsPassword: 'secret' });
  ada = await server.as('ada');
  session = await ada.create({ session_id: 's1' });
});
afterAll(() => server.close());

const wire = ({ status, body }: Reply) => [status, body];
const numbers = (n: number) => Array.from({ length: n }, () => 0.1);

describe('401 and 402', () => {
  it.each(
    OPERATIONS.filter(({ access }) => access === 'tenant').map(
      ({ http, dialect }) => [http.method, http.path, dialect] as const,
    ),
  )('asks for a token at %s %s before it looks at anything else', async (method, path, dialect) => {
    const reply = await server.anonymous.call(method, path.replace(/\{.*?\}/g, 'x'));
    expect(reply.status).toBe(401);
    expect(reply.headers.get('www-authenticate')).toBe('Bearer');
    const sentence = 'Missing license token';
    expect(reply.body).toMatchObject(dialect === 'sel' ? { message: sentence } : { detail: sentence });
  });

  it.each([
    ['no JWT', 'abc', 'not a JWT'],
    ['an empty one', '', 'the token is empty'],
    [
      'a foreign algorithm',
      `${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.`,
      'it is not signed with EdDSA',
    ],
  ])('calls %s an invalid license', async (_name, token, reason) => {
    for (const headers of [{ authorization: `Bearer ${token}` }, { 'x-api-key': token }]) {
      const reply = await server.anonymous.with(headers).get('/v1/metrics/x');
      expect(wire(reply)).toEqual([401, { detail: `Invalid license: ${reason}` }]);
    }
  });

  it('takes the token in either header', async () => {
    const token = ada.headers.authorization!.replace('Bearer ', '');
    expect((await server.anonymous.with({ 'x-api-key': token }).get(`/v1/metrics/${session}`)).status).toBe(200);
  });

  it('does not take a token signed with another key', async () => {
    const foreign = await loadOrCreateKey(join(await tempDir(), 'other.json'));
    const token = await mintToken({ key: foreign, subject: 'ada', tier: 'pro' });
    const reply = await server.anonymous.with({ 'x-api-key': token }).get(`/v1/metrics/${session}`);
    expect(wire(reply)).toEqual([401, { detail: 'Invalid license: the signature does not verify' }]);
  });

  it('sends the holder of an expired license to the renewal page with 402', async () => {
    const key = await loadOrCreateKey(server.config.key!);
    const clock = { now: () => Date.UTC(2020, 0, 1) };
    const token = await mintToken({ key, subject: 'ada', tier: 'pro', ttlSeconds: 60, clock });
    const reply = await server.anonymous.with({ authorization: `Bearer ${token}` }).get(`/v1/metrics/${session}`);
    const detail = 'License expired at 2020-01-01T00:01:00.000Z; renew at https://www.semvec.io';
    expect(wire(reply)).toEqual([402, { detail }]);
  });

  it('protects the metrics with Basic auth of their own', async () => {
    for (const authorization of ['', `Basic ${btoa('prom:wrong')}`, ada.headers.authorization!]) {
      const reply = await server.anonymous.with(authorization ? { authorization } : {}).get('/metrics');
      expect(wire(reply)).toEqual([401, { detail: 'Missing or wrong Basic credentials' }]);
      expect(reply.headers.get('www-authenticate')).toMatch(/^Basic realm=/);
    }
  });

  it('answers 503 for metrics without configured credentials', async () => {
    const { anonymous } = await serve({ metricsUser: 'only-half' });
    const reply = await anonymous.get('/metrics');
    expect(wire(reply)).toEqual([503, { detail: 'METRICS_USER and METRICS_PASSWORD are not set' }]);
  });
});

describe('404', () => {
  const unknown: readonly [string, string, unknown?][] = [
    ['POST', '/v1/run', { session_id: 'nobody', message: 'hi' }],
    ['POST', '/v1/run', { session_id: 'nobody', message: 'hi', response: 'there' }],
    ['POST', '/v1/store', { session_id: 'nobody', response: 'hi' }],
    ['DELETE', '/v1/session/nobody'],
    ['GET', '/v1/metrics/nobody'],
    ['GET', '/v1/state/context?session_id=nobody'],
    ['GET', at('nobody', `memories/${'0'.repeat(32)}`)],
    ['POST', at('nobody', 'trigger'), { keyword: 'x' }],
    ['DELETE', at('nobody', 'trigger')],
    ['POST', at('nobody', 'anchor'), { embedding: numbers(384) }],
    ['GET', at('nobody', 'anchor_score')],
    ['PUT', at('nobody', 'isolation'), { level: 'OPEN' }],
    ['POST', at('nobody', 'isolation/release')],
    ['POST', at('nobody', 'memory'), { embedding: numbers(384), text: 'x' }],
    ['GET', at('nobody', 'export')],
    ['POST', at('nobody', 'import'), { state_dict: {} }],
    ['POST', at('nobody', 'verify'), { test_embeddings: [] }],
    ['POST', at('s1', 'verify'), { test_embeddings: [], reference_session_id: 'nobody' }],
    ['POST', at('nobody', 'entities'), { key: 'k', kind: 'path', value: 'v' }],
    ['GET', at('nobody', 'entities')],
    ['DELETE', at('nobody', 'entities/k')],
  ];
  it.each(unknown)('says that the session is missing: %s %s', async (method, path, body) => {
    expect(wire(await ada.call(method, path, body))).toEqual([404, { detail: 'Session not found' }]);
  });

  it('tells a missing memory and a missing entity from a missing session', async () => {
    const memory = await ada.get(at('s1', `memories/${'0'.repeat(32)}`));
    expect(wire(memory)).toEqual([404, { detail: 'Memory not found in this session' }]);
    const entity = await ada.call('DELETE', at('s1', 'entities/none'));
    expect(wire(entity)).toEqual([404, { detail: 'Entity not found in this session' }]);
  });

  it('answers an unknown path in the same shape, and a known one with the wrong method with 405', async () => {
    expect(wire(await ada.get('/v1/nothing/here'))).toEqual([404, { detail: 'Not Found' }]);
    const reply = await ada.call('PATCH', '/v1/run');
    expect(wire(reply)).toEqual([405, { detail: 'Method Not Allowed' }]);
    expect(reply.headers.get('allow')).toBe('OPTIONS, POST');
  });
});

describe('400 and 409', () => {
  it('refuses an unknown entity kind', async () => {
    const reply = await ada.post(at('s1', 'entities'), { key: 'k', kind: 'planet', value: 'v' });
    const kinds = 'variable, function, class, path, error, signature, constant, type';
    expect(wire(reply)).toEqual([400, { detail: `Unknown entity kind "planet"; one of ${kinds} wanted` }]);
  });

  it.each([[{}], [{ checksum: 'x' }], [{ schema_version: 99 }]])('refuses the import of %j', async (state_dict) => {
    const reply = await ada.post(at('s1', 'import'), { state_dict });
    expect(wire(reply)).toEqual([400, { detail: expect.stringMatching(/^state_dict/) }]);
  });

  it('does not create a session twice', async () => {
    const reply = await ada.post('/v1/session/create', { session_id: 's1' });
    expect(wire(reply)).toEqual([409, { detail: 'Session already exists' }]);
  });

  it('does not release a quarantine under lockdown', async () => {
    const id = await ada.create();
    const embedding = await ada.embed('buy pills');
    const rules = { exclusion_embeddings: [embedding], similarity_threshold: 0.5 };
    await ada.ok('PUT', at(id, 'isolation'), { level: 'QUARANTINE', ...rules });
    expect(await ada.run({ session_id: id, message: 'buy pills' })).toMatchObject({
      isolation: { level: 'QUARANTINE', action: 'quarantined' },
    });
    await ada.ok('PUT', at(id, 'isolation'), { level: 'LOCKDOWN', ...rules });
    const reply = await ada.call('POST', at(id, 'isolation/release'));
    expect(reply.status).toBe(409);
    expect(reply.body).toEqual({ detail: expect.any(String) });
  });
});

describe('422', () => {
  const missing = (...loc: string[]) => ({ loc, msg: 'Field required', type: 'missing' });
  const cases: readonly [string, string, string, unknown, unknown][] = [
    ['a missing message', 'POST', '/v1/run', {}, missing('body', 'message')],
    ['no body', 'POST', '/v1/run', undefined, missing('body')],
    ['missing fields', 'POST', '/v1/store', { session_id: 's1' }, missing('body', 'response')],
    [
      'an empty message',
      'POST',
      '/v1/run',
      { message: '' },
      { loc: ['body', 'message'], msg: 'String should have at least 1 character', type: 'string_too_short' },
    ],
    [
      'a number for a text',
      'POST',
      '/v1/run',
      { message: 7 },
      { loc: ['body', 'message'], msg: 'Input should be a valid string', type: 'string_type' },
    ],
    [
      'a threshold above 1',
      'POST',
      '/v1/run',
      { message: 'm', short_circuit_threshold: 1.01 },
      {
        loc: ['body', 'short_circuit_threshold'],
        msg: 'Input should be less than or equal to 1',
        type: 'less_than_equal',
      },
    ],
    [
      'a threshold below -1',
      'POST',
      '/v1/run',
      { message: 'm', short_circuit_threshold: -1.01 },
      {
        loc: ['body', 'short_circuit_threshold'],
        msg: 'Input should be greater than or equal to -1',
        type: 'greater_than_equal',
      },
    ],
    ['no session', 'GET', '/v1/state/context', undefined, missing('query', 'session_id')],
    [
      'an unknown isolation level',
      'PUT',
      at('s1', 'isolation'),
      { level: 'AJAR' },
      {
        loc: ['body', 'level'],
        msg: "Input should be 'OPEN', 'FILTER', 'QUARANTINE' or 'LOCKDOWN'",
        type: 'enum',
      },
    ],
    [
      'a vector of the wrong length',
      'POST',
      at('s1', 'anchor'),
      { embedding: numbers(3) },
      { loc: ['body', 'embedding'], msg: 'vector has 3 numbers, 384 wanted', type: 'value_error' },
    ],
    [
      'a template of the wrong length',
      'POST',
      '/v1/session/create',
      { template_embedding: numbers(2) },
      { loc: ['body', 'template_embedding'], msg: 'vector has 2 numbers, 384 wanted', type: 'value_error' },
    ],
    [
      'a dimension the embedder does not make',
      'POST',
      '/v1/session/create',
      { dimension: 768 },
      { loc: ['body', 'dimension'], msg: expect.stringContaining('768'), type: 'value_error' },
    ],
    ['broken JSON', 'POST', '/v1/run', '{"message":', { loc: ['body'], msg: expect.any(String), type: 'json_invalid' }],
  ];
  it.each(cases)('answers %s in the shape of FastAPI', async (_name, method, path, body, detail) => {
    const reply = await ada.call(method, path, body);
    expect(reply.status, reply.text).toBe(422);
    expect(reply.body).toEqual({ detail: [detail] });
  });

  it.each(['   ', '\n\t', 'x'.repeat(65_537), 'ü'.repeat(40_000)])(
    'refuses a message without content or too long',
    async (message) => {
      expect((await ada.post('/v1/run', { message })).status).toBe(422);
    },
  );

  it('wants a keyword or an embedding for a trigger', async () => {
    expect((await ada.post(at('s1', 'trigger'), {})).status).toBe(422);
  });

  it.each(['top_k=0', 'top_k=101', 'top_k=x', 'full_first=maybe', 'max_text_chars=0'])('refuses ?%s', async (query) => {
    const reply = await ada.get(`/v1/state/context?session_id=s1&${query}`);
    const field = query.split('=')[0];
    expect(reply.status).toBe(422);
    expect(reply.body).toMatchObject({ detail: [{ loc: ['query', field] }] });
  });

  it('shows problem details to a client that asks for them', async () => {
    const reply = await ada.with({ accept: 'application/problem+json' }).get('/v1/metrics/nobody');
    expect(reply.headers.get('content-type')).toBe('application/problem+json');
    expect(reply.body).toMatchObject({ status: 404, detail: 'Session not found', code: 'NOT_FOUND' });
  });
});
