/** Vectors for tests: repeatable noise, and rows that agree to a given degree. */

/** A generator of uniform numbers in [0, 1). @see Mulberry32, Tommy Ettinger */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Standard normal numbers (Box and Muller). */
export function normals(length: number, random: () => number): Float64Array {
  return Float64Array.from({ length }, () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()));
}

export const f32 = (...numbers: number[]) => Float32Array.from(numbers);
export const f64 = (...numbers: number[]) => Float64Array.from(numbers);
