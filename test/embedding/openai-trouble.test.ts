/** The OpenAI-compatible embedder in trouble: second tries, timeouts and the circuit breaker. */
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Embedder } from '../../src/embedding/embedder.ts';
import { answerWell, expectDiscreet, failureOf, KEY, Peer, send, turnOfTheLoop } from './openai-peer.ts';

let peer: Peer;
beforeEach(async () => {
  peer = new Peer();
  await peer.listen();
});
afterEach(() => peer.close());

describe('trouble', () => {
  for (const status of [429, 500, 503]) {
    it(`of status ${status} is tried once more, after a moment`, async () => {
      peer.failOnce(status);
      const vectors = peer.embedder().embed(['3,4'], 'document');
      await peer.backingOff(1);
      peer.clock.advance(249);
      await turnOfTheLoop();
      expect(peer.asked).toHaveLength(1);
      peer.clock.advance(1);
      expect(await vectors).toEqual([Float32Array.of(0.6, 0.8)]);
    });
  }

  it('of the connection is tried once more', async () => {
    peer.handler = ({ response }) => {
      peer.handler = answerWell;
      response.destroy();
    };
    const vectors = peer.embedder().embed(['3,4'], 'document');
    await peer.backingOff(1);
    peer.clock.advance(250);
    expect(await vectors).toEqual([Float32Array.of(0.6, 0.8)]);
  });

  it('waits as long as the server asks, in seconds or by date', async () => {
    for (const inSeconds of [true, false]) {
      const date = new Date(peer.clock.now() + 3_000).toUTCString();
      peer.failOnce(429, { 'retry-after': inSeconds ? '3' : date });
      const before = peer.asked.length;
      const vectors = peer.embedder().embed(['3,4'], 'document');
      await peer.backingOff(1, 3_000);
      peer.clock.advance(2_999);
      await turnOfTheLoop();
      expect(peer.asked).toHaveLength(before + 1);
      peer.clock.advance(1);
      await vectors;
    }
  });

  it('does not wait longer than a caller would: the wish is passed on', async () => {
    peer.failOnce(429, { 'retry-after': '60' });
    const error = await failureOf(peer.embedder().embed(['secret text'], 'document'));
    expect(error).toMatchObject({ code: 'EMBEDDER_FAILED', retryAfterMs: 60_000 });
    expect(peer.asked).toHaveLength(1);
  });

  it('names host, status and what was wanted, never key or text', async () => {
    for (const status of [302, 401, 404, 422]) {
      peer.handler = ({ response }) => send(response, { error: { message: `bad ${KEY}: secret text` } }, status);
      const error = await failureOf(peer.embedder().embed(['secret text'], 'document'));
      const { host } = new URL(peer.base);
      expect(error).toMatchObject({
        code: 'EMBEDDER_FAILED',
        message: `embedder ${host}: answered ${status} to POST /v1/embeddings for model m, 200 wanted`,
      });
      expectDiscreet(error);
    }
    expect(peer.asked).toHaveLength(4);
  });

  it('of an unreachable server keeps its cause', async () => {
    await peer.hangUp();
    const failure = failureOf(peer.embedder().embed(['secret text'], 'document'));
    await peer.backingOff(1);
    peer.clock.advance(250);
    const error = await failure;
    expect(error).toMatchObject({ code: 'EMBEDDER_FAILED', cause: expect.any(Error) });
    expect(inspect(error)).toContain('ECONNREFUSED');
    expectDiscreet(error);
  });

  it('of a silent server ends with the timeout, and is not tried again', async () => {
    peer.handler = () => {};
    const failure = failureOf(peer.embedder({ timeoutMs: 5_000 }).embed(['secret text'], 'document'));
    await peer.askedTimes(1);
    peer.clock.advance(5_000);
    expect(await failure).toMatchObject({
      code: 'EMBEDDER_FAILED',
      message: expect.stringContaining('no answer within 5000 ms'),
    });
    expect(peer.asked).toHaveLength(1);
  });

  it('of a server that stops in the middle of its answer ends with the timeout', async () => {
    peer.handler = ({ response }) => response.writeHead(200).write('{"data":');
    const failure = failureOf(peer.embedder().embed(['a'], 'document'));
    await peer.askedTimes(1);
    await turnOfTheLoop();
    peer.clock.advance(10_000);
    expect(await failure).toMatchObject({ message: expect.stringContaining('no answer within 10000 ms') });
  });
});

describe('the circuit', () => {
  const fail = async (embedder: Embedder, times: number) => {
    peer.handler = ({ response }) => send(response, {}, 401);
    for (let n = 0; n < times; n++) await failureOf(embedder.embed(['a'], 'document'));
  };

  it('opens after five failures in a row: calls fail at once', async () => {
    const embedder = peer.embedder();
    await fail(embedder, 4);
    expect(embedder.healthy()).toBe(true);
    await fail(embedder, 1);
    expect(embedder.healthy()).toBe(false);
    peer.clock.advance(9_000);
    expect(await failureOf(embedder.embed(['a'], 'document'))).toMatchObject({
      code: 'EMBEDDER_FAILED',
      message: expect.stringContaining('not asked, its last 5 requests failed'),
      retryAfterMs: 1_000,
    });
    expect(peer.asked).toHaveLength(5);
  });

  it('still answers for texts without content', async () => {
    const embedder = peer.embedder();
    await fail(embedder, 5);
    expect(await embedder.embed([''], 'document')).toEqual([new Float32Array(2)]);
  });

  it('stays closed when a success comes between, or when only texts are refused', async () => {
    const embedder = peer.embedder();
    await fail(embedder, 4);
    peer.handler = answerWell;
    await embedder.embed(['3,4'], 'document');
    await fail(embedder, 4);
    peer.handler = ({ response }) => send(response, {}, 400);
    for (let n = 0; n < 6; n++) await failureOf(embedder.embed(['a'], 'document'));
    expect(embedder.healthy()).toBe(true);
  });

  it('lets one request probe after ten seconds, and closes when it works', async () => {
    const embedder = peer.embedder({ maxBatch: 1 });
    await fail(embedder, 5);
    peer.clock.advance(10_000);
    expect(embedder.healthy()).toBe(true);
    peer.handler = () => {};
    const probe = embedder.embed(['3,4', '0,1'], 'document');
    await peer.askedTimes(6);
    expect(embedder.healthy()).toBe(false);
    await failureOf(embedder.embed(['a'], 'document'));
    await turnOfTheLoop();
    expect(peer.asked).toHaveLength(6);
    peer.handler = answerWell;
    answerWell(peer.asked[5]!);
    expect(await probe).toEqual([Float32Array.of(0.6, 0.8), Float32Array.of(0, 1)]);
    expect(embedder.healthy()).toBe(true);
  });

  it('opens again when the probe fails', async () => {
    const embedder = peer.embedder();
    await fail(embedder, 5);
    peer.clock.advance(10_000);
    await fail(embedder, 2);
    expect(peer.asked).toHaveLength(6);
    expect(embedder.healthy()).toBe(false);
  });
});
