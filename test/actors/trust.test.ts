/** Trust, worked out by hand. */
import { describe, expect, it } from 'vitest';
import { INITIAL_TRUST, trustAfterOutcome, trustAfterProposal, trustAfterVote } from '../../actors/trust.ts';

const times = (count: number, step: (trust: number) => number) => {
  let trust = INITIAL_TRUST;
  for (let i = 0; i < count; i++) trust = step(trust);
  return trust;
};

describe('trust', () => {
  it('goes 0.05 up or down by a vote, within 0.05 and 0.95', () => {
    expect(trustAfterVote(0.5, true)).toBeCloseTo(0.55, 15);
    expect(trustAfterVote(0.5, false)).toBeCloseTo(0.45, 15);
    expect(times(100, (trust) => trustAfterVote(trust, true))).toBe(0.95);
    expect(times(100, (trust) => trustAfterVote(trust, false))).toBe(0.05);
  });

  it('moves a tenth of the way to the ratio a proposal got', () => {
    expect(trustAfterProposal(0.5, 1)).toBeCloseTo(0.55, 15);
    expect(trustAfterProposal(0.5, 0)).toBeCloseTo(0.45, 15);
    expect(trustAfterProposal(0.5, 0.5)).toBe(0.5);
    expect(times(100, (trust) => trustAfterProposal(trust, 1))).toBe(0.95);
  });

  it('is moved by outcomes: 1 − 0.5·0.9^k where all were met, 0.5·0.8^k where none was', () => {
    expect(times(7, (trust) => trustAfterOutcome(trust, 0.6))).toBeCloseTo(1 - 0.5 * 0.9 ** 7, 14);
    expect(times(7, (trust) => trustAfterOutcome(trust, 0))).toBeCloseTo(0.5 * 0.8 ** 7, 14);
    expect(times(100, (trust) => trustAfterOutcome(trust, 1))).toBe(0.95);
    expect(times(100, (trust) => trustAfterOutcome(trust, -1))).toBe(0.05);
  });

  it('takes a cosine of 0.2 for the least that meets an outcome', () => {
    expect(trustAfterOutcome(0.5, 0.2)).toBeGreaterThan(0.5);
    expect(trustAfterOutcome(0.5, 0.19)).toBeLessThan(0.5);
  });

  it('falls below where it started when every other outcome is missed', () => {
    let trust = INITIAL_TRUST;
    for (let i = 0; i < 50; i++) trust = trustAfterOutcome(trust, i % 2);
    expect(trust).toBeLessThan(0.4);
  });
});
