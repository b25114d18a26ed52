/**
 * The row kernels as WebAssembly, with two float64 side by side (SIMD f64x2).
 *
 * They keep the summation order of `vector.ts`: partial sums 0 and 1 of a product are the two lanes of the first
 * accumulator, 2 and 3 those of the second, and so on. f64x2 multiplies and adds each lane exactly as float64 does and
 * fuses nothing, so the results are those of the plain code to the bit.
 */
import { assemble, type Code, F64, F64X2, type FunctionCode, get, I32, set, whileLoop } from './wasm-assembler.ts';

/** What rows are made of; sums are float64 either way. */
interface Element {
  readonly name: 'Float32' | 'Float64';
  readonly bytes: 4 | 8;
  readonly one: (offset?: number) => Code;
  readonly two: (offset?: number) => Code;
}

const ELEMENTS: readonly Element[] = [
  { name: 'Float32', bytes: 4, one: F64.loadFloat32, two: F64X2.loadFloat32 },
  { name: 'Float64', bytes: 8, one: F64.load, two: F64X2.load },
];

const timesBytes = ({ bytes }: Element): Code => [I32.const(Math.log2(bytes)), I32.shiftLeft];
const forward = (pointer: number, by: number): Code => [get(pointer), I32.const(by), I32.add, set(pointer)];
const below = (pointer: number, end: number): Code => [get(pointer), get(end), I32.lessThan];
const countDown = (count: number, body: Code): Code =>
  whileLoop(get(count), [body, get(count), I32.const(1), I32.subtract, set(count)]);

/** Parameters: rows [n, d], n, d, other [d], out [n], scales [n]; then locals. All but n and d are byte addresses. */
const SUM = { rows: 0, n: 1, d: 2, other: 3, out: 4, scales: 5 } as const;
const [AT, GROUPS_END, ROW_END, TAIL, ONE, SCALE, SUMS, TWO, SCALES] = [6, 7, 8, 9, 10, 11, 12, 16, 17];

/** How the numbers of a row become summands. */
interface Summand {
  readonly name: string;
  /** Once per row. */
  readonly before: Code;
  readonly one: (row: Code, other: Code) => Code;
  readonly two: (row: Code, other: Code) => Code;
}

const squared = (local: number, value: Code, multiply: Code): Code => [
  [value, set(local)],
  [get(local), get(local), multiply],
];

const SUMMANDS: readonly Summand[] = [
  {
    name: 'dots',
    before: [],
    one: (row, other) => [row, other, F64.multiply],
    two: (row, other) => [row, other, F64X2.multiply],
  },
  {
    name: 'squares',
    before: [],
    one: (row) => squared(ONE, row, F64.multiply),
    two: (row) => squared(TWO, row, F64X2.multiply),
  },
  {
    name: 'squaredDistances',
    before: [get(SUM.scales), F64.load(), set(SCALE), get(SCALE), F64X2.splat, set(SCALES), forward(SUM.scales, 8)],
    one: (row, other) => squared(ONE, [row, get(SCALE), F64.multiply, other, F64.subtract], F64.multiply),
    two: (row, other) => squared(TWO, [row, get(SCALES), F64X2.multiply, other, F64X2.subtract], F64X2.multiply),
  },
];

/** out[i] = the sum over row i. */
function sumPerRow(summand: Summand, element: Element): FunctionCode {
  const { rows, n, d, other, out } = SUM;
  const add = (pair: number): Code => [
    get(SUMS + pair),
    summand.two([get(rows), element.two(2 * pair * element.bytes)], [get(AT), F64X2.load(16 * pair)]),
    [F64X2.add, set(SUMS + pair)],
  ];
  const addOne: Code = [
    [get(TAIL), summand.one([get(rows), element.one()], [get(AT), F64.load()]), F64.add, set(TAIL)],
    [forward(rows, element.bytes), forward(AT, 8)],
  ];
  const lanes = (pair: number): Code => [
    [get(SUMS + pair), F64X2.lane(0)],
    [get(SUMS + pair), F64X2.lane(1), F64.add],
  ];
  const pairs = [0, 1, 2, 3];
  return {
    name: `${summand.name}${element.name}`,
    parameters: 6,
    locals: ['i32', 'i32', 'i32', 'f64', 'f64', 'f64', 'v128', 'v128', 'v128', 'v128', 'v128', 'v128'],
    body: countDown(n, [
      [get(other), set(AT)],
      [get(rows), get(d), I32.const(-8), I32.and, timesBytes(element), I32.add, set(GROUPS_END)],
      [get(rows), get(d), timesBytes(element), I32.add, set(ROW_END)],
      [summand.before, pairs.map((pair) => [F64X2.zero, set(SUMS + pair)])],
      whileLoop(below(rows, GROUPS_END), [pairs.map(add), forward(rows, 8 * element.bytes), forward(AT, 64)]),
      [get(SUMS), F64X2.lane(0), set(TAIL)],
      whileLoop(below(rows, ROW_END), addOne),
      // ((0+1)+(2+3)) + ((4+5)+(6+7)); the tail went onto partial sum 0.
      [get(out), get(TAIL), get(SUMS), F64X2.lane(1), F64.add, lanes(1), F64.add],
      [lanes(2), lanes(3), F64.add, F64.add, F64.store()],
      forward(out, 8),
    ]),
  };
}

/** Parameters: rows [n, d], n, d, weights [n], sum [d]; then locals. */
const MIX = { rows: 0, n: 1, d: 2, weights: 3, sum: 4 } as const;
const [SUM_AT, GROUPED_END, SUM_END, WEIGHT, WEIGHTS] = [5, 6, 7, 8, 9];

/**
 * sum[j] += weight[i] · row[i][j], one row after the other. Several rows in one go would read the sum less often, but it
 * stays in the first-level cache anyway, and one stream of numbers is what the processor reads ahead best (measured: rows
 * in fours took twice as long from main memory).
 */
function addWeighted(element: Element): FunctionCode {
  const { rows, n, d, weights, sum } = MIX;
  const pair = (first: number): Code => [
    [get(SUM_AT), get(SUM_AT), F64X2.load(8 * first)],
    [get(rows), element.two(first * element.bytes), get(WEIGHTS), F64X2.multiply],
    [F64X2.add, F64X2.store(8 * first)],
  ];
  const one: Code = [
    [get(SUM_AT), get(SUM_AT), F64.load()],
    [get(rows), element.one(), get(WEIGHT), F64.multiply, F64.add, F64.store()],
  ];
  const step = (numbers: 1 | 8): Code => [forward(SUM_AT, 8 * numbers), forward(rows, numbers * element.bytes)];
  return {
    name: `addWeighted${element.name}`,
    parameters: 5,
    locals: ['i32', 'i32', 'i32', 'f64', 'v128'],
    body: countDown(n, [
      [get(weights), F64.load(), set(WEIGHT), get(WEIGHT), F64X2.splat, set(WEIGHTS)],
      [get(sum), set(SUM_AT)],
      [get(sum), get(d), I32.const(-8), I32.and, I32.const(3), I32.shiftLeft, I32.add, set(GROUPED_END)],
      [get(sum), get(d), I32.const(3), I32.shiftLeft, I32.add, set(SUM_END)],
      whileLoop(below(SUM_AT, GROUPED_END), [[0, 2, 4, 6].map(pair), step(8)]),
      whileLoop(below(SUM_AT, SUM_END), [one, step(1)]),
      forward(weights, 8),
    ]),
  };
}

/** Byte addresses. */
type SumPerRow = (rows: number, n: number, d: number, other: number, out: number, scales: number) => void;
type AddWeighted = (rows: number, n: number, d: number, weights: number, sum: number) => void;
type Names<TName extends string> = `${TName}${Element['name']}`;

export type RowCode = Readonly<
  Record<Names<'dots' | 'squares' | 'squaredDistances'>, SumPerRow> &
    Record<Names<'addWeighted'>, AddWeighted> & { memory: { readonly buffer: ArrayBufferLike } }
>;

/** The part of the WebAssembly interface used here; the language's own type library leaves it to browsers. */
interface WebAssemblyLike {
  validate(bytes: Uint8Array): boolean;
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { readonly exports: unknown };
}

/**
 * @param pages memory it has, of 64 KiB
 * @param shared whether other threads may use that memory
 * @returns null where there is no WebAssembly SIMD, not that much memory, or where making code at run time is forbidden
 */
export function compileRowCode(pages: number, shared = false): RowCode | null {
  const { WebAssembly } = globalThis as { WebAssembly?: WebAssemblyLike };
  const code = ELEMENTS.flatMap((element) => [
    ...SUMMANDS.map((summand) => sumPerRow(summand, element)),
    addWeighted(element),
  ]);
  const bytes = assemble(code, pages, shared);
  if (!WebAssembly?.validate(bytes)) return null;
  try {
    return new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as RowCode;
  } catch {
    return null;
  }
}
