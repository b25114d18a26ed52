/** A load run as lines of the table. */
import type { Measurement } from '../../src/cli/bench.ts';
import type { Published } from './published.ts';
import type { LoadRun } from './run.ts';
import type { Operation } from './users.ts';

const OPERATIONS: readonly Operation[] = ['run', 'store', 'create', 'delete'];
const MB = 1e6;

const number = (value: number) => value.toLocaleString('en-US', { maximumFractionDigits: 1 });

/** What was published for one operation; only `run` has all four percentiles. */
function publishedOf(published: Published, operation: Operation): string | undefined {
  const { runMs, createP99Ms, deleteP50Ms } = published;
  if (operation === 'run') return runMs.map(number).join(' / ');
  if (operation === 'create' && createP99Ms !== undefined) return `– / – / – / ${number(createP99Ms)}`;
  if (operation === 'delete' && deleteP50Ms !== undefined) return `${number(deleteP50Ms)} / – / – / –`;
  return undefined;
}

const referenced = (reference: string | undefined) => (reference === undefined ? {} : { reference });

export function measurementsOf(run: LoadRun): Measurement[] {
  const { published, server, echoPerSecond } = run;
  const line = (name: string, n: number, unit: string, values: readonly number[]): Measurement => ({
    benchmark: 'load',
    case: name,
    n,
    unit,
    values,
  });
  const head: Measurement = {
    ...line(`${run.users} users, ${run.workload}`, run.turns, 'turns/s', [run.turnsPerSecond]),
    // With pauses both sides wait for the users, and the ratio would say nothing.
    ...(echoPerSecond === null || run.thinkMs > 0 ? {} : { ofBaseline: run.requests / run.seconds / echoPerSecond }),
    ...referenced(published ? number(published.turnsPerSecond) : undefined),
  };
  const parts = OPERATIONS.flatMap((operation) => {
    const found = run.latency[operation];
    if (!found) return [];
    const { n, p50Ms, p90Ms, p95Ms, p99Ms } = found;
    const values = [p50Ms, p90Ms, p95Ms, p99Ms];
    const reference = published ? publishedOf(published, operation) : undefined;
    return [{ ...line(`  ${operation}`, n, 'ms p50/90/95/99', values), ...referenced(reference) }];
  });
  const failed = Object.entries(run.errors).map(([status, n]) => line(`  answered ${status}`, n, 'errors', []));
  const memory = published?.rssPeakGb === undefined ? undefined : number(published.rssPeakGb * 1_000);
  const cpu = published ? `peak ${number(published.cpuPeakPercent)}` : undefined;
  return [
    head,
    line('  while all are at work', run.turnsAtPeak, 'turns/s', [run.turnsPerSecondAtPeak]),
    ...parts,
    ...(failed.length > 0 ? failed : [line('  errors', 0, 'errors', [])]),
    line('  bytes per answer', run.requests, 'B with head', [run.bytes / Math.max(1, run.requests)]),
    ...(server === null
      ? []
      : [
          { ...line('  server RSS peak', 1, 'MB', [server.rssPeakBytes / MB]), ...referenced(memory) },
          { ...line('  server CPU', 1, '% mean/peak', [server.cpuPercent, server.cpuPeakPercent]), ...referenced(cpu) },
        ]),
    ...(echoPerSecond === null ? [] : [line('  baseline: bare Koa echo', 1, 'req/s', [echoPerSecond])]),
  ];
}
