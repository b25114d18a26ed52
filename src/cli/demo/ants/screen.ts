/** Lays the ants out on a terminal of 80 columns. */
import { formatCount } from '../../table.ts';
import { type Paint, wrap } from '../screen.ts';
import { ANTS, type Progress, type Search } from './colony.ts';
import { CITIES, OPTIMUM } from './eil51.ts';
import { drawTour } from './map.ts';
import { edgesOf } from './tour.ts';

/** What an edge of the tour is marked with that long enough many ants agreed on. */
const STRONG = 0.9;
const LABEL = 12;
const PLURALS: Readonly<Record<string, string>> = {
  ready: 'ready',
  proposal: 'proposals',
  reward: 'rewards',
  penalty: 'penalties',
};
const COLUMNS = [8, 8, 10, 10, 10] as const;
const MARGIN = 14;

export function antsIntro(where: string, nearest: number, paint: Paint): string {
  const text =
    `${ANTS} agents look for the shortest round trip through the ${CITIES.length} cities of eil51; it is ${OPTIMUM} ` +
    'long. None of them knows the others. Each reads the signals of the edges between two cities, builds tours along ' +
    'short edges with strong signals, announces a better one as an event (ready), and posts events that strengthen ' +
    'its edges (proposal, reward) and weaken the others (penalty). The tour that always goes to the nearest city is ' +
    `${nearest} long, from the best start.`;
  const head = row(['tours', 'best', 'too long', 'events', 'seconds']);
  return `${paint('bold', `synod demo ants, ${where}`)}\n\n${wrap(text, 0)}\n\n${paint('bold', head)}\n`;
}

/** @param seconds since the ants began */
export function progressText({ tours, best, events }: Progress, seconds: number): string {
  return row([formatCount(tours), String(best), excess(best), formatCount(sum(events)), seconds.toFixed(1)]);
}

/** @param seconds the search took */
export function closingText(search: Search, seconds: number, paint: Paint): string {
  const { tours, best, events, requests, signals } = search;
  if (best === undefined) return '\nno tour was finished\n';
  const edges = new Set(edgesOf(best.tour));
  const strong = signals.filter(({ strength }) => strength > STRONG);
  const agreed = strong.filter(({ pattern }) => edges.has(pattern)).length;
  const types = Object.entries(events).map(([type, count]) => `${formatCount(count)} ${PLURALS[type]}`);
  const verdict = best.length === OPTIMUM ? 'no tour is shorter' : `${excess(best.length)} longer than the shortest`;
  const rows = [
    ['best', `${best.length}, announced by ${best.agent}: ${verdict}`],
    ['tours', `${formatCount(tours)} by ${ANTS} ants in ${seconds.toFixed(1)} s`],
    ['events', `${formatCount(sum(events))}: ${types.join(', ')}`],
    ['requests', formatCount(requests)],
    [
      'signals',
      `${signals.length} live, ${strong.length} above ${STRONG}: ${agreed} on the ${edges.size} edges of the tour`,
    ],
  ] as const;
  const lines = rows.map(([name, text]) => `${`  ${name}`.padEnd(LABEL)}${wrap(text, LABEL)}`);
  const map = drawTour(best.tour).map((line) => `${' '.repeat(MARGIN)}${line}`.trimEnd());
  return `\n${map.join('\n')}\n\n${paint('bold', 'summary')}\n${lines.join('\n')}\n`;
}

/** How much longer than the shortest tour: `1.2 %`. */
export function excess(length: number): string {
  return `${((length / OPTIMUM - 1) * 100).toFixed(1)} %`;
}

function row(cells: readonly string[]): string {
  return cells.map((cell, column) => cell.padStart(COLUMNS[column]!)).join('');
}

function sum(events: Readonly<Record<string, number>>): number {
  return Object.values(events).reduce((total, count) => total + count, 0);
}
