/** The region's contract on the wire: bodies, statuses and both spellings, as the published documents have them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { found, member } from '../cluster/wire.ts';
import type { Client } from '../support/client.ts';
import { marker, openServer, type TestServer } from '../support/server.ts';
import { at, attach, type DriftEventBody, drift, lookAt, proclaim, type RegionBody, until } from './wire.ts';

let server: TestServer;
let ada: Client;

beforeAll(async () => {
  server = await openServer();
  ada = await server.as('ada');
});
afterAll(() => server.close());

const realigned = ({ last_realignment }: RegionBody) => last_realignment !== null;

describe('creating', () => {
  it('answers 201 with both spellings of the id, and the session it has', async () => {
    const body = { name: 'eu-west', consensus_threshold: 0.6, vote_window_seconds: 300 };
    const reply = await ada.post<RegionBody>('/v1/region/', body);
    expect(reply.status).toBe(201);
    const { region_id, meta_session_id } = reply.body;
    expect(reply.body).toEqual({ ...body, region_id, id: region_id, meta_session_id });
    expect((await ada.metrics(meta_session_id)).interaction_count).toBe(0);
  });

  it('defaults to half of the clusters within a minute, also without the slash', async () => {
    const { status, body } = await ada.post('/v1/region', { name: 'plain' });
    expect([status, body]).toEqual([
      201,
      expect.objectContaining({ consensus_threshold: 0.5, vote_window_seconds: 60 }),
    ]);
  });

  it.each([
    { consensus_threshold: 1.01 },
    { consensus_threshold: -0.01 },
    { vote_window_seconds: 0 },
    { vote_window_seconds: -1 },
    { vote_window_seconds: 1e9 },
    { name: '' },
    { name: undefined },
  ])('of %j is a 422', async (body) => {
    expect((await ada.post('/v1/region/', { name: 'x', ...body })).status).toBe(422);
  });

  it('takes effect once under one key', async () => {
    const keyed = ada.with({ 'idempotency-key': marker() });
    expect(await proclaim(keyed)).toBe(await proclaim(keyed));
  });
});

describe('looking', () => {
  it('shows everything of a region', async () => {
    const region = await proclaim(ada, { consensus_threshold: 0.7 });
    const cluster = await found(ada);
    await attach(ada, region, cluster);
    expect(await lookAt(ada, region)).toEqual({
      ...{ region_id: region, id: region, name: 'eu-west', meta_session_id: region },
      ...{ cluster_count: 1, cluster_ids: [cluster], consensus_threshold: 0.7, vote_window_seconds: 60 },
      ...{ votes: [], voting_share: 0, recent_drift_events: [], last_realignment: null, realignment_count: 0 },
      created_at: expect.any(Number),
    });
  });

  it('lists the regions of the caller alone, page by page', async () => {
    const bob = await server.as(marker('bob'));
    const ids = [await proclaim(bob), await proclaim(bob), await proclaim(bob)].sort();
    const all = await bob.ok<RegionBody[]>('GET', '/v1/region/');
    expect(all[0]).toEqual({ region_id: ids[0], id: ids[0], name: 'eu-west', cluster_count: 0 });
    expect(all.map(({ region_id }) => region_id)).toEqual(ids);
    const page = await bob.ok<RegionBody[]>('GET', `/v1/region/?limit=1&after=${ids[0]}`);
    expect(page.map(({ region_id }) => region_id)).toEqual([ids[1]]);
  });

  it('does not find what is not there', async () => {
    for (const path of ['', '/events']) {
      const reply = await ada.get(at('nowhere', path));
      expect([reply.status, reply.body]).toEqual([404, { detail: 'Region not found' }]);
    }
  });
});

describe('clusters', () => {
  it('are attached once and detached once', async () => {
    const [region, cluster] = [await proclaim(ada), await found(ada)];
    const add = () => ada.post(at(region, '/clusters'), { cluster_id: cluster });
    expect(await add()).toMatchObject({ status: 200, body: { region_id: region, cluster_id: cluster, added: true } });
    expect(await add()).toMatchObject({ status: 200, body: { added: false } });
    const remove = () => ada.call('DELETE', at(region, `/clusters/${cluster}`));
    expect(await remove()).toMatchObject({ status: 200, body: { removed: true } });
    expect(await remove()).toMatchObject({ status: 404, body: { detail: 'Cluster is not in this region' } });
    expect((await add()).body).toMatchObject({ added: true });
  });

  it('belong to one region: a second one gets a 409, also of two that claim it at once', async () => {
    const [north, south, cluster] = [await proclaim(ada), await proclaim(ada), await found(ada)];
    const claim = (region: string) => ada.post(at(region, '/clusters'), { cluster_id: cluster });
    const replies = await Promise.all([claim(north), claim(south)]);
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 409]);
    const counts = await Promise.all([north, south].map(async (id) => (await lookAt(ada, id)).cluster_count));
    expect(counts.sort()).toEqual([0, 1]);
    const loser = replies[0]!.status === 409 ? north : south;
    expect(await claim(loser)).toMatchObject({ status: 409, body: { detail: expect.stringMatching(/belongs to/) } });
  });

  it('that do not exist are a 404', async () => {
    const reply = await ada.post(at(await proclaim(ada), '/clusters'), { cluster_id: 'nobody' });
    expect([reply.status, reply.body]).toEqual([404, { detail: 'Cluster not found' }]);
  });

  it('that are deleted leave their region', async () => {
    const [region, cluster] = [await proclaim(ada), await found(ada)];
    await attach(ada, region, cluster);
    await ada.ok('DELETE', `/v1/cluster/${cluster}`);
    await until(
      () => lookAt(ada, region),
      ({ cluster_count }) => cluster_count === 0,
    );
  });
});

describe('drift', () => {
  it('of a member reaches the region, which takes the direction of its clusters', async () => {
    const region = await proclaim(ada, { consensus_threshold: 0.5, vote_window_seconds: 300 });
    const [a, b] = [await found(ada), await found(ada)];
    for (const cluster of [a, b]) await attach(ada, region, cluster);
    await member(ada, b, [0, 1]);
    const session = await ada.create();
    await ada.ok('POST', `/v1/cluster/${a}/members`, { session_id: session });
    await drift(ada, session);
    const after = await until(() => lookAt(ada, region), realigned);
    expect(after).toMatchObject({ realignment_count: 1, votes: [], voting_share: 0 });
    const [realignment, drifted] = after.recent_drift_events as [DriftEventBody, DriftEventBody];
    expect(drifted).toEqual({
      ...{ type: 'drift', region_id: region, cluster_id: a, session_id: session },
      ...{ drift_score: drifted.drift_score, magnitude: drifted.drift_score },
      ...{ drift_phase: 'drifted', phase: 'drifted', timestamp: expect.any(Number) },
    });
    expect(realignment).toEqual({
      ...drifted,
      ...{ type: 'realignment', timestamp: after.last_realignment, cluster_ids: [a], share: 0.5, updated: true },
    });
    const aggregates = await Promise.all(
      [a, b].map(
        async (id) => (await ada.ok<{ aggregate_vector: number[] }>('GET', `/v1/cluster/${id}`)).aggregate_vector,
      ),
    );
    const sum = aggregates[0]!.map((x, i) => x + aggregates[1]![i]!);
    const length = Math.hypot(...sum);
    const meta = await until(
      async () =>
        (await server.running.runtime.system.read<{ state: Float64Array }>({
          tenant: 'ada',
          kind: 'session',
          id: region,
        }))!.context.state,
      (state) => state.some((x) => x !== 0),
    );
    meta.forEach((x, i) => {
      expect(x).toBeCloseTo(sum[i]! / length, 6);
    });
  });

  it('of the session a cluster has of its own reaches the region, too', async () => {
    const [region, cluster] = [await proclaim(ada), await found(ada)];
    await attach(ada, region, cluster);
    await drift(ada, cluster);
    const after = await until(() => lookAt(ada, region), realigned);
    // Without members the cluster speaks by its own session.
    expect(after.recent_drift_events[0]).toMatchObject({ session_id: cluster, cluster_id: cluster, updated: true });
  });

  it('is a vote that counts until its window ends', async () => {
    const region = await proclaim(ada, { consensus_threshold: 1, vote_window_seconds: 300 });
    const [a, b] = [await found(ada), await found(ada)];
    for (const cluster of [a, b]) await attach(ada, region, cluster);
    await drift(ada, a);
    const { votes, voting_share, last_realignment } = await until(
      () => lookAt(ada, region),
      (seen) => seen.votes.length > 0,
    );
    expect([voting_share, last_realignment, votes[0]!.cluster_id]).toEqual([0.5, null, a]);
    expect(votes[0]!.ends_at * 1_000 - Date.now()).toBeGreaterThan(290_000);
  });

  it('is listed newest first, as many as asked for', async () => {
    const region = await proclaim(ada, { consensus_threshold: 0.1 });
    const [a, b] = [await found(ada), await found(ada)];
    for (const cluster of [a, b]) await attach(ada, region, cluster);
    await drift(ada, a);
    await until(
      () => lookAt(ada, region),
      ({ realignment_count }) => realignment_count === 1,
    );
    await drift(ada, b);
    await until(
      () => lookAt(ada, region),
      ({ realignment_count }) => realignment_count === 2,
    );
    const list = await ada.ok<DriftEventBody[]>('GET', at(region, '/events'));
    expect(list.map(({ type, cluster_id }) => [type, cluster_id])).toEqual([
      ['realignment', b],
      ['drift', b],
      ['realignment', a],
      ['drift', a],
    ]);
    expect(await ada.ok('GET', at(region, '/events?limit=1'))).toEqual(list.slice(0, 1));
    for (const limit of [0, 501, 'x']) expect((await ada.get(at(region, `/events?limit=${limit}`))).status).toBe(422);
  });
});

describe('deleting', () => {
  it('takes the session along and sets the clusters free', async () => {
    const [region, next, cluster] = [await proclaim(ada), await proclaim(ada), await found(ada)];
    await attach(ada, region, cluster);
    const reply = await ada.call('DELETE', at(region));
    expect([reply.status, reply.body]).toEqual([200, { region_id: region, deleted: true }]);
    for (const path of [at(region), `/v1/metrics/${region}`]) expect((await ada.get(path)).status).toBe(404);
    expect((await ada.call('DELETE', at(region))).status).toBe(404);
    await until(
      () => ada.post(at(next, '/clusters'), { cluster_id: cluster }),
      ({ status }) => status === 200,
    );
  });

  it('is not done by deleting its session', async () => {
    const region = await proclaim(ada);
    const reply = await ada.call('DELETE', `/v1/session/${region}`);
    expect([reply.status, reply.body]).toEqual([
      409,
      { detail: 'Session belongs to a region; delete the region instead' },
    ]);
    expect((await ada.get(at(region))).status).toBe(200);
  });
});

it('puts drift, realignment and membership into the log, where streams read them', async () => {
  const subject = marker('cy');
  const cy = await server.as(subject);
  const [region, cluster] = [await proclaim(cy), await found(cy)];
  await attach(cy, region, cluster);
  await drift(cy, cluster);
  await until(() => lookAt(cy, region), realigned);
  await cy.ok('DELETE', at(region, `/clusters/${cluster}`));
  const records = server.running.runtime.system.records({ tenant: subject, after: 0, limit: 1_000 });
  const facts = records.filter(({ address }) => address.kind === 'region');
  const of = (type: string) => facts.findLast((record) => record.type === type)?.payload;
  expect(of('cluster.added')).toEqual({ cluster });
  expect(facts.filter(({ type }) => type === 'drift')).toHaveLength(1);
  const drifted = { cluster, session: cluster, drift_score: expect.any(Number), drift_phase: 'drifted' };
  expect(of('drift')).toMatchObject(drifted);
  expect(of('realignment')).toEqual({ voters: [cluster], share: 1, threshold: 0.5, updated: true });
  expect(of('cluster.removed')).toEqual({ cluster });
});
