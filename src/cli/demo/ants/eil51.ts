/**
 * The travelling-salesman instance eil51: 51 cities of Christofides and Eilon (1969), from TSPLIB. A trip is a closed
 * tour through all of them; distances are Euclidean and rounded to whole numbers (`EUC_2D`).
 *
 * @see Reinelt 1991, TSPLIB: A Traveling Salesman Problem Library, ORSA Journal on Computing 3(4)
 */

/** [x, y] of the cities 1 to 51, in order. */
const COORDINATES = [
  [37, 52],
  [49, 49],
  [52, 64],
  [20, 26],
  [40, 30],
  [21, 47],
  [17, 63],
  [31, 62],
  [52, 33],
  [51, 21],
  [42, 41],
  [31, 32],
  [5, 25],
  [12, 42],
  [36, 16],
  [52, 41],
  [27, 23],
  [17, 33],
  [13, 13],
  [57, 58],
  [62, 42],
  [42, 57],
  [16, 57],
  [8, 52],
  [7, 38],
  [27, 68],
  [30, 48],
  [43, 67],
  [58, 48],
  [58, 27],
  [37, 69],
  [38, 46],
  [46, 10],
  [61, 33],
  [62, 63],
  [63, 69],
  [32, 22],
  [45, 35],
  [59, 15],
  [5, 6],
  [10, 17],
  [21, 10],
  [5, 64],
  [30, 15],
  [39, 10],
  [32, 39],
  [25, 32],
  [25, 55],
  [48, 28],
  [56, 37],
  [30, 40],
] as const;

export interface City {
  readonly x: number;
  readonly y: number;
}

/** City `n` of the instance stands at index `n − 1`; so it does in every tour and table here. */
export const CITIES: readonly City[] = COORDINATES.map(([x, y]) => ({ x, y }));

/** Length of the shortest tour there is. */
export const OPTIMUM = 426;
