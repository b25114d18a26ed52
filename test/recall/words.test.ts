/** The quick reader against the rules, on texts made to lie between them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitWords, toTerm } from '../../src/recall/tokens.ts';
import { hashTerm, readText } from '../../src/recall/words.ts';

/** The same by the rules alone. */
function byTheRules(text: string) {
  const words = new Map<string, number>();
  const terms = new Map<number, number>();
  let length = 0;
  for (const word of splitWords(text)) {
    words.set(word, (words.get(word) ?? 0) + 1);
    const term = toTerm(word);
    if (term === '') continue;
    terms.set(hashTerm(term), (terms.get(hashTerm(term)) ?? 0) + 1);
    length++;
  }
  return { words: [...words], terms: [...terms].map(([term, times]) => [term, Math.min(255, times)]), length };
}

function asRead(text: string) {
  const { words, counts, terms, termCounts, length } = readText(text);
  return {
    words: words.map((word, i) => [word, counts[i]]),
    terms: [...terms].map((term, i) => [term, termCounts[i]]),
    length,
  };
}

const scraps = fc.constantFrom(
  ...[
    'a',
    'Z',
    'ing',
    'deploys',
    'Deployed',
    '0',
    '12',
    '9',
    '.',
    ',',
    ':',
    '1,424',
    '1.5',
    '.5a',
    '7.',
    ' ',
    '\n',
    '_',
  ],
  ...[
    "'",
    "n't",
    "'s",
    "'S",
    "'ll",
    '-',
    '(',
    'É',
    'é',
    '’',
    '数',
    '据',
    '🚀',
    'K',
    'ß',
    '\u0301',
    'ﬁ',
    '\0',
    '__proto__',
  ],
);
const texts = fc.array(fc.oneof({ weight: 4, arbitrary: scraps }, fc.string())).map((parts) => parts.join(''));

describe('a text as read', () => {
  it('is what the rules say of it', () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(asRead(text)).toEqual(byTheRules(text));
      }),
      { numRuns: 3_000 },
    );
  });

  it.each([
    ['1.5.6a 12.34a 1,2,3 1.2.3 1:30pm 10:30.'],
    ["DON'T won't Alice's 'quoted' rock'n'roll"],
    [`${'x'.repeat(60)} ${'9'.repeat(60)} ${'1,'.repeat(60)}1`],
    ['spam '.repeat(1_000)],
    ['constructor toString valueOf __proto__ hasOwnProperty'],
    [''],
  ])('is what the rules say of %j', (text) => {
    expect(asRead(text)).toEqual(byTheRules(text));
  });

  it('stays so when the tables overflow', () => {
    for (let round = 0; round < 3; round++) {
      const text = Array.from({ length: 20_000 }, (_, i) => `w${round}x${i}`).join(' ');
      expect(asRead(text)).toEqual(byTheRules(text));
      expect(asRead(`w${round}x1 w0x1 w0x2`)).toEqual(byTheRules(`w${round}x1 w0x1 w0x2`));
    }
  });
});
