/** Plots as inline SVG. Colours are CSS variables of the page, so that they follow its dark and light dress. */
import type { Axis } from './axis.ts';

export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [number, number])[];
  /** Which of the page's colours, from 1. */
  readonly color: number;
  /** Of somebody else's figures. */
  readonly dashed?: boolean;
  /** A dot at each point. */
  readonly dots?: boolean;
}

export interface LineChart {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly xLabel: string;
  readonly series: readonly Series[];
  /** Drawn faintly behind, over its own height: where there is a load, and how much. */
  readonly backdrop?: { readonly name: string; readonly points: readonly (readonly [number, number])[] };
}

/** One line of {@link barChart}. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly text: string;
  readonly baseline: boolean;
}

const WIDTH = 520;
const HEIGHT = 250;
const LEFT = 52;
const RIGHT = 24;
const TOP = 14;
const BOTTOM = 40;

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character]!);
}

const place = (value: number) => Number(value.toFixed(1));

export function lineChart({ title, x, y, xLabel, series, backdrop }: LineChart): string {
  const across = (at: number) => place(LEFT + at * (WIDTH - LEFT - RIGHT));
  const down = (at: number) => place(HEIGHT - BOTTOM - at * (HEIGHT - TOP - BOTTOM));
  const path = (points: LineChart['series'][number]['points']) =>
    points.map(([a, b], i) => `${i === 0 ? 'M' : 'L'}${across(x.place(a))} ${down(y.place(b))}`).join('');
  const grid = y.ticks.map(
    ({ at, label }) =>
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${down(at)}" y2="${down(at)}"/>` +
      `<text class="tick" x="${LEFT - 7}" y="${down(at) + 4}" text-anchor="end">${escapeHtml(label)}</text>`,
  );
  const feet = x.ticks.map(
    ({ at, label }) =>
      `<text class="tick" x="${across(at)}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${escapeHtml(label)}</text>`,
  );
  const lines = series.map(
    ({ points, color, dashed, dots }) =>
      `<path class="line c${color}${dashed ? ' dashed' : ''}" d="${path(points)}"/>` +
      (dots
        ? points.map(
            ([a, b]) => `<circle class="dot c${color}" cx="${across(x.place(a))}" cy="${down(y.place(b))}" r="3.5"/>`,
          )
        : []
      ).join(''),
  );
  const names = [
    ...series.map(({ name, color, dashed }) => key(name, `c${color}${dashed ? ' dashed' : ''}`)),
    ...(backdrop ? [key(backdrop.name, 'behind')] : []),
  ];
  return figure(
    title,
    names.join(''),
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(title)}">` +
      (backdrop ? area(backdrop.points, x, across, down) : '') +
      grid.join('') +
      feet.join('') +
      `<text class="tick" x="${across(0.5)}" y="${HEIGHT - 5}" text-anchor="middle">${escapeHtml(xLabel)}</text>` +
      `${lines.join('')}</svg>`,
  );
}

type Place = (at: number) => number;

function area(points: Series['points'], x: Axis, across: Place, down: Place): string {
  const most = Math.max(1, ...points.map(([, value]) => value));
  const top = points.map(([at, value]) => `L${across(x.place(at))} ${down(value / most)}`).join('');
  const [first, last] = [points[0]?.[0] ?? 0, points.at(-1)?.[0] ?? 0];
  return `<path class="behind" d="M${across(x.place(first))} ${down(0)}${top}L${across(x.place(last))} ${down(0)}Z"/>`;
}

const ROW = 26;
const LABELS = 232;
const VALUES = 84;

/** Lying bars from 0, each with its figure. */
export function barChart(title: string, bars: readonly Bar[]): string {
  const most = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
  const rows = bars.map(({ label, value, text, baseline }, i) => {
    const width = place(Math.max(1, (value / most) * (WIDTH - LABELS - VALUES)));
    const middle = i * ROW + 17;
    return (
      `<text class="tick" x="${LABELS - 8}" y="${middle}" text-anchor="end">${escapeHtml(label)}</text>` +
      `<rect class="bar ${baseline ? 'c0' : 'c1'}" x="${LABELS}" y="${i * ROW + 4}" width="${width}" height="${ROW - 8}" rx="2"/>` +
      `<text class="value" x="${LABELS + width + 7}" y="${middle}">${escapeHtml(text)}</text>`
    );
  });
  const names = key('measured', 'c1') + (bars.some(({ baseline }) => baseline) ? key('baseline', 'c0') : '');
  const height = bars.length * ROW + 6;
  return figure(
    title,
    names,
    `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeHtml(title)}">${rows.join('')}</svg>`,
  );
}

function key(name: string, style: string): string {
  return `<span class="key"><i class="${style}"></i>${escapeHtml(name)}</span>`;
}

function figure(title: string, keys: string, svg: string): string {
  return `<figure><figcaption><b>${escapeHtml(title)}</b><span class="keys">${keys}</span></figcaption>${svg}</figure>`;
}
