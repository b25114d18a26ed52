/** What the observer found: its summary, its anomalies, a sample by hand. */
import { z } from 'zod';
import { look } from '../../../actors/kinds/observer/look.ts';
import { ANOMALY_TYPES, type Anomaly } from '../../../actors/kinds/observer/model.ts';
import type { RegionContext } from '../../../actors/kinds/region/model.ts';
import { operation } from '../operation.ts';
import { regionAddress } from '../region/access.ts';
import { whole } from '../schemas.ts';
import { worldFor } from '../world.ts';
import { presentRegions, readObserver, tellObserver } from './access.ts';

/** Anomalies in the summary. */
const RECENT = 20;

const anomaly = z.object({
  anomaly_id: z.string(),
  timestamp: z.number().describe('Unix seconds: when it was reported.'),
  anomaly_type: z.enum(ANOMALY_TYPES),
  type: z.enum(ANOMALY_TYPES).describe('Same as anomaly_type.'),
  affected_cluster_ids: z.array(z.string()),
  description: z.string(),
  severity: z.number().describe('[0, 1]'),
  evidence: z
    .record(z.string(), z.union([z.number(), z.string()]))
    .describe('The numbers it goes by: what was counted, and what it was compared with.'),
  status: z.enum(['open', 'closed']),
  last_seen_at: z.number().describe('Unix seconds: the latest sample that found it.'),
  closed_at: z.number().nullable().describe('Unix seconds: the first sample that did not.'),
});

function anomalyOf(one: Anomaly): z.input<typeof anomaly> {
  return {
    anomaly_id: one.id,
    timestamp: one.at / 1_000,
    anomaly_type: one.type,
    type: one.type,
    affected_cluster_ids: [...one.clusters],
    description: one.description,
    severity: one.severity,
    evidence: one.evidence,
    status: one.closedAt === null ? 'open' : 'closed',
    last_seen_at: one.seenAt / 1_000,
    closed_at: one.closedAt === null ? null : one.closedAt / 1_000,
  };
}

const newest = (anomalies: readonly Anomaly[], limit: number) => anomalies.slice(-limit).reverse().map(anomalyOf);

export const summary = operation({
  name: 'observer.summary',
  dialect: 'cortex',
  summary: 'What the observer looks at, and what it found',
  http: { method: 'GET', path: '/v1/observer/summary', status: 200 },
  input: {},
  output: z.object({
    observer_id: z.string(),
    meta_session_id: z.string(),
    registered_regions: z.int(),
    regions_observed: z.int().describe('Same as registered_regions.'),
    region_ids: z.array(z.string()),
    total_clusters_observed: z.int(),
    sample_interval_seconds: z.number(),
    last_sample_at: z.number().nullable().describe('Unix seconds.'),
    sample_count: z.int(),
    anomaly_count: z.int().describe('Open and closed, since the last clearing.'),
    open_anomaly_count: z.int(),
    recent_anomalies: z.array(anomaly).describe('At most 20, newest first.'),
  }),
  access: 'tenant',
  mutates: false,
  errors: [404],
  example: {},
  owned: [],
  run: async (context) => {
    const observer = await readObserver(context);
    const { system } = context.services;
    const present = presentRegions(context, observer);
    const views = await Promise.all(present.map((id) => system.read<RegionContext>(regionAddress(context, id))));
    const { anomalies, sample } = observer;
    return {
      observer_id: observer.id,
      meta_session_id: observer.session,
      registered_regions: present.length,
      regions_observed: present.length,
      region_ids: [...present],
      total_clusters_observed: views.reduce((sum, view) => sum + (view?.context.clusters.length ?? 0), 0),
      sample_interval_seconds: observer.intervalMs / 1_000,
      last_sample_at: sample === null ? null : sample.at / 1_000,
      sample_count: observer.samples,
      anomaly_count: anomalies.length,
      open_anomaly_count: anomalies.filter(({ closedAt }) => closedAt === null).length,
      recent_anomalies: newest(anomalies, RECENT),
    };
  },
});

export const sample = operation({
  name: 'observer.sample',
  dialect: 'cortex',
  summary: 'Take a sample now',
  http: { method: 'POST', path: '/v1/observer/sample', status: 200 },
  input: {},
  output: z.object({
    observer_id: z.string(),
    sampled_at: z.number().describe('Unix seconds.'),
    clusters_sampled: z.int(),
    regions_sampled: z.int(),
    sample_duration_ms: z.number(),
    new_anomalies: z.int(),
    closed_anomalies: z.int(),
    total_anomalies: z.int(),
  }),
  access: 'tenant',
  mutates: true,
  heavy: true,
  errors: [404],
  example: {},
  owned: [],
  run: async (context) => {
    const { id, session, regions, intervalMs } = await readObserver(context);
    const at = context.services.clock.now();
    const observation = await look(worldFor(context), { session, regions, at, intervalMs });
    const report = await tellObserver(context, { type: 'sample', observation });
    return {
      observer_id: id,
      sampled_at: report.at / 1_000,
      clusters_sampled: report.clusters,
      regions_sampled: report.regions,
      sample_duration_ms: report.durationMs,
      new_anomalies: report.opened,
      closed_anomalies: report.closed,
      total_anomalies: report.total,
    };
  },
});

export const listAnomalies = operation({
  name: 'observer.anomalies',
  dialect: 'cortex',
  summary: 'Anomalies, newest first',
  description: 'An anomaly is reported once. It is open until a sample no longer finds its cause.',
  http: { method: 'GET', path: '/v1/observer/anomalies', status: 200 },
  input: { query: z.object({ limit: whole(1, 500).default(20) }) },
  output: z.array(anomaly),
  access: 'tenant',
  mutates: false,
  errors: [404],
  example: { query: { limit: 20 } },
  owned: [],
  run: async (context, { query }) => newest((await readObserver(context)).anomalies, query.limit),
});

export const clearAnomalies = operation({
  name: 'observer.anomalies.clear',
  dialect: 'cortex',
  summary: 'Clear the anomalies',
  description: 'What still has its cause is reported anew by the next sample.',
  http: { method: 'DELETE', path: '/v1/observer/anomalies', status: 200 },
  input: {},
  output: z.object({ observer_id: z.string(), cleared: z.int() }),
  access: 'tenant',
  mutates: true,
  errors: [404],
  example: {},
  owned: [],
  run: async (context) => {
    const { id } = await readObserver(context);
    const { cleared } = await tellObserver(context, { type: 'clear' });
    return { observer_id: id, cleared };
  },
});
