/** Every session and observability route of the wire contract: statuses, fields and both dialects. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at, Client } from '../support/client.ts';
import { marker, openServer, type TestServer } from '../support/server.ts';

const HASH = /^[0-9a-f]{32}$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

let server: TestServer;
let ada: Client;

beforeAll(async () => {
  server = await openServer({ metricsUser: 'prom', metricsPassword: 'secret' });
  ada = await server.as('ada');
});
afterAll(() => server.close());

const number = expect.any(Number);
const turnMetrics = {
  phase: 'initialization',
  interaction_count: number,
  total_memories: number,
  similarity: number,
  beta: number,
  fsm: number,
  norm: number,
  topic_switch: number,
  novelty_score: number,
  pattern_strength: number,
};

describe('running and storing', () => {
  it('answers the first run of a new session with an empty context and every field of the contract', async () => {
    const reply = await ada.post('/v1/run', { message: 'What is Kubernetes?' });
    expect(reply.status).toBe(200);
    expect(reply.headers.get('content-type')).toBe('application/json');
    expect(reply.body).toEqual({
      session_id: expect.stringMatching(UUID),
      context: '[Synod Context | Turn 0 | 0 memories]',
      top_similarity: 0,
      short_circuit: false,
      drift_score: 0,
      drift_detected: false,
      drift_phase: 'stable',
      drift_confirmed: false,
      metrics: { ...turnMetrics, interaction_count: 0, total_memories: 0 },
      dedup_signal: null,
      retrieval_error: null,
      degraded: false,
      isolation: { level: 'OPEN', action: 'pass' },
      stored: null,
      context_tokens: number,
      context_budget_tokens: 1_000,
      recalled: [],
    });
  });

  it('learns only from answers: run alone leaves the session as empty as it was', async () => {
    const id = await ada.create();
    await ada.run({ session_id: id, message: 'one' });
    expect(await ada.metrics(id)).toMatchObject({ interaction_count: 0, total_memories: 0 });
    const stored = await ada.store({ session_id: id, response: 'the answer to one' });
    expect(stored).toEqual({
      session_id: id,
      stored: true,
      memory_hash: expect.stringMatching(HASH),
      dedup_signal: null,
      isolation: { level: 'OPEN', action: 'pass' },
      metrics: { ...turnMetrics, interaction_count: 1, total_memories: 1 },
      warning: null,
    });
  });

  it('short-circuits a paraphrase at a threshold of 0.5 and not at 1', async () => {
    const id = await ada.create();
    await ada.turn(id, 'Which database do we use for billing?', 'Billing uses the Postgres database.');
    const message = 'Which database do we use for billing now?';
    const low = await ada.run({ session_id: id, message, short_circuit_threshold: 0.5 });
    expect(low.short_circuit).toBe(true);
    expect(low.top_similarity).toBeGreaterThanOrEqual(0.5);
    const high = await ada.run({ session_id: id, message, short_circuit_threshold: 1 });
    expect(high).toMatchObject({ short_circuit: false, top_similarity: low.top_similarity });
  });

  it.each([-1, 1, 0])('takes a threshold of %d', async (short_circuit_threshold) => {
    const reply = await ada.run({ message: 'bounds', short_circuit_threshold });
    expect(reply.short_circuit).toBe(0 >= short_circuit_threshold);
  });

  it('creates the id it is given when asked to reset', async () => {
    const id = marker('my/own id ');
    const reply = await ada.run({ session_id: id, message: 'hello', reset_context: true });
    expect(reply.session_id).toBe(id);
    expect(await ada.metrics(id)).toMatchObject({ session_id: id, interaction_count: 0 });
  });
});

describe('creating and deleting', () => {
  it('creates a session with no body at all', async () => {
    const reply = await ada.call('POST', '/v1/session/create');
    expect(reply.status).toBe(200);
    expect(reply.body).toEqual({ session_id: expect.stringMatching(UUID), created: true });
  });

  it.each(['use_meta_pss', 'use_cortex'])('takes the cortex flag as %s and means the same', async (flag) => {
    const id = await ada.create({ [flag]: true });
    const { state_dict } = await ada.export(id);
    expect(state_dict).toMatchObject({ config: { use_cortex: true } });
  });

  it('takes every documented field', async () => {
    const template = await ada.embed('shipping');
    const reply = await ada.post('/v1/session/create', {
      dimension: 384,
      model_name: 'all-MiniLM-L6-v2',
      use_attention: true,
      use_cache: true,
      use_meta_pss: false,
      enable_topic_switch: false,
      template_embedding: template,
      policy_vectors: [{ embedding: template, weight: 1.5, promote: true }, { embedding: template }],
    });
    expect(reply.status).toBe(200);
    expect(reply.body).toMatchObject({ created: true });
  });

  it('deletes once, with 200, and then the session is not there', async () => {
    const id = await ada.create();
    const gone = await ada.call('DELETE', `/v1/session/${id}`);
    expect([gone.status, gone.body]).toEqual([200, { session_id: id, deleted: true }]);
    for (const [method, path] of [
      ['DELETE', `/v1/session/${id}`],
      ['GET', `/v1/metrics/${id}`],
      ['GET', at(id, 'export')],
    ] as const) {
      const reply = await ada.call(method, path);
      expect([reply.status, reply.body], path).toEqual([404, { detail: 'Session not found' }]);
    }
  });
});

describe('looking', () => {
  it('gives the full metrics snapshot with histories of one entry a turn', async () => {
    const id = await ada.create();
    await ada.turn(id, 'q1', 'a1');
    await ada.turn(id, 'something else', 'entirely different');
    const reply = await ada.get(`/v1/metrics/${id}`);
    expect(reply.status).toBe(200);
    expect(reply.body).toEqual({
      session_id: id,
      ...turnMetrics,
      interaction_count: 2,
      total_memories: 2,
      drift_score: number,
      drift_phase: 'stable',
      tiers: { short_term: 2, medium_term: 0, long_term: 0 },
      episode: 0,
      beta_history: [number, number],
      similarity_history: [0, number],
      fsm_history: [number, number],
      norm_history: [number, number],
      phase_history: ['initialization', 'initialization'],
    });
  });

  it('lists memories with hash and truncation, and expands one to its full text', async () => {
    const id = await ada.create();
    const answer = `${'long '.repeat(200)}end`;
    const { memory_hash } = await ada.turn(id, 'tell me', answer);
    const { memories, total, session_id } = await ada.context(id);
    expect([session_id, total, memories.length]).toEqual([id, 1, 1]);
    expect(memories[0]).toMatchObject({ memory_hash, truncated: true, relevance: number });
    expect(memories[0]!.text.length).toBeLessThanOrEqual(500);
    const reply = await ada.get(at(id, `memories/${memory_hash}`));
    expect(reply.status).toBe(200);
    expect(reply.body).toEqual({
      memory_hash,
      text: `Q: tell me A: ${answer}`,
      importance: 0.5,
      access_count: 0,
      timestamp: number,
      tier: 'short_term',
      episode: 0,
      turn: 1,
    });
    const { timestamp } = reply.body as { timestamp: number };
    expect(Math.abs(timestamp - Date.now() / 1_000)).toBeLessThan(60);
  });

  it('counts sessions in the health answer, without asking who wants to know', async () => {
    const before = (await server.anonymous.ok<{ active_sessions: number }>('GET', '/v1/health')).active_sessions;
    const id = await ada.create();
    const reply = await server.anonymous.get('/v1/health');
    expect(reply.status).toBe(200);
    expect(reply.body).toEqual({ status: 'ok', active_sessions: before + 1, version: expect.any(String) });
    await ada.call('DELETE', `/v1/session/${id}`);
    expect((await server.anonymous.get('/v1/health')).body).toMatchObject({ active_sessions: before });
  });

  it.each(['/v1/readyz', '/readyz'])('says at %s that every part is ready', async (path) => {
    const reply = await server.anonymous.get(path);
    const checks = { backend: 'ok', database: 'ok', embedder: 'ok', compute: 'ok' };
    expect([reply.status, reply.body]).toEqual([200, { status: 'ready', checks }]);
  });

  it('serves Prometheus metrics under the names the dashboards know, with Basic auth', async () => {
    await ada.get('/v1/health');
    const prom = new Client(server.url, { authorization: `Basic ${btoa('prom:secret')}` });
    const reply = await prom.get('/metrics');
    expect(reply.status).toBe(200);
    expect(reply.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(reply.text).toMatch(/^semvec_requests_total\{method="GET",endpoint="\/v1\/health",status="200"\} \d+$/m);
    expect(reply.text).toMatch(/^semvec_request_duration_seconds_bucket\{.*endpoint="\/v1\/health".*\} \d+$/m);
    expect(reply.text).toMatch(/^synod_sessions \d+$/m);
  });
});
