import { describe, expect, it } from 'vitest';
import { driftPhase, FRESH_DRIFT, learnTurn, stepDrift } from '../../actors/kinds/session/drift.ts';
import { exportState } from '../../actors/kinds/session/export.ts';
import { importState } from '../../actors/kinds/session/import.ts';
import type { DriftState } from '../../actors/kinds/session/model.ts';
import { Driven, turned, v } from './drive.ts';

const north = Float64Array.of(1, 0);
const says = (vector: Float32Array, text = 'so it is') => ({ vector, text });
const told = (state: DriftState, vector: Float32Array, answer = 'that is right') =>
  learnTurn(stepDrift(state, says(vector), north).state, says(vector, answer));

/** Four turns due north. */
const usual = Array.from({ length: 4 }, () => v(1, 0)).reduce((state, vector) => told(state, vector), FRESH_DRIFT);

describe('the score', () => {
  it.each([
    { score: 0, phase: 'stable' },
    { score: 0.29, phase: 'stable' },
    { score: 0.3, phase: 'shifting' },
    { score: 0.49, phase: 'shifting' },
    { score: 0.5, phase: 'drifted' },
    { score: 1, phase: 'drifted' },
  ])('$score is called $phase', ({ score, phase }) => {
    expect(driftPhase(score)).toBe(phase);
  });

  it('is made of the distance to what is usual', () => {
    // Three messages of similarity 1: spread² = 4·0.0144/7, spread 0.090712. At 0.9, z = 1.102395 and z²/8 = 0.151910.
    const { drift } = stepDrift(usual, says(v(0.9, Math.sqrt(1 - 0.81))), north);
    expect(drift.score).toBeCloseTo(0.15191, 5);
    expect(drift).toMatchObject({ detected: false, phase: 'stable' });
    expect(stepDrift(usual, says(v(1, 0)), north).drift.score).toBe(0);
    expect(stepDrift(usual, says(v(-1, 0)), Float64Array.of(0, 1)).drift.score).toBe(1);
  });

  it('is 0 until two turns are stored', () => {
    const one = told(FRESH_DRIFT, v(1, 0));
    expect(stepDrift(one, says(v(0, 1), 'why?'), north).drift.score).toBe(0);
    expect(stepDrift(told(one, v(1, 0)), says(v(0, 1)), north).drift.score).toBe(1);
  });

  it('counts the closest of the last two turns and the session', () => {
    const mixed = learnTurn(learnTurn(usual, says(v(0, 1))), says(v(-1, 0)));
    for (const known of [v(0, 1), v(-1, 0), v(1, 0)])
      expect(stepDrift(mixed, says(known), north).drift.detected).toBe(false);
    expect(stepDrift(mixed, says(v(0, -1)), north).drift.detected).toBe(true);
  });

  it('is higher for a question out of the blue than for one that answers a question', () => {
    const vector = v(0.9, Math.sqrt(1 - 0.81));
    const plain = stepDrift(usual, says(vector), north).drift.score;
    const opening = stepDrift(usual, says(vector, 'Why?'), north).drift.score;
    const asked = learnTurn(usual, says(v(1, 0), 'Which one do you mean?'));
    expect(opening).toBeGreaterThan(plain);
    expect(stepDrift(asked, says(vector, 'Why?'), north).drift.score).toBe(plain);
  });

  it('looks at the last eight messages only', () => {
    let state = usual;
    for (let i = 0; i < 20; i++) state = told(state, v(0.6, 0.8));
    expect([state.similarities, state.scores, state.openings].map((list) => list.length)).toEqual([8, 8, 8]);
    expect(state.recent).toHaveLength(2);
    expect(Math.min(...state.similarities)).toBeCloseTo(1, 6);
  });

  it('is not changed by a vector without content, which leaves the suspicion too', () => {
    const suspected = stepDrift(usual, says(v(0, 1)), north).state;
    const blank = stepDrift(suspected, says(v(0, 0), 'why?'), north);
    expect(blank).toEqual({
      state: suspected,
      drift: { score: 0, detected: false, confirmed: false, phase: 'stable' },
    });
    expect(learnTurn(usual, says(v(0, 0))).recent).toEqual(usual.recent);
  });
});

describe('confirmation', () => {
  const first = stepDrift(usual, says(v(0, 1)), north);
  const after = learnTurn(first.state, says(v(0, 1)));

  it('comes with the second message that is nearer to the new topic than to anything before', () => {
    expect(first.drift).toMatchObject({ detected: true, confirmed: false });
    const second = stepDrift(after, says(v(0.6, 0.8)), Float64Array.of(0.8, 0.6));
    expect(second.drift).toMatchObject({ detected: false, confirmed: true });
    expect(second.state.suspicion).toBeNull();
  });

  it('comes with a second message as far away in another direction', () => {
    expect(stepDrift(after, says(v(-0.6, -0.8)), Float64Array.of(0.8, 0.6)).drift.confirmed).toBe(true);
  });

  it('does not come from one stray message', () => {
    const back = stepDrift(after, says(v(0.99, Math.sqrt(1 - 0.9801))), Float64Array.of(0.8, 0.6));
    expect(back.drift).toMatchObject({ detected: false, confirmed: false });
    expect(back.state.suspicion).toBeNull();
  });

  it('comes once for one change', () => {
    const second = stepDrift(after, says(v(0, 1)), Float64Array.of(0.8, 0.6));
    expect(second.drift.confirmed).toBe(true);
    expect(stepDrift(second.state, says(v(0, 1)), Float64Array.of(0.6, 0.8)).drift.confirmed).toBe(false);
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

  it('is measured once when the answer brings the waiting message along again', () => {
    const session = settled();
    session.send('run', { message: 'else', embedding: v(0, 0, 1) });
    const waiting = session.context.driftState;
    const again = { message: 'else', messageEmbedding: v(0, 0, 1), embedding: v(0, 0, 1), response: 'ok' };
    expect(session.send('store', again).metrics.topic_switch).toBe(1);
    expect(session.context.driftState).toMatchObject({ scores: waiting.scores, suspicion: waiting.suspicion });
  });

  it('is not found while messages get no answers', () => {
    const session = new Driven();
    for (let i = 0; i < 5; i++) {
      expect(session.send('run', { embedding: turned(90 * i) }).drift.score).toBe(0);
    }
  });

  it('goes on after export and import as if nothing had happened', () => {
    const session = settled();
    session.send('run', { message: 'else?', embedding: v(0, 0, 1) });
    const { suspicion, openings } = session.context.driftState;
    expect([suspicion?.context.length, openings.at(-1)]).toEqual([3, true]);
    const back = importState(JSON.parse(JSON.stringify(exportState(session.context))));
    expect(back.ok && back.state.driftState).toEqual(session.context.driftState);
  });
});
