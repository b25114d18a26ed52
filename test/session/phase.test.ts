import { describe, expect, it } from 'vitest';
import { phaseOf, trendOf } from '../../actors/kinds/session/phase.ts';

const flat = (value: number, n: number) => Array<number>(n).fill(value);

describe('the trend', () => {
  it('gives mean, population deviation and slope of the last eight', () => {
    // 1..8 /10 after an outlier: mean 0.45; variance of 1..8 = (64−1)/12 = 5.25, /100, root = 0.22913; slope 0.1
    const { mean, deviation, slope } = trendOf([9, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]);
    expect(mean).toBeCloseTo(0.45, 12);
    expect(deviation).toBeCloseTo(Math.sqrt(5.25) / 10, 12);
    expect(slope).toBeCloseTo(0.1, 12);
  });

  it.each([{ values: [] }, { values: [0.4] }])('is defined for $values', ({ values }) => {
    expect(trendOf(values)).toEqual({ mean: values[0] ?? 0, deviation: 0, slope: 0 });
  });
});

describe('the phase', () => {
  it.each([
    { why: 'nine turns', turns: 9, similarities: flat(0.9, 9), drifts: [], phase: 'initialization' },
    // four of 0.9 and four of 0.1: deviation 0.4 > 0.25
    { why: 'wild', turns: 12, similarities: [...flat(0.9, 4), ...flat(0.1, 4)], drifts: [], phase: 'instability' },
    { why: 'two drifts in three', turns: 12, similarities: flat(0.9, 12), drifts: [0.5, 0, 0.7], phase: 'instability' },
    {
      why: 'two drifts in four',
      turns: 12,
      similarities: flat(0.2, 12),
      drifts: [0.5, 0, 0, 0.7],
      phase: 'exploration',
    },
    { why: 'close for ten turns', turns: 12, similarities: flat(0.5, 12), drifts: [], phase: 'stability' },
    // the window nine turns back ends at the fourth value: mean 0.1
    {
      why: 'close lately',
      turns: 13,
      similarities: [...flat(0.1, 4), ...flat(0.6, 9)],
      drifts: [],
      phase: 'resonance',
    },
    {
      why: 'rising',
      turns: 12,
      similarities: [0.3, 0.3, 0.35, 0.35, 0.4, 0.4, 0.45, 0.45],
      drifts: [],
      phase: 'convergence',
    },
    {
      why: 'falling',
      turns: 12,
      similarities: [0.45, 0.45, 0.4, 0.4, 0.35, 0.35, 0.3, 0.3],
      drifts: [],
      phase: 'exploration',
    },
    { why: 'far', turns: 12, similarities: flat(0.2, 8), drifts: [], phase: 'exploration' },
  ])('is $phase when $why', ({ turns, similarities, drifts, phase }) => {
    expect(phaseOf(turns, similarities, drifts)).toBe(phase);
  });
});
