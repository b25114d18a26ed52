/** The five levels, against sums done by hand. */
import { describe, expect, it } from 'vitest';
import { type Ballot, CONSENSUS_LEVELS, countBallots, sufficient } from '../../actors/kinds/consensus/count.ts';

const ballots = (...votes: readonly [boolean, number][]): Ballot[] =>
  votes.map(([approve, weight]) => ({ approve, weight }));

describe('ballots', () => {
  it('count with their weights: yes, no, yes of 1, 1, 1.5 are 2.5/3.5', () => {
    const { accepted, ratio } = countBallots(ballots([true, 1], [false, 1], [true, 1.5]), 'qualified_majority');
    expect(ratio).toBeCloseTo(0.714_285_714, 9);
    expect(accepted).toBe(true);
  });

  it.each([
    ['simple_majority', [1, 1], false],
    ['simple_majority', [1.01, 1], true],
    ['weighted_vote', [1, 1], false],
    [null, [1, 1], true],
    [null, [0.99, 1], false],
    ['qualified_majority', [2, 1], true],
    ['qualified_majority', [1.99, 1], false],
    ['unanimous', [9, 0.001], false],
    ['unanimous', [9, 0], true],
  ] as const)('at %s with %j for and against: %s', (level, [yes, no], wanted) => {
    expect(countBallots(ballots([true, yes], [false, no]), level).accepted).toBe(wanted);
  });

  it('need more the less the voters agree: 0.5 + 0.25·(1 − agreement)', () => {
    const votes = ballots([true, 3], [false, 2]);
    expect(countBallots(votes, 'adaptive_threshold', 1)).toMatchObject({ accepted: true, bar: 0.5 });
    expect(countBallots(votes, 'adaptive_threshold', 0.6)).toMatchObject({ accepted: true, bar: 0.6 });
    expect(countBallots(votes, 'adaptive_threshold', 0)).toMatchObject({ accepted: false, bar: 0.75 });
  });

  it.each([...CONSENSUS_LEVELS, null])('of nobody accept nothing at %s', (level) => {
    expect(countBallots([], level)).toMatchObject({ accepted: false, ratio: 0 });
    expect(sufficient([], [1, 1], level, 1)).toBe(false);
  });
});

describe('what suffices', () => {
  it('is what the others cannot prevent', () => {
    expect(sufficient(ballots([true, 1], [true, 1]), [1], 'qualified_majority', 1)).toBe(true);
    expect(sufficient(ballots([true, 1]), [1, 1], 'qualified_majority', 1)).toBe(false);
    expect(sufficient(ballots([true, 1], [true, 1]), [1], 'unanimous', 1)).toBe(false);
  });

  it('is not known while the agreement of the voters is not', () => {
    expect(sufficient(ballots([true, 9]), [1], 'adaptive_threshold', null)).toBe(false);
    expect(sufficient(ballots([true, 9]), [], 'adaptive_threshold', 0)).toBe(true);
  });
});
