/** Vectors of the embedder's dimension whose arithmetic can be done by hand: all but the first numbers are zero. */
export const DIMENSION = 384;

export function vec(...first: readonly number[]): number[] {
  return [...first, ...new Array<number>(DIMENSION - first.length).fill(0)];
}

/** The first numbers of a session's state. */
export function head(state: unknown, count = 2): number[] {
  return (state as number[]).slice(0, count);
}
