/** Feedback: many states moved towards one vector in one call. */
import { checkpoint } from './cancellation.ts';
import type { Vector } from './dot.ts';
import { countRows, requireSame, requireWithin } from './shapes.ts';
import { norm, unit } from './vector.ts';

/** Rows between two looks at the cancellation flag. */
const BLOCK_ROWS = 64;

export interface BlendedRows {
  /** Row-major, shape [n, d], float64. */
  readonly rows: Float64Array;
  /** Shape [n]: 1 where the row was blended, 0 where it was left as it is. */
  readonly blended: Uint8Array;
}

/**
 * `blend` for many rows, with the same results to the bit: row i becomes unit((1 − rate)·row i + rate·target).
 *
 * A row of zeros (a state that has learned nothing yet) or without a finite length stays as it is. So do all rows when
 * the target has no direction.
 *
 * @param rows row-major, shape [n, d]; may be empty
 * @param target shape [d]
 * @param rate share of the target, 0 (nothing moves) to 1 (every state becomes the target)
 * @param out where the result goes, shape [n, d], in shared memory, so that it gets there from a worker thread too. May be
 *   `rows` itself
 * @throws TypeError when the shapes differ, the rate is outside [0, 1] or `out` is not in shared memory
 */
export function blendRows(rows: Vector, target: Vector, rate: number, out?: Float64Array): BlendedRows {
  const d = target.length;
  const n = countRows('blendRows', rows, d);
  requireWithin('blendRows', 'rate', rate, 0, 1);
  if (out && !(out.buffer instanceof SharedArrayBuffer)) throw new TypeError('blendRows: out is not in shared memory');
  const result = out ?? new Float64Array(n * d);
  requireSame('blendRows', result.length, rows.length);
  const blended = new Uint8Array(n);
  const willing = rate > 0 && hasDirection(target);
  const sum = new Float64Array(d);
  for (let i = 0; i < n; i++) {
    if (i % BLOCK_ROWS === 0) checkpoint();
    const row = rows.subarray(i * d, (i + 1) * d);
    if (!willing || !hasDirection(row)) {
      result.set(row, i * d);
      continue;
    }
    for (let j = 0; j < d; j++) sum[j] = (1 - rate) * row[j]! + rate * target[j]!;
    result.set(unit(sum), i * d);
    blended[i] = 1;
  }
  return { rows: result, blended };
}

function hasDirection(vector: Vector): boolean {
  const length = norm(vector);
  return length > 0 && length < Number.POSITIVE_INFINITY;
}
