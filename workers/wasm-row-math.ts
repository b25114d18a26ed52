/** Row math over the WebAssembly code: rows are brought into its memory a block at a time. */
import { checkpoint } from './cancellation.ts';
import type { Vector } from './dot.ts';
import type { RowMath } from './row-math.ts';
import { compileRowCode, type RowCode } from './wasm-row-code.ts';

/** Where the other vector or the sum lies in the code's memory: room for {@link MAX_D} float64. */
const OTHER = 0;
const MAX_D = 8_192;
/** Per row of a block: its result, and its scale or weight. */
const OUT = OTHER + MAX_D * 8;
const MAX_BLOCK_ROWS = 1_024;
const SCALES = OUT + MAX_BLOCK_ROWS * 8;
const ROWS = SCALES + MAX_BLOCK_ROWS * 8;
/** Small enough to stay near the processor until used, large enough that bringing costs little; 16 to 64 KiB measure alike. */
const BLOCK_BYTES = 32_768;
/** A block has 4 rows at least, so that rows go four at a time into a sum. */
const LEAST_ROWS = 4;
const PAGES = Math.ceil((ROWS + Math.max(BLOCK_BYTES, LEAST_ROWS * MAX_D * 8)) / 65_536);

/**
 * @param plain for vectors too long for the code's memory
 * @returns null where there is no WebAssembly SIMD
 */
export function createWasmRowMath(plain: RowMath): RowMath | null {
  const code = compileRowCode(PAGES);
  return code && overCode(code, plain);
}

function overCode(code: RowCode, plain: RowMath): RowMath {
  const { buffer } = code.memory;
  const narrow = new Float32Array(buffer);
  const wide = new Float64Array(buffer);

  /** Runs `use` on as many rows at a time as fit, after they were brought in. */
  function eachBlock(rows: Vector, d: number, use: (from: number, count: number) => void): void {
    const memory = rows.BYTES_PER_ELEMENT === 4 ? narrow : wide;
    const start = ROWS / rows.BYTES_PER_ELEMENT;
    const rowBytes = d * rows.BYTES_PER_ELEMENT;
    const total = rows.length / d;
    const most = Math.max(LEAST_ROWS, Math.min(MAX_BLOCK_ROWS, Math.floor(BLOCK_BYTES / rowBytes) & -4));
    for (let from = 0; from < total; from += most) {
      checkpoint();
      const count = Math.min(most, total - from);
      memory.set(count === total ? rows : rows.subarray(from * d, (from + count) * d), start);
      use(from, count);
    }
  }

  const bring = (values: Float64Array, address: number) => wide.set(values, address / 8);
  const fetch = (out: Float64Array, from: number, count: number) =>
    out.set(wide.subarray(OUT / 8, OUT / 8 + count), from);

  return {
    dots(rows, other, out, squares) {
      const d = other.length;
      if (d > MAX_D) return plain.dots(rows, other, out, squares);
      const [dots, square] =
        rows instanceof Float32Array
          ? [code.dotsFloat32, code.squaresFloat32]
          : [code.dotsFloat64, code.squaresFloat64];
      bring(other, OTHER);
      eachBlock(rows, d, (from, count) => {
        dots(ROWS, count, d, OTHER, OUT, 0);
        fetch(out, from, count);
        if (!squares) return;
        square(ROWS, count, d, OTHER, OUT, 0);
        fetch(squares, from, count);
      });
    },
    squares(rows, d, out) {
      if (d > MAX_D) return plain.squares(rows, d, out);
      const square = rows instanceof Float32Array ? code.squaresFloat32 : code.squaresFloat64;
      eachBlock(rows, d, (from, count) => {
        square(ROWS, count, d, OTHER, OUT, 0);
        fetch(out, from, count);
      });
    },
    squaredDistances(rows, scales, other, out) {
      const d = other.length;
      if (d > MAX_D) return plain.squaredDistances(rows, scales, other, out);
      const distances = rows instanceof Float32Array ? code.squaredDistancesFloat32 : code.squaredDistancesFloat64;
      bring(other, OTHER);
      eachBlock(rows, d, (from, count) => {
        bring(scales.subarray(from, from + count), SCALES);
        distances(ROWS, count, d, OTHER, OUT, SCALES);
        fetch(out, from, count);
      });
    },
    addWeighted(rows, weights, sum) {
      const d = sum.length;
      if (d > MAX_D) return plain.addWeighted(rows, weights, sum);
      const [four, one] =
        rows instanceof Float32Array
          ? [code.addWeighted4Float32, code.addWeighted1Float32]
          : [code.addWeighted4Float64, code.addWeighted1Float64];
      const rowBytes = d * rows.BYTES_PER_ELEMENT;
      bring(sum, OTHER);
      eachBlock(rows, d, (from, count) => {
        bring(weights.subarray(from, from + count), SCALES);
        const fours = count & -4;
        four(ROWS, fours, d, SCALES, OTHER);
        one(ROWS + fours * rowBytes, count - fours, d, SCALES + fours * 8, OTHER);
      });
      sum.set(wide.subarray(OTHER / 8, OTHER / 8 + d));
    },
  };
}
