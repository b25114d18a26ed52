/** Vectors at the door of a session: what comes in is checked once and has unit length from there on. */
import { dot, norm, unit } from '../../../workers/vector.ts';
import { AppError } from '../../errors.ts';

function check(vector: Float32Array | Float64Array, dimension: number, what: string): void {
  if (vector.length !== dimension) {
    throw new AppError('INVALID', `${what} has ${vector.length} numbers, the session wants ${dimension}`);
  }
  if (!Number.isFinite(norm(vector))) throw new AppError('INVALID', `${what} holds numbers that are not finite`);
}

/**
 * @param what names the vector in the error
 * @returns a new vector, unit length or all zeros
 * @throws AppError INVALID when the length differs from the session's dimension or a number is not finite
 */
export function takeVector(vector: Float32Array, dimension: number, what: string): Float32Array {
  check(vector, dimension, what);
  return new Float32Array(unit(vector));
}

/** Like {@link takeVector}, for the session's own vector in float64. */
export function takeState(vector: Float32Array | Float64Array, dimension: number, what: string): Float64Array {
  check(vector, dimension, what);
  return unsigned(unit(vector));
}

/** Zeros without a sign: JSON has no −0, and an exported session must come back bit for bit. */
export function unsigned(vector: Float64Array): Float64Array {
  const result = new Float64Array(vector.length);
  // A loop: `map` with a function takes four times as long.
  for (let i = 0; i < vector.length; i++) result[i] = vector[i]! + 0;
  return result;
}

/** Cosine of two vectors that have unit length (0 for all zeros), rounding cut off. */
export function similarity(a: Float32Array | Float64Array, b: Float32Array | Float64Array): number {
  return Math.max(-1, Math.min(1, dot(a, b)));
}
