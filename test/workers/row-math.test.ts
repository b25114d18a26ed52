/** The two implementations of row math: against each other to the bit, and against sums made another way. */
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createSlab, plainRowMath, type RowMath, wasmRowMath } from '../../workers/row-math.ts';
import { cosine, dot, unitCosines, unitSlabCosines } from '../../workers/vector.ts';
import { assemble, F64, F64X2, get, I32 } from '../../workers/wasm-assembler.ts';
import { compileRowCode } from '../../workers/wasm-row-code.ts';
import { createWasmRowMath } from '../../workers/wasm-row-math.ts';

const wasm = wasmRowMath!;

/** Any number there is: subnormals, infinities, NaN and −0 among them. */
const anyNumber = fc.double();

interface Case {
  readonly rows: Float32Array | Float64Array;
  readonly n: number;
  readonly d: number;
  readonly other: Float64Array;
  readonly perRow: Float64Array;
}

/** Shapes around the groups of 8 numbers, the pairs, the four rows at a time. */
const cases: fc.Arbitrary<Case> = fc
  .record({ n: fc.integer({ min: 1, max: 9 }), d: fc.integer({ min: 1, max: 35 }), wide: fc.boolean() })
  .chain(({ n, d, wide }) =>
    fc
      .record({
        rows: fc.array(anyNumber, { minLength: n * d, maxLength: n * d }),
        other: fc.array(anyNumber, { minLength: d, maxLength: d }),
        perRow: fc.array(anyNumber, { minLength: n, maxLength: n }),
      })
      .map(({ rows, other, perRow }) => ({
        rows: wide ? Float64Array.from(rows) : Float32Array.from(rows),
        n,
        d,
        other: Float64Array.from(other),
        perRow: Float64Array.from(perRow),
      })),
  );

/** Everything row math can be asked about a case. */
function answers(math: RowMath, { rows, n, d, other, perRow }: Case): Record<string, Float64Array> {
  const [dots, squares, alone, distances] = [0, 1, 2, 3].map(() => new Float64Array(n)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const sum = other.slice();
  math.dots(rows, other, dots, squares);
  math.squares(rows, d, alone);
  math.squaredDistances(rows, perRow, other, distances);
  math.addWeighted(rows, perRow, sum);
  return { dots, squares, alone, distances, sum };
}

function noise(length: number, seed: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => Math.sin(seed + 12.9898 * i) * Math.cos(i * i));
}

describe('row math', () => {
  it('has WebAssembly SIMD wherever the tests run', () => {
    expect(wasmRowMath).not.toBeNull();
  });

  it('gives the same bits in plain code and in WebAssembly, whatever the numbers', () => {
    fc.assert(
      fc.property(cases, (given) => {
        // toEqual tells −0 from 0 and takes NaN for NaN.
        expect(answers(wasm, given)).toEqual(answers(plainRowMath, given));
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['several blocks of rows', 200, 384],
    ['more rows than a block may have', 2_050, 2],
    ['rows longer than a block', 6, 8_192],
    ['rows longer than the memory of the code', 5, 8_193],
  ])('gives the same bits for %s', (_name, n, d) => {
    const rows = noise(n * d, 1);
    const given = { rows, n, d, other: Float64Array.from(noise(d, 2)), perRow: Float64Array.from(noise(n, 3)) };
    expect(answers(wasm, given)).toEqual(answers(plainRowMath, given));
    expect(answers(wasm, { ...given, rows: Float64Array.from(rows) })).toEqual(answers(plainRowMath, given));
  });

  it.each([
    ['plain', plainRowMath],
    ['WebAssembly', wasm],
  ])('knows small sums by heart: %s', (_name, math) => {
    // Rows (1,2,3) and (4,5,6), other (1,0,−1). 1−3 = −2 and 4−6 = −2; 1+4+9 = 14 and 16+25+36 = 77.
    // Scales 2 and 0: |(2,4,6) − (1,0,−1)|² = 1+16+49 = 66 and |(1,0,−1)|² = 2.
    // (1,0,−1) + 2·(1,2,3) + 0·(4,5,6) = (3,4,5).
    expect(
      answers(math, {
        rows: Float32Array.of(1, 2, 3, 4, 5, 6),
        n: 2,
        d: 3,
        other: Float64Array.of(1, 0, -1),
        perRow: Float64Array.of(2, 0),
      }),
    ).toEqual({
      dots: Float64Array.of(-2, -2),
      squares: Float64Array.of(14, 77),
      alone: Float64Array.of(14, 77),
      distances: Float64Array.of(66, 2),
      sum: Float64Array.of(3, 4, 5),
    });
  });

  it('adds a product in the order of the contract, in WebAssembly too', () => {
    const out = new Float64Array(1);
    const ones = new Float64Array(9).fill(1);
    // Partial sums 0 and 1 first: the 1 of partial sum 2 survives 1e16 − 1e16; see the test of `dot`.
    wasm.dots(Float64Array.of(1e16, -1e16, 1, 0, 0, 0, 0, 0), ones.subarray(0, 8), out);
    expect(out[0]).toBe(1);
    wasm.dots(Float64Array.of(1, 1e16, -1e16, 0, 0, 0, 0, 0), ones.subarray(0, 8), out);
    expect(out[0]).toBe(0);
    // A ninth number goes onto partial sum 0 before the tree.
    wasm.dots(Float64Array.of(1e16, 1, 0, 0, 0, 0, 0, 0, -1e16), ones, out);
    expect(out[0]).toBe(1);
  });

  it('stays within the stated error of an exact product', () => {
    // Exact: whole numbers in BigInt. |row| ≤ 2^20 and |other| ≤ 2^40, so that float64 has to round.
    const d = 384;
    const row = Float32Array.from(noise(d, 5), (x) => Math.round(x * 2 ** 20));
    const other = Float64Array.from(noise(d, 6), (x) => Math.round(x * 2 ** 40));
    let exact = 0n;
    let size = 0n;
    for (let j = 0; j < d; j++) {
      const product = BigInt(row[j]!) * BigInt(other[j]!);
      exact += product;
      size += product < 0n ? -product : product;
    }
    const out = new Float64Array(1);
    wasm.dots(row, other, out);
    expect(Math.abs(Number(BigInt(out[0]!) - exact))).toBeLessThan((d / 8 + 4) * 2 ** -53 * Number(size));
  });

  it('gives the same bits for rows that live in a slab, and for a part of them', () => {
    const [n, d] = [2_100, 20];
    const slab = createSlab(n, d);
    expect(slab.every((x) => x === 0)).toBe(true);
    slab.set(noise(n * d, 9));
    const given = { d, other: Float64Array.from(noise(d, 2)) };
    for (const [from, to] of [
      [0, n],
      [3, 4],
      [5, 2_000],
    ] as const) {
      const rows = slab.subarray(from * d, to * d);
      const part = { ...given, n: to - from, perRow: Float64Array.from(noise(to - from, 3)) };
      expect(answers(wasm, { ...part, rows })).toEqual(answers(plainRowMath, { ...part, rows: rows.slice() }));
    }
    expect(slab).toEqual(noise(n * d, 9));
  });

  it('keeps slabs apart', () => {
    const [one, two] = [createSlab(4, 8).fill(1), createSlab(4, 8).fill(2)];
    const out = new Float64Array(4);
    wasm.dots(one, new Float64Array(8).fill(1), out);
    expect([...out]).toEqual([8, 8, 8, 8]);
    wasm.dots(two, new Float64Array(8).fill(1), out);
    expect([...out]).toEqual([16, 16, 16, 16]);
    expect(createSlab(0, 8)).toHaveLength(0);
  });

  it('reads shared memory', () => {
    const rows = new Float32Array(new SharedArrayBuffer(4 * 100 * 20));
    rows.set(noise(2_000, 8));
    const given = { n: 100, d: 20, other: Float64Array.from(noise(20, 2)), perRow: Float64Array.from(noise(100, 3)) };
    expect(answers(wasm, { ...given, rows })).toEqual(answers(plainRowMath, { ...given, rows: rows.slice() }));
  });
});

describe('unitSlabCosines', () => {
  it('gives the bits of unitCosines and of dot', () => {
    const rows = noise(30 * 40, 4);
    const query = Float64Array.from(noise(40, 9), (x) => x / 10);
    const apart = Array.from({ length: 30 }, (_, i) => rows.slice(i * 40, i * 40 + 40));
    expect(unitSlabCosines(rows, query)).toEqual(unitCosines(apart, query));
    expect(unitSlabCosines(rows.subarray(0, 40), query)[0]).toBe(Math.max(-1, Math.min(1, dot(apart[0]!, query))));
  });

  it('cuts rounding off, and has 0 for what is no number', () => {
    const rows = Float32Array.of(2, 0, -2, 0, Number.NaN, 0, 0, 0);
    expect([...unitSlabCosines(rows, Float32Array.of(1, 0))]).toEqual([1, -1, 0, 0]);
    expect(unitSlabCosines(new Float32Array(0), Float32Array.of(1, 0))).toHaveLength(0);
    expect(unitSlabCosines(new Float32Array(0), new Float32Array(0))).toHaveLength(0);
    expect(() => unitSlabCosines(rows, Float32Array.of(1, 0, 0))).toThrow(TypeError);
  });
});

describe('the code made at load', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it('runs what was assembled', () => {
    // out = 2 · in + in2, on two lanes and on one, with offsets beyond one byte.
    const bytes = assemble(
      [
        {
          name: 'twice',
          parameters: 1,
          locals: ['v128'],
          body: [
            [get(0), I32.const(-300), I32.subtract, get(0), F64X2.load(), get(0), F64X2.load(), F64X2.add],
            [get(0), F64X2.load(200), F64X2.add, F64X2.store()],
            [get(0), get(0), F64.load(), F64.store(400)],
          ],
        },
      ],
      1,
    );
    const { Module, Instance } = (globalThis as unknown as { WebAssembly: Record<string, new (x: object) => object> })
      .WebAssembly as { Module: new (x: object) => object; Instance: new (x: object) => { exports: unknown } };
    const { twice, memory } = new Instance(new Module(bytes)).exports as {
      twice: (at: number) => void;
      memory: { buffer: ArrayBuffer };
    };
    const view = new DataView(memory.buffer);
    for (const [at, value] of [
      [0, 3],
      [8, 4],
      [200, 10],
      [208, 20],
    ] as const)
      view.setFloat64(at, value, true);
    twice(0);
    expect([300, 308, 400].map((at) => view.getFloat64(at, true))).toEqual([16, 28, 3]);
  });

  it.each([
    ['there is no WebAssembly', undefined],
    ['it has no SIMD', { validate: (): boolean => false }],
    [
      'making code is forbidden',
      {
        validate: (): boolean => true,
        Module: class {
          constructor() {
            throw new Error('code generation disallowed by embedder');
          }
        },
      },
    ],
  ])('leaves the work to plain code where %s', (_name, replacement) => {
    vi.stubGlobal('WebAssembly', replacement);
    expect(compileRowCode(1)).toBeNull();
    expect(createWasmRowMath(plainRowMath)).toBeNull();
    expect(createSlab(2, 3).buffer).toBeInstanceOf(SharedArrayBuffer);
  });

  it('leaves cosines as they were for a row alone', () => {
    expect(cosine(Float32Array.of(1, 0), Float32Array.of(3, 4))).toBe(0.6);
  });
});
