/** The OpenAI-compatible embedder against a real server on the loopback: what it asks, when, and until when. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createOpenAiEmbedder, type OpenAiEmbedderOptions } from '../../src/embedding/openai.ts';
import { type Asked, answerWell, failureOf, KEY, Peer, send, turnOfTheLoop } from './openai-peer.ts';

let peer: Peer;
beforeEach(async () => {
  peer = new Peer();
  await peer.listen();
});
afterEach(() => peer.close());

describe('a request', () => {
  it('asks for the model and base64, with the key, under the base url', async () => {
    await peer.embedder().embed(['a text'], 'document');
    expect(peer.asked).toHaveLength(1);
    expect(peer.asked[0]).toMatchObject({ url: '/v1/embeddings', headers: { authorization: `Bearer ${KEY}` } });
    expect(peer.asked[0]?.body).toEqual({ model: 'm', input: ['a text'], encoding_format: 'base64' });
  });

  it('takes the full address too, keeps a query, and asks for dimensions when told to', async () => {
    const embedder = peer.embedder({ url: `${peer.base}/embeddings/?api-version=1`, sendDimensions: true });
    await embedder.embed(['a'], 'query');
    expect(peer.asked[0]).toMatchObject({ url: '/v1/embeddings?api-version=1', body: { dimensions: 2 } });
    await peer.embedder({ url: new URL(peer.base).origin }).embed(['a'], 'query');
    expect(peer.asked[1]?.url).toBe('/v1/embeddings');
  });

  it('carries no key when there is none', async () => {
    await peer.embedder({ apiKey: '' }).embed(['a'], 'query');
    expect(peer.asked[0]?.headers.authorization).toBeUndefined();
  });

  it('is not made for texts without content: their vectors are zeros', async () => {
    const embedder = peer.embedder();
    expect(await embedder.embed(['', ' \n'], 'document')).toEqual([new Float32Array(2), new Float32Array(2)]);
    expect(await embedder.embed([], 'document')).toEqual([]);
    expect(peer.asked).toHaveLength(0);
    expect(await embedder.embed(['', '3,4'], 'document')).toEqual([new Float32Array(2), Float32Array.of(0.6, 0.8)]);
    expect(peer.asked[0]?.body.input).toEqual(['3,4']);
  });
});

describe('calls', () => {
  it('made together leave in one request, and each gets its own vectors', async () => {
    const embedder = peer.embedder();
    const [first, second] = await Promise.all([
      embedder.embed(['1,0', '0,1'], 'document'),
      embedder.embed(['-1,0'], 'query'),
    ]);
    expect(peer.asked.map((one) => one.body.input)).toEqual([['1,0', '0,1', '-1,0']]);
    expect(first.map((vector) => [...vector])).toEqual([
      [1, 0],
      [0, 1],
    ]);
    expect(second.map((vector) => [...vector])).toEqual([[-1, 0]]);
  });

  it('beyond the batch or the concurrency wait their turn', async () => {
    const held: Asked[] = [];
    peer.handler = (one) => held.push(one);
    const embedder = peer.embedder({ maxBatch: 2, concurrency: 2 });
    const done = embedder.embed(['1,0', '2,0', '3,0', '4,0', '5,0'], 'document');
    await peer.askedTimes(2);
    const late = embedder.embed(['6,0'], 'document');
    await turnOfTheLoop();
    expect(held.map((one) => one.body.input)).toEqual([
      ['1,0', '2,0'],
      ['3,0', '4,0'],
    ]);
    peer.handler = answerWell;
    answerWell(held[1]!);
    await peer.askedTimes(3);
    expect(peer.asked[2]?.body.input).toEqual(['5,0', '6,0']);
    answerWell(held[0]!);
    expect(await done).toHaveLength(5);
    expect(await late).toHaveLength(1);
  });

  it('that share a request do not share the blame for a text the server refuses', async () => {
    peer.handler = (one) => (one.body.input.includes('bad') ? send(one.response, {}, 400) : answerWell(one));
    const embedder = peer.embedder();
    const [good, bad, other] = await Promise.allSettled([
      embedder.embed(['1,0', '0,1'], 'document'),
      embedder.embed(['1,0', 'bad'], 'document'),
      embedder.embed(['0,1'], 'document'),
    ]);
    expect([good.status, bad.status, other.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(peer.asked).toHaveLength(4);
  });

  it('beyond the queue fail at once, a single large one is let in', async () => {
    peer.handler = () => {};
    const embedder = peer.embedder({ maxBatch: 1, concurrency: 1, maxQueued: 3 });
    const large = failureOf(embedder.embed(['1,0', '2,0', '3,0', '4,0'], 'document'));
    expect(await failureOf(embedder.embed(['5,0'], 'document'))).toMatchObject({
      code: 'EMBEDDER_FAILED',
      message: expect.stringContaining('4 texts wait for it, at most 3 wanted'),
    });
    await embedder.close();
    expect(await large).toMatchObject({ message: expect.stringContaining('it was closed') });
  });
});

describe('close', () => {
  it('ends what is in flight, what waits for a second try and what comes later', async () => {
    peer.failOnce(503, {}, () => {});
    const embedder = peer.embedder({ maxBatch: 1, concurrency: 2 });
    const failures = ['a', 'b', 'c'].map((text) => failureOf(embedder.embed([text], 'document')));
    await peer.askedTimes(2);
    await peer.backingOff(1);
    await embedder.close();
    for (const failure of [...failures, failureOf(embedder.embed(['d'], 'document'))]) {
      expect(await failure).toMatchObject({
        code: 'EMBEDDER_FAILED',
        message: expect.stringContaining('it was closed'),
      });
    }
    expect(embedder.healthy()).toBe(false);
    expect(peer.clock.waiting()).toBe(0);
    expect(peer.asked).toHaveLength(2);
  });
});

describe('options that cannot work', () => {
  const bad: readonly (readonly [string, Partial<OpenAiEmbedderOptions>])[] = [
    ['no url', { url: 'localhost' }],
    ['a file', { url: 'file:///etc/passwd' }],
    ['credentials in the url', { url: `http://user:${KEY}@localhost/v1` }],
    ['a key with a line break', { apiKey: `${KEY}\n${KEY}` }],
    ['no model', { model: '' }],
    ['no dimension', { dimension: 0 }],
    ['half a text', { maxBatch: 0.5 }],
    ['no time', { timeoutMs: Number.NaN }],
  ];
  for (const [what, options] of bad) {
    it(`are refused early and not quoted: ${what}`, () => {
      const make = () => createOpenAiEmbedder({ url: 'http://localhost/v1', model: 'm', dimension: 2, ...options });
      expect(make).toThrow(TypeError);
      expect(make).not.toThrow(KEY);
    });
  }

  it('are told apart from a key with a trailing line break, as files have', async () => {
    await peer.embedder({ apiKey: `${KEY}\n` }).embed(['3,4'], 'document');
    expect(peer.asked[0]?.headers.authorization).toBe(`Bearer ${KEY}`);
  });
});

it('names model and dimension in its id, as vectors of other models cannot be compared', () => {
  expect(peer.embedder({ model: 'bge-m3', dimension: 1_024 })).toMatchObject({
    id: 'openai:bge-m3:1024',
    dimension: 1_024,
  });
});
