/**
 * What counts as an anomaly: three rules over one sample (spec 2.5), each with the numbers it goes by.
 *
 * - `systemic_drift`: more than half of the observed clusters drift. Severity: their share.
 * - `cross_cluster_convergence`: three clusters or more, in two regions or more, are in the same phase, initialization
 *   aside. Severity 0.8.
 * - `cluster_divergence`: a cluster has more than three times the turns of its region's average, itself included; so it
 *   takes four clusters. Severity 0.3.
 */
import type { Finding, ObservedCluster, ObservedRegion } from './model.ts';

export const DRIFT_SHARE = 0.5;
export const CONVERGENCE_CLUSTERS = 3;
export const CONVERGENCE_REGIONS = 2;
export const CONVERGENCE_SEVERITY = 0.8;
export const DIVERGENCE_FACTOR = 3;
export const DIVERGENCE_SEVERITY = 0.3;

interface Placed extends ObservedCluster {
  readonly region: string;
}

const ids = (clusters: readonly ObservedCluster[]) => clusters.map(({ id }) => id).sort();

/** @returns what the sample shows, in the order of the rules; of one rule by subject */
export function findingsIn(regions: readonly ObservedRegion[]): Finding[] {
  const clusters = regions.flatMap((region) => region.clusters.map((cluster) => ({ ...cluster, region: region.id })));
  return [...systemicDrift(clusters), ...convergences(clusters), ...regions.flatMap(divergences)];
}

function systemicDrift(clusters: readonly Placed[]): Finding[] {
  const drifting = clusters.filter((cluster) => cluster.drifting);
  const share = drifting.length / clusters.length;
  if (clusters.length === 0 || share <= DRIFT_SHARE) return [];
  return [
    {
      type: 'systemic_drift',
      subject: '',
      clusters: ids(drifting),
      description: `${drifting.length} of ${clusters.length} observed clusters drift`,
      severity: share,
      evidence: { drifting: drifting.length, observed: clusters.length, share, threshold: DRIFT_SHARE },
    },
  ];
}

function convergences(clusters: readonly Placed[]): Finding[] {
  const phases = new Set(clusters.map(({ phase }) => phase).filter((phase) => phase !== 'initialization'));
  return [...phases].sort().flatMap((phase): Finding[] => {
    const alike = clusters.filter((cluster) => cluster.phase === phase);
    const regions = new Set(alike.map(({ region }) => region)).size;
    if (alike.length < CONVERGENCE_CLUSTERS || regions < CONVERGENCE_REGIONS) return [];
    return [
      {
        type: 'cross_cluster_convergence',
        subject: phase,
        clusters: ids(alike),
        description: `${alike.length} clusters in ${regions} regions are in the phase "${phase}"`,
        severity: CONVERGENCE_SEVERITY,
        evidence: {
          phase,
          clusters: alike.length,
          min_clusters: CONVERGENCE_CLUSTERS,
          regions,
          min_regions: CONVERGENCE_REGIONS,
        },
      },
    ];
  });
}

function divergences({ id: region, clusters }: ObservedRegion): Finding[] {
  const average = clusters.reduce((sum, { interactions }) => sum + interactions, 0) / clusters.length;
  return clusters
    .filter(({ interactions }) => interactions > DIVERGENCE_FACTOR * average)
    .map(({ id, interactions }) => ({
      type: 'cluster_divergence',
      subject: id,
      clusters: [id],
      description: `cluster "${id}" has ${interactions} turns where its region has ${round(average)} on average`,
      severity: DIVERGENCE_SEVERITY,
      evidence: {
        region_id: region,
        interaction_count: interactions,
        region_average: average,
        ratio: interactions / average,
        factor: DIVERGENCE_FACTOR,
      },
    }));
}

const round = (value: number) => Math.round(value * 100) / 100;
