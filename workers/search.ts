/** The nearest rows of one slab for several queries at once. */
import { checkpoint } from './cancellation.ts';
import type { Vector } from './dot.ts';
import { countRows } from './shapes.ts';
import { type Best, nearest } from './vector.ts';

/**
 * `nearest` for every query, with the same results.
 *
 * @param rows row-major, shape [n, d]; may be empty
 * @param queries row-major, shape [m, d]; may be empty
 * @param d numbers per row
 * @param k how many rows per query
 * @returns one answer per query, in their order
 * @throws TypeError when either is not a whole number of rows
 */
export function nearestMany(rows: Vector, queries: Vector, d: number, k: number): Best[] {
  countRows('nearestMany', rows, d);
  return Array.from({ length: countRows('nearestMany', queries, d) }, (_, query) => {
    checkpoint();
    return nearest(rows, queries.subarray(query * d, (query + 1) * d), k);
  });
}
