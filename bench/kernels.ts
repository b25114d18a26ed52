/**
 * The vector kernels beside the loop anybody would write: one sum, one number after the other.
 *
 * Measures calls per second of `dot`, `cosines` (rows side by side in one array) and `unitCosines` (rows of their own, as
 * recall has them) over one vector, a full session and 10,000 memories of 384 numbers. The baseline is a plain loop that
 * does the same on the same arrays. Does not measure: the pool, WebAssembly, vectors that are not in the cache of the CPU.
 */

import type { BenchOptions, Measurement } from '../src/cli/bench.ts';
import { cosines, dot, norm, unit, unitCosines } from '../workers/vector.ts';
import type { Outcome } from './index.ts';
import { createRandom } from './load/words.ts';
import { ROUNDS, type Round, rangeOf, ratioOf, spin } from './rounds.ts';

const DIMENSION = 384;
/** One, a full session, and where a pool would begin to pay. */
const ROWS = [1, 265, 10_000] as const;

interface Case {
  readonly name: string;
  readonly kernel: () => unknown;
  readonly plain: () => unknown;
}

export async function measureKernels({ seconds = 1, progress }: BenchOptions): Promise<Outcome> {
  // A third each: there are seven cases of two.
  const each = seconds / 3;
  const measurements: Measurement[] = [];
  for (const { name, kernel, plain } of ROWS.flatMap(casesOf)) {
    progress(`kernels: ${name}`);
    const ours: Round[] = [];
    const theirs: Round[] = [];
    spin(each / 2, kernel);
    spin(each / 2, plain);
    for (let round = 1; round <= ROUNDS; round++) {
      theirs.push(spin(each, plain));
      ours.push(spin(each, kernel));
    }
    measurements.push(
      { ...line(name, ours), ofBaseline: ratioOf(ours, theirs) },
      line(`baseline: plain loop, ${name}`, theirs),
    );
    await new Promise(setImmediate);
  }
  return { measurements };
}

function line(name: string, rounds: readonly Round[]): Measurement {
  return { benchmark: 'kernels', case: name, unit: 'calls/s', ...rangeOf(rounds) };
}

function casesOf(n: number): Case[] {
  const random = createRandom(n);
  const vector = () => Float32Array.from(unit(Float64Array.from({ length: DIMENSION }, () => random() - 0.5)));
  const rows = Array.from({ length: n }, vector);
  const flat = Float32Array.from(rows.flatMap((row) => [...row]));
  const query = vector();
  // A session's own vector has float64 numbers: the running program meets both, so the compiler must have seen both.
  const state = Float64Array.from(query);
  for (let i = 0; i < 1_000; i++) dot(state, query) + norm(state);
  const size = `${n.toLocaleString('en-US')} × ${DIMENSION}`;
  return [
    ...(n === 1 ? [{ name: `dot, ${size}`, kernel: () => dot(flat, query), plain: () => plainDot(flat, query) }] : []),
    { name: `cosines, ${size}`, kernel: () => cosines(flat, query), plain: () => plainCosines(flat, query) },
    {
      name: `unitCosines, ${size}`,
      kernel: () => unitCosines(rows, query),
      plain: () => plainUnitCosines(rows, query),
    },
  ];
}

/** @param a shape [d] @param b shape [d] */
export function plainDot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** @param rows row-major, shape [n, d] @param query shape [d] @returns shape [n] */
export function plainCosines(rows: Float32Array, query: Float32Array): Float64Array {
  const d = query.length;
  const result = new Float64Array(rows.length / d);
  const length = Math.sqrt(plainDot(query, query));
  for (let row = 0; row < result.length; row++) {
    let product = 0;
    let square = 0;
    for (let i = 0, at = row * d; i < d; i++, at++) {
      product += rows[at]! * query[i]!;
      square += rows[at]! * rows[at]!;
    }
    result[row] = product / (length * Math.sqrt(square));
  }
  return result;
}

/** @param rows n arrays of shape [d], unit length @param query shape [d], unit length @returns shape [n] */
export function plainUnitCosines(rows: readonly Float32Array[], query: Float32Array): Float64Array {
  const result = new Float64Array(rows.length);
  for (let row = 0; row < result.length; row++) result[row] = plainDot(rows[row]!, query);
  return result;
}
