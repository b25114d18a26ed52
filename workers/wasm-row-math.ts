/**
 * Row math over the WebAssembly code. Rows are brought into its memory a block at a time, unless they live in a slab: that
 * has code over its own memory, so nothing is moved and reading them overlaps with computing.
 */
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
/** A good part of the second-level cache: long enough to read ahead, short enough to be there still. Two longest rows fit. */
const BLOCK_BYTES = 131_072;
const PAGE_BYTES = 65_536;
const PAGES = Math.ceil((ROWS + BLOCK_BYTES) / PAGE_BYTES);
/** What a 32-bit address reaches. */
const MOST_PAGES = 65_536;

/** Code with its memory. */
interface Workplace {
  readonly code: RowCode;
  readonly narrow: Float32Array;
  readonly wide: Float64Array;
  /** The rows are here already. */
  readonly resident: boolean;
}

function workplaceOf(code: RowCode, resident: boolean): Workplace {
  const { buffer } = code.memory;
  return { code, narrow: new Float32Array(buffer), wide: new Float64Array(buffer), resident };
}

/** Slabs made on this thread. Another thread sees their memory, but has its own code and brings rows to it. */
const SLABS = new WeakMap<ArrayBufferLike, Workplace>();

/**
 * Makes room for rows in memory that all threads can see, all zeros. Products and sums over them take about half the
 * time on the thread that made it. Every slab takes some GiB of address space (not of memory), so there may be
 * thousands and not millions: for the members of a cluster, not for one session.
 *
 * @returns row-major, shape [n, d]; in ordinary shared memory where there is no WebAssembly SIMD
 */
export function createSlab(n: number, d: number): Float32Array {
  const bytes = n * d * Float32Array.BYTES_PER_ELEMENT;
  const pages = Math.ceil((ROWS + bytes) / PAGE_BYTES);
  const code = pages <= MOST_PAGES ? compileRowCode(pages, true) : null;
  if (!code) return new Float32Array(new SharedArrayBuffer(bytes));
  SLABS.set(code.memory.buffer, workplaceOf(code, true));
  return new Float32Array(code.memory.buffer, ROWS, n * d);
}

/**
 * @param plain for vectors too long for the code's memory
 * @returns null where there is no WebAssembly SIMD
 */
export function createWasmRowMath(plain: RowMath): RowMath | null {
  const code = compileRowCode(PAGES);
  return code && overCode(workplaceOf(code, false), plain);
}

/** Runs `use` on as many rows at a time as fit, at the address where they are. */
function eachBlock(
  { narrow, wide, resident }: Workplace,
  rows: Vector,
  d: number,
  use: (address: number, from: number, count: number) => void,
): void {
  const memory = rows.BYTES_PER_ELEMENT === 4 ? narrow : wide;
  const rowBytes = d * rows.BYTES_PER_ELEMENT;
  const total = rows.length / d;
  const fitting = resident ? MAX_BLOCK_ROWS : Math.floor(BLOCK_BYTES / rowBytes);
  const most = Math.min(MAX_BLOCK_ROWS, fitting);
  for (let from = 0; from < total; from += most) {
    checkpoint();
    const count = Math.min(most, total - from);
    if (!resident) {
      const block = count === total ? rows : rows.subarray(from * d, (from + count) * d);
      memory.set(block, ROWS / rows.BYTES_PER_ELEMENT);
    }
    use(resident ? rows.byteOffset + from * rowBytes : ROWS, from, count);
  }
}

const bring = ({ wide }: Workplace, values: Float64Array, address: number) => wide.set(values, address / 8);
const fetch = ({ wide }: Workplace, out: Float64Array, from: number, count: number) =>
  out.set(wide.subarray(OUT / 8, OUT / 8 + count), from);

function overCode(own: Workplace, plain: RowMath): RowMath {
  const placeOf = (rows: Vector): Workplace => SLABS.get(rows.buffer) ?? own;
  return {
    dots(rows, other, out, squares) {
      const d = other.length;
      if (d > MAX_D) return plain.dots(rows, other, out, squares);
      const place = placeOf(rows);
      const { code } = place;
      const [dots, square] =
        rows instanceof Float32Array
          ? [code.dotsFloat32, code.squaresFloat32]
          : [code.dotsFloat64, code.squaresFloat64];
      bring(place, other, OTHER);
      eachBlock(place, rows, d, (address, from, count) => {
        dots(address, count, d, OTHER, OUT, 0);
        fetch(place, out, from, count);
        if (!squares) return;
        square(address, count, d, OTHER, OUT, 0);
        fetch(place, squares, from, count);
      });
    },
    squares(rows, d, out) {
      if (d > MAX_D) return plain.squares(rows, d, out);
      const place = placeOf(rows);
      const square = rows instanceof Float32Array ? place.code.squaresFloat32 : place.code.squaresFloat64;
      eachBlock(place, rows, d, (address, from, count) => {
        square(address, count, d, OTHER, OUT, 0);
        fetch(place, out, from, count);
      });
    },
    squaredDistances(rows, scales, other, out) {
      const d = other.length;
      if (d > MAX_D) return plain.squaredDistances(rows, scales, other, out);
      const place = placeOf(rows);
      const { squaredDistancesFloat32, squaredDistancesFloat64 } = place.code;
      const distances = rows instanceof Float32Array ? squaredDistancesFloat32 : squaredDistancesFloat64;
      bring(place, other, OTHER);
      eachBlock(place, rows, d, (address, from, count) => {
        bring(place, scales.subarray(from, from + count), SCALES);
        distances(address, count, d, OTHER, OUT, SCALES);
        fetch(place, out, from, count);
      });
    },
    addWeighted(rows, weights, sum) {
      const d = sum.length;
      if (d > MAX_D) return plain.addWeighted(rows, weights, sum);
      const place = placeOf(rows);
      const { code, wide } = place;
      const add = rows instanceof Float32Array ? code.addWeightedFloat32 : code.addWeightedFloat64;
      bring(place, sum, OTHER);
      eachBlock(place, rows, d, (address, from, count) => {
        bring(place, weights.subarray(from, from + count), SCALES);
        add(address, count, d, SCALES, OTHER);
      });
      sum.set(wide.subarray(OTHER / 8, OTHER / 8 + d));
    },
  };
}
