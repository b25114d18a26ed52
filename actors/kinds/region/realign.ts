/**
 * A realignment: the region's own session takes the direction its clusters have in common, unit(Σ A_k / K) over the
 * aggregates A_k of the clusters (spec 7.12).
 *
 * A cluster none of whose members has a vector yet speaks by its own session. One that has no vector either, whose
 * vectors are another embedder's, or that was deleted meanwhile, does not count.
 */
import { fromPromise } from 'xstate';
import { norm } from '../../../workers/vector.ts';
import { sharedRows } from '../../compute.ts';
import { type World, worldOf } from '../../world.ts';
import { aggregateOf } from '../cluster/aggregate.ts';
import type { ClusterContext } from '../cluster/model.ts';
import type { SessionContext } from '../session/model.ts';

export interface RealignInput {
  /** The region's own session. */
  readonly session: string;
  readonly clusters: readonly string[];
}

export interface Realigned {
  /** Shape [d], unit length; null when no cluster has a direction, or they cancel out. */
  readonly vector: Float64Array | null;
}

/** @throws AppError OVERLOADED, DEADLINE or UNAVAILABLE from the compute port */
export async function commonDirection(world: World, { session, clusters }: RealignInput): Promise<Float64Array | null> {
  const own = await world.read<SessionContext>('session', session);
  if (own === undefined) return null;
  const { dimension, embedder } = own.context.config;
  const rows = sharedRows(clusters.length, dimension);
  let counted = 0;
  for (const id of clusters) {
    const view = await world.read<ClusterContext>('cluster', id);
    if (view === undefined || view.context.dimension !== dimension || view.context.embedder !== embedder) continue;
    rows.set(await directionOf(world, view.context), counted * dimension);
    if (norm(rows.subarray(counted * dimension, (counted + 1) * dimension)) > 0) counted++;
  }
  const weights = new Float64Array(counted).fill(1);
  const vector = await world.compute.run('weightedMean', [rows.subarray(0, counted * dimension), dimension, weights]);
  return norm(vector) > 0 ? vector : null;
}

async function directionOf(world: World, cluster: ClusterContext): Promise<Float64Array> {
  const { vector } = await aggregateOf(world, cluster);
  if (norm(vector) > 0) return vector;
  return (await world.read<SessionContext>('session', cluster.id))?.context.state ?? vector;
}

export const realignment = fromPromise<Realigned, RealignInput>(async (args) => ({
  vector: await commonDirection(worldOf(args), args.input),
}));
