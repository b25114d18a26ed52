/** What semvec's vendor published for these shapes: the reference column, measured on another machine than yours. */

export interface Published {
  readonly turnsPerSecond: number;
  /** p50, p90, p95, p99 of `POST /v1/run`. */
  readonly runMs: readonly [number, number, number, number];
  readonly createP99Ms?: number;
  readonly deleteP50Ms?: number;
  readonly rssPeakGb?: number;
  readonly cpuPeakPercent: number;
}

/** Stands under every table with these figures in it. */
export const PUBLISHED_ON =
  'semvec 0.8.8 as its vendor published it: 24 cores, 16 GB RAM, RTX 5060 Laptop GPU, mpnet 768-d, memory backend, ' +
  'empty sessions, a new TCP connection per request';

/** @see specs/semvec.md 5.1 */
export const PUBLISHED: Readonly<Record<string, Published>> = {
  '30': { turnsPerSecond: 62.4, runMs: [42.2, 69.6, 75.7, 106.3], rssPeakGb: 2.0, cpuPeakPercent: 112 },
  '60': {
    turnsPerSecond: 4.9,
    runMs: [35.6, 61.9, 66, 92.1],
    createP99Ms: 1_650,
    rssPeakGb: 2.4,
    cpuPeakPercent: 74,
  },
  '200': {
    turnsPerSecond: 172.3,
    runMs: [727, 1_475, 1_490, 1_522],
    createP99Ms: 1_060,
    deleteP50Ms: 12,
    rssPeakGb: 4.96,
    cpuPeakPercent: 278,
  },
  '400': { turnsPerSecond: 146.9, runMs: [2_223, 3_318, 3_804, 4_584], createP99Ms: 1_430, cpuPeakPercent: 294 },
  '1000': { turnsPerSecond: 85.1, runMs: [7_139, 15_834, 17_516, 19_131], rssPeakGb: 5.99, cpuPeakPercent: 691 },
};
