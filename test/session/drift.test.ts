import { describe, expect, it } from 'vitest';
import {
  baselineOf,
  driftPhase,
  driftScore,
  FRESH_DRIFT,
  learnSimilarity,
  stepDrift,
} from '../../actors/kinds/session/drift.ts';
import { Driven, turned, v } from './drive.ts';

const north = Float64Array.of(1, 0);
const usual = [0.8, 0.6, 0.8, 0.8].reduce(learnSimilarity, FRESH_DRIFT);

describe('what is normal', () => {
  it.each([
    { of: [], is: 0.2 },
    { of: [0, 0.1], is: 0.2 }, // median 0.05, below the floor
    { of: [0, 0.8, 0.6], is: 0.6 },
    { of: [0, 0.8, 0.6, 0.7], is: 0.65 }, // mean of the middle two
    { of: [-1, -1, -1], is: 0.2 },
  ])('is $is after similarities $of', ({ of, is }) => {
    expect(baselineOf(of)).toBeCloseTo(is, 14);
  });

  it('looks at the last eight stored turns only', () => {
    const state = [1, 1, 1, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4].reduce(learnSimilarity, FRESH_DRIFT);
    expect(state.similarities).toEqual(Array(8).fill(0.4));
  });
});

describe('the score', () => {
  it.each([
    { similarity: 0.9, score: 0, phase: 'stable' },
    { similarity: 0.8, score: 0, phase: 'stable' },
    { similarity: 0.6, score: 0.25, phase: 'stable' },
    { similarity: 0.56, score: 0.3, phase: 'shifting' },
    { similarity: 0.4, score: 0.5, phase: 'drifted' },
    { similarity: 0, score: 1, phase: 'drifted' },
    { similarity: -1, score: 1, phase: 'drifted' },
  ])('is $score ($phase) at similarity $similarity where 0.8 is normal', ({ similarity, score, phase }) => {
    expect(driftScore(0.8, similarity)).toBeCloseTo(score, 14);
    expect(driftPhase(score)).toBe(phase);
  });

  it('is 0 until two turns are stored', () => {
    const one = learnSimilarity(FRESH_DRIFT, 0);
    expect(stepDrift(one, v(0, 1), north).drift.score).toBe(0);
    expect(stepDrift(learnSimilarity(one, 0.9), v(0, 1), north).drift.score).toBe(1);
  });

  it('says nothing about a vector without content, and keeps the suspicion', () => {
    const suspected = stepDrift(usual, v(0, 1), north).state;
    const blank = stepDrift(suspected, v(0, 0), north);
    expect(blank).toEqual({
      state: suspected,
      drift: { score: 0, detected: false, confirmed: false, phase: 'stable' },
    });
  });
});

describe('confirmation', () => {
  it('comes with the second message away from the state before', () => {
    const first = stepDrift(usual, v(0, 1), north);
    expect(first.drift).toMatchObject({ detected: true, confirmed: false });
    // The answer has moved the session most of the way by now; the suspicion remembers where it was.
    const second = stepDrift(first.state, v(0, 1), Float64Array.of(0.6, 0.8));
    expect(second.drift).toEqual({ score: 0, detected: false, confirmed: true, phase: 'stable' });
    expect(second.state.suspicion).toBeNull();
  });

  it('does not come from one stray message', () => {
    const stray = stepDrift(usual, v(0, 1), north);
    const back = stepDrift(stray.state, v(1, 0), north);
    expect(back.drift).toMatchObject({ detected: false, confirmed: false });
    expect(back.state.suspicion).toBeNull();
  });

  it('comes once for one change', () => {
    const first = stepDrift(usual, v(0, 1), north);
    const second = stepDrift(first.state, v(0, 1), north);
    expect(second.drift).toMatchObject({ detected: true, confirmed: true });
    const third = stepDrift(second.state, v(0, 1), north);
    expect(third.drift).toMatchObject({ detected: true, confirmed: false });
  });
});

describe('in a session', () => {
  function settled(): Driven {
    const session = new Driven({ config: { dimension: 3 } });
    for (let i = 0; i < 4; i++) session.exchange(`q${i}`, `a${i}`, v(1, i / 50, 0));
    return session;
  }

  it('is published and reported by the message that drifts, and confirmed by the next', () => {
    const session = settled();
    const { drift, message, pendingId } = session.send('run', { message: 'else', embedding: v(0, 0, 1) });
    expect(drift).toEqual({ score: 1, detected: true, confirmed: false, phase: 'drifted' });
    expect(message.topic_switch).toBe(1);
    expect(session.facts).toEqual([
      { type: 'drift', payload: { drift_score: 1, drift_phase: 'drifted', confirmed: false } },
    ]);
    const { metrics } = session.send('store', { response: 'r', embedding: v(0, 0, 1), pendingId });
    expect(metrics.topic_switch).toBe(1);
    expect(session.send('run', { message: 'more', embedding: v(0, 0, 1) }).drift.confirmed).toBe(true);
  });

  it('never reports a topic switch when that is turned off', () => {
    const session = new Driven({ config: { dimension: 2, enable_topic_switch: false } });
    for (let i = 0; i < 3; i++) session.exchange(`q${i}`, `a${i}`, v(1, 0));
    const { drift, message, pendingId } = session.send('run', { embedding: v(0, 1) });
    expect(drift.detected).toBe(true);
    expect(message.topic_switch).toBe(0);
    expect(session.send('store', { embedding: v(0, 1), pendingId }).metrics.topic_switch).toBe(0);
  });

  it('is measured on the answer when there was no message', () => {
    const session = new Driven();
    for (let i = 0; i < 3; i++) session.send('store', { response: `a${i}`, embedding: turned(i) });
    expect(session.send('store', { response: 'else', embedding: v(0, 1) }).metrics.topic_switch).toBeGreaterThan(0.9);
  });

  it('is not found while messages get no answers', () => {
    const session = new Driven();
    for (let i = 0; i < 5; i++) {
      expect(session.send('run', { embedding: turned(90 * i) }).drift.score).toBe(0);
    }
  });
});
