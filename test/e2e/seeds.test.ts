/**
 * The published guide's own examples against a running server: every curl, in the order of the guide and as it is
 * printed but for the ids and the dots, and its Python script line by line.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { OPERATIONS } from '../../src/operations/index.ts';
import type { Client } from '../support/client.ts';
import { openServer, serve, type TestServer } from '../support/server.ts';
import { readCurls } from './fixtures/curls.ts';

const id = z.string().min(1);
const cosine = z.number().min(-1).max(1);
const trustScores = z.record(z.string(), z.number().min(0).max(1));
const metrics = z.object({ phase: z.string(), interaction_count: z.int() });
const runAnswer = z.object({ session_id: id, context: z.string(), metrics });
const anomaly = z.object({
  anomaly_id: id,
  timestamp: z.number(),
  anomaly_type: z.string(),
  type: z.enum(['cross_cluster_convergence', 'systemic_drift', 'cluster_divergence']),
  affected_cluster_ids: z.array(id),
  description: z.string().min(1),
  severity: z.number().min(0).max(1),
});

interface Shape {
  readonly status: number;
  readonly body: z.ZodType;
}

/** What each command is answered with, in the order of the guide. */
const SHAPES: readonly (readonly [request: string, shape: Shape])[] = [
  ['POST /v1/run', { status: 200, body: runAnswer }],
  ['POST /v1/store', { status: 200, body: z.object({ session_id: z.literal('abc') }) }],
  [
    'POST /v1/cluster/',
    {
      status: 201,
      body: z
        .object({ id, cluster_id: id, name: z.literal('analyst-team') })
        .extend({ aggregation_mode: z.literal('attention'), coupling_factor: z.literal(0.3) }),
    },
  ],
  [
    'POST /v1/cluster/cluster_xxx/members',
    { status: 201, body: z.object({ cluster_id: id, session_id: z.literal('session_42'), added: z.literal(true) }) },
  ],
  ['DELETE /v1/cluster/cluster_xxx/members/session_42', { status: 200, body: z.object({ removed: z.literal(true) }) }],
  ['POST /v1/cluster/cluster_xxx/run', { status: 200, body: runAnswer }],
  [
    'POST /v1/cluster/cluster_xxx/feedback',
    { status: 200, body: z.object({ cluster_id: id, sessions_updated: z.int().min(0) }) },
  ],
  [
    'POST /v1/region/',
    { status: 201, body: z.object({ id, region_id: id, name: z.literal('eu-west'), meta_session_id: id }) },
  ],
  ['POST /v1/region/region_xxx/clusters', { status: 200, body: z.object({ added: z.literal(true) }) }],
  [
    'GET /v1/region/region_xxx/events?limit=20',
    {
      status: 200,
      body: z
        .array(
          z
            .object({ cluster_id: id, region_id: id, timestamp: z.number() })
            .extend({ magnitude: z.number().min(0.5).max(1), drift_score: z.number().min(0.5).max(1) })
            .extend({ phase: z.literal('drifted'), drift_phase: z.literal('drifted') }),
        )
        .min(1),
    },
  ],
  [
    'POST /v1/observer/',
    { status: 201, body: z.object({ observer_id: id, id, registered_regions: z.unknown(), meta_session_id: id }) },
  ],
  ['POST /v1/observer/regions', { status: 200, body: z.object({ observer_id: id, region_id: id }) }],
  [
    'GET /v1/observer/summary',
    {
      status: 200,
      body: z
        .object({ observer_id: id, regions_observed: z.literal(1), total_clusters_observed: z.literal(1) })
        .extend({ anomaly_count: z.int().min(0), recent_anomalies: z.array(anomaly) }),
    },
  ],
  ['GET /v1/observer/anomalies', { status: 200, body: z.array(anomaly) }],
  [
    'POST /v1/observer/sample',
    {
      status: 200,
      body: z
        .object({ clusters_sampled: z.literal(1), regions_sampled: z.literal(1), sample_duration_ms: z.number() })
        .extend({ new_anomalies: z.unknown(), total_anomalies: z.int().min(0) }),
    },
  ],
  ['DELETE /v1/observer/anomalies', { status: 200, body: z.object({ cleared: z.int().min(0) }) }],
  [
    'POST /v1/network/transfer',
    {
      status: 200,
      body: z
        .object({ packet_id: id, transfer_type: z.literal('SEMANTIC_DELTA'), verified: z.boolean() })
        .extend({ delta_norm: z.number().min(0).max(2) }),
    },
  ],
  [
    'POST /v1/network/users/switch',
    { status: 200, body: z.object({ active_user: z.literal('user_42'), previous_user: z.literal('default') }) },
  ],
  ['GET /v1/network/users/active', { status: 200, body: z.object({ active_user: z.literal('user_42') }) }],
  [
    'POST /v1/network/users/user_42/serialize',
    { status: 200, body: z.object({ user_id: z.literal('user_42'), state: z.unknown() }) },
  ],
  ['POST /v1/network/consensus', { status: 200, body: z.object({ accepted: z.boolean(), trust_scores: trustScores }) }],
  ['GET /v1/network/consensus/trust', { status: 200, body: z.object({ trust_scores: trustScores }) }],
];

const curls = readCurls(new URL('./fixtures/seed-000.curls.txt', import.meta.url));

describe('the curls of the guide', () => {
  let server: TestServer;
  let ada: Client;
  let vector: number[];
  /** What the guide's placeholders stand for. */
  const known: Record<string, string> = {};

  beforeAll(async () => {
    server = await openServer();
    ada = await server.as('ada');
    vector = await ada.embed('embedders for German content');
    // Sessions the guide takes for granted.
    for (const session_id of ['abc', 'session_42', 'agent_a', 'agent_b']) {
      await ada.create({ session_id });
      await ada.turn(session_id, 'Which embedder do we use?', 'We use mpnet for German content.');
    }
  });
  afterAll(() => server.close());

  const fill = (text: string) =>
    Object.entries(known)
      .reduce((filled, [placeholder, value]) => filled.replaceAll(placeholder, value), text)
      .replace('[0.1, 0.2, ...]', JSON.stringify(vector));

  /** What has to have happened before the guide's next line shows anything. */
  const before: Readonly<Record<string, () => Promise<unknown>>> = {
    'GET /v1/region/region_xxx/events?limit=20': () => drift(ada, known.cluster_xxx!),
  };

  it('are all told here, in order', () => {
    expect(curls.map(({ method, path }) => `${method} ${path}`)).toEqual(SHAPES.map(([request]) => request));
  });

  it.each(SHAPES.map(([request, shape], place) => [request, place, shape] as const))(
    '%s',
    async (request, n, shape) => {
      await before[request]?.();
      const { method, path, body, headers } = curls[n]!;
      expect(headers.Authorization).toBe('Bearer $SEMVEC_LICENSE_KEY');
      const reply = await ada.call(method, fill(path), body === undefined ? undefined : fill(body));
      expect([reply.status, reply.text]).toEqual([shape.status, expect.any(String)]);
      expect(shape.body.safeParse(reply.body).error, reply.text.slice(0, 500)).toBeUndefined();
      const answer = reply.body as { id?: string };
      if (request === 'POST /v1/cluster/') known.cluster_xxx = answer.id!;
      if (request === 'POST /v1/region/') known.region_xxx = answer.id!;
    },
  );
});

/** A conversation of a cluster that leaves its topic, until its region has heard of it. */
async function drift(client: Client, cluster: string): Promise<void> {
  const path = `/v1/cluster/${encodeURIComponent(cluster)}`;
  for (let n = 0; n < 4; n++) {
    await client.ok('POST', `${path}/run`, { message: `How long do we keep the backups of database number ${n}?` });
    await client.ok('POST', `${path}/store`, {
      message: `How long do we keep the backups of database number ${n}?`,
      response: `The backups of database number ${n} are kept for thirty days.`,
    });
  }
  await client.ok('POST', `${path}/run`, { message: 'Which colour should the new logo of our bakery have?' });
  const { body } = await client.get<{ region_id?: string | null }[]>('/v1/region/');
  const region = body[0]!.region_id!;
  for (;;) {
    const events = await client.get<unknown[]>(`/v1/region/${encodeURIComponent(region)}/events`);
    if (events.body.length > 0) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('the Python script of the guide', () => {
  it('line by line', async () => {
    const server = await serve();
    const { headers } = await server.as('ada');
    const token = headers.authorization!.slice('Bearer '.length);
    const c = {
      base_url: `${server.url}/v1`,
      headers: { 'X-API-Key': token },
      async send(method: string, path: string, json?: unknown) {
        const response = await fetch(c.base_url + path, {
          method,
          headers: { ...c.headers, ...(json === undefined ? {} : { 'content-type': 'application/json' }) },
          ...(json === undefined ? {} : { body: JSON.stringify(json) }),
        });
        expect(response.status, `${method} ${path}`).toBeLessThan(300);
        return response.json() as Promise<never>;
      },
      post: (path: string, json?: unknown) => c.send('POST', path, json),
      get: (path: string) => c.send('GET', path),
    };

    // Bootstrap a region with two clusters and an observer
    const cluster_a: { id: string } = await c.post('/cluster/', { name: 'a', aggregation_mode: 'attention' });
    const cluster_b: { id: string } = await c.post('/cluster/', { name: 'b', aggregation_mode: 'attention' });

    const region: { id: string } = await c.post('/region/', {
      name: 'eu-west',
      consensus_threshold: 0.6,
      vote_window_seconds: 300,
    });

    await c.post(`/region/${region.id}/clusters`, { cluster_id: cluster_a.id });
    await c.post(`/region/${region.id}/clusters`, { cluster_id: cluster_b.id });

    const observer = await c.post('/observer/');
    await c.post('/observer/regions', { region_id: region.id });

    // Run the cluster session
    const run = await c.post(`/cluster/${cluster_a.id}/run`, { query: '...' });

    // Watch for anomalies, once instead of for ever
    const anomalies: { type: string }[] = await c.get('/observer/anomalies');
    for (const a of anomalies) expect(a.type).not.toBe('cross_cluster_convergence');

    expect(runAnswer.safeParse(run).error).toBeUndefined();
    expect(z.object({ observer_id: id }).safeParse(observer).error).toBeUndefined();
    expect(z.array(anomaly).safeParse(anomalies).error).toBeUndefined();
    const { cluster_count }: { cluster_count: number } = await c.get(`/region/${region.id}`);
    expect(cluster_count).toBe(2);
  });
});

describe('the REST reference', () => {
  it('quickstart works with the key in the other header', async () => {
    const server = await serve();
    const { headers } = await server.as('ada');
    const client = server.anonymous.with({ 'x-api-key': headers.authorization!.slice('Bearer '.length) });
    const run = await client.run({ message: 'What is Kubernetes?' });
    expect(runAnswer.safeParse(run).error).toBeUndefined();
    const stored = await client.store({ session_id: run.session_id, response: 'Kubernetes...' });
    expect(stored).toMatchObject({ session_id: run.session_id, stored: true });
    const again = await client.run({ session_id: run.session_id, message: 'What is Kubernetes?' });
    expect(cosine.min(0.5).safeParse(again.top_similarity).error).toBeUndefined();
  });

  /** Its tables: paths as printed, `{…}` for whatever the parameter is called. */
  const TABLES = `
    GET /v1/health
    POST /v1/run
    POST /v1/store
    POST /v1/session/create
    DELETE /v1/session/{id}
    GET /v1/metrics/{id}
    GET /v1/state/context
    GET /v1/session/{id}/memories/{memory_hash}
    POST /v1/session/{id}/trigger
    DELETE /v1/session/{id}/trigger
    POST /v1/session/{id}/anchor
    GET /v1/session/{id}/anchor_score
    PUT /v1/session/{id}/isolation
    POST /v1/session/{id}/isolation/release
    POST /v1/session/{id}/memory
    GET /v1/session/{id}/export
    POST /v1/session/{id}/import
    POST /v1/session/{id}/verify
    POST /v1/cluster/
    GET /v1/cluster/
    GET /v1/cluster/{id}
    DELETE /v1/cluster/{id}
    POST /v1/cluster/{id}/store
    POST /v1/cluster/{id}/run
    POST /v1/cluster/{id}/feedback
    POST /v1/cluster/{id}/members
    DELETE /v1/cluster/{id}/members/{sid}
    POST /v1/region/
    GET /v1/region/
    GET /v1/region/{id}
    DELETE /v1/region/{id}
    POST /v1/region/{id}/clusters
    DELETE /v1/region/{id}/clusters/{cid}
    GET /v1/region/{id}/events
    POST /v1/observer/
    GET /v1/observer/summary
    POST /v1/observer/sample
    GET /v1/observer/anomalies
    DELETE /v1/observer/anomalies
    POST /v1/observer/regions
    DELETE /v1/observer/regions/{rid}
    POST /v1/network/transfer
    POST /v1/network/users/switch
    GET /v1/network/users/active
    POST /v1/network/users/{id}/serialize
    POST /v1/network/consensus
    GET /v1/network/consensus/trust
    POST /v1/session/{id}/entities
    GET /v1/session/{id}/entities
    DELETE /v1/session/{id}/entities/{key:path}
    GET /metrics`;

  it('names nothing that is not served', () => {
    const shape = (line: string) => line.replace(/\{\w+(:path)?\}/g, '{}').replace(/\/$/, '');
    const served = new Set(
      OPERATIONS.flatMap(({ http }) =>
        [http.path, ...(http.aliases ?? [])].map((path) => shape(`${http.method} ${path}`)),
      ),
    );
    const missing = TABLES.trim()
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => !served.has(shape(line)));
    expect(missing).toEqual([]);
  });
});
