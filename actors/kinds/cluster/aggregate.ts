/**
 * Many members as one vector, by the cluster's mode (spec 3.5):
 *
 * - `weighted_average`: unit(Σ turns_i·v_i). Members that have learned nothing do not count; when nobody has stored a turn
 *   yet (all started from templates) all count alike.
 * - `attention`: softmax of each member's cosine to the cluster's own session, τ = 0.1; without a direction of its own, to
 *   the plain mean.
 * - `robust`: geometric median of directions, every member alike and none above a fifth, so that neither length nor
 *   talking much buys influence.
 */
import { setImmediate as breathe } from 'node:timers/promises';
import { sharedRows } from '../../compute.ts';
import type { World } from '../../world.ts';
import type { SessionContext } from '../session/model.ts';
import type { ClusterContext } from './model.ts';

/** Members read at once; then the event loop has its turn. */
const BLOCK = 64;

export interface AggregatedMember {
  readonly id: string;
  /** Stored turns. */
  readonly turns: number;
  /** Whether it has a vector, of the cluster's embedder. */
  readonly initialised: boolean;
  /** Share in the aggregate, [0, 1]; all of them sum to 1, or to 0 when nobody counts. */
  readonly weight: number;
}

export interface Aggregate {
  /** Shape [dimension], unit length; all zeros without an initialised member, or when they cancel out. */
  readonly vector: Float64Array;
  /** Those that exist, by id. */
  readonly members: readonly AggregatedMember[];
}

type AggregatedCluster = Pick<ClusterContext, 'id' | 'mode' | 'dimension' | 'embedder' | 'members'>;

/** Members as they are, and the rows of those that count: row i belongs to `counted[i]`, a place in `members`. */
interface Gathered {
  readonly members: readonly Omit<AggregatedMember, 'weight'>[];
  readonly counted: readonly number[];
  /** Row-major, shape [counted, dimension], shared memory. */
  readonly rows: Float32Array;
}

/**
 * The cluster's aggregate as of its members' last durable turns, in one kernel call. Members that no longer exist, or
 * hold vectors of another embedder, do not count.
 *
 * @throws AppError OVERLOADED, DEADLINE or UNAVAILABLE from the compute port
 */
export async function aggregateOf(world: World, cluster: AggregatedCluster): Promise<Aggregate> {
  const gathered = await gather(world, cluster);
  const { vector, weights } = await combine(world, cluster, gathered);
  const shares = new Float64Array(gathered.members.length);
  gathered.counted.forEach((place, row) => {
    shares[place] = weights[row]!;
  });
  return { vector, members: gathered.members.map((member, i) => ({ ...member, weight: shares[i]! })) };
}

async function gather(world: World, { members: ids, dimension, embedder }: AggregatedCluster): Promise<Gathered> {
  const members: Omit<AggregatedMember, 'weight'>[] = [];
  const counted: number[] = [];
  const rows = sharedRows(ids.length, dimension);
  for (let from = 0; from < ids.length; from += BLOCK) {
    if (from > 0) await breathe();
    const block = ids.slice(from, from + BLOCK);
    const views = await Promise.all(block.map((id) => world.read<SessionContext>('session', id)));
    views.forEach((view, i) => {
      if (view === undefined) return;
      const { config, turns, state } = view.context;
      const initialised = view.context.initialised && config.dimension === dimension && config.embedder === embedder;
      if (initialised) {
        rows.set(state, counted.length * dimension);
        counted.push(members.length);
      }
      members.push({ id: block[i]!, turns, initialised });
    });
  }
  return { members, counted, rows: rows.subarray(0, counted.length * dimension) };
}

interface Combined {
  readonly vector: Float64Array;
  /** Of each row, sum 1 or 0. */
  readonly weights: Float64Array;
}

async function combine(world: World, cluster: AggregatedCluster, gathered: Gathered): Promise<Combined> {
  const { id, mode, dimension } = cluster;
  const { members, counted, rows } = gathered;
  if (counted.length === 0) return { vector: new Float64Array(dimension), weights: new Float64Array(0) };
  if (mode === 'attention') {
    const own = await world.read<SessionContext>('session', id);
    const query = own?.context.state ?? new Float64Array(dimension);
    return await world.compute.run('attentionMean', [rows, dimension, query]);
  }
  if (mode === 'robust') {
    const { vector, influence } = await world.compute.run('geometricMedian', [rows, dimension]);
    return { vector, weights: influence };
  }
  const turns = Float64Array.from(counted, (place) => members[place]!.turns);
  const total = turns.reduce((sum, n) => sum + n, 0);
  const weights = turns.map((n) => (total > 0 ? n / total : 1 / turns.length));
  return { vector: await world.compute.run('weightedMean', [rows, dimension, weights]), weights };
}
