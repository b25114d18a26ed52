import { describe, expect, it } from 'vitest';
import { hasWord } from '../../actors/kinds/session/triggers.ts';
import { Driven, turned, v } from './drive.ts';

describe('a keyword', () => {
  it.each([
    { text: 'This is URGENT!', keyword: 'urgent', found: true },
    { text: 'urgently', keyword: 'urgent', found: false },
    { text: 'insurgent', keyword: 'urgent', found: false },
    { text: 'not-urgent', keyword: 'urgent', found: true },
    { text: 'urgent_fix', keyword: 'urgent', found: false },
    { text: 'urgently, no: urgent', keyword: 'urgent', found: true },
    { text: 'Über Öl', keyword: 'öl', found: true },
    { text: 'Möl', keyword: 'öl', found: false },
    { text: 'I like c++17', keyword: 'C++', found: true },
    { text: 'code red now', keyword: ' code red ', found: true },
    { text: '𝒜urgent', keyword: 'urgent', found: false },
    { text: 'urgent𝒜', keyword: 'urgent', found: false },
    { text: '.*', keyword: '.*', found: true },
    { text: 'anything', keyword: '.*', found: false },
    { text: '', keyword: 'urgent', found: false },
    { text: 'anything', keyword: '  ', found: false },
  ])('"$keyword" in "$text": $found', ({ text, keyword, found }) => {
    expect(hasWord(text, keyword)).toBe(found);
  });
});

describe('a trigger', () => {
  const importance = (session: Driven) => session.context.memories.at(-1)?.importance;

  it('is counted, and cleared', () => {
    const session = new Driven();
    session.send('trigger.add');
    expect(session.send('trigger.add', { trigger: { embedding: v(1, 0), threshold: 0.8, weight: 1 } })).toEqual({
      trigger_count: 2,
    });
    expect(session.send('trigger.clear')).toEqual({ trigger_count: 0 });
  });

  it('is hit by the question as well as by the answer', () => {
    const session = new Driven();
    session.send('trigger.add');
    expect(session.exchange('urgent?', 'yes', v(1, 0)).metrics.beta).toBeCloseTo(0.05, 14);
    expect(session.exchange('and?', 'Urgent.', v(1, 0)).metrics.beta).toBeCloseTo(0.05, 14);
    expect(session.exchange('and?', 'no', v(1, 0)).metrics.beta).toBe(0.75);
  });

  it('is hit from its threshold on', () => {
    const session = new Driven();
    session.send('trigger.add', { trigger: { embedding: v(2, 0), threshold: 0.75, weight: 1 } });
    session.send('store', { response: 'a', embedding: turned(41) }); // cos 41° = 0.7547
    expect(importance(session)).toBe(1);
    session.send('store', { response: 'b', embedding: turned(42) }); // cos 42° = 0.7431
    expect(importance(session)).toBe(0.5);
  });

  it.each([
    { weight: 0.7, importance: 0.7 },
    { weight: 3, importance: 1 },
    { weight: 0.1, importance: 0.5 },
  ])('of weight $weight gives importance $importance', ({ weight, importance: expected }) => {
    const session = new Driven();
    session.send('trigger.add', { trigger: { keyword: 'x', threshold: 0.8, weight } });
    session.send('store', { response: 'x' });
    expect(importance(session)).toBe(expected);
  });

  it.each([
    { why: 'neither keyword nor embedding', trigger: { threshold: 0.8, weight: 1 } },
    { why: 'a blank keyword', trigger: { keyword: '  ', threshold: 0.8, weight: 1 } },
    { why: 'a vector that does not fit', trigger: { embedding: v(1), threshold: 0.8, weight: 1 } },
    { why: 'a threshold no cosine has', trigger: { keyword: 'x', threshold: 2, weight: 1 } },
  ])('with $why is refused', ({ trigger }) => {
    expect(new Driven().fail('trigger.add', { trigger }).code).toBe('INVALID');
  });
});

describe('a policy vector', () => {
  it.each([
    { why: 'promotes', policy: { weight: 1.5, promote: true }, degrees: 0, importance: 0.75 },
    { why: 'demotes', policy: { weight: 2, promote: false }, degrees: 0, importance: 0.25 },
    { why: 'applies at cos 45.5° = 0.7009', policy: { weight: 1.5, promote: true }, degrees: 45.5, importance: 0.75 },
    { why: 'does not at cos 45.6° = 0.6997', policy: { weight: 1.5, promote: true }, degrees: 45.6, importance: 0.5 },
  ])('$why: importance $importance', ({ policy, degrees, importance }) => {
    const session = new Driven({ policies: [{ embedding: v(1, 0), ...policy }] });
    session.send('store', { embedding: turned(degrees) });
    expect(session.context.memories[0]?.importance).toBeCloseTo(importance, 14);
  });

  it('lifts the importance of a trigger above 1', () => {
    const session = new Driven({ policies: [{ embedding: v(1, 0), weight: 1.5, promote: true }] });
    session.send('trigger.add');
    session.send('store', { response: 'urgent' });
    expect(session.context.memories[0]?.importance).toBe(1.5);
  });
});
