/** The plots of the load runs: all of them over the number of users, then each over its time. */
import type { LoadRun, Moment, Workload } from '../load/run.ts';
import type { Operation } from '../load/users.ts';
import { linearAxis, logAxis, marksAxis, percentileAxis } from './axis.ts';
import { escapeHtml, lineChart, type Series } from './charts.ts';

const MB = 1e6;

const COLORS: Readonly<Record<Operation, number>> = { run: 1, store: 2, create: 3, delete: 4 };

type Point = readonly [number, number];

/** Least and most of what is drawn on a logarithmic axis. */
function bounds(series: readonly Series[]): [number, number] {
  const values = series.flatMap(({ points }) => points.map(([, value]) => value)).filter((value) => value > 0);
  return values.length === 0 ? [1, 10] : [Math.min(...values), Math.max(...values)];
}

/** @returns nothing for a single number of users */
export function overUsers(runs: readonly LoadRun[]): string {
  const users = [...new Set(runs.map((run) => run.users))].sort((a, b) => a - b);
  if (users.length < 2) return '';
  const workloads: Workload[] = ['empty', 'populated'];
  const series = (
    read: (run: LoadRun) => number | undefined,
    published: (run: LoadRun) => number | undefined,
  ): Series[] => {
    const pointsOf = (some: readonly LoadRun[], value: typeof read): Point[] =>
      some
        .flatMap((run): Point[] => {
          const found = value(run);
          return found === undefined ? [] : [[run.users, found]];
        })
        .sort(([a], [b]) => a - b);
    const ours = workloads.map((name, i) => ({
      name,
      points: pointsOf(
        runs.filter(({ workload }) => workload === name),
        read,
      ),
      color: i + 1,
      dots: true,
    }));
    const first = users.map((count) => runs.find((run) => run.users === count)!);
    const theirs = { name: 'published, empty', points: pointsOf(first, published), color: 0, dashed: true, dots: true };
    return [...ours, theirs].filter(({ points }) => points.length > 0);
  };
  const at = marksAxis(users);
  const rates = series(
    (run) => run.turnsPerSecond,
    (run) => run.published?.turnsPerSecond,
  );
  const tails = series(
    (run) => run.latency.run?.p99Ms,
    (run) => run.published?.runMs[3],
  );
  const charts = [
    lineChart({ title: 'Turns per second', x: at, y: logAxis(...bounds(rates)), xLabel: 'users', series: rates }),
    lineChart({ title: 'p99 of run, ms', x: at, y: logAxis(...bounds(tails)), xLabel: 'users', series: tails }),
  ];
  return `<h2>Over the number of users</h2><div class="grid2">${charts.join('\n')}</div>`;
}

export function tile(name: string, value: string, bad = false): string {
  return `<div class="tile${bad ? ' bad' : ''}"><span>${escapeHtml(name)}</span><b>${escapeHtml(value)}</b></div>`;
}

const ms = (value: number | undefined) =>
  value === undefined ? '–' : `${value.toLocaleString('en-US', { maximumFractionDigits: value < 100 ? 1 : 0 })} ms`;

export function runSection(run: LoadRun): string {
  const { latency, server } = run;
  const errors = Object.values(run.errors).reduce((sum, n) => sum + n, 0);
  const tiles = [
    tile(
      'turns per second',
      run.turnsPerSecond.toLocaleString('en-US', { maximumFractionDigits: run.turnsPerSecond < 100 ? 1 : 0 }),
    ),
    tile('run, p50', ms(latency.run?.p50Ms)),
    tile('run, p99', ms(latency.run?.p99Ms)),
    tile('create, p99', ms(latency.create?.p99Ms)),
    tile('errors', errors.toLocaleString('en-US'), errors > 0),
    ...(server === null
      ? []
      : [tile('RSS peak', `${Math.round(server.rssPeakBytes / MB).toLocaleString('en-US')} MB`)]),
  ];
  const charts = [distribution(run), throughput(run), overTime(run), ...process(run)];
  const title = `${run.users.toLocaleString('en-US')} users, ${run.workload}`;
  const about = `${run.seconds.toFixed(1)} s, ×${run.scale.toFixed(2)} of the published length`;
  return (
    `<h2>${escapeHtml(title)}<small>${escapeHtml(about)}</small></h2>` +
    `<div class="tiles">${tiles.join('')}</div><div class="grid2">${charts.join('\n')}</div>`
  );
}

function distribution({ latency, published }: LoadRun): string {
  const series: Series[] = (Object.keys(COLORS) as Operation[]).flatMap((name) => {
    const found = latency[name];
    return found ? [{ name, points: found.curve, color: COLORS[name] }] : [];
  });
  if (published) {
    const points = published.runMs.map((value, i): Point => [[50, 90, 95, 99][i]!, value]);
    series.push({ name: 'run published', points, color: 0, dashed: true });
  }
  const finest = Math.max(
    ...series.flatMap(({ points }) => points.map(([percent]) => percent).filter((p) => p < 100)),
    90,
  );
  const drawn = series.map((one) => ({ ...one, points: one.points.filter(([percent]) => percent <= finest) }));
  const axes = { x: percentileAxis(finest), y: logAxis(...bounds(drawn)) };
  return lineChart({
    title: 'Latency by percentile, ms',
    ...axes,
    xLabel: 'share of requests answered within',
    series: drawn,
  });
}

/** What was seen, moment by moment. */
function seen(timeline: readonly Moment[], read: (moment: Moment) => number | null): Point[] {
  return timeline.flatMap((moment): Point[] => {
    const value = read(moment);
    return value === null ? [] : [[moment.second, value]];
  });
}

const timeAxis = ({ seconds }: LoadRun) => linearAxis(seconds, 8, true);

function throughput(run: LoadRun): string {
  const points = seen(run.timeline, ({ turnsPerSecond }) => turnsPerSecond);
  return lineChart({
    title: 'Turns per second over time',
    x: timeAxis(run),
    y: linearAxis(Math.max(...points.map(([, value]) => value))),
    xLabel: 'seconds',
    series: [{ name: 'turns/s', points, color: 1 }],
    backdrop: { name: `users, up to ${run.users}`, points: seen(run.timeline, ({ users }) => users) },
  });
}

function overTime(run: LoadRun): string {
  const series = [
    { name: 'p50', points: seen(run.timeline, ({ p50Ms }) => p50Ms), color: 1 },
    { name: 'p99', points: seen(run.timeline, ({ p99Ms }) => p99Ms), color: 2 },
  ];
  const y = linearAxis(bounds(series)[1]);
  return lineChart({ title: 'Latency of run over time, ms', x: timeAxis(run), y, xLabel: 'seconds', series });
}

/** Of our own server alone: somebody else's process cannot be looked into. */
function process(run: LoadRun): string[] {
  const plots = [
    { title: 'Memory of the server, MB', name: 'RSS', color: 3, read: ({ rssBytes }: Moment) => scaled(rssBytes, MB) },
    { title: 'CPU of the server, % of a core', name: 'CPU', color: 2, read: ({ cpuPercent }: Moment) => cpuPercent },
    { title: 'Event loop delay of the server, ms', name: 'longest', color: 4, read: ({ loopMs }: Moment) => loopMs },
  ];
  return plots.flatMap(({ title, name, color, read }) => {
    const points = seen(run.timeline, read);
    const y = linearAxis(Math.max(...points.map(([, value]) => value)));
    const chart = { title, x: timeAxis(run), y, xLabel: 'seconds', series: [{ name, points, color }] };
    return points.length === 0 ? [] : [lineChart(chart)];
  });
}

function scaled(value: number | null, unit: number): number | null {
  return value === null ? null : value / unit;
}
