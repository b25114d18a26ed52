/** The shape of an observer: everything that survives in its snapshot. */
import { AppError } from '../../errors.ts';
import type { Phase } from '../session/model.ts';

/** Every tenant has one observer, under this id. */
export const OBSERVER_ID = 'observer';

export const MIN_INTERVAL_MS = 1_000;
export const MAX_INTERVAL_MS = 86_400_000;
/** Anomalies an observer keeps: the newest; all of them are in the log. */
export const MAX_ANOMALIES = 500;
/** Regions of one observer: a sample goes over all of them. */
export const MAX_REGIONS = 1_000;

/** A cluster as a sample found it. */
export interface ObservedCluster {
  readonly id: string;
  /** Of the cluster's own session. */
  readonly phase: Phase;
  /** Stored turns of the cluster's own session. */
  readonly interactions: number;
  /** Whether it drifts: see `look.ts`. */
  readonly drifting: boolean;
}

export interface ObservedRegion {
  readonly id: string;
  readonly clusters: readonly ObservedCluster[];
}

/** What a sample came to. */
export interface Observation {
  /** Regions that were there, in the order they were asked for. */
  readonly regions: readonly ObservedRegion[];
  /** Regions that were asked for and are gone. */
  readonly gone: readonly string[];
  /** The direction the regions have in common, shape [d], unit length; null when it is the observer's already. */
  readonly pattern: Float64Array | null;
  readonly durationMs: number;
}

export const ANOMALY_TYPES = ['systemic_drift', 'cross_cluster_convergence', 'cluster_divergence'] as const;
export type AnomalyType = (typeof ANOMALY_TYPES)[number];

/** What a rule found in one sample. */
export interface Finding {
  readonly type: AnomalyType;
  /** Tells findings of one type apart: the phase, the cluster; empty where there is only one. */
  readonly subject: string;
  /** Cluster ids, ascending. */
  readonly clusters: readonly string[];
  readonly description: string;
  /** [0, 1] */
  readonly severity: number;
  /** The numbers behind it, by name. */
  readonly evidence: Readonly<Record<string, number | string>>;
}

/** A finding that was reported. While it is open, later samples keep its clusters and numbers up to date. */
export interface Anomaly extends Finding {
  readonly id: string;
  /** Unix ms: when it was reported. */
  readonly at: number;
  /** Unix ms of the latest sample that found it. */
  readonly seenAt: number;
  /** Unix ms of the first sample that no longer found it, null while it is open. */
  readonly closedAt: number | null;
}

export interface SampleReport {
  /** Unix ms. */
  readonly at: number;
  readonly regions: number;
  readonly clusters: number;
  readonly durationMs: number;
  readonly opened: number;
  readonly closed: number;
}

export interface ObserverContext {
  readonly id: string;
  /** Id of its own session. */
  readonly session: string;
  readonly intervalMs: number;
  /** Region ids, ascending. */
  readonly regions: readonly string[];
  /** Regions that were asked to be looked at and have not answered yet, in the order they were asked. */
  readonly registering: readonly string[];
  /** Unix ms of the next sample, null without regions. */
  readonly dueAt: number | null;
  /** Oldest first, at most {@link MAX_ANOMALIES}. */
  readonly anomalies: readonly Anomaly[];
  readonly nextAnomaly: number;
  /** The latest sample, null before the first. */
  readonly sample: SampleReport | null;
  readonly samples: number;
  /** Samples that could not be taken. */
  readonly failures: number;
  /** Unix ms. */
  readonly createdAt: number;
}

export interface ObserverInput {
  readonly id: string;
  readonly session: string;
  readonly intervalMs: number;
  /** Unix ms. */
  readonly at: number;
}

/** @throws AppError INVALID for an interval outside 1 s to a day */
export function createObserver({ id, session, intervalMs, at }: ObserverInput): ObserverContext {
  if (!(intervalMs >= MIN_INTERVAL_MS && intervalMs <= MAX_INTERVAL_MS)) {
    throw new AppError('INVALID', `the interval is ${intervalMs} ms, wanted ${MIN_INTERVAL_MS} to ${MAX_INTERVAL_MS}`);
  }
  return {
    id,
    session,
    intervalMs,
    regions: [],
    registering: [],
    dueAt: null,
    anomalies: [],
    nextAnomaly: 1,
    sample: null,
    samples: 0,
    failures: 0,
    createdAt: at,
  };
}
