import { describe, expect, it } from 'vitest';
import { asks, breakOf, leavesOpen, normalOf, openingOf } from '../../actors/kinds/session/drift-cues.ts';

describe('a question', () => {
  it.each([
    'where do you live ?',
    'Where do you live?',
    'Really?! No way.',
    'He said "why?" and left.',
    'ok?\nfine',
    '你住在哪里？我住在柏林',
    'أين تسكن؟',
    `${'a word '.repeat(1_000)} right?`,
  ])('is asked by %j', (text) => {
    expect(asks(text)).toBe(true);
  });

  it.each(['I live here.', '', 'see https://x.org/?q=1 for it', 'use user?.name there', `why? ${'x'.repeat(2_000)}`])(
    'is not asked by %j',
    (text) => {
      expect(asks(text)).toBe(false);
    },
  );

  it.each([
    { asked: true, answer: 'It listens on port 8080.', open: false },
    { asked: true, answer: ' ok ', open: true },
    { asked: false, answer: 'ok', open: false },
    { asked: false, answer: 'Done. Shall I restart it?', open: true },
  ])('is open: $open when the message asked: $asked and the answer is "$answer"', ({ asked, answer, open }) => {
    expect(leavesOpen(asked, answer)).toBe(open);
  });
});

describe('what is usual', () => {
  it('is the mean, and a spread which starts at 0.12', () => {
    expect(normalOf([])).toBeNull();
    // one value: 0² + 4·0.0144 = 0.0576 over 5
    expect(normalOf([0.5])).toEqual({ mean: 0.5, spread: Math.sqrt(0.0576 / 5) });
    // mean 0.7; 0.01 + 0.01 + 0.0576 = 0.0776 over 6 = 0.0129333, root 0.113725
    const { mean, spread } = normalOf([0.8, 0.6])!;
    expect(mean).toBeCloseTo(0.7, 14);
    expect(spread).toBeCloseTo(0.113725, 6);
  });

  it('has a spread greater than 0 however alike the messages are', () => {
    // 0.0576 over 12 = 0.0048, root 0.069282
    expect(normalOf(Array(8).fill(1))!.spread).toBeCloseTo(0.069282, 6);
  });
});

describe('a break', () => {
  it.each([
    { similarity: 0.5, value: 0 },
    { similarity: 0.9, value: 0 },
    { similarity: 0.4, value: 0.125 },
    { similarity: 0.3, value: 0.5 },
    { similarity: 0.1, value: 2 },
  ])('counts $value at $similarity where 0.5 ± 0.1 is usual', ({ similarity, value }) => {
    expect(breakOf({ mean: 0.5, spread: 0.1 }, similarity)).toBeCloseTo(value, 12);
  });
});

describe('an opening', () => {
  const normal = { mean: 0.2, spread: 0.1 };
  const [yes, no] = [true, false];

  it.each([
    { why: 'it has nothing to do with the last turns', similarity: -0.1, habits: [], value: 1.2 },
    { why: 'its similarity is noise', similarity: 0.15, habits: [no, no], value: 1.2 },
    { why: 'its similarity is twice that', similarity: 0.3, habits: [], value: 0.6 },
    { why: 'every message before was one', similarity: 0, habits: [yes, yes, yes], value: 0.3 },
    { why: 'one of three was one', similarity: 0, habits: [no, yes, no], value: 0.9 },
  ])('counts $value when $why', ({ similarity, habits, value }) => {
    expect(openingOf(normal, similarity, habits)).toBeCloseTo(value, 12);
  });
});
