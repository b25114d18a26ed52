/** The one product every kernel multiplies through. */

export type Vector = Float32Array | Float64Array;

/** Multiplies d numbers of `a` and of `b`, each from its own start, in the order `vector.ts` states. */
export function dotAt(a: Vector, aStart: number, b: Vector, bStart: number, d: number): number {
  const aEnd = aStart + d;
  const aGrouped = aEnd - (d % 8);
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let s4 = 0;
  let s5 = 0;
  let s6 = 0;
  let s7 = 0;
  let i = aStart;
  let j = bStart;
  for (; i < aGrouped; i += 8, j += 8) {
    s0 += a[i]! * b[j]!;
    s1 += a[i + 1]! * b[j + 1]!;
    s2 += a[i + 2]! * b[j + 2]!;
    s3 += a[i + 3]! * b[j + 3]!;
    s4 += a[i + 4]! * b[j + 4]!;
    s5 += a[i + 5]! * b[j + 5]!;
    s6 += a[i + 6]! * b[j + 6]!;
    s7 += a[i + 7]! * b[j + 7]!;
  }
  for (; i < aEnd; i++, j++) s0 += a[i]! * b[j]!;
  return s0 + s1 + (s2 + s3) + (s4 + s5 + (s6 + s7));
}
