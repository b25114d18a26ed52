/** The cluster's contract on the wire: bodies, statuses and both spellings, as the published documents have them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client, RunBody, StoreBody } from '../support/client.ts';
import { marker, openServer, type TestServer } from '../support/server.ts';
import { at, type ClusterBody, DIMENSION, found, look, member } from './wire.ts';

let server: TestServer;
let ada: Client;

beforeAll(async () => {
  server = await openServer();
  ada = await server.as('ada');
});
afterAll(() => server.close());

describe('creating', () => {
  it('answers 201 with both spellings of the id', async () => {
    const body = { name: 'analyst-team', aggregation_mode: 'attention', coupling_factor: 0.3 };
    const reply = await ada.post<ClusterBody>('/v1/cluster/', body);
    expect(reply.status).toBe(201);
    expect(reply.body).toEqual({ ...body, cluster_id: expect.any(String), id: reply.body.cluster_id });
  });

  it('defaults to a weighted average without coupling, also without the slash', async () => {
    const { status, body } = await ada.post('/v1/cluster', { name: 'plain' });
    expect([status, body]).toEqual([
      201,
      expect.objectContaining({ aggregation_mode: 'weighted_average', coupling_factor: 0 }),
    ]);
  });

  it.each([
    [{ name: 'x', aggregation_mode: 'median' }, 400],
    [{ name: 'x', aggregation_mode: 7 }, 422],
    [{ name: 'x', coupling_factor: 1.01 }, 422],
    [{ name: 'x', coupling_factor: -0.01 }, 422],
    [{ name: '' }, 422],
    [{ name: 'x'.repeat(201) }, 422],
    [{}, 422],
  ])('of %j is a %i', async (body, status) => {
    expect((await ada.post('/v1/cluster/', body)).status).toBe(status);
  });

  it('takes effect once under one key, and its session is there from the first moment', async () => {
    const keyed = ada.with({ 'idempotency-key': marker() });
    const [first, second] = [await found(keyed), await found(keyed)];
    expect(second).toBe(first);
    expect((await ada.metrics(first)).interaction_count).toBe(0);
  });
});

describe('looking', () => {
  it('lists the clusters of the caller alone, page by page', async () => {
    const bob = await server.as(marker('bob'));
    const ids = [await found(bob), await found(bob), await found(bob, { name: 'third' })].sort();
    const member_of = ids[0]!;
    await member(bob, member_of);
    const all = await bob.ok<ClusterBody[]>('GET', '/v1/cluster/');
    expect(all.map(({ cluster_id }) => cluster_id)).toEqual(ids);
    expect(all[0]).toEqual({
      cluster_id: ids[0],
      id: ids[0],
      name: expect.any(String),
      member_count: 1,
      aggregation_mode: 'weighted_average',
      coupling_factor: 0,
      region_id: null,
    });
    const page = await bob.ok<ClusterBody[]>('GET', `/v1/cluster/?limit=1&after=${ids[1]}`);
    expect(page.map(({ id }) => id)).toEqual([ids[2]]);
  });

  it('shows one with its aggregate, zeros without an initialised member', async () => {
    const id = await found(ada, { name: 'empty', coupling_factor: 0.2 });
    const fresh = await member(ada, id);
    expect(await look(ada, id)).toEqual({
      cluster_id: id,
      id,
      name: 'empty',
      member_count: 1,
      phase: 'initialization',
      interaction_count: 0,
      total_memories: 0,
      aggregation_mode: 'weighted_average',
      coupling_factor: 0.2,
      region_id: null,
      aggregate_vector: Array.from({ length: DIMENSION }, () => 0),
      members: [{ session_id: fresh, interaction_count: 0, initialised: false, weight: 0 }],
      created_at: expect.any(Number),
    });
  });
});

describe('the shared session', () => {
  it('lets a paraphrase short-circuit on what another stored', async () => {
    const id = await found(ada);
    const exchange = { message: 'How long do we keep the logs?', response: 'We keep logs for ninety days.' };
    const stored = await ada.ok<StoreBody & { cluster_id: string }>('POST', at(id, '/store'), exchange);
    expect(stored).toMatchObject({ cluster_id: id, session_id: id, stored: true });
    const asked = { query: 'How long do we keep logs?', short_circuit_threshold: 0.5 };
    const run = await ada.ok<RunBody & { cluster_id: string }>('POST', at(id, '/run'), asked);
    expect(run).toMatchObject({ cluster_id: id, session_id: id, short_circuit: true });
    expect(run.context).toContain('ninety days');
    expect(await look(ada, id)).toMatchObject({ interaction_count: 1, total_memories: 1 });
  });

  it('answers a run as /v1/run does, whichever spelling the message has', async () => {
    const id = await found(ada);
    const plain = await ada.run({ session_id: id, message: 'the very same words' });
    for (const field of ['message', 'query']) {
      const body = { [field]: 'the very same words' };
      expect(await ada.ok('POST', at(id, '/run'), body)).toEqual({ ...plain, cluster_id: id });
    }
  });

  it('takes an inline response and a reset like any session', async () => {
    const id = await found(ada);
    await ada.ok('POST', at(id, '/run'), { message: 'Which port?' });
    const inline = await ada.ok<RunBody>('POST', at(id, '/run'), { message: 'And host?', response: 'Port 8080.' });
    expect(inline).toMatchObject({ stored: true, metrics: { interaction_count: 1 } });
    const reset = await ada.ok<RunBody>('POST', at(id, '/run'), { message: 'Again', reset_context: true });
    expect(reset).toMatchObject({ session_id: id, metrics: { interaction_count: 0, total_memories: 0 } });
  });

  it.each([
    ['/run', {}, 422],
    ['/run', { message: '' }, 422],
    ['/run', { query: 'x', short_circuit_threshold: 1.1 }, 422],
    ['/store', { response: 'x' }, 422],
    ['/store', { message: 'x' }, 422],
    ['/members', {}, 422],
  ])('%s of %j is a %i', async (rest, body, status) => {
    expect((await ada.post(at(await found(ada), rest), body)).status).toBe(status);
  });

  it('is no session that a run with a reset makes: an absent cluster stays absent', async () => {
    const body = { message: 'x', reset_context: true };
    const reply = await ada.post('/v1/cluster/none/run', body);
    expect([reply.status, reply.body]).toEqual([404, { detail: 'Cluster not found' }]);
    expect((await ada.get('/v1/metrics/none')).status).toBe(404);
  });
});

describe('deleting', () => {
  it('takes the own session along and leaves the members free', async () => {
    const id = await found(ada);
    const free = await member(ada, id);
    const reply = await ada.call('DELETE', at(id));
    expect([reply.status, reply.body]).toEqual([200, { cluster_id: id, deleted: true }]);
    for (const path of [at(id), `/v1/metrics/${id}`]) expect((await ada.get(path)).status).toBe(404);
    expect((await ada.call('DELETE', at(id))).status).toBe(404);
    const other = await found(ada);
    expect((await ada.post(at(other, '/members'), { session_id: free })).status).toBe(201);
  });

  it('is the only way to its session', async () => {
    const id = await found(ada);
    const reply = await ada.call('DELETE', `/v1/session/${id}`);
    expect([reply.status, reply.body]).toEqual([
      409,
      { detail: 'Session belongs to a cluster; delete the cluster instead' },
    ]);
    expect((await look(ada, id)).cluster_id).toBe(id);
  });

  it('finishes what a crash left: the session of a cluster that is gone', async () => {
    const id = await found(ada);
    await server.running.runtime.system.remove({ tenant: 'ada', kind: 'cluster', id });
    expect((await ada.call('DELETE', at(id))).status).toBe(200);
    expect((await ada.get(`/v1/metrics/${id}`)).status).toBe(404);
  });

  it('under one key answers the same twice', async () => {
    const id = await found(ada);
    const keyed = ada.with({ 'idempotency-key': marker() });
    const [first, second] = [await keyed.call('DELETE', at(id)), await keyed.call('DELETE', at(id))];
    expect([second.status, second.text]).toEqual([first.status, first.text]);
  });
});

describe('members', () => {
  it('are added with 201, then 200, and removed once', async () => {
    const id = await found(ada);
    const session_id = await ada.create();
    const ids = { cluster_id: id, session_id };
    const first = await ada.post(at(id, '/members'), { session_id });
    expect([first.status, first.body]).toEqual([201, { ...ids, added: true }]);
    const again = await ada.post(at(id, '/members'), { session_id });
    expect([again.status, again.body]).toEqual([200, { ...ids, added: false }]);
    const removed = await ada.call('DELETE', at(id, `/members/${session_id}`));
    expect([removed.status, removed.body]).toEqual([200, { ...ids, removed: true }]);
    expect((await ada.call('DELETE', at(id, `/members/${session_id}`))).status).toBe(404);
    expect((await look(ada, id)).member_count).toBe(0);
  });

  it('belong to one cluster: 409 for a second one, for another one’s own session and for its own', async () => {
    const [one, two] = [await found(ada), await found(ada)];
    const session_id = await member(ada, one);
    for (const taken of [session_id, one, two]) {
      expect((await ada.post(at(two, '/members'), { session_id: taken })).status).toBe(409);
    }
    expect((await look(ada, two)).member_count).toBe(0);
  });

  it('asked for by two clusters at once go to one, the other is told 409', async () => {
    const [one, two] = [await found(ada), await found(ada)];
    const session_id = await ada.create();
    const replies = await Promise.all([one, two].map((id) => ada.post(at(id, '/members'), { session_id })));
    expect(replies.map(({ status }) => status).sort()).toEqual([201, 409]);
    const counts = await Promise.all([one, two].map(async (id) => (await look(ada, id)).member_count));
    expect(counts.sort()).toEqual([0, 1]);
  });

  it('that are deleted are members no more when the deletion is answered', async () => {
    const id = await found(ada);
    const session_id = await member(ada, id);
    await ada.ok('DELETE', `/v1/session/${session_id}`);
    expect((await look(ada, id)).member_count).toBe(0);
    // A new life under the old name starts free.
    await ada.create({ session_id });
    expect((await ada.post(at(id, '/members'), { session_id })).status).toBe(201);
  });

  it('that are not there are a 404 that says which is missing', async () => {
    const id = await found(ada);
    const session = await ada.post(at(id, '/members'), { session_id: 'none' });
    expect([session.status, session.body]).toEqual([404, { detail: 'Session not found' }]);
    const cluster = await ada.post(at('none', '/members'), { session_id: 'none' });
    expect([cluster.status, cluster.body]).toEqual([404, { detail: 'Cluster not found' }]);
  });
});
