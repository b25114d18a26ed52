/** One run of the generator, from its findings to figures: percentiles, curves, and what happened when. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { percentilesOf } from '../rounds.ts';
import type { Sample } from '../server/child.ts';
import type { Message, Orders } from './generator.ts';
import type { Published } from './published.ts';
import { peakOf, type Shape, type Stage, usersAt } from './shapes.ts';
import type { Findings, Operation } from './users.ts';

export type Workload = 'empty' | 'populated';

export interface Latency {
  readonly n: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Percentile and ms, for the plot. */
  readonly curve: readonly (readonly [number, number])[];
}

export interface Moment {
  /** Middle of the time it sums up, from the start. */
  readonly second: number;
  readonly users: number;
  readonly turnsPerSecond: number;
  /** Of `run`; null when none was answered. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** Highest; null when the server is not ours or was not looked at. */
  readonly rssBytes: number | null;
  /** Mean; 100 is one core. */
  readonly cpuPercent: number | null;
  readonly loopMs: number | null;
}

/** What a report has of one run. */
export interface LoadRun {
  readonly shape: string;
  readonly workload: Workload;
  readonly users: number;
  readonly thinkMs: number;
  readonly seconds: number;
  /** Of the published length. */
  readonly scale: number;
  readonly turns: number;
  readonly turnsPerSecond: number;
  /** While all users are at work. */
  readonly turnsAtPeak: number;
  readonly turnsPerSecondAtPeak: number;
  readonly latency: Readonly<Partial<Record<Operation, Latency>>>;
  readonly requests: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly bytes: number;
  readonly server: {
    readonly rssPeakBytes: number;
    readonly cpuPercent: number;
    readonly cpuPeakPercent: number;
  } | null;
  readonly timeline: readonly Moment[];
  readonly published: Published | null;
  /** Requests per second of the bare Koa echo under the same shape. */
  readonly echoPerSecond: number | null;
}

/** When it began (Unix ms) and what came of it. */
export interface Raw {
  readonly at: number;
  readonly findings: Findings;
}

/** Beyond the time of the run itself: filling over HTTP and tidying up take theirs. */
const EXTRA_MS = 15 * 60_000;

/** Runs the generator, which ends by itself; killed when it does not. */
export function generate(orders: Orders, progress: (line: string) => void): Promise<Raw> {
  const child = fork(fileURLToPath(new URL('./generator.js', import.meta.url)), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    serialization: 'advanced',
  });
  return new Promise((resolve, reject) => {
    let at = 0;
    const late = setTimeout(() => child.kill('SIGKILL'), orders.plan.seconds * 2_000 + EXTRA_MS);
    child.on('message', (message: Message) => {
      if (message.type === 'started') at = message.at;
      if (message.type === 'progress') progress(message.line);
      if (message.type === 'found') resolve({ at, findings: message.findings });
      if (message.type === 'failed') reject(new Error(message.message));
    });
    child.on('error', reject);
    child.on('exit', (code) => {
      clearTimeout(late);
      reject(new Error(`the load generator ended with code ${code}`));
    });
    child.send(orders);
  });
}

/** Where the curve is drawn: each step halves what is left to 100 %. */
const CURVE = [0, 10, 25, 50, 75, 90, 95, 97.5, 99, 99.5, 99.75, 99.9, 99.95, 99.99, 100];

export function latencyOf(ms: readonly number[]): Latency {
  const [p50Ms, p90Ms, p95Ms, p99Ms, maxMs, ...curve] = percentilesOf(ms, [50, 90, 95, 99, 100, ...CURVE]);
  return {
    n: ms.length,
    p50Ms: p50Ms!,
    p90Ms: p90Ms!,
    p95Ms: p95Ms!,
    p99Ms: p99Ms!,
    maxMs: maxMs!,
    // A percentile finer than one in n is the slowest one again.
    curve: CURVE.map((percent, i) => [percent, curve[i]!] as const).filter(
      ([percent]) => percent === 100 || (100 - percent) * ms.length >= 100,
    ),
  };
}

/** What a shape and a workload call a turn: answered `run`s, or `store`s when each run is followed by one. */
const LAST: Readonly<Record<Workload, Operation>> = { empty: 'run', populated: 'store' };

const MOMENTS = 60;
/** Shorter ones would mostly show when garbage was collected. */
const MIN_MOMENT_SECONDS = 0.25;

export function timelineOf(
  stages: readonly Stage[],
  workload: Workload,
  { at, findings }: Raw,
  samples: readonly Sample[],
): Moment[] {
  const length = Math.max(MIN_MOMENT_SECONDS, findings.seconds / MOMENTS);
  const count = Math.max(1, Math.floor(findings.seconds / length));
  const runs = Array.from({ length: count }, (): number[] => []);
  const turns = Array.from({ length: count }, () => 0);
  const seen = Array.from({ length: count }, (): Sample[] => []);
  const slot = (ms: number) => Math.floor(ms / 1_000 / length);
  findings.samples.run.ms.forEach((ms, i) => void runs[slot(findings.samples.run.atMs[i]!)]?.push(ms));
  for (const ms of findings.samples[LAST[workload]].atMs) if (slot(ms) < count) turns[slot(ms)]!++;
  for (const sample of samples) seen[slot(sample.at - at)]?.push(sample);
  return runs.map((ms, i) => {
    const second = (i + 0.5) * length;
    const [p50Ms, p99Ms] = ms.length === 0 ? [null, null] : percentilesOf(ms, [50, 99]);
    const most = (read: (sample: Sample) => number) => (seen[i]!.length === 0 ? null : Math.max(...seen[i]!.map(read)));
    return {
      second,
      users: Math.round(usersAt(stages, second)),
      turnsPerSecond: turns[i]! / length,
      p50Ms: p50Ms!,
      p99Ms: p99Ms!,
      rssBytes: most(({ rssBytes }) => rssBytes),
      cpuPercent: cpuPercentOf([...(seen[i - 1]?.slice(-1) ?? []), ...seen[i]!]),
      loopMs: most(({ loopMaxMs }) => loopMaxMs),
    };
  });
}

/** Mean over the samples, which lie close together; null for fewer than two. */
function cpuPercentOf(samples: readonly Sample[]): number | null {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last || last.at <= first.at) return null;
  return (100 * (last.cpuMs - first.cpuMs)) / (last.at - first.at);
}

/** Of the samples of the run: highest memory, mean and highest CPU; 100 % is one core. */
export function serverFigures(samples: readonly Sample[], from: number, to: number): LoadRun['server'] {
  const during = samples.filter(({ at }) => at >= from && at <= to);
  const cpuPercent = cpuPercentOf(during);
  if (cpuPercent === null) return null;
  return {
    rssPeakBytes: Math.max(...during.map(({ rssBytes }) => rssBytes)),
    cpuPercent,
    cpuPeakPercent: Math.max(...during.slice(1).map((sample, i) => cpuPercentOf([during[i]!, sample]) ?? 0)),
  };
}

export interface RunOf {
  readonly shape: Shape;
  readonly stages: readonly Stage[];
  readonly scale: number;
  readonly workload: Workload;
  readonly raw: Raw;
  readonly samples: readonly Sample[];
  readonly published: Published | null;
  readonly echoPerSecond: number | null;
}

export function figuresOf({ shape, stages, workload, raw, samples, ...rest }: RunOf): LoadRun {
  const { seconds, requests, errors, bytes, samples: found } = raw.findings;
  const turnsAt = found[LAST[workload]].atMs;
  const peak = peakOf(stages);
  const atPeak = turnsAt.filter((ms) => ms >= peak.from * 1_000 && ms < peak.to * 1_000).length;
  const latency: Partial<Record<Operation, Latency>> = {};
  for (const operation of ['create', 'run', 'store', 'delete'] as const) {
    if (found[operation].ms.length > 0) latency[operation] = latencyOf(found[operation].ms);
  }
  return {
    shape: shape.name,
    workload,
    users: shape.users,
    thinkMs: shape.thinkMs,
    seconds,
    turns: turnsAt.length,
    turnsPerSecond: turnsAt.length / seconds,
    turnsAtPeak: atPeak,
    turnsPerSecondAtPeak: atPeak / (peak.to - peak.from),
    latency,
    requests,
    errors,
    bytes,
    server: serverFigures(samples, raw.at, raw.at + seconds * 1_000),
    timeline: timelineOf(stages, workload, raw, samples),
    scale: rest.scale,
    published: rest.published,
    echoPerSecond: rest.echoPerSecond,
  };
}
