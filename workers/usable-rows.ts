/** Rows that have a direction: the others would turn every sum into zeros or NaN. */
import type { Vector } from './dot.ts';
import { rowMath } from './row-math.ts';

export interface UsableRows {
  /** The given rows themselves when all are usable, else a copy of those that are; shape [m, d]. */
  readonly rows: Vector;
  /** Their numbers among the given rows, ascending, shape [m]. */
  readonly from: Uint32Array;
  /** 1 / length of each, shape [m]. */
  readonly scales: Float64Array;
}

/**
 * Leaves out rows of zeros and rows without a finite length.
 *
 * @param rows row-major, shape [n, d], n·d > 0 or n = 0
 * @param weights shape [n]; a row with weight 0 is left out too
 */
export function usableRows(rows: Vector, d: number, weights?: Float64Array): UsableRows {
  const n = d === 0 ? 0 : rows.length / d;
  const squares = new Float64Array(n);
  if (n > 0) rowMath.squares(rows, d, squares);
  const kept: number[] = [];
  for (let i = 0; i < n; i++) {
    const usable = squares[i]! > 0 && squares[i]! < Number.POSITIVE_INFINITY && weights?.[i] !== 0;
    if (usable) kept.push(i);
  }
  const from = Uint32Array.from(kept);
  const scales = Float64Array.from(kept, (i) => 1 / Math.sqrt(squares[i]!));
  if (kept.length === n) return { rows, from, scales };
  const copy = rows instanceof Float32Array ? new Float32Array(kept.length * d) : new Float64Array(kept.length * d);
  for (let i = 0; i < kept.length; i++) copy.set(rows.subarray(kept[i]! * d, (kept[i]! + 1) * d), i * d);
  return { rows: copy, from, scales };
}
