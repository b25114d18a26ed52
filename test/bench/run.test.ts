import { describe, expect, it } from 'vitest';
import { PUBLISHED } from '../../bench/load/published.ts';
import { figuresOf, latencyOf, serverFigures, timelineOf } from '../../bench/load/run.ts';
import { parseShapes, scaleTo } from '../../bench/load/shapes.ts';
import type { Findings } from '../../bench/load/users.ts';
import { percentilesOf } from '../../bench/rounds.ts';
import type { Sample } from '../../bench/server/child.ts';

describe('percentiles', () => {
  it('are taken by nearest rank', () => {
    // Ranks ⌈p/100 · 5⌉: 50 → 3, 90 → 5, 20 → 1, 21 → 2.
    expect(percentilesOf([35, 20, 15, 50, 40], [50, 90, 20, 21, 0, 100])).toEqual([35, 50, 15, 20, 15, 50]);
    expect(percentilesOf([7], [0, 50, 99.9])).toEqual([7, 7, 7]);
    expect(percentilesOf([], [50])).toEqual([Number.NaN]);
  });

  it('make a curve that is no finer than the number of requests', () => {
    const hundred = Array.from({ length: 100 }, (_, i) => i + 1);
    const { n, p50Ms, p90Ms, p95Ms, p99Ms, maxMs, curve } = latencyOf(hundred);
    expect([n, p50Ms, p90Ms, p95Ms, p99Ms, maxMs]).toEqual([100, 50, 90, 95, 99, 100]);
    expect(curve.slice(-3)).toEqual([
      [97.5, 98],
      [99, 99],
      [100, 100],
    ]);
    expect(latencyOf([5]).curve).toEqual([
      [0, 5],
      [100, 5],
    ]);
  });
});

const sample = (at: number, rssBytes: number, cpuMs: number, loopMaxMs: number): Sample => ({
  at,
  rssBytes,
  cpuMs,
  loopMaxMs,
  loopP99Ms: 0,
  anonymousBytes: null,
  heapBytes: 0,
  live: 0,
  sessions: 0,
  storeBytes: 0,
  logRecords: 0,
});

/** Began at 1,000 ms and took one second; a run in the first quarter, two in the last. */
const findings: Findings = {
  seconds: 1,
  requests: 6,
  bytes: 600,
  samples: {
    create: { atMs: [10], ms: [4] },
    run: { atMs: [100, 800, 900], ms: [10, 30, 20] },
    store: { atMs: [110, 850], ms: [1, 2] },
    delete: { atMs: [], ms: [] },
  },
  errors: { '503': 2 },
};
const raw = { at: 1_000, findings };
const samples = [
  sample(900, 99, 0, 99),
  sample(1_050, 5, 100, 1),
  sample(1_150, 7, 150, 3),
  sample(1_950, 6, 550, 2),
  sample(2_100, 99, 900, 99),
];
const [shape] = parseShapes('30');
const stages = scaleTo(shape!.stages, 1);

describe('a run', () => {
  it('is told moment by moment', () => {
    const timeline = timelineOf(stages, 'empty', raw, samples);
    expect(timeline.map(({ second }) => second)).toEqual([0.125, 0.375, 0.625, 0.875]);
    expect(timeline.map(({ turnsPerSecond }) => turnsPerSecond)).toEqual([4, 0, 0, 8]);
    expect(timeline.map(({ p50Ms, p99Ms }) => [p50Ms, p99Ms])).toEqual([
      [10, 10],
      [null, null],
      [null, null],
      [20, 30],
    ]);
    expect(timeline.map(({ rssBytes, loopMs }) => [rssBytes, loopMs])).toEqual([
      [7, 3],
      [null, null],
      [null, null],
      [6, 2],
    ]);
    // 50 ms of CPU within 100 ms.
    expect(timeline[0]!.cpuPercent).toBe(50);
  });

  it('counts the memory and the CPU of its own time only', () => {
    // (550 − 100) ms within 900 ms; at most 50 ms within 100, as 400 within 800.
    expect(serverFigures(samples, 1_000, 2_000)).toEqual({ rssPeakBytes: 7, cpuPercent: 50, cpuPeakPercent: 50 });
    expect(serverFigures(samples.slice(0, 1), 0, 5_000)).toBeNull();
  });

  it('counts a turn when its last request is answered', () => {
    const rest = { shape: shape!, stages, scale: 1 / 41, raw, samples, published: PUBLISHED['30']!, echoPerSecond: 9 };
    const empty = figuresOf({ ...rest, workload: 'empty' });
    const populated = figuresOf({ ...rest, workload: 'populated' });
    expect([empty.turns, empty.turnsPerSecond, populated.turns]).toEqual([3, 3, 2]);
    expect(Object.keys(empty.latency)).toEqual(['create', 'run', 'store']);
    expect(empty).toMatchObject({ users: 30, errors: { '503': 2 }, requests: 6, bytes: 600, turnsAtPeak: 0 });
  });
});
