/** Checks of shapes, in one wording. */
import type { Vector } from './dot.ts';

/** @throws TypeError unless `rows` is a whole number of rows of d numbers */
export function countRows(name: string, rows: Vector, d: number): number {
  if (d === 0 ? rows.length !== 0 : rows.length % d !== 0) {
    throw new TypeError(`${name}: ${rows.length} numbers are not a whole number of rows of ${d}`);
  }
  return d === 0 ? 0 : rows.length / d;
}

/** @throws TypeError */
export function requireSame(name: string, a: number, b: number): void {
  if (a !== b) throw new TypeError(`${name}: vectors have ${a} and ${b} numbers, they must have the same`);
}

/** @throws TypeError unless there is one weight per row, finite and 0 or more */
export function requireWeights(name: string, weights: Float64Array, n: number): void {
  if (weights.length !== n) throw new TypeError(`${name}: ${weights.length} weights for ${n} rows`);
  for (let i = 0; i < n; i++) {
    const weight = weights[i]!;
    if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY)) {
      throw new TypeError(`${name}: weight ${i} is ${weight}, it must be finite and not negative`);
    }
  }
}

/** @throws TypeError */
export function requireWithin(name: string, what: string, value: number, min: number, max: number): void {
  if (!(value >= min && value <= max)) {
    throw new TypeError(`${name}: ${what} is ${value}, it must be within [${min}, ${max}]`);
  }
}
