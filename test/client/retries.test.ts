import { describe, expect, it } from 'vitest';
import { createClient } from '../../src/client/index.ts';
import { eventually } from '../support/eventually.ts';
import { serveAnonymous } from '../support/server.ts';
import { startProxy } from './proxy.ts';

/** So that a test need not wait. */
const backoff = { firstMs: 1, maxMs: 5 };

async function moody() {
  const { url } = await serveAnonymous();
  const proxy = await startProxy(url);
  return { proxy, client: createClient(proxy.url, { backoff }), direct: createClient(url) };
}

describe('a call that goes wrong', () => {
  it.each(['drop', 'lose', 'cut', { status: 502 }, { status: 503 }, { status: 504 }, { status: 429 }] as const)(
    'is repeated after %j',
    async (mood) => {
      const { proxy, client } = await moody();
      proxy.moods.push(mood, mood);
      expect(await client.health()).toMatchObject({ status: 'ok' });
      expect(proxy.seen).toHaveLength(3);
    },
  );

  it.each(['lose', 'cut'] as const)('takes effect once when the reply is lost after the effect (%s)', async (mood) => {
    const { proxy, client, direct } = await moody();
    const { session_id } = await direct.session.create();
    proxy.moods.push(mood, mood);
    const stored = await client.session.store({ session_id, message: 'Who?', response: 'Ada is on call this week.' });
    expect(stored).toMatchObject({ stored: true, dedup_signal: null });
    expect(await direct.session.metrics({ id: session_id })).toMatchObject({ interaction_count: 1, total_memories: 1 });
    const keys = new Set(proxy.seen.map(({ headers }) => headers['idempotency-key']));
    expect(proxy.seen).toHaveLength(3);
    expect([...keys]).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/)]);
  });

  it('gives a reward once, however often its reply is lost', async () => {
    const { proxy, client, direct } = await moody();
    const event = { scope: 'ui.login', trace_id: 't', agent_id: 'a' };
    await direct.events.create({ ...event, type: 'proposal', payload: { action: 'improve_ux' } });
    proxy.moods.push('lose', 'cut', 'lose');
    await client.events.create({ ...event, type: 'reward', payload: { action: 'improve_ux', value: 0.1 } });
    expect(await direct.events.list()).toHaveLength(2);
    // 0.3 + 0.1 · 1.2; a second one would make it 0.54.
    expect((await direct.signals.list())[0]!.strength).toBeCloseTo(0.42, 3);
  });

  it('is made under a key of its own each time, or under the one given', async () => {
    const { proxy, client } = await moody();
    const first = await client.session.create({}, { idempotencyKey: 'mine' });
    const again = await client.session.create({}, { idempotencyKey: 'mine' });
    expect(again).toEqual(first);
    await client.session.create();
    await client.session.create();
    await client.session.metrics({ id: first.session_id });
    const keys = proxy.seen.map(({ headers }) => headers['idempotency-key']);
    expect(keys.slice(0, 2)).toEqual(['mine', 'mine']);
    expect(new Set(keys).size).toBe(4);
    expect(keys.at(-1)).toBeUndefined();
  });

  it.each([
    [400, 'MALFORMED'],
    [401, 'UNAUTHENTICATED'],
    [404, 'NOT_FOUND'],
    [409, 'CONFLICT'],
    [413, 'TOO_LARGE'],
    [500, 'INTERNAL'],
  ])('is not repeated after %i', async (status, code) => {
    const { proxy, client } = await moody();
    proxy.moods.push({ status });
    await expect(client.health()).rejects.toMatchObject({ status, code, retry: false });
    expect(proxy.seen).toHaveLength(1);
  });

  it('goes by the code rather than by the status', async () => {
    const { proxy, client } = await moody();
    const body = (code: string) => JSON.stringify({ code, message: 'no' });
    proxy.moods.push({ status: 409, body: body('IDEMPOTENCY_IN_FLIGHT') }, { status: 503, body: body('QUARANTINED') });
    await expect(client.health()).rejects.toMatchObject({ code: 'QUARANTINED' });
    expect(proxy.seen).toHaveLength(2);
  });

  it('is given up after so many repetitions', async () => {
    const { proxy, client } = await moody();
    proxy.moods.push(...Array.from({ length: 10 }, () => ({ status: 503 })));
    await expect(client.health()).rejects.toMatchObject({ status: 503, code: 'UNAVAILABLE' });
    expect(proxy.seen).toHaveLength(5);
    await expect(client.health({}, { retries: 1 })).rejects.toMatchObject({ status: 503 });
    expect(proxy.seen).toHaveLength(7);
    await expect(client.health({}, { retries: 0 })).rejects.toMatchObject({ status: 503 });
    expect(proxy.seen).toHaveLength(8);
  });

  it('leaves the server alone for as long as it asks', async () => {
    const { proxy, client } = await moody();
    proxy.moods.push({ status: 429, headers: { 'retry-after': '1' } });
    const began = performance.now();
    await client.health();
    expect(performance.now() - began).toBeGreaterThanOrEqual(995);
  });

  it('fails at once when it would have to wait beyond its deadline', async () => {
    const { proxy, client } = await moody();
    proxy.moods.push({ status: 429, headers: { 'retry-after': '60' } });
    await expect(client.health({}, { deadlineMs: 5_000 })).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      retryAfterMs: 60_000,
    });
  });

  it('ends at its deadline whatever its token function or fetch is waiting for', async () => {
    const never = () => new Promise<never>(() => {});
    for (const options of [{ token: never }, { fetch: never }, { fetch: async () => ({ ok: true, text: never }) }]) {
      const client = createClient('http://127.0.0.1:9', { ...(options as object), deadlineMs: 20, retries: 0 });
      await expect(client.health()).rejects.toMatchObject({ code: 'DEADLINE' });
    }
  });

  it('ends at its deadline', async () => {
    const { proxy, client } = await moody();
    proxy.moods.push('hang');
    const late = client.health({}, { deadlineMs: 50 });
    await expect(late).rejects.toMatchObject({
      code: 'DEADLINE',
      status: 0,
      message: expect.stringContaining('50 ms'),
    });
  });

  it('ends with the reason of its signal, in flight and between two tries', async () => {
    const { proxy, client } = await moody();
    const reason = new Error('the user left');
    const leaving = new AbortController();
    proxy.moods.push('hang');
    const hanging = client.health({}, { signal: leaving.signal });
    const left = expect(hanging).rejects.toBe(reason);
    await eventually(() => expect(proxy.seen).toHaveLength(1));
    leaving.abort(reason);
    await left;
    await expect(client.health({}, { signal: leaving.signal })).rejects.toBe(reason);

    const patient = createClient(proxy.url, { backoff: { firstMs: 60_000, maxMs: 60_000 }, deadlineMs: 600_000 });
    const waiting = new AbortController();
    proxy.moods.push('drop');
    const between = patient.health({}, { signal: waiting.signal });
    const given = expect(between).rejects.toBe(reason);
    await eventually(() => expect(proxy.seen).toHaveLength(2));
    waiting.abort(reason);
    await given;
  });

  it('says who does not answer', async () => {
    const client = createClient('http://127.0.0.1:9', { retries: 0 });
    await expect(client.health()).rejects.toMatchObject({
      code: 'NETWORK',
      status: 0,
      message: expect.stringContaining('http://127.0.0.1:9 does not answer'),
    });
  });

  it('does not take another page for an answer', async () => {
    const { proxy, client } = await moody();
    proxy.moods.push({ status: 200, body: '{"half":' });
    await expect(client.health()).rejects.toMatchObject({ code: 'BAD_REPLY' });
  });
});
