/** The plots of a soak: what should level off, over its time. */
import type { SoakMoment, SoakRun } from '../soak/run.ts';
import { linearAxis } from './axis.ts';
import { escapeHtml, lineChart, type Series } from './charts.ts';
import { tile } from './runs.ts';

const MB = 1e6;

type Read = (moment: SoakMoment) => number | null;

interface Plot {
  readonly title: string;
  readonly lines: readonly (readonly [name: string, color: number, read: Read])[];
}

const inMb =
  (read: Read): Read =>
  (moment) => {
    const bytes = read(moment);
    return bytes === null ? null : bytes / MB;
  };

const plotsOf = (logRecordBytes: number): Plot[] => [
  {
    title: 'Memory of the server, MB',
    lines: [
      ['RSS', 1, inMb(({ rssBytes }) => rssBytes)],
      ['without the mapped store', 3, inMb(({ anonymousBytes }) => anonymousBytes)],
    ],
  },
  {
    title: 'Store file, MB',
    lines: [
      ['data.mdb', 2, inMb(({ storeBytes }) => storeBytes)],
      ['the log in it', 4, inMb(({ logRecords }) => (logRecords === null ? null : logRecords * logRecordBytes))],
    ],
  },
  {
    title: 'Event loop delay, ms',
    lines: [
      ['p99', 1, ({ loopP99Ms }) => loopP99Ms],
      ['longest', 4, ({ loopMaxMs }) => loopMaxMs],
    ],
  },
  {
    title: 'Sessions',
    lines: [
      ['there are', 1, ({ sessions }) => sessions],
      ['in memory', 3, ({ live }) => live],
    ],
  },
  {
    title: 'Latency of run and store, ms',
    lines: [
      ['p50', 1, ({ p50Ms }) => p50Ms],
      ['p99', 2, ({ p99Ms }) => p99Ms],
    ],
  },
];

export function soakSection(soak: SoakRun): string {
  const { checks, created, deleted, errors, seconds, thirds } = soak;
  const failed = Object.values(errors).reduce((sum, n) => sum + n, 0);
  const whole = (value: number) => Math.round(value).toLocaleString('en-US');
  const last = thirds.at(-1);
  const log = soak.left.find(({ table }) => table === 'log');
  const logRecordBytes = log === undefined || log.rows === 0 ? 0 : log.bytes / log.rows;
  const tiles = [
    tile('sessions created', whole(created)),
    tile('deleted', whole(deleted), deleted < created),
    tile('turns looked for', whole(checks.turns)),
    tile('lost or twice', whole(checks.lost + checks.doubled), checks.lost + checks.doubled > 0),
    tile('errors', whole(failed), failed > 0),
    ...(last ? [tile('RSS, last third', `${whole(last.rssBytes / MB)} MB`)] : []),
  ];
  const about = `${(seconds / 60).toFixed(1)} minutes, ${whole(soak.requests)} requests`;
  return (
    `<h2>Soak<small>${escapeHtml(about)}</small></h2>` +
    `<div class="tiles">${tiles.join('')}</div>` +
    `<div class="grid2">${plotsOf(logRecordBytes)
      .flatMap((plot) => chartOf(plot, soak))
      .join('\n')}</div>`
  );
}

function chartOf({ title, lines }: Plot, { moments, seconds }: SoakRun): string[] {
  const series = lines
    .map(([name, color, read]): Series => {
      const points = moments.flatMap((moment) => {
        const value = read(moment);
        return value === null ? [] : [[moment.second / 60, value] as const];
      });
      return { name, color, points };
    })
    .filter(({ points }) => points.length > 0);
  if (series.length === 0) return [];
  const y = linearAxis(Math.max(...series.flatMap(({ points }) => points.map(([, value]) => value))));
  return [lineChart({ title, x: linearAxis(seconds / 60, 8, true), y, xLabel: 'minutes', series })];
}
