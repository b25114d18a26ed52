/** `/v1/embeddings` for client libraries, and a server whose own embedder is somewhere else and fails. */
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { openServer, serve, type TestServer } from '../support/server.ts';
import { startPeer } from './peer.ts';

let server: TestServer;
let ada: Client;
let openai: OpenAI;

beforeAll(async () => {
  server = await openServer();
  ada = await server.as('ada');
  const apiKey = ada.headers.authorization!.slice('Bearer '.length);
  openai = new OpenAI({ baseURL: `${server.url}/v1`, apiKey, maxRetries: 0 });
});
afterAll(() => server.close());

const MODEL = 'text-embedding-3-small';

function floats(base64: string): number[] {
  const bytes = Buffer.from(base64, 'base64');
  return Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(i * 4));
}

describe('POST /v1/embeddings', () => {
  it('answers in the shape of OpenAI, one unit vector a text, in order', async () => {
    const input = ['Hello', 'world', 'Hello'];
    const reply = await ada.post<OpenAI.CreateEmbeddingResponse>('/v1/embeddings', { model: MODEL, input });
    expect(reply.status).toBe(200);
    expect(reply.body).toEqual({
      object: 'list',
      data: input.map((_text, index) => ({ object: 'embedding', index, embedding: expect.any(Array) })),
      model: expect.any(String),
      usage: { prompt_tokens: 6, total_tokens: 6 },
    });
    const vectors = reply.body.data.map(({ embedding }) => embedding);
    for (const vector of vectors) {
      expect(vector.length).toBe(384);
      expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
    }
    expect(vectors[2]).toEqual(vectors[0]);
    expect(vectors[1]).not.toEqual(vectors[0]);
  });

  it('says the same in base64, bit for bit', async () => {
    const body = { model: MODEL, input: 'Hello' };
    const [plain, packed] = await Promise.all([
      ada.ok<{ data: [{ embedding: number[] }] }>('POST', '/v1/embeddings', { ...body, encoding_format: 'float' }),
      ada.ok<{ data: [{ embedding: string }] }>('POST', '/v1/embeddings', { ...body, encoding_format: 'base64' }),
    ]);
    expect(floats(packed.data[0].embedding)).toEqual(plain.data[0].embedding);
  });

  it('serves the official SDK, with its default encoding and with plain numbers', async () => {
    const input = ['Hello', 'world'];
    const [byDefault, plain] = await Promise.all([
      openai.embeddings.create({ model: MODEL, input, dimensions: 384, user: 'u' }),
      openai.embeddings.create({ model: MODEL, input, encoding_format: 'float' }),
    ]);
    expect(byDefault.data.map(({ embedding }) => [...embedding])).toEqual(plain.data.map(({ embedding }) => embedding));
    expect(byDefault.data[0]!.embedding.length).toBe(384);
  });

  it('refuses dimensions it does not make, by name', async () => {
    const reply = await ada.post('/v1/embeddings', { model: MODEL, input: 'x', dimensions: 1_536 });
    expect(reply.status).toBe(422);
    expect(reply.body).toMatchObject({
      status: 422,
      detail: expect.stringContaining('384'),
      errors: [{ loc: ['body', 'dimensions'] }],
    });
    const refused = openai.embeddings.create({ model: MODEL, input: 'x', dimensions: 8 });
    await expect(refused).rejects.toMatchObject({ status: 422 });
  });

  it.each([
    ['tokens', [1, 2, 3]],
    ['lists of tokens', [[1, 2], [3]]],
  ])('refuses %s with a sentence that says what is wanted', async (_name, input) => {
    const reply = await ada.post<{ detail: string }>('/v1/embeddings', { model: MODEL, input });
    expect(reply.status).toBe(422);
    expect(reply.body.detail).toMatch(/text|string/i);
  });

  it.each([
    ['nothing', []],
    ['too many texts', Array.from({ length: 2_049 }, () => 'x')],
    ['too long a text', 'x'.repeat(65_537)],
    ['no input', undefined],
  ])('refuses %s', async (_name, input) => {
    expect((await ada.post('/v1/embeddings', { model: MODEL, input })).status).toBe(422);
  });

  it('gives the zero vector for an empty text', async () => {
    expect(new Set(await ada.embed(''))).toEqual(new Set([0]));
  });
});

it('lets others through while it works on sixteen MiB', { timeout: 60_000 }, async () => {
  const words = (seed: number) =>
    Array.from({ length: 8_000 }, (_, i) => ((i + seed) * 7_919 + 1e6).toString(36)).join(' ');
  const input = Array.from({ length: 100 }, (_, i) => words(i * 8_000));
  let done = false;
  const work = ada.post('/v1/embeddings', { model: MODEL, input, encoding_format: 'base64' }).then((reply) => {
    done = true;
    return reply;
  });
  let answered = 0;
  while (!done) {
    await ada.get('/healthz');
    answered++;
  }
  expect((await work).status).toBe(200);
  expect(answered).toBeGreaterThan(50);
});

describe('an embedder elsewhere', () => {
  async function withPeer() {
    const peer = await startPeer(8);
    const embedder = { url: `${peer.url}/v1`, model: 'm', dimension: 8, apiKey: 'peer-secret' };
    const remote = await serve({ embedder });
    return { peer, remote, client: await remote.as('ada') };
  }

  it('makes the vectors of sessions', async () => {
    const { peer, client } = await withPeer();
    const id = await client.create();
    await client.turn(id, 'Which port?', 'Port 5433.');
    const reply = await client.run({ session_id: id, message: 'Which port?' });
    expect(reply).toMatchObject({ degraded: false, retrieval_error: null });
    expect(reply.top_similarity).toBeGreaterThan(0);
    expect(peer.texts).toEqual(['Which port?', 'Q: Which port? A: Port 5433.', 'Which port?']);
    expect(peer.keys).toEqual(new Set(['Bearer peer-secret']));
    expect(await client.export(id)).toMatchObject({ state_dict: { config: { dimension: 8, embedder: 'openai:m:8' } } });
  });

  it('that fails leaves recall lexical, stores nothing, and is back when it is back', {
    timeout: 120_000,
  }, async () => {
    const { peer, remote, client } = await withPeer();
    const id = await client.create();
    await client.turn(id, 'Which port does billing use?', 'Port 5433.');
    const { checksum } = await client.export(id);
    peer.refuseWith(400);
    const store = await client.post('/v1/store', { session_id: id, message: 'q', response: 'an answer' });
    expect(store.status).toBe(503);
    expect(Number(store.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(store.body).toEqual({ detail: expect.any(String) });
    expect(store.text).not.toMatch(/peer-secret|an answer/);
    expect((await client.export(id)).checksum).toBe(checksum);
    const reply = await client.run({ session_id: id, message: 'billing port' });
    expect(reply).toMatchObject({ degraded: true, top_similarity: 0, short_circuit: false });
    expect(reply.retrieval_error).toEqual(expect.any(String));
    expect(reply.context).toContain('Port 5433.');
    const listed = await client.context(id, { q: 'billing port' });
    expect(listed.degraded).toBe(true);
    expect(listed.memories[0]!.text).toContain('5433');
    const inline = await client.post('/v1/run', { session_id: id, message: 'next', response: 'lost?' });
    expect(inline.status).toBe(503);
    expect(await client.metrics(id)).toMatchObject({ interaction_count: 1 });
    const embedded = await client.post('/v1/embeddings', { model: 'm', input: 'x' });
    expect(embedded.status).toBe(503);
    const fresh = await client.run({ session_id: id, message: 'again', reset_context: true });
    expect(fresh).toMatchObject({ degraded: true });
    peer.refuseWith(null);
    const stored = await client.store({ session_id: id, response: 'an answer' });
    expect(stored).toMatchObject({ stored: true, metrics: { interaction_count: 1 } });
    expect(await client.run({ session_id: id, message: 'again' })).toMatchObject({ degraded: false });
    expect(remote.log.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('that is down for long shows in readiness', { timeout: 120_000 }, async () => {
    const { peer, remote, client } = await withPeer();
    const id = await client.create();
    peer.refuseWith(401);
    for (let i = 0; i < 5; i++) {
      expect((await client.post('/v1/store', { session_id: id, response: `r${i}` })).status).toBe(503);
    }
    const ready = await remote.anonymous.get('/v1/readyz');
    expect([ready.status, ready.headers.get('retry-after')]).toEqual([503, '1']);
    expect(ready.body).toMatchObject({
      status: 'unready',
      checks: { database: 'ok', embedder: expect.not.stringMatching(/^ok$/) },
    });
    expect((await remote.anonymous.get('/v1/health')).status).toBe(200);
  });
});
