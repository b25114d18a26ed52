import { describe, expect, it } from 'vitest';
import { advance, fsmOf, noveltyOf, patternOf } from '../../actors/kinds/session/update.ts';
import { Driven, turned, v } from './drive.ts';

describe('the moving average', () => {
  it('takes the first input as it is', () => {
    expect([...advance(Float64Array.of(0, 0), false, v(0, 1), 0.25)]).toEqual([0, 1]);
  });

  it('moves a quarter of the way on an ordinary turn', () => {
    // 0.75·(1,0) + 0.25·(0,1) = (0.75, 0.25); length √0.625 = √10/4; unit = (3, 1)/√10
    const [x, y] = advance(Float64Array.of(1, 0), true, v(0, 1), 0.25);
    expect(x).toBeCloseTo(3 / Math.sqrt(10), 14);
    expect(y).toBeCloseTo(1 / Math.sqrt(10), 14);
  });

  it('all but replaces the state when a trigger is hit', () => {
    // 0.05·(1,0) + 0.95·(0,1); length √(0.0025 + 0.9025) = √0.905; unit = (0.05, 0.95)/√0.905
    const session = new Driven();
    session.send('trigger.add');
    session.send('store', { response: 'first', embedding: v(1, 0) });
    const { metrics } = session.send('store', { response: 'this is urgent', embedding: v(0, 1) });
    expect(session.context.state[0]).toBeCloseTo(0.05 / Math.sqrt(0.905), 14);
    expect(session.context.state[1]).toBeCloseTo(0.95 / Math.sqrt(0.905), 14);
    expect(metrics.beta).toBeCloseTo(0.05, 14);
    expect(session.context.memories.at(-1)?.importance).toBe(1);
  });

  it('leaves the state when an input has no content', () => {
    expect([...advance(Float64Array.of(0.6, 0.8), true, v(0, 0), 0.25)].map((x) => x.toFixed(12))).toEqual([
      '0.600000000000',
      '0.800000000000',
    ]);
  });

  it('never keeps a negative zero', () => {
    const state = advance(Float64Array.of(0, 0), false, v(-0, 1), 0.25);
    expect(Object.is(state[0], 0)).toBe(true);
  });
});

describe('the measurements', () => {
  it('calls everything new while there are no memories', () => {
    expect(noveltyOf(Float64Array.of())).toBe(1);
  });

  it('subtracts the best cosine from 1, and no negative one', () => {
    expect(noveltyOf(Float64Array.of(0.2, 0.7, -1))).toBeCloseTo(0.3, 14);
    expect(noveltyOf(Float64Array.of(-0.4))).toBe(1);
  });

  it('averages the five highest positive cosines for the pattern strength', () => {
    // highest five of the positives: 0.9 0.8 0.5 0.4 0.4, sum 3.0, mean 0.6, ×1.5 = 0.9
    expect(patternOf(Float64Array.of(0.1, 0.9, -1, 0.4, 0.8, 0, 0.4, 0.5, 0.3))).toBeCloseTo(0.9, 14);
    // fewer than five: (0.5 + 0.3)/2 = 0.4, ×1.5 = 0.6
    expect(patternOf(Float64Array.of(0.5, -0.2, 0.3))).toBeCloseTo(0.6, 14);
    expect(patternOf(Float64Array.of(-0.5, 0))).toBe(0);
  });

  it('smooths stability from 0.5, from the second turn on', () => {
    // s: 0, 1, 0.5.  turn 2: 0.7·0.5 + 0.3·(1 − 1/2) = 0.5;  turn 3: 0.7·0.5 + 0.3·(1 − 0.5/2) = 0.35 + 0.225 = 0.575
    const first = fsmOf(0.5, null, 0);
    const second = fsmOf(first, 0, 1);
    expect([first, second]).toEqual([0.5, 0.5]);
    expect(fsmOf(second, 1, 0.5)).toBeCloseTo(0.575, 14);
  });

  it('reports all of it for a stored turn', () => {
    const session = new Driven();
    session.send('store', { response: 'a', embedding: turned(0) });
    const { metrics } = session.send('store', { response: 'b', embedding: turned(60) });
    // s = cos 60° = 0.5; fsm = 0.35 + 0.3·(1 − 0.5/2) = 0.575; novelty = 1 − 0.5; pattern = 1.5·0.5
    expect(metrics.similarity).toBeCloseTo(0.5, 6);
    expect(metrics.fsm).toBeCloseTo(0.575, 6);
    expect(metrics.novelty_score).toBeCloseTo(0.5, 6);
    expect(metrics.pattern_strength).toBeCloseTo(0.75, 6);
    expect(metrics.norm).toBeCloseTo(1, 14);
    expect(metrics).toMatchObject({ beta: 0.75, phase: 'initialization', topic_switch: 0 });
  });

  it('keeps at most 256 entries of each history', () => {
    const session = new Driven();
    for (let i = 0; i < 300; i++) session.send('store', { response: `r${i}`, embedding: turned(i) });
    for (const history of Object.values(session.context.histories)) expect(history).toHaveLength(256);
    expect(session.context.turns).toBe(300);
  });
});
