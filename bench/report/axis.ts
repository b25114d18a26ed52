/** From values to places on a line: linear, logarithmic, and percentiles by what is left to 100 %. */

export interface Axis {
  /** Where a value lies, from 0 to 1. */
  place(value: number): number;
  readonly ticks: readonly { readonly at: number; readonly label: string }[];
}

/** `1234567` → `1.2M`, `0.05` → `0.05`. */
export function short(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6) return `${trim(value / 1e6)}M`;
  if (size >= 1e4) return `${trim(value / 1e3)}k`;
  return size >= 100 ? Math.round(value).toLocaleString('en-US') : trim(value);
}

function trim(value: number): string {
  return String(Number(value.toPrecision(value !== 0 && Math.abs(value) < 1 ? 1 : 2)));
}

/** 1, 2 or 5 times a power of ten, so that at most `count` steps fit. */
function stepOf(span: number, count: number): number {
  const power = 10 ** Math.floor(Math.log10(span / count));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => span / step <= count)!;
}

/** From 0 to a round number above `most`. */
export function linearAxis(most: number, count = 5, exact = false): Axis {
  const span = most > 0 && Number.isFinite(most) ? most : 1;
  const step = stepOf(span, count);
  const top = exact ? span : Math.ceil(span / step - 1e-9) * step;
  const length = Math.floor(top / step + 1e-9) + 1;
  const ticks = Array.from({ length }, (_, i) => ({
    at: (i * step) / top,
    label: short(Number((i * step).toFixed(9))),
  }));
  return { place: (value) => value / top, ticks };
}

const STEPS = [1, 2, 5, 10];
/** Over more decades, only powers of ten have room for their labels. */
const FINE_DECADES = 2.2;

/** From a round number (1, 2 or 5 times a power of ten) below `least`, greater than 0, to one above `most`. */
export function logAxis(least: number, most: number): Axis {
  const powers = (value: number) => STEPS.map((step) => step * 10 ** Math.floor(Math.log10(value)));
  const low = powers(least).findLast((step) => step <= least * (1 + 1e-9))!;
  const high = powers(most).find((step) => step >= Math.max(most, 2 * low) * (1 - 1e-9)) ?? 10 * low;
  const decades = Math.log10(high / low);
  const place = (value: number) => Math.log10(Math.max(value, low) / low) / decades;
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    const steps = decades > FINE_DECADES ? [1] : [1, 2, 5];
    ticks.push(...steps.map((step) => Number((step * 10 ** power).toPrecision(1))));
  }
  const shown = ticks.filter((value) => value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9));
  return { place, ticks: shown.map((value) => ({ at: place(value), label: short(value) })) };
}

/** Logarithmic too, marked at the given values, with some air on both sides. */
export function marksAxis(values: readonly number[]): Axis {
  const [low, high] = [Math.log(Math.min(...values)), Math.log(Math.max(...values))];
  const place = (value: number) => (high === low ? 0.5 : 0.06 + (0.88 * (Math.log(value) - low)) / (high - low));
  return { place, ticks: values.map((value) => ({ at: place(value), label: short(value) })) };
}

const TAIL = [0, 50, 90, 99, 99.9, 99.99];

/** Each decade of what is left to 100 % is as wide as the one before: the tail, where it hurts, gets the room. */
export function percentileAxis(finest: number): Axis {
  const depth = (percent: number) => -Math.log10(Math.max(1 - percent / 100, 1e-5));
  const most = Math.max(1, depth(finest));
  const ticks = TAIL.filter((percent) => depth(percent) <= most + 1e-9);
  const place = (percent: number) => Math.min(1, depth(percent) / most);
  return { place, ticks: ticks.map((percent) => ({ at: place(percent), label: `${percent}%` })) };
}
