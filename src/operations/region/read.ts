/** Looking at regions: the list, one of them with its votes, and what happened in it. */
import { z } from 'zod';
import type { RegionContext, RegionEvent } from '../../../actors/kinds/region/model.ts';
import { operation } from '../operation.ts';
import { pageQuery, readPage } from '../page.ts';
import { whole } from '../schemas.ts';
import { readRegion, regionPath } from './access.ts';

/** Events in the answer about one region. */
const RECENT = 20;

const driftEvent = z.object({
  type: z.enum(['drift', 'realignment']),
  region_id: z.string(),
  cluster_id: z.string().describe('Of a realignment: the cluster whose drift was the newest among the votes.'),
  session_id: z.string().describe('The session that drifted.'),
  drift_score: z.number(),
  magnitude: z.number().describe('Same as drift_score.'),
  drift_phase: z.enum(['stable', 'shifting', 'drifted']),
  phase: z.enum(['stable', 'shifting', 'drifted']).describe('Same as drift_phase.'),
  timestamp: z.number().describe('Unix seconds.'),
  cluster_ids: z.array(z.string()).optional().describe('Of a realignment: the clusters that voted.'),
  share: z.number().optional().describe('Of a realignment: what the votes came to.'),
  updated: z.boolean().optional().describe('Of a realignment: whether the clusters had a direction to take.'),
});

const eventOf =
  (region: string) =>
  (event: RegionEvent): z.input<typeof driftEvent> => ({
    type: event.type,
    region_id: region,
    cluster_id: event.cluster,
    session_id: event.session,
    drift_score: event.score,
    magnitude: event.score,
    drift_phase: event.phase,
    phase: event.phase,
    timestamp: event.at / 1_000,
    ...(event.type === 'drift' ? {} : { cluster_ids: [...event.voters], share: event.share, updated: event.updated }),
  });

/** @returns newest first */
function newest({ id, events }: RegionContext, limit: number): z.input<typeof driftEvent>[] {
  return events.slice(-limit).reverse().map(eventOf(id));
}

const short = z.object({ region_id: z.string(), id: z.string(), name: z.string(), cluster_count: z.int() });

function shortly({ id, name, clusters }: RegionContext): z.input<typeof short> {
  return { region_id: id, id, name, cluster_count: clusters.length };
}

export const list = operation({
  name: 'region.list',
  dialect: 'cortex',
  summary: 'List your regions',
  http: { method: 'GET', path: '/v1/region/', status: 200 },
  input: {
    query: pageQuery('regions'),
  },
  output: z.array(short).describe('By id.'),
  access: 'tenant',
  mutates: false,
  example: { query: { limit: 100 } },
  owned: [],
  run: async (context, { query }) => (await readPage<RegionContext>(context, 'region', query)).map(shortly),
});

export const get = operation({
  name: 'region.get',
  dialect: 'cortex',
  summary: 'A region, its clusters and its votes',
  http: { method: 'GET', path: '/v1/region/{id}', status: 200 },
  input: { path: regionPath },
  output: short.extend({
    meta_session_id: z.string(),
    cluster_ids: z.array(z.string()),
    consensus_threshold: z.number(),
    vote_window_seconds: z.number(),
    votes: z
      .array(z.object({ cluster_id: z.string(), ends_at: z.number() }))
      .describe('Those that count, and when they end (Unix seconds).'),
    voting_share: z.number().describe('Votes over clusters, [0, 1].'),
    recent_drift_events: z.array(driftEvent).describe('At most 20, newest first.'),
    last_realignment: z.number().nullable().describe('Unix seconds.'),
    realignment_count: z.int(),
    created_at: z.number().describe('Unix seconds.'),
  }),
  access: 'tenant',
  mutates: false,
  example: { path: { id: '$region' } },
  owned: ['path.id'],
  run: async (context, { path }) => {
    const region = await readRegion(context, path.id);
    const { clusters, lastRealignment } = region;
    const now = context.services.clock.now();
    const votes = clusters.flatMap(({ id, vote }) =>
      vote === null || vote.spent || vote.until <= now ? [] : [{ cluster_id: id, ends_at: vote.until / 1_000 }],
    );
    return {
      ...shortly(region),
      meta_session_id: region.id,
      cluster_ids: clusters.map(({ id }) => id),
      consensus_threshold: region.threshold,
      vote_window_seconds: region.windowMs / 1_000,
      votes,
      voting_share: clusters.length === 0 ? 0 : votes.length / clusters.length,
      recent_drift_events: newest(region, RECENT),
      last_realignment: lastRealignment === null ? null : lastRealignment / 1_000,
      realignment_count: region.realignments,
      created_at: region.createdAt / 1_000,
    };
  },
});

export const events = operation({
  name: 'region.events',
  dialect: 'cortex',
  summary: 'Drift events and realignments of a region',
  http: { method: 'GET', path: '/v1/region/{id}/events', status: 200 },
  input: { path: regionPath, query: z.object({ limit: whole(1, 500).default(20) }) },
  output: z.array(driftEvent).describe('Newest first.'),
  access: 'tenant',
  mutates: false,
  example: { path: { id: '$region' }, query: { limit: 20 } },
  owned: ['path.id'],
  run: async (context, { path, query }) => newest(await readRegion(context, path.id), query.limit),
});
