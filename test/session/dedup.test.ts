import { describe, expect, it } from 'vitest';
import { Driven, turned, v } from './drive.ts';

describe('a text that is already known', () => {
  it('is refreshed instead of stored when it is the same but for case and white space', () => {
    const session = new Driven();
    const first = session.send('store', { response: 'The port is 8080.' });
    const again = session.send('store', { response: '  the PORT is\n8080. ', embedding: turned(60) });
    expect(again).toMatchObject({
      stored: true,
      dedup_signal: 'exact',
      memory_hash: first.memory_hash,
      total_memories: 1,
    });
    expect(session.context.memories[0]).toMatchObject({
      text: 'The port is 8080.',
      access: 1,
      used: 2,
      importance: 0.5,
    });
  });

  it('counts as a turn all the same', () => {
    const session = new Driven();
    session.send('store');
    expect(session.send('store').turn).toBe(2);
    expect(session.context.histories.similarity).toEqual([0, 1]);
  });

  it('is near when only sentence marks differ', () => {
    const session = new Driven();
    session.send('store', { response: 'Port 8080 is open, is it?', embedding: turned(0) });
    const again = session.send('store', { response: 'port 8080 is open is it', embedding: turned(40) });
    expect(again).toMatchObject({ dedup_signal: 'near', total_memories: 1 });
  });

  it.each([
    { why: 'another number', known: 'port 8080 is open', response: 'port 8081 is open' },
    { why: 'the words in another order', known: 'Alice owes Bob 5', response: 'Bob owes Alice 5' },
    { why: 'a sign', known: 'it is 5 degrees', response: 'it is -5 degrees' },
    { why: 'a point inside a number', known: 'version 1.5', response: 'version 15' },
    { why: 'another operator', known: 'a == b', response: 'a != b' },
  ])('is new with $why', ({ known, response }) => {
    const session = new Driven();
    session.send('store', { response: known, embedding: turned(0) });
    expect(session.send('store', { response, embedding: turned(0) })).toMatchObject({
      dedup_signal: null,
      total_memories: 2,
    });
  });

  it('keeps the higher importance of the two', () => {
    const session = new Driven();
    session.send('store', { response: 'urgent' });
    session.send('trigger.add');
    session.send('store', { response: 'urgent' });
    expect(session.context.memories[0]?.importance).toBe(1);
    session.send('trigger.clear');
    session.send('store', { response: 'urgent' });
    expect(session.context.memories[0]?.importance).toBe(1);
  });

  it('compares the marks when there are no words', () => {
    const session = new Driven();
    session.send('store', { response: '?!' });
    expect(session.send('store', { response: '...' }).dedup_signal).toBeNull();
    expect(session.send('store', { response: '?!' }).dedup_signal).toBe('exact');
  });

  it('keeps the parts of a long answer apart from each other', () => {
    const session = new Driven();
    const extra = [
      { text: 'part one', embedding: v(1, 0) },
      { text: 'part two', embedding: v(0, 1) },
      { text: 'PART one', embedding: v(1, 0) },
    ];
    expect(session.send('store', { response: 'all parts', extra })).toMatchObject({ total_memories: 3, turn: 1 });
    expect(session.context.memories.map((m) => m.text)).toEqual(['all parts', 'part one', 'part two']);
  });
});
