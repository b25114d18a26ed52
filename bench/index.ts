/** All benchmarks, by name; `synod bench` runs them. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import type { BenchOptions, BenchReport, Measurement } from '../src/cli/bench.ts';
import { VERSION } from '../src/version.ts';
import { measureAsks } from './asks.ts';
import { measureDrift } from './drift.ts';
import { measureHttp } from './http.ts';
import { measureRecall } from './recall.ts';
import { ROUNDS } from './rounds.ts';

/** What a benchmark came to: lines for the table, or a note why there are none. */
export interface Outcome {
  readonly measurements: readonly Measurement[];
  readonly notes?: readonly string[];
}

const BENCHMARKS: Readonly<Record<string, (options: BenchOptions) => Promise<Outcome>>> = {
  recall: measureRecall,
  drift: measureDrift,
  asks: measureAsks,
  http: measureHttp,
};

export const NAMES = Object.keys(BENCHMARKS);

export async function runBenchmarks(options: BenchOptions): Promise<BenchReport> {
  const measurements: Measurement[] = [];
  const notes: string[] = [];
  for (const name of options.names) {
    const outcome = await BENCHMARKS[name]!(options);
    measurements.push(...outcome.measurements);
    notes.push(...(outcome.notes ?? []));
  }
  return { environment: environment(), rounds: ROUNDS, seconds: options.seconds, measurements, notes };
}

function environment(): Record<string, string> {
  const [cpu] = cpus();
  const libraries = ['lmdb', 'xstate', 'koa', 'msgpackr'].map((name) => `${name} ${versionOf(name)}`);
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
