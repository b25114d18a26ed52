/**
 * A sample: regions and their clusters as of their last durable turns. It reads and changes nothing.
 *
 * A cluster drifts when a member or its own session drifted within the sample window, twice the interval, or when its own
 * session has a drift phase other than `stable` (spec 7.14). Phase and turns are those of its own session, which is what
 * `GET /v1/cluster/{id}` shows.
 */
import { setImmediate as breathe } from 'node:timers/promises';
import { fromPromise } from 'xstate';
import { norm } from '../../../workers/vector.ts';
import { sharedRows } from '../../compute.ts';
import { type World, worldOf } from '../../world.ts';
import type { ClusterContext } from '../cluster/model.ts';
import type { RegionContext } from '../region/model.ts';
import type { SessionContext } from '../session/model.ts';
import type { Observation, ObservedCluster, ObservedRegion } from './model.ts';

/** Clusters read at once; then the event loop has its turn. */
const BLOCK = 64;

export interface LookInput {
  /** The observer's own session. */
  readonly session: string;
  readonly regions: readonly string[];
  /** Unix ms. */
  readonly at: number;
  readonly intervalMs: number;
}

export async function look(world: World, input: LookInput): Promise<Observation> {
  const started = performance.now();
  const regions: ObservedRegion[] = [];
  const gone: string[] = [];
  for (const id of input.regions) {
    const view = await world.read<RegionContext>('region', id);
    if (view === undefined) gone.push(id);
    else regions.push({ id, clusters: await clustersOf(world, view.context, input) });
  }
  const pattern = await patternOf(world, input.session, regions);
  return { regions, gone, pattern, durationMs: performance.now() - started };
}

async function clustersOf(world: World, region: RegionContext, input: LookInput): Promise<ObservedCluster[]> {
  const found: ObservedCluster[] = [];
  for (let from = 0; from < region.clusters.length; from += BLOCK) {
    await breathe();
    const block = region.clusters.slice(from, from + BLOCK);
    const looks = await Promise.all(block.map(({ id }) => clusterOf(world, id, input)));
    found.push(...looks.filter((one) => one !== null));
  }
  return found;
}

async function clusterOf(world: World, id: string, input: LookInput): Promise<ObservedCluster | null> {
  const [cluster, own] = await Promise.all([
    world.read<ClusterContext>('cluster', id),
    world.read<SessionContext>('session', id),
  ]);
  if (cluster === undefined || own === undefined) return null;
  const { lastDrift } = cluster.context;
  const { drift, metrics, turns } = own.context;
  const recent = lastDrift !== null && Math.abs(input.at - lastDrift.at) <= 2 * input.intervalMs;
  return { id, phase: metrics.phase, interactions: turns, drifting: recent || drift.phase !== 'stable' };
}

/** What the regions' own sessions have in common; null when nothing is, or the observer has that direction already. */
async function patternOf(
  world: World,
  session: string,
  regions: readonly ObservedRegion[],
): Promise<Float64Array | null> {
  const own = (await world.read<SessionContext>('session', session))?.context;
  if (own === undefined) return null;
  const { dimension, embedder } = own.config;
  const rows = sharedRows(regions.length, dimension);
  let counted = 0;
  for (const { id } of regions) {
    const meta = (await world.read<SessionContext>('session', id))?.context;
    if (!meta?.initialised || meta.config.dimension !== dimension || meta.config.embedder !== embedder) continue;
    rows.set(meta.state, counted++ * dimension);
  }
  const weights = new Float64Array(counted).fill(1);
  const pattern = await world.compute.run('weightedMean', [rows.subarray(0, counted * dimension), dimension, weights]);
  if (norm(pattern) === 0 || pattern.every((x, i) => Math.abs(x - own.state[i]!) < 1e-9)) return null;
  return pattern;
}

export const looking = fromPromise<Observation, LookInput>((args) => look(worldOf(args), args.input));
