import { describe, expect, it } from 'vitest';
import { anchorScore } from '../../actors/kinds/session/anchors.ts';
import { Driven, turned, v } from './drive.ts';

describe('the anchor score', () => {
  it('is 0 without anchors or state', () => {
    const session = new Driven();
    expect(session.send('anchor.add')).toEqual({ anchor_count: 1, anchor_score: 0 });
    const other = new Driven({ template: v(1, 0) });
    expect(anchorScore(other.context)).toBe(0);
  });

  it('is the cosine with the nearest anchor', () => {
    const session = new Driven({ template: v(1, 0) });
    session.send('anchor.add', { embedding: v(-1, 0) });
    // (3, 4) has unit (0.6, 0.8)
    expect(session.send('anchor.add', { embedding: v(3, 4) }).anchor_score).toBeCloseTo(0.6, 6);
  });
});

describe('a realignment', () => {
  /** State (1,0) with its anchor; two inputs the other way take it below 0.5. */
  function lostSession(): Driven {
    const session = new Driven({ template: v(1, 0) });
    session.send('anchor.add', { embedding: v(1, 0) });
    session.send('trigger.add', { trigger: { keyword: 'jump', threshold: 0.8, weight: 1 } });
    // 0.05·(1,0) + 0.95·(0,1): score 0.05/√0.905 = 0.0526
    session.send('store', { response: 'jump', embedding: v(0, 1) });
    return session;
  }

  it('starts when the state leaves its anchors', () => {
    const session = lostSession();
    expect(session.context.realignmentRemaining).toBe(3);
    expect(session.facts).toContainEqual({ type: 'anchor.realignment', payload: { turns: 3 } });
  });

  it('pulls each of three stored turns one tenth towards the anchor', () => {
    const session = lostSession();
    const [x, y] = session.context.state;
    session.send('store', { response: 'next', embedding: v(0, 1) });
    // EMA first: m = unit(0.75·S + 0.25·(0,1)); then unit(0.9·m + 0.1·(1,0))
    const [mx, my] = [0.75 * x!, 0.75 * y! + 0.25];
    const m = Math.hypot(mx, my);
    const [px, py] = [(0.9 * mx) / m + 0.1, (0.9 * my) / m];
    expect(session.context.state[0]).toBeCloseTo(px / Math.hypot(px, py), 12);
    expect(session.context.realignmentRemaining).toBe(2);
    session.send('store', { response: 'more', embedding: v(0, 1) });
    session.send('store', { response: 'and more', embedding: v(0, 1) });
    expect(session.context.realignmentRemaining).toBe(0);
  });

  it('does not start again while the session stays lost', () => {
    const session = lostSession();
    for (let i = 0; i < 6; i++) session.send('store', { response: `r${i}`, embedding: v(0, 1) });
    expect(session.context.realignmentRemaining).toBe(0);
  });

  it('starts again after the session has been back', () => {
    const session = lostSession();
    for (let i = 0; i < 3; i++) session.send('store', { response: `r${i}`, embedding: v(0, 1) });
    session.send('store', { response: 'jump back', embedding: v(1, 0) });
    session.send('store', { response: 'jump away', embedding: v(0, 1) });
    expect(session.context.realignmentRemaining).toBe(3);
  });

  it('starts when an anchor is set on a session that is far from it', () => {
    const session = new Driven({ template: v(0, 1) });
    session.send('anchor.add', { embedding: v(1, 0) });
    expect(session.context.realignmentRemaining).toBe(3);
  });

  it('starts when the state is replaced', () => {
    const session = new Driven({ template: v(1, 0) });
    session.send('anchor.add', { embedding: v(1, 0) });
    expect(session.send('vector.set', { state: Float64Array.of(0, 1) }).anchor_score).toBe(0);
    expect(session.context.realignmentRemaining).toBe(3);
  });

  it('does not start while the state is at half or nearer', () => {
    const session = new Driven({ template: v(1, 0) });
    session.send('anchor.add', { embedding: turned(59) }); // cos 59° = 0.515
    expect(session.context.realignmentRemaining).toBe(0);
  });
});

it('refuses an anchor without a direction, and a 65th', () => {
  const session = new Driven();
  expect(session.fail('anchor.add', { embedding: v(0, 0) }).code).toBe('INVALID');
  for (let i = 0; i < 64; i++) session.send('anchor.add');
  expect(session.fail('anchor.add').code).toBe('INVALID');
});
