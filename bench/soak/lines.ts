/** A soak as lines of the table. */
import type { Measurement } from '../../src/cli/bench.ts';
import { growthOf, heapGrowthOf, type SoakRun, type Third } from './run.ts';

const MB = 1e6;
const KB = 1_000;
const MAX_TABLES = 4;

const line = (name: string, n: number, unit: string, values: readonly number[]): Measurement => ({
  benchmark: 'soak',
  case: name,
  n,
  unit,
  values,
});

export function measurementsOf(run: SoakRun): Measurement[] {
  const { thirds, checks, before, collected, after, left } = run;
  const seen = thirds.reduce((sum, { samples }) => sum + samples, 0);
  const series = (name: string, unit: string, read: (third: Third) => number) =>
    line(name, seen, `${unit} by thirds`, thirds.map(read));
  const growth = (read: (third: Third) => number) =>
    line('  growth, middle to last third', run.created, 'B per session', [growthOf(run, read)]);
  const rss = (third: Third) => third.rssBytes;
  const anonymous = (third: Third) => third.anonymousBytes ?? 0;
  const storeBytes = (third: Third) => third.storeBytes;
  const errors = Object.entries(run.errors).map(([name, n]) => line(`  answered ${name}`, n, 'errors', []));
  const tables = [...left].sort((a, b) => b.bytes - a.bytes).filter(({ rows }) => rows > 0);
  const lines = [
    line('sessions created', run.created, 'per s', [run.created / run.plan.beginUntilSeconds]),
    line('  used again after a rest', run.usedAgain, '', []),
    line('  deleted', run.deleted, '', []),
    ...(errors.length > 0 ? errors : [line('  errors', 0, 'errors', [])]),
    line('  acknowledged turns looked for', checks.turns, 'lost/twice', [checks.lost, checks.doubled]),
    line('  deleted sessions still there', checks.undead, '', []),
    series('sessions', 'number', ({ sessions }) => sessions),
    series('  of them in memory', 'number', ({ live }) => live),
    series('RSS', 'MB', (third) => rss(third) / MB),
    growth(rss),
    ...(before.anonymousBytes === null
      ? []
      : [
          series('RSS without the mapped store', 'MB', (third) => anonymous(third) / MB),
          growth(anonymous),
          line('  before the first session, after the last', 1, 'MB', [
            before.anonymousBytes / MB,
            (after.anonymousBytes ?? 0) / MB,
          ]),
        ]),
    line(
      'JS heap, garbage collected',
      collected.length,
      'MB at the ends of thirds',
      collected.map(({ heapBytes }) => heapBytes / MB),
    ),
    line('  growth, end of first to end of last third', run.created, 'B per session', [heapGrowthOf(run)]),
    line('  before the first session, after the last', 1, 'MB', [before.heapBytes / MB, after.heapBytes / MB]),
    series('store file', 'MB', (third) => storeBytes(third) / MB),
    growth(storeBytes),
    ...tables
      .slice(0, MAX_TABLES)
      .map(({ table, rows, bytes }) => line(`  rows left in ${table} at the end`, rows, 'kB', [bytes / KB])),
    series('event loop delay, p99', 'ms', ({ loopP99Ms }) => loopP99Ms),
    series('  longest', 'ms', ({ loopMaxMs }) => loopMaxMs),
    series('run, p99', 'ms', ({ latency }) => latency.run[1]),
    series('store, p99', 'ms', ({ latency }) => latency.store[1]),
    line('baseline: RSS before the first session', 1, 'MB', [before.rssBytes / MB]),
  ];
  // A soak of seconds may have a third in which nothing was seen.
  return lines.filter(({ values }) => values.every(Number.isFinite));
}
