/** A region for an embedding application: names for its operations, and nothing else. */
import { type Call, unless } from '../calls.ts';
import { type Cluster, idOf } from './cluster.ts';

/** Fields as in `POST /v1/region/`. */
export interface RegionSettings {
  readonly name: string;
  /** Share of the clusters that have to drift within the window, [0, 1]. Default 0.5. */
  readonly consensus_threshold?: number;
  /** Default 60. */
  readonly vote_window_seconds?: number;
}

export interface RegionState {
  readonly region_id: string;
  readonly name: string;
  readonly cluster_count: number;
  readonly cluster_ids: readonly string[];
  readonly meta_session_id: string;
  readonly consensus_threshold: number;
  readonly vote_window_seconds: number;
  readonly recent_drift_events: readonly RegionEvent[];
  /** Unix seconds; null before the first. */
  readonly last_realignment: number | null;
}

export interface RegionEvent {
  readonly type: 'drift' | 'realignment';
  /** Of a realignment: the cluster whose drift was the newest among the votes. */
  readonly cluster_id: string;
  readonly region_id: string;
  /** The session that drifted. */
  readonly session_id: string;
  readonly drift_score: number;
  readonly drift_phase: string;
  /** Unix seconds. */
  readonly timestamp: number;
}

/** Clusters that realign when enough of them drift. Every method is the operation that REST serves. */
export interface Region {
  readonly id: string;
  /** @throws AppError NOT_FOUND, CONFLICT when the cluster belongs to another region */
  add(cluster: Pick<Cluster, 'id'> | string): Promise<boolean>;
  /** @returns false when it was not in this region */
  drop(cluster: Pick<Cluster, 'id'> | string): Promise<boolean>;
  /** Newest drift and realignments. Default 20. */
  events(options?: { readonly limit?: number }): Promise<readonly RegionEvent[]>;
  state(): Promise<RegionState>;
  /** Deletes the region and its meta-session; its clusters stay. */
  remove(): Promise<void>;
}

/**
 * @param which an id, or settings for a new one
 * @throws AppError NOT_FOUND for an id nobody has, INVALID for settings out of range
 */
export async function openRegion(call: Call, which: string | RegionSettings): Promise<Region> {
  if (typeof which !== 'string') {
    const { id } = await call<{ id: string }>('region.create', { body: which });
    return regionOf(call, id);
  }
  await call('region.get', { path: { id: which } });
  return regionOf(call, which);
}

function regionOf(call: Call, id: string): Region {
  const path = { id };
  return {
    id,
    add: async (cluster) =>
      (await call<{ added: boolean }>('region.cluster.add', { path, body: { cluster_id: idOf(cluster) } })).added,
    drop: async (cluster) =>
      (await call('region.cluster.remove', { path: { id, cluster_id: idOf(cluster) } }).catch(unless('NOT_FOUND'))) !==
      undefined,
    events: ({ limit } = {}) => call('region.events', { path, query: { limit } }),
    state: () => call('region.get', { path }),
    remove: async () => void (await call('region.delete', { path }).catch(unless('NOT_FOUND'))),
  };
}
