import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { intake } from '../../actors/plain.ts';
import { decode, encode } from '../../src/host/codec.ts';

class Thing {
  x = 1;
}

describe('intake', () => {
  it('copies, so that the sender cannot change an event that waits', () => {
    const vector = Float32Array.of(1, 2);
    const event = { type: 'x', list: [1], vector };
    const { value } = intake(event);
    event.list.push(2);
    vector[0] = 9;
    expect(value).toEqual({ type: 'x', list: [1], vector: Float32Array.of(1, 2) });
  });

  it.each([
    ['a function', { f: () => 1 }],
    ['a symbol', [Symbol('s')]],
    ['a Map', { m: new Map() }],
    ['a Set', new Set()],
    ['an instance of a class', { thing: new Thing() }],
    ['an error', new Error('x')],
    ['a key that would set a prototype', JSON.parse('{"__proto__": {"x": 1}}')],
    ['a promise', Promise.resolve()],
    ['a DataView', new DataView(new ArrayBuffer(1))],
  ])('refuses %s', (_name, value) => {
    expect(() => intake(value)).toThrow(expect.objectContaining({ code: 'INVALID' }));
  });

  it('refuses cycles and bottomless nesting', () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    expect(() => intake(cycle)).toThrow(/cycle/);
    expect(() => intake(JSON.parse('['.repeat(5_000) + ']'.repeat(5_000)))).toThrow(/levels/);
  });

  it('mends half a surrogate pair and minus zero, which a store would not give back as they are', () => {
    expect(intake({ 'k\ud800': 'a\ud800b', n: [-0] }).value).toEqual({ 'k\ufffd': 'a\ufffdb', n: [0] });
  });

  it('leaves what the store gives back as it was given', () => {
    const leaf = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.double(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.constant(undefined),
      fc.date({ noInvalidDate: true }),
      fc.float32Array({ maxLength: 5 }),
      fc.float64Array({ maxLength: 5 }),
      fc.uint8Array({ maxLength: 5 }),
      fc.int32Array({ maxLength: 5 }),
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.array(tie('tree'), { maxLength: 4 }),
        fc.dictionary(
          fc.string({ maxLength: 5 }).filter((key) => key !== '__proto__'),
          tie('tree'),
          {
            maxKeys: 4,
            noNullPrototype: true,
          },
        ),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        const taken = intake(value).value;
        expect(decode(encode(taken))).toStrictEqual(taken);
      }),
      { numRuns: 500 },
    );
  });
});
