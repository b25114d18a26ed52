/** Draws a tour in text: Braille characters are 2 × 4 dots each, so lines come out finer than letters. */
import { CITIES, type City } from './eil51.ts';
import type { Tour } from './tour.ts';

/** Dots per unit of distance; 58 × 63 units fit into 50 columns and 27 lines so. */
const DOTS_PER_UNIT = 1.7;
const CITY = 'o';
const BRAILLE = 0x2800;
/** Bits of the dots of one character, by row and column: the left ones first, the lowest row was added later. */
const DOTS = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;

/** @returns lines; north is up */
export function drawTour(tour: Tour): string[] {
  const xs = CITIES.map(({ x }) => x);
  const ys = CITIES.map(({ y }) => y);
  const [west, north] = [Math.min(...xs), Math.max(...ys)];
  const dot = ({ x, y }: City) =>
    [Math.round((x - west) * DOTS_PER_UNIT), Math.round((north - y) * DOTS_PER_UNIT)] as const;
  const [width, height] = dot({ x: Math.max(...xs), y: Math.min(...ys) });
  const cells = Array.from({ length: Math.floor(height / 4) + 1 }, () =>
    new Array<number>(Math.floor(width / 2) + 1).fill(0),
  );
  const places = tour.map((city) => dot(CITIES[city]!));
  for (const [index, from] of places.entries()) {
    for (const [column, row] of line(from, places[(index + 1) % places.length]!)) {
      cells[row >> 2]![column >> 1]! |= DOTS[(row & 3) as 0]![(column & 1) as 0];
    }
  }
  const towns = new Set(CITIES.map(dot).map(([column, row]) => `${row >> 2} ${column >> 1}`));
  return cells.map((row, y) =>
    row
      .map((bits, x) => {
        if (towns.has(`${y} ${x}`)) return CITY;
        return bits === 0 ? ' ' : String.fromCharCode(BRAILLE + bits);
      })
      .join('')
      .trimEnd(),
  );
}

type Dot = readonly [column: number, row: number];

/** The dots of a straight line, both ends included. */
function line([x0, y0]: Dot, [x1, y1]: Dot): Dot[] {
  const steps = Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0), 1);
  return Array.from({ length: steps + 1 }, (_, step) => [
    Math.round(x0 + ((x1 - x0) * step) / steps),
    Math.round(y0 + ((y1 - y0) * step) / steps),
  ]);
}
