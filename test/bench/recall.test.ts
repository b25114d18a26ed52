import { describe, expect, it } from 'vitest';
import { differing, overall, parts, recallOf } from '../../bench/recall-score.ts';

const answered = (conversation: string, category: number, evidence: string[], found: string[]) => ({
  question: { conversation, category, evidence },
  found,
});

const others = (n: number) => Array.from({ length: n }, (_, i) => `other-${i}`);

const ANSWERED = [
  // One of two within 5, both within 10.
  answered('conv-1', 1, ['a', 'b'], ['a', ...others(5), 'b']),
  // Found in place 26 only.
  answered('conv-2', 4, ['c'], [...others(25), 'c']),
];

describe('recall@k', () => {
  it('is the share of the evidence among the first k, averaged over questions', () => {
    expect(recallOf(ANSWERED)).toEqual([(50 + 0) / 2, (100 + 0) / 2, (100 + 0) / 2, (100 + 100) / 2]);
    expect(overall('all', ANSWERED)).toMatchObject({ n: 2, values: [25, 50, 50, 100] });
  });

  it('is told for each conversation and each kind of question that occurs', () => {
    expect(parts(ANSWERED).map(({ case: name, n, values }) => [name.trim(), n, values[0]])).toEqual([
      ['conv-1', 1, 50],
      ['conv-2', 1, 0],
      ['multi-hop', 1, 50],
      ['single-hop', 1, 0],
    ]);
  });

  it('counts the questions two ways answer differently, be it in order alone', () => {
    const [first, second] = ANSWERED;
    expect(differing(ANSWERED, ANSWERED)).toBe(0);
    expect(differing(ANSWERED, [{ ...first!, found: first!.found.toReversed() }, second!])).toBe(1);
  });
});
