import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { globs } from '../../actors/glob.ts';

describe('globs', () => {
  it.each([
    ['*', '', true],
    ['*', 'anything/at all', true],
    ['a*', 'abc', true],
    ['a*', 'ba', false],
    ['*c', 'abc', true],
    ['a*c', 'ac', true],
    ['a*c', 'abcd', false],
    ['ab*ba', 'aba', false],
    ['ab*ba', 'abba', true],
    ['a*b*c', 'a-b-c', true],
    ['a*b*c', 'a-c-b', false],
    ['**', 'x', true],
    ['a.c', 'abc', false],
    ['a?c', 'abc', false],
    ['[ab]', 'a', false],
    ['{a,b}', 'a', false],
    ['!a', 'b', false],
    ['', '', true],
    ['', 'a', false],
  ])('%j on %j: %s', (pattern, text, fits) => {
    expect(globs([pattern])!(text)).toBe(fits);
  });

  it('passes what one of the alternatives fits, and everything when there are none', () => {
    expect([globs(undefined), globs([])]).toEqual([null, null]);
    const either = globs(['lock', 'vote.*'])!;
    expect(['lock', 'vote.open', 'locks'].map(either)).toEqual([true, true, false]);
  });

  it('agrees with a search that tries everything', () => {
    const slow = (pattern: string, text: string): boolean => {
      if (pattern === '') return text === '';
      if (pattern[0] !== '*') return text[0] === pattern[0] && slow(pattern.slice(1), text.slice(1));
      return slow(pattern.slice(1), text) || (text !== '' && slow(pattern, text.slice(1)));
    };
    const word = (letters: string) => fc.string({ unit: fc.constantFrom(...letters), maxLength: 8 });
    fc.assert(fc.property(word('ab*'), word('ab'), (pattern, text) => globs([pattern])!(text) === slow(pattern, text)));
  });

  it('takes no time to speak of for hostile patterns, and refuses too many or too long ones', () => {
    const started = performance.now();
    const hostile = Array.from({ length: 64 }, () => `${'*a'.repeat(149)}b`);
    expect(globs(hostile)!('a'.repeat(300))).toBe(false);
    expect(performance.now() - started).toBeLessThan(500);
    expect(() => globs(['x'.repeat(301)])).toThrow(/at most 300/);
    expect(() => globs(Array.from({ length: 65 }, () => 'x'))).toThrow(/at most 64/);
    expect(() => globs([5 as never])).toThrow(/not a string/);
  });
});
