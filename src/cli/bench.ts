/** `synod bench`: runs the benchmarks of `bench/`, which this room may not import: it finds them where they were built. */
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../actors/errors.ts';
import { oneOf, text, whole } from '../parsers.ts';
import { type Command, UsageError } from './options.ts';
import { formatCount, printable, table } from './table.ts';

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
  /** What others published for it, measured elsewhere; a note says on what. */
  readonly reference?: string;
}

export interface BenchReport {
  /** ISO 8601. */
  readonly at: string;
  /** Machine and versions, by name. */
  readonly environment: Readonly<Record<string, string>>;
  readonly rounds: number;
  /** As asked for; null for each benchmark's own default. */
  readonly seconds: number | null;
  readonly measurements: readonly Measurement[];
  /** What was left out, and why. */
  readonly notes: readonly string[];
  /** What the plots are made of: the load runs with their curves and timelines. */
  readonly runs: readonly object[];
  /** The soak with its curves; null when there was none. */
  readonly soak: object | null;
}

export interface BenchOptions {
  /** In this order. */
  readonly names: readonly string[];
  /** LoCoMo data for `recall`, TIAGE data for `drift`, or the folder that holds both. */
  readonly data: string | undefined;
  /** How long one measurement of one round takes; absent: each benchmark has a default. */
  readonly seconds: number | undefined;
  /** Names of load shapes, comma-separated; absent: all. */
  readonly shape: string | undefined;
  readonly workload: 'empty' | 'populated' | 'both';
  /** Memories of a full session. */
  readonly fill: number;
  /** Server to load; absent: one of our own. */
  readonly target: string | undefined;
  readonly token: string | undefined;
  /** The target may be loaded although it is on another machine. */
  readonly yes: boolean;
  readonly newConnections: boolean;
  /** On disk for `start`, coming and going in a `soak`, in clusters for `coordination`, subscribers for `push`; absent: each has a default. */
  readonly sessions: number | undefined;
  /** In the log of `history`; absent: a million. */
  readonly events: number | undefined;
  /** How long a `soak` takes. */
  readonly minutes: number;
  progress(line: string): void;
}

/** What `bench/index.ts` offers. */
export interface Benchmarks {
  readonly NAMES: readonly string[];
  /** Those of them that run only when they are named. */
  readonly ON_REQUEST: readonly string[];
  runBenchmarks(options: BenchOptions): Promise<BenchReport>;
  /** A page with plots that needs nothing else. */
  htmlReport(report: BenchReport): string;
}

export const bench: Command = {
  summary:
    'Measures this machine, or loads a running server; all but soak, coordination, history and ants, unless some are named.',
  operands:
    '[recall] [drift] [asks] [statechart] [kernels] [http] [events] [push] [load] [memory] [start] [aggregate] [robust] [soak] [coordination] [history] [ants]',
  options: [
    {
      name: 'data',
      value: 'PATH',
      help: 'LoCoMo for recall, TIAGE for drift: a file, a folder, or the folder of both.',
      // SYNOD_DATA is the server's data directory.
      env: 'SYNOD_BENCH_DATA',
    },
    {
      name: 'seconds',
      value: 'N',
      help: 'Length of one measurement; default 1, of a load run 10, of coordination 60.',
      parse: seconds,
    },
    { name: 'shape', value: 'LIST', help: 'Users for load: some of 30,60,200,400,1000. Default: all.' },
    {
      name: 'workload',
      value: 'NAME',
      help: 'For load: empty sessions, populated ones, or both.',
      default: 'both',
      parse: oneOf('empty', 'populated', 'both'),
    },
    { name: 'fill', value: 'N', help: 'Memories of a populated session.', default: '265', parse: whole(1, 15_000) },
    { name: 'target', value: 'URL', help: 'Running server for load; default: one of our own.' },
    { name: 'token', value: 'TOKEN', help: 'For that server.', parse: text, secret: true },
    { name: 'yes', help: 'Yes, load that server although it is not on this machine.', env: 'SYNOD_BENCH_YES' },
    { name: 'new-connections', help: 'A TCP connection per request for load, as in the published runs.' },
    {
      name: 'sessions',
      value: 'N',
      help: 'For start, on disk, default 2000; for soak, coming and going, default 50000; for coordination, default 10000; for push, subscribers, default 10000.',
      parse: whole(1, 1_000_000),
    },
    { name: 'events', value: 'N', help: 'In the log of history; default 1000000.', parse: whole(100, 100_000_000) },
    { name: 'minutes', value: 'N', help: 'Length of a soak.', default: '30', parse: minutes },
    { name: 'json', help: 'As JSON.' },
    { name: 'html', value: 'FILE', help: 'Also writes a page with plots.' },
  ],
  run: async ({ options, operands }) => {
    const benchmarks = await load();
    const { NAMES, runBenchmarks, htmlReport } = benchmarks;
    const unknown = operands.find((name) => !NAMES.includes(name));
    if (unknown !== undefined)
      throw new UsageError(`there is no benchmark "${unknown}"; one of ${NAMES.join(', ')} wanted`);
    const given = (name: string) => options[name] as string | undefined;
    const file = given('html');
    if (file !== undefined) requireFolder(file);
    const progress = progressTo(process.stderr);
    const report = await runBenchmarks({
      names: chosen(operands, given('target'), benchmarks),
      data: given('data'),
      seconds: given('seconds') === undefined ? undefined : Number(options.seconds),
      shape: given('shape'),
      workload: options.workload as BenchOptions['workload'],
      fill: Number(options.fill),
      target: given('target'),
      token: given('token'),
      yes: options.yes === true,
      newConnections: options['new-connections'] === true,
      sessions: given('sessions') === undefined ? undefined : Number(options.sessions),
      events: given('events') === undefined ? undefined : Number(options.events),
      minutes: Number(options.minutes),
      progress: progress.say,
    }).finally(progress.end);
    if (file !== undefined) writeFileSync(file, htmlReport(report));
    process.stdout.write(`${options.json ? JSON.stringify(report, null, 2) : reportText(report)}\n`);
    return 0;
  },
};

/** What was named; else what loads the target; else all that need not be named. */
export function chosen(
  operands: readonly string[],
  target: string | undefined,
  { NAMES, ON_REQUEST }: Pick<Benchmarks, 'NAMES' | 'ON_REQUEST'>,
): readonly string[] {
  if (operands.length > 0) return operands;
  return target === undefined ? NAMES.filter((name) => !ON_REQUEST.includes(name)) : ['load'];
}

function seconds(value: string): void {
  const number = Number(value);
  if (!/^\d+(\.\d+)?$/.test(value) || number < 0.05 || number > 600) throw new Error('seconds from 0.05 to 600');
}

function minutes(value: string): void {
  const number = Number(value);
  if (!/^\d+(\.\d+)?$/.test(value) || number < 0.1 || number > 10_080) throw new Error('minutes from 0.1 to 10080');
}

/** Before minutes of measuring, not after. */
function requireFolder(file: string): void {
  const folder = dirname(resolve(file));
  if (!existsSync(folder)) throw new UsageError(`--html is "${file}", wanted a file in a folder that exists`);
}

/** Elsewhere than on a terminal, counts are told this often. */
const COUNTS_MS = 60_000;

/** One line rewritten on a terminal; a line each elsewhere, and of the counts that change all the time one a minute. */
function progressTo(stream: NodeJS.WriteStream) {
  let last = '';
  let written = 0;
  return {
    say: (line: string) => {
      const plain = printable(line);
      const news = plain.replace(/\d+/g, '') !== last.replace(/\d+/g, '') || /round \d/.test(plain);
      if (stream.isTTY) stream.write(`\r\x1b[K${plain.slice(0, (stream.columns || 80) - 1)}`);
      else if (news || performance.now() - written > COUNTS_MS) {
        stream.write(`${plain}\n`);
        written = performance.now();
      }
      last = plain;
    },
    end: () => {
      if (stream.isTTY && last !== '') stream.write('\r\x1b[K');
    },
  };
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
  const published = measurements.some(({ reference }) => reference !== undefined);
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
    ...(published ? [line.reference ?? ''] : []),
  ]);
  const header = ['BENCHMARK', 'CASE', 'N', 'MEDIAN', 'UNIT', 'MIN–MAX', 'P50 MS', 'P99 MS', '÷ BASELINE'];
  if (published) header.push('PUBLISHED');
  const length = seconds === null ? 'of each benchmark’s own length' : `of ${seconds} s`;
  return [
    table(Object.entries(environment)),
    `up to ${rounds} rounds ${length} per measurement, each beside its baseline; bench/README.md says what they mean`,
    rows.length === 0 ? '' : table([header, ...rows], '', [2, 3, 5, 6, 7, 8, 9]),
    notes.join('\n'),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function figure(value: number): string {
  return Math.abs(value) >= 100 ? formatCount(Math.round(value)) : value.toFixed(1);
}
