/** The closed form against the published numbers: interval 60 s, λ 0.95, α 1.2. */
import { describe, expect, it } from 'vitest';
import { accountedUntil, endOf, isAlive, type Strength, strengthAt } from '../../actors/kinds/signal/decay.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function fresh(strength: number, changes: Partial<Strength> = {}): Strength {
  return { strength, since: 0, lambda: 0.95, intervalMs: MINUTE, decay: 'continuous', burden: 0, ...changes };
}

describe.each(['continuous', 'stepped'] as const)('%s decay', (decay) => {
  it.each([
    // The start value after one published step: 0.3 × 0.95.
    [0.3, 1, 0.285],
    // 0.95¹⁰ = 0.59874.
    [0.3, 10, 0.17962],
    [1, 7, 0.69834],
    [1, 0, 1],
  ])('takes %d to what is published after %d steps', (strength, steps, wanted) => {
    expect(strengthAt(fresh(strength, { decay }), steps * MINUTE)).toBeCloseTo(wanted, 5);
  });

  it.each([
    // ln 0.01 / ln 0.95 = 89.8, ln(0.01 / 0.3) / ln 0.95 = 66.3.
    [1, 90],
    [0.3, 67],
  ])('loses %d after %d steps, not before', (strength, steps) => {
    const signal = fresh(strength, { decay });
    expect(isAlive(signal, (steps - 1) * MINUTE)).toBe(true);
    expect(isAlive(signal, steps * MINUTE)).toBe(false);
  });

  it('never weakens backwards: a clock that was set back counts as no time', () => {
    expect(strengthAt(fresh(0.5, { decay, since: HOUR }), 0)).toBe(0.5);
  });

  it.each([0.011, 0.3, 0.7, 1])('knows when %d ends: alive just before, gone then', (strength) => {
    const signal = fresh(strength, { decay, since: 1_234 });
    const end = endOf(signal);
    expect(isAlive(signal, end)).toBe(false);
    expect(isAlive(signal, end - (decay === 'stepped' ? MINUTE : 3))).toBe(true);
  });
});

it('halves in 13.51 steps', () => {
  expect(strengthAt(fresh(1), 13.513 * MINUTE)).toBeCloseTo(0.5, 4);
});

it.each([
  [3, 0.857],
  [6, 0.735],
  [12, 0.54],
  [24, 0.292],
  [48, 0.0853],
])('by the hour leaves of 1 after %d h %d', (hours, wanted) => {
  expect(strengthAt(fresh(1, { intervalMs: HOUR }), hours * HOUR)).toBeCloseTo(wanted, 3);
});

it('decays twice as fast under a burden of 1', () => {
  expect(strengthAt(fresh(1, { burden: 1 }), MINUTE)).toBeCloseTo(0.95 ** 2, 12);
});

it('of whole steps accounts for whole steps only, so that writing it down often does not keep it alive', () => {
  let signal = fresh(1, { decay: 'stepped' });
  for (let at = 59_000; at <= 90 * MINUTE + 59_000; at += 59_000) {
    signal = { ...signal, strength: strengthAt(signal, at), since: accountedUntil(signal, at) };
  }
  expect(isAlive(signal, 90 * MINUTE + 59_000)).toBe(false);
});

it('without any decay never ends', () => {
  expect(endOf(fresh(0.3, { lambda: 1 }))).toBe(Number.POSITIVE_INFINITY);
  expect(strengthAt(fresh(0.3, { lambda: 1 }), 1e15)).toBe(0.3);
});
