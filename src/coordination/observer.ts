/** The observer for an embedding application: names for its operations, and nothing else. */
import { type Call, unless } from '../calls.ts';
import { idOf } from './cluster.ts';
import type { Region } from './region.ts';

/** Fields as in `POST /v1/observer/`; an observer that is there already takes them over. */
export interface ObserverSettings {
  /** Default 30. */
  readonly sample_interval_seconds?: number;
  readonly region_ids?: readonly string[];
}

export interface Anomaly {
  readonly anomaly_id: string;
  readonly type: 'cross_cluster_convergence' | 'systemic_drift' | 'cluster_divergence';
  readonly affected_cluster_ids: readonly string[];
  readonly description: string;
  /** [0, 1]. */
  readonly severity: number;
  /** The numbers the severity goes by. */
  readonly evidence: Readonly<Record<string, number | string>>;
  /** Closed once its cause is gone. */
  readonly status: 'open' | 'closed';
  /** Unix seconds. */
  readonly timestamp: number;
}

export interface ObserverSummary {
  readonly observer_id: string;
  readonly registered_regions: number;
  readonly regions_observed: number;
  readonly total_clusters_observed: number;
  /** Unix seconds; null before the first. */
  readonly last_sample_at: number | null;
  readonly anomaly_count: number;
  readonly recent_anomalies: readonly Anomaly[];
}

export interface Sample {
  readonly clusters_sampled: number;
  readonly regions_sampled: number;
  readonly sample_duration_ms: number;
  readonly new_anomalies: number;
  readonly closed_anomalies: number;
  readonly total_anomalies: number;
}

/** Looks at regions from time to time, and tells what is out of the ordinary. Every method is an operation of REST. */
export interface Observer {
  readonly id: string;
  /** @throws AppError NOT_FOUND for a region nobody has */
  add(region: Pick<Region, 'id'> | string): Promise<void>;
  /** @returns false when it was not looked at */
  drop(region: Pick<Region, 'id'> | string): Promise<boolean>;
  /** Looks now, without waiting for the next time. */
  sample(): Promise<Sample>;
  /** Newest first. Default 20. */
  anomalies(options?: { readonly limit?: number }): Promise<readonly Anomaly[]>;
  /** @returns how many anomalies were forgotten */
  clear(): Promise<number>;
  summary(): Promise<ObserverSummary>;
}

/** Gets or creates the tenant's observer. */
export async function openObserver(call: Call, settings: ObserverSettings): Promise<Observer> {
  const { observer_id: id } = await call<{ observer_id: string }>('observer.create', { body: settings });
  return {
    id,
    add: async (region) => void (await call('observer.region.register', { body: { region_id: idOf(region) } })),
    drop: async (region) =>
      (await call('observer.region.unregister', { path: { region_id: idOf(region) } }).catch(unless('NOT_FOUND'))) !==
      undefined,
    sample: () => call('observer.sample'),
    anomalies: ({ limit } = {}) => call('observer.anomalies', { query: { limit } }),
    clear: async () => (await call<{ cleared: number }>('observer.anomalies.clear')).cleared,
    summary: () => call('observer.summary'),
  };
}
