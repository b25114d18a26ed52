/** All benchmarks, by name; `synod bench` runs them. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import type { BenchOptions, BenchReport, Measurement } from '../src/cli/bench.ts';
import { UsageError } from '../src/cli/options.ts';
import { VERSION } from '../src/version.ts';
import { measureAggregate } from './aggregate.ts';
import { measureAnts } from './ants.ts';
import { measureAsks } from './asks.ts';
import { measureCoordination } from './coordination.ts';
import { measureDrift } from './drift.ts';
import { measureEvents } from './events.ts';
import { measureHistory } from './history.ts';
import { measureHttp } from './http.ts';
import { measureKernels } from './kernels.ts';
import type { LoadRun } from './load/run.ts';
import { parseShapes } from './load/shapes.ts';
import { checkTarget } from './load/target.ts';
import { measureLoad } from './load.ts';
import { measureMemory } from './memory.ts';
import { measurePush } from './push.ts';
import { measureRecall } from './recall.ts';
import { htmlReport } from './report/html.ts';
import { measureRobust } from './robust.ts';
import { ROUNDS } from './rounds.ts';
import type { SoakRun } from './soak/run.ts';
import { measureSoak } from './soak.ts';
import { measureStart } from './start.ts';
import { measureStatechart } from './statechart.ts';

/** What a benchmark came to: lines for the table, or a note why there are none. */
export interface Outcome {
  readonly measurements: readonly Measurement[];
  readonly notes?: readonly string[];
  /** For the plots. */
  readonly runs?: readonly LoadRun[];
  readonly soak?: SoakRun;
}

/** With what the plots are made of. */
export interface FullReport extends BenchReport {
  readonly runs: readonly LoadRun[];
  readonly soak: SoakRun | null;
}

const BENCHMARKS: Readonly<Record<string, (options: BenchOptions) => Promise<Outcome>>> = {
  recall: measureRecall,
  drift: measureDrift,
  asks: measureAsks,
  statechart: measureStatechart,
  kernels: measureKernels,
  http: measureHttp,
  events: measureEvents,
  load: measureLoad,
  memory: measureMemory,
  start: measureStart,
  aggregate: measureAggregate,
  robust: measureRobust,
  soak: measureSoak,
  coordination: measureCoordination,
  push: measurePush,
  history: measureHistory,
  ants: measureAnts,
};

export const NAMES = Object.keys(BENCHMARKS);

/** Run only when they are named: they take half an hour, and minutes. */
export const ON_REQUEST = ['soak', 'coordination', 'history', 'ants'];

export { htmlReport };

export async function runBenchmarks(options: BenchOptions): Promise<FullReport> {
  checkOptions(options);
  const outcomes: Outcome[] = [];
  for (const name of options.names) outcomes.push(await BENCHMARKS[name]!(options));
  return {
    at: new Date().toISOString(),
    environment: environment(),
    rounds: ROUNDS,
    seconds: options.seconds ?? null,
    measurements: outcomes.flatMap(({ measurements }) => measurements),
    notes: outcomes.flatMap(({ notes }) => notes ?? []),
    runs: outcomes.flatMap(({ runs }) => runs ?? []),
    soak: outcomes.find(({ soak }) => soak !== undefined)?.soak ?? null,
  };
}

/** Before the first benchmark, so that nobody waits for minutes to be told of a slip. */
function checkOptions({ names, shape, target, yes }: BenchOptions): void {
  if (shape !== undefined) parseShapes(shape);
  if (target === undefined) return;
  const other = names.find((name) => name !== 'load');
  if (other !== undefined) throw new UsageError(`--target is for load; ${other} measures this machine`);
  checkTarget(target, yes);
}

function environment(): Record<string, string> {
  const [cpu] = cpus();
  const libraries = ['lmdb', 'xstate', 'koa', 'msgpackr', 'piscina'].map((name) => `${name} ${versionOf(name)}`);
  return {
    machine: `${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${platform()} ${arch()} ${release()}`,
    node: process.version,
    synod: VERSION,
    libraries: libraries.join(', '),
  };
}

/** Not every package lets its package.json be asked for, so look for it upwards from its code. */
function versionOf(name: string): string {
  let folder = dirname(createRequire(import.meta.url).resolve(name));
  for (;;) {
    try {
      const found = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
        name?: string;
        version?: string;
      };
      if (found.name === name && found.version !== undefined) return found.version;
    } catch {
      // None in this folder.
    }
    if (dirname(folder) === folder) return 'unknown';
    folder = dirname(folder);
  }
}
