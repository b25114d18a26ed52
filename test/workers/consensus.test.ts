/** Votes counted by hand. */
import { describe, expect, it } from 'vitest';
import { approvals, type ConsensusLevel, meanPairwiseCosine, tallyVotes } from '../../workers/consensus.ts';
import { cosine } from '../../workers/vector.ts';
import { f32, f64, normals, uniform } from './noise.ts';

const votes = (...list: number[]) => Uint8Array.from(list);

describe('tallyVotes', () => {
  it('weighs votes: yes, no, yes with 1, 1, 1.5 is 2.5 of 3.5', () => {
    const { accepted, ratio } = tallyVotes(votes(1, 0, 1), f64(1, 1, 1.5), 'qualified_majority');
    expect(ratio).toBeCloseTo(2.5 / 3.5, 15);
    expect(accepted).toBe(true);
  });

  it.each<[ConsensusLevel, number[], number[], boolean]>([
    ['simple_majority', [1, 0], [1, 1], false],
    ['simple_majority', [1, 1, 0], [1, 1, 1], true],
    ['simple_majority', [1, 1, 0], [1, 1, 2], false],
    ['qualified_majority', [1, 1, 0], [1, 1, 1], true],
    // 0.1 + 0.1 + 0.1 is not 0.3, but two of three are two thirds.
    ['qualified_majority', [1, 1, 0], [0.1, 0.1, 0.1], true],
    ['qualified_majority', [1, 1, 1, 0, 0], [1, 1, 1, 1, 1], false],
    ['unanimous', [1, 1], [1, 0.1], true],
    ['unanimous', [1, 1, 1, 0], [1, 1, 1, 1e-3], false],
    ['weighted_vote', [1, 0, 0], [3, 1, 1], true],
    ['weighted_vote', [1, 0], [1e308, 1e308], false],
    ['adaptive_threshold', [1, 1, 0], [1, 1, 1], true],
  ])('%s: votes %j with weights %j: %s', (level, list, weights, accepted) => {
    expect(tallyVotes(votes(...list), f64(...weights), level).accepted).toBe(accepted);
  });

  it('asks for more the less the voters agree', () => {
    // 0.5 + 0.25·(1 − agreement): 0.5, 0.75 and 1.
    const bars = [1, 0, -1].map((agreement) => tallyVotes(votes(1), f64(1), 'adaptive_threshold', agreement).bar);
    expect(bars).toEqual([0.5, 0.75, 1]);
    const three = (agreement: number) =>
      tallyVotes(votes(1, 1, 1, 0), f64(1, 1, 1, 1), 'adaptive_threshold', agreement).accepted;
    expect([three(0), three(-0.1)]).toEqual([true, false]);
    expect(tallyVotes(votes(1, 0), f64(1, 1), 'adaptive_threshold', 1).accepted).toBe(false);
  });

  it('accepts nothing without votes or without weight', () => {
    for (const level of ['simple_majority', 'unanimous', 'adaptive_threshold'] as const) {
      expect(tallyVotes(votes(), f64(), level)).toMatchObject({ accepted: false, ratio: 0 });
      expect(tallyVotes(votes(1, 1), f64(0, 0), level)).toMatchObject({ accepted: false, ratio: 0 });
    }
  });

  it('refuses what cannot be', () => {
    expect(() => tallyVotes(votes(1), f64(1, 1), 'unanimous')).toThrow(TypeError);
    expect(() => tallyVotes(votes(1), f64(-1), 'unanimous')).toThrow(TypeError);
    expect(() => tallyVotes(votes(1), f64(1), 'toString' as ConsensusLevel)).toThrow(TypeError);
    expect(() => tallyVotes(votes(1), f64(1), 'unanimous', Number.NaN)).toThrow(TypeError);
  });
});

describe('approvals', () => {
  it('approves from (1 + cosine) / 2 = 0.6 on', () => {
    // Cosines 1, −1, 0 and 0.6; a zero row and one of NaN have cosine 0.
    const rows = f32(2, 0, -1, 0, 0, 3, 3, 4, 0, 0, Number.NaN, 1);
    const { votes: cast, cosines } = approvals(rows, f32(1, 0));
    expect([...cosines]).toEqual([1, -1, 0, 0.6, 0, 0]);
    expect([...cast]).toEqual([1, 0, 0, 1, 0, 0]);
    expect([...approvals(rows, f32(1, 0), 0.5).votes]).toEqual([1, 0, 1, 1, 1, 1]);
    expect(approvals(f32(), f32(1, 0)).votes).toHaveLength(0);
    expect(() => approvals(rows, f32(1, 0), 2)).toThrow(TypeError);
  });
});

describe('meanPairwiseCosine', () => {
  it('is the mean of all pairs', () => {
    const [n, d] = [12, 9];
    const rows = normals(n * d, uniform(6));
    const row = (i: number) => rows.subarray(i * d, (i + 1) * d);
    let sum = 0;
    for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) sum += cosine(row(i), row(j));
    expect(meanPairwiseCosine(rows, d)).toBeCloseTo(sum / ((n * (n - 1)) / 2), 14);
  });

  it('is 1 for identical rows, −1 for two opposite ones, and for less than two 1', () => {
    expect(meanPairwiseCosine(f32(3, 4, 6, 8, 3, 4), 2)).toBeCloseTo(1, 14);
    expect(meanPairwiseCosine(f32(3, 4, -6, -8), 2)).toBeCloseTo(-1, 14);
    for (const rows of [f32(), f32(1, 2), f32(1, 2, 0, 0, Number.NaN, 1)]) expect(meanPairwiseCosine(rows, 2)).toBe(1);
  });
});
