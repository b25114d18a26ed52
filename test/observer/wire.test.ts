/** The observer's contract on the wire: bodies, statuses and both spellings, as the published documents have them. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { found } from '../cluster/wire.ts';
import { attach, drift, proclaim, at as region, until } from '../region/wire.ts';
import type { Client } from '../support/client.ts';
import { marker, openServer, type TestServer } from '../support/server.ts';

interface AnomalyBody {
  readonly anomaly_id: string;
  readonly type: string;
  readonly anomaly_type: string;
  readonly affected_cluster_ids: readonly string[];
  readonly severity: number;
  readonly evidence: Readonly<Record<string, number | string>>;
  readonly status: string;
  readonly timestamp: number;
}

interface SummaryBody {
  readonly observer_id: string;
  readonly meta_session_id: string;
  readonly registered_regions: number;
  readonly region_ids: readonly string[];
  readonly last_sample_at: number | null;
  readonly anomaly_count: number;
  readonly recent_anomalies: readonly AnomalyBody[];
  readonly [name: string]: unknown;
}

let server: TestServer;
let ada: Client;
/** Every subject has one observer, so every test has a subject of its own. */
let subject: string;

beforeAll(async () => {
  server = await openServer();
});
afterAll(() => server.close());
beforeEach(async () => {
  subject = marker('ada');
  ada = await server.as(subject);
});

const make = (body?: object) => ada.post<SummaryBody>('/v1/observer/', body);
const register = (id: string) => ada.post('/v1/observer/regions', { region_id: id });
const summary = () => ada.ok<SummaryBody>('GET', '/v1/observer/summary');
const sample = () => ada.ok<Record<string, number>>('POST', '/v1/observer/sample');
const anomalies = (query = '') => ada.ok<AnomalyBody[]>('GET', `/v1/observer/anomalies${query}`);

/** A region with clusters. */
async function settled(count: number): Promise<{ id: string; clusters: string[] }> {
  const id = await proclaim(ada, { consensus_threshold: 1 });
  const clusters: string[] = [];
  for (let i = 0; i < count; i++) clusters.push(await found(ada));
  for (const cluster of clusters) await attach(ada, id, cluster);
  return { id, clusters };
}

async function turns(cluster: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const body = { message: `What is apple ${i}?`, response: `Apple ${i} is an apple of the orchard.` };
    await ada.ok('POST', `/v1/cluster/${cluster}/store`, body);
  }
}

describe('creating', () => {
  it('answers 201 without any body, and the same observer again', async () => {
    const first = await make();
    expect([first.status, first.body]).toEqual([
      201,
      {
        ...{ observer_id: 'observer', id: 'observer', registered_regions: 0, region_ids: [] },
        ...{ sample_interval_seconds: 30, meta_session_id: expect.any(String) },
      },
    ]);
    const second = await make({});
    expect([second.status, second.body]).toEqual([201, first.body]);
    expect((await ada.metrics(first.body.meta_session_id)).interaction_count).toBe(0);
  });

  it('makes one observer and one session of many requests at once', async () => {
    const replies = await Promise.all(Array.from({ length: 8 }, () => make()));
    expect(new Set(replies.map(({ status, body }) => `${status} ${body.meta_session_id}`)).size).toBe(1);
    expect(server.running.runtime.system.list({ tenant: subject, kind: 'session', limit: 10 })).toHaveLength(1);
  });

  it('registers regions, and takes over another interval', async () => {
    const [north, south] = [await proclaim(ada), await proclaim(ada)].sort() as [string, string];
    expect((await make({ region_ids: [north] })).body).toMatchObject({ registered_regions: 1 });
    const { body } = await make({ region_ids: [south, south, north], sample_interval_seconds: 3_600 });
    expect(body).toMatchObject({ registered_regions: 2, region_ids: [north, south], sample_interval_seconds: 3_600 });
    expect((await make({ region_ids: null, sample_interval_seconds: null })).body).toEqual(body);
  });

  it('of a region that is not there is a 404, and makes nothing', async () => {
    const reply = await make({ region_ids: ['nowhere'] });
    expect([reply.status, reply.body]).toEqual([404, { detail: 'Region not found' }]);
    expect((await ada.get('/v1/observer/summary')).status).toBe(404);
  });

  it.each([
    { sample_interval_seconds: 0.5 },
    { sample_interval_seconds: 1e6 },
    { region_ids: 'x' },
    { region_ids: [''] },
  ])('of %j is a 422', async (body) => {
    expect((await make(body)).status).toBe(422);
  });
});

it('is not there before it is created', async () => {
  const absent = { detail: 'Observer not found; create it with POST /v1/observer/' };
  const calls = [
    ['GET', '/v1/observer/summary'],
    ['GET', '/v1/observer/anomalies'],
    ['DELETE', '/v1/observer/anomalies'],
    ['POST', '/v1/observer/sample'],
    ['DELETE', '/v1/observer/regions/x'],
  ] as const;
  for (const [method, path] of calls) {
    const reply = await ada.call(method, path);
    expect([reply.status, reply.body], path).toEqual([404, absent]);
  }
  expect((await register('x')).body).toEqual(absent);
});

describe('regions', () => {
  it('are registered and unregistered', async () => {
    await make();
    const { id } = await settled(2);
    const answer = { observer_id: 'observer', region_id: id };
    for (let i = 0; i < 2; i++) {
      expect(await register(id)).toMatchObject({ status: 200, body: { ...answer, registered: true } });
    }
    expect(await summary()).toMatchObject({
      ...{ registered_regions: 1, regions_observed: 1, region_ids: [id] },
      ...{ total_clusters_observed: 2, last_sample_at: null, anomaly_count: 0, recent_anomalies: [] },
    });
    const unregister = () => ada.call('DELETE', `/v1/observer/regions/${id}`);
    expect(await unregister()).toMatchObject({ status: 200, body: { ...answer, unregistered: true } });
    expect((await unregister()).status).toBe(404);
    expect((await register('nowhere')).body).toEqual({ detail: 'Region not found' });
  });

  it('that are deleted disappear by themselves', async () => {
    const [one, other] = [await settled(1), await settled(1)];
    await make({ region_ids: [one.id, other.id] });
    await ada.ok('DELETE', region(one.id));
    expect(await summary()).toMatchObject({
      registered_regions: 1,
      region_ids: [other.id],
      total_clusters_observed: 1,
    });
    expect(await sample()).toMatchObject({ regions_sampled: 1, clusters_sampled: 1 });
  });
});

describe('a sample', () => {
  it('says what it looked at', async () => {
    const { id } = await settled(2);
    await make({ region_ids: [id] });
    const report = await sample();
    expect(report).toEqual({
      ...{ observer_id: 'observer', sampled_at: expect.any(Number), sample_duration_ms: expect.any(Number) },
      ...{ clusters_sampled: 2, regions_sampled: 1, new_anomalies: 0, closed_anomalies: 0, total_anomalies: 0 },
    });
    expect(Math.abs(report.sampled_at! * 1_000 - Date.now())).toBeLessThan(10_000);
    expect((await summary()).last_sample_at).toBe(report.sampled_at);
  });

  it('without regions finds nothing', async () => {
    await make();
    expect(await sample()).toMatchObject({ clusters_sampled: 0, regions_sampled: 0, total_anomalies: 0 });
  });

  it('reports systemic drift once, with the numbers behind it', async () => {
    const { id, clusters } = await settled(2);
    await make({ region_ids: [id] });
    for (const cluster of clusters) await drift(ada, cluster);
    const first = await sample();
    const second = await sample();
    expect([first.new_anomalies, second.new_anomalies, second.total_anomalies]).toEqual([1, 0, 1]);
    const [found] = await anomalies();
    expect(found).toEqual({
      ...{
        anomaly_id: 'anomaly-1',
        timestamp: first.sampled_at,
        type: 'systemic_drift',
        anomaly_type: 'systemic_drift',
      },
      ...{ affected_cluster_ids: [...clusters].sort(), description: '2 of 2 observed clusters drift', severity: 1 },
      ...{ evidence: { drifting: 2, observed: 2, share: 1, threshold: 0.5 }, status: 'open' },
      ...{ last_seen_at: second.sampled_at, closed_at: null },
    });
    expect((await summary()).recent_anomalies).toEqual([found]);
    await ada.ok('DELETE', `/v1/observer/regions/${id}`);
    expect((await anomalies())[0]).toMatchObject({ status: 'closed', closed_at: expect.any(Number) });
  });

  it('reports a cluster that runs away from its region, newest first, and clears', async () => {
    const { id, clusters } = await settled(4);
    await make({ region_ids: [id] });
    await turns(clusters[0]!, 1);
    expect((await sample()).new_anomalies).toBe(1);
    // Now the other one runs away, and the first does no longer.
    await turns(clusters[1]!, 5);
    expect(await sample()).toMatchObject({ new_anomalies: 1, closed_anomalies: 1, total_anomalies: 2 });
    const all = await anomalies();
    expect(all.map(({ type, affected_cluster_ids: [cluster], status }) => [type, cluster, status])).toEqual([
      ['cluster_divergence', clusters[1], 'open'],
      ['cluster_divergence', clusters[0], 'closed'],
    ]);
    expect(all[0]).toMatchObject({
      severity: 0.3,
      evidence: { interaction_count: 5, region_average: 1.5, ratio: 5 / 1.5, factor: 3, region_id: id },
    });
    expect(await anomalies('?limit=1')).toEqual(all.slice(0, 1));
    expect((await ada.get('/v1/observer/anomalies?limit=0')).status).toBe(422);
    expect(await ada.ok('DELETE', '/v1/observer/anomalies')).toEqual({ observer_id: 'observer', cleared: 2 });
    expect([await anomalies(), await ada.ok('DELETE', '/v1/observer/anomalies')]).toEqual([
      [],
      { observer_id: 'observer', cleared: 0 },
    ]);
    // Its cause is still there.
    expect(await sample()).toMatchObject({ new_anomalies: 1, total_anomalies: 1 });
  });

  it('reports clusters of different regions that are in one phase', async () => {
    const [north, south] = [await settled(2), await settled(1)];
    await make({ region_ids: [north.id, south.id] });
    const clusters = [...north.clusters, ...south.clusters];
    for (const cluster of clusters) await turns(cluster, 10);
    await sample();
    const phases = await Promise.all(clusters.map(async (id) => (await ada.metrics(id)).phase));
    expect(new Set(phases).size).toBe(1);
    expect(await anomalies()).toMatchObject([
      {
        ...{ type: 'cross_cluster_convergence', severity: 0.8, affected_cluster_ids: [...clusters].sort() },
        evidence: { phase: phases[0], clusters: 3, min_clusters: 3, regions: 2, min_regions: 2 },
      },
    ]);
  });
});

it('samples by itself', async () => {
  const { id } = await settled(1);
  await make({ region_ids: [id], sample_interval_seconds: 1 });
  const { last_sample_at } = await until(summary, (seen) => seen.last_sample_at !== null);
  await until(summary, (seen) => seen.last_sample_at! > last_sample_at!);
});

it('keeps its session', async () => {
  const { meta_session_id } = (await make()).body;
  const reply = await ada.call('DELETE', `/v1/session/${meta_session_id}`);
  expect([reply.status, reply.body]).toEqual([409, { detail: 'Session belongs to the observer' }]);
});

it('is one per subject', async () => {
  const { id } = await settled(1);
  await make({ region_ids: [id] });
  const bob = await server.as(marker('bob'));
  expect((await bob.get('/v1/observer/summary')).status).toBe(404);
  await bob.ok('POST', '/v1/observer/');
  expect(await bob.ok('GET', '/v1/observer/summary')).toMatchObject({ registered_regions: 0 });
  expect((await bob.post('/v1/observer/regions', { region_id: id })).status).toBe(404);
});
