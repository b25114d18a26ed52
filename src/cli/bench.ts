/** `synod bench`: runs the benchmarks of `bench/`, which this room may not import: it finds them where they were built. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../actors/errors.ts';
import { type Command, UsageError } from './options.ts';
import { formatCount, table } from './table.ts';

/** One line of the table. */
export interface Measurement {
  readonly benchmark: string;
  readonly case: string;
  /** What was counted: questions, requests, asks. */
  readonly n: number;
  readonly unit: string;
  /** The median over the rounds, or several figures the unit names. */
  readonly values: readonly number[];
  /** Lowest and highest round; absent for what does not vary. */
  readonly range?: readonly [number, number];
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  /** Share of the baseline measured beside it, as the median of the rounds' ratios. */
  readonly ofBaseline?: number;
}

export interface BenchReport {
  /** Machine and versions, by name. */
  readonly environment: Readonly<Record<string, string>>;
  readonly rounds: number;
  readonly seconds: number;
  readonly measurements: readonly Measurement[];
  /** What was left out, and why. */
  readonly notes: readonly string[];
}

export interface BenchOptions {
  /** In this order. */
  readonly names: readonly string[];
  /** LoCoMo data for `recall`, TIAGE data for `drift`, or the folder that holds both. */
  readonly data: string | undefined;
  /** How long one measurement of one round takes. */
  readonly seconds: number;
  progress(line: string): void;
}

/** What `bench/index.ts` offers. */
export interface Benchmarks {
  readonly NAMES: readonly string[];
  runBenchmarks(options: BenchOptions): Promise<BenchReport>;
}

export const bench: Command = {
  summary: 'Measures this machine: recall, drift, asks, http. Default: all.',
  operands: '[recall] [drift] [asks] [http]',
  options: [
    {
      name: 'data',
      value: 'PATH',
      help: 'LoCoMo for recall, TIAGE for drift: a file, a folder, or the folder of both.',
      // SYNOD_DATA is the server's data directory.
      env: 'SYNOD_BENCH_DATA',
    },
    { name: 'seconds', value: 'N', help: 'Length of one measurement.', default: '1', parse: seconds },
    { name: 'json', help: 'As JSON.' },
  ],
  run: async ({ options, operands }) => {
    const { NAMES, runBenchmarks } = await load();
    const unknown = operands.find((name) => !NAMES.includes(name));
    if (unknown !== undefined)
      throw new UsageError(`there is no benchmark "${unknown}"; one of ${NAMES.join(', ')} wanted`);
    const report = await runBenchmarks({
      names: operands.length > 0 ? operands : NAMES,
      data: options.data as string | undefined,
      seconds: Number(options.seconds),
      progress: (line) => process.stderr.write(`${line}\n`),
    });
    process.stdout.write(`${options.json ? JSON.stringify(report, null, 2) : reportText(report)}\n`);
    return 0;
  },
};

function seconds(value: string): void {
  const number = Number(value);
  if (!/^\d+(\.\d+)?$/.test(value) || number < 0.05 || number > 600) throw new Error('seconds from 0.05 to 600');
}

async function load(): Promise<Benchmarks> {
  const url = new URL('../../bench/index.js', import.meta.url);
  if (!existsSync(fileURLToPath(url))) {
    throw new AppError(
      'UNAVAILABLE',
      `the benchmarks are not part of this installation: ${fileURLToPath(url)} is missing`,
    );
  }
  return (await import(url.href)) as Benchmarks;
}

function reportText({ environment, rounds, seconds, measurements, notes }: BenchReport): string {
  const rows = measurements.map((line) => [
    line.benchmark,
    line.case,
    formatCount(line.n),
    line.values.map(figure).join(' / '),
    line.unit,
    line.range ? `${figure(line.range[0])}–${figure(line.range[1])}` : '',
    line.p50Ms === undefined ? '' : line.p50Ms.toFixed(2),
    line.p99Ms === undefined ? '' : line.p99Ms.toFixed(2),
    line.ofBaseline === undefined ? '' : line.ofBaseline.toFixed(2),
  ]);
  const header = ['BENCHMARK', 'CASE', 'N', 'MEDIAN', 'UNIT', 'MIN–MAX', 'P50 MS', 'P99 MS', '÷ BASELINE'];
  return [
    table(Object.entries(environment)),
    `${rounds} rounds of ${seconds} s per measurement, each beside its baseline; bench/README.md says what they mean`,
    rows.length === 0 ? '' : table([header, ...rows], '', [2, 3, 5, 6, 7, 8]),
    notes.join('\n'),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function figure(value: number): string {
  return value >= 100 ? formatCount(Math.round(value)) : value.toFixed(1);
}
