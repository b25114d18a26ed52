/** What every store must do with keys: the order `src/store/store.ts` promises, and the keys it refuses. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Key, KeyPart, Op, RangeOptions, Store } from '../../src/store/store.ts';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const put = (key: Key, value: Uint8Array = bytes(1)): Op => ({ op: 'put', table: 'log', key, value });
const del = (key: Key): Op => ({ op: 'del', table: 'log', key });
const clear = (prefix: Key): Op => ({ op: 'clear', table: 'log', prefix });

/** The order store.ts promises, written without the codec that has to keep it. */
function compareParts(a: KeyPart, b: KeyPart): number {
  if (typeof a === 'number') return typeof b === 'number' ? a - b : -1;
  if (typeof b === 'number') return 1;
  const [left, right] = [[...a], [...b]];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = left[i]!.codePointAt(0)! - right[i]!.codePointAt(0)!;
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

function compareKeys(a: Key, b: Key): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = compareParts(a[i]!, b[i]!);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** In order. Among them: neighbours of 2^32 and 2^53, NUL, the low control characters, BMP above and below astral. */
const ORDERED: Key[] = [
  [Number.NEGATIVE_INFINITY],
  [-(2 ** 40)],
  [-1.5],
  [-1],
  [0],
  [Number.MIN_VALUE],
  [1],
  [1, 0],
  [1, ''],
  [1, 'a'],
  [1.5],
  [2],
  [10],
  [255],
  [256],
  [2 ** 32 - 1],
  [2 ** 32],
  [2 ** 32 + 1],
  [Number.MAX_SAFE_INTEGER],
  [Number.MAX_VALUE],
  [Number.POSITIVE_INFINITY],
  [''],
  ['', ''],
  ['\0'],
  ['\0', 1],
  ['\0\0'],
  ['\0\u0001'],
  ['\u0001'],
  ['\u0001', 1],
  ['\u0001\0'],
  ['\u0001\u0001\u0002\0\0'],
  [`\u0001${'x'.repeat(100)}`],
  ['\u0004'],
  ['\u001b'],
  ['10'],
  ['9'],
  ['a'],
  ['a', 1],
  ['a', 2],
  ['a', 10],
  ['a', ''],
  ['a', 'b'],
  ['a', `b${'x'.repeat(100)}`],
  ['a\0'],
  [`a\0b${'x'.repeat(100)}`],
  ['aa'],
  ['ab'],
  ['b'],
  ['ü'],
  ['日本'],
  ['\ufffd'],
  ['😀'],
  ['😀', 1],
  ['😁'],
  ['\u{10ffff}'],
];

const keyPart = fc.oneof(
  fc.constantFrom('', 'a', 'ab', 'b', '\0', 'a\0', '\u0001', '\u0001\u0002', '\0\u0001', 0, 1, 2, -1),
  fc.double({ noNaN: true }).map((n) => n + 0),
  fc.string({ unit: 'binary', maxLength: 70 }),
);
const someKey = fc.array(keyPart, { minLength: 1, maxLength: 3 });

/** @param store the empty store of the test that runs */
export function keyContract(store: () => Store): void {
  const keys = (options: Partial<RangeOptions> = {}): Key[] =>
    [...store().range('log', { prefix: [], ...options })].map((row) => row.key);

  it('order by their parts: numbers, then strings by code point, shorter before longer', async () => {
    await store().commit(ORDERED.toReversed().map((key, i) => put(key, bytes(i))));
    expect(keys()).toEqual(ORDERED);
    expect(keys({ reverse: true })).toEqual(ORDERED.toReversed());
    expect(store().count('log')).toBe(ORDERED.length);
    for (const [i, key] of ORDERED.toReversed().entries()) expect(store().get('log', key)).toEqual(bytes(i));
  });

  it('of any kind order and come back as they were', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(someKey, { maxLength: 20 }), someKey, someKey, async (all, from, to) => {
        await store().commit([clear([]), ...all.map((key) => put(key))]);
        const sorted = all
          .toSorted(compareKeys)
          .filter((key, i, list) => i === 0 || compareKeys(list[i - 1]!, key) !== 0);
        expect(keys()).toEqual(sorted);
        const between = sorted.filter((key) => compareKeys(key, from) >= 0 && compareKeys(key, to) < 0);
        expect(keys({ from, to })).toEqual(between);
        expect(keys({ from, to, reverse: true })).toEqual(between.toReversed());
        const prefix = from.slice(0, 1);
        const under = sorted.filter((key) => compareParts(key[0]!, prefix[0]!) === 0);
        expect(keys({ prefix })).toEqual(under);
        expect(keys({ prefix, reverse: true, limit: 2 })).toEqual(under.toReversed().slice(0, 2));
      }),
      { numRuns: 60 },
    );
  });

  it('-0 and 0 are one key', async () => {
    await store().commit([put([-0])]);
    expect(store().get('log', [0])).toEqual(bytes(1));
    expect(keys()).toEqual([[0]]);
  });

  it.each<[string, Key]>([
    ['no part', []],
    ['NaN', ['a', Number.NaN]],
    ['half a surrogate pair', ['a\ud800']],
    ['a string too long', ['x'.repeat(1977)]],
    ['a string too long in UTF-8', ['日'.repeat(700)]],
    ['too many parts', Array.from({ length: 220 }, (_, i) => i)],
    ['a very long string', ['x'.repeat(1_000_000)]],
    ['NULs that are too many once escaped', ['\0'.repeat(1000)]],
  ])('with %s are refused, and nothing of their commit is written', async (_, key) => {
    await expect(store().commit([put(['ok']), put(key)])).rejects.toMatchObject({ code: 'INVALID' });
    await expect(store().commit([put(['ok']), del(key)])).rejects.toMatchObject({ code: 'INVALID' });
    expect(() => store().get('log', key)).toThrow(expect.objectContaining({ code: 'INVALID' }));
    expect(keys()).toEqual([]);
  });

  it('of 1,978 bytes are the longest', async () => {
    const longest = ['x'.repeat(1976)];
    await store().commit([put(longest), put(['日'.repeat(658)])]);
    expect(keys()).toEqual([longest, ['日'.repeat(658)]]);
    expect(keys({ prefix: longest })).toEqual([longest]);
    expect(keys({ prefix: longest, reverse: true })).toEqual([longest]);
  });
}
