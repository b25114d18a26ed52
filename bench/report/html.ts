/** The report as a page for people who would rather look than read: one file, nothing fetched, no script. */
import type { Measurement } from '../../src/cli/bench.ts';
import type { FullReport } from '../index.ts';
import { type Bar, barChart, escapeHtml } from './charts.ts';
import { overUsers, runSection } from './runs.ts';
import { soakSection } from './soak.ts';
import { STYLE } from './style.ts';

export function htmlReport(report: FullReport): string {
  const { at, environment, measurements, notes, runs, soak } = report;
  const machine = Object.entries(environment).map(
    ([name, value]) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd></div>`,
  );
  const parts = [
    `<h1>Synod benchmarks</h1><p class="when">${escapeHtml(at.slice(0, 16).replace('T', ' '))} UTC</p>`,
    `<dl class="machine">${machine.join('')}</dl>`,
    overUsers(runs),
    ...runs.map(runSection),
    soak === null ? '' : soakSection(soak),
    compared(measurements),
    measurements.length === 0 ? '' : `<h2>All figures</h2>${tableOf(measurements)}`,
    notes.length === 0
      ? ''
      : `<h2>Notes</h2><ul class="notes">${notes.map((note) => `<li>${escapeHtml(note)}</li>`).join('')}</ul>`,
  ];
  return (
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">' +
    '<meta name="viewport" content="width=device-width, initial-scale=1">' +
    `<title>Synod benchmarks</title><style>${STYLE}</style></head>\n<body><main>\n${parts.filter(Boolean).join('\n')}\n</main></body></html>\n`
  );
}

const short = (value: number) =>
  value.toLocaleString('en-US', { maximumFractionDigits: Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 1 ? 1 : 3 });

/** A bar chart for each benchmark with one figure per line in one unit; load runs and soaks have plots of their own. */
function compared(measurements: readonly Measurement[]): string {
  const names = [...new Set(measurements.map(({ benchmark }) => benchmark))].filter(
    (name) => name !== 'load' && name !== 'soak',
  );
  const charts = names.flatMap((name) => {
    const lines = measurements.filter(({ benchmark, values }) => benchmark === name && values.length === 1);
    const unit = lines[0]?.unit;
    const bars: Bar[] = lines
      .filter((line) => line.unit === unit)
      .map((line) => ({
        label: line.case.trim().replace(/^baseline: /, ''),
        value: line.values[0]!,
        text: short(line.values[0]!),
        baseline: /^baseline/.test(line.case),
      }));
    return bars.length < 2 ? [] : [barChart(`${name}, ${unit}`, bars)];
  });
  return charts.length === 0 ? '' : `<h2>Beside the baselines</h2><div class="grid2">${charts.join('\n')}</div>`;
}

/** Columns of the table: heading, whether it holds numbers, and what stands in a line of it. */
const COLUMNS: readonly (readonly [string, boolean, (line: Measurement) => string])[] = [
  ['Benchmark', false, (line) => (isPart(line) ? '' : line.benchmark)],
  ['Case', false, (line) => line.case.trim()],
  ['n', true, (line) => line.n.toLocaleString('en-US')],
  ['Median', true, (line) => line.values.map(short).join(' / ')],
  ['Unit', false, (line) => line.unit],
  ['Min–max', true, (line) => line.range?.map(short).join('–') ?? ''],
  ['p50 ms', true, (line) => line.p50Ms?.toFixed(2) ?? ''],
  ['p99 ms', true, (line) => line.p99Ms?.toFixed(2) ?? ''],
  ['÷ baseline', true, (line) => line.ofBaseline?.toFixed(2) ?? ''],
  ['Published', true, (line) => line.reference ?? ''],
];

const isPart = (line: Measurement) => line.case.startsWith('  ');

function tableOf(measurements: readonly Measurement[]): string {
  const columns = COLUMNS.filter(([, , read]) => measurements.some((line) => read(line) !== ''));
  const head = columns.map(([name, numeric]) => `<th${numeric ? ' class="n"' : ''}>${escapeHtml(name)}</th>`);
  const rows = measurements.map((line) => {
    const cells = columns.map(([name, numeric, read]) => {
      const style = numeric ? ' class="n"' : name === 'Case' && isPart(line) ? ' class="in"' : '';
      return `<td${style}>${escapeHtml(read(line))}</td>`;
    });
    return `<tr${isPart(line) ? '' : ' class="head"'}>${cells.join('')}</tr>`;
  });
  return `<div class="scroll"><table><thead><tr>${head.join('')}</tr></thead><tbody>${rows.join('\n')}</tbody></table></div>`;
}
