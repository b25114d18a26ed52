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

  it('is near when the words are the same and the vectors almost', () => {
    const session = new Driven();
    session.send('store', { response: 'port 8080 is open', embedding: turned(0) });
    // cos 5° = 0.9962 ≥ 0.995
    const again = session.send('store', { response: 'open is: port 8080!', embedding: turned(5) });
    expect(again).toMatchObject({ dedup_signal: 'near', total_memories: 1 });
  });

  it.each([
    { why: 'another number', response: 'port 8081 is open', degrees: 0 },
    // cos 6° = 0.9945 < 0.995
    { why: 'another direction', response: 'open is: port 8080!', degrees: 6 },
  ])('is new with $why', ({ response, degrees }) => {
    const session = new Driven();
    session.send('store', { response: 'port 8080 is open', embedding: turned(0) });
    expect(session.send('store', { response, embedding: turned(degrees) })).toMatchObject({
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

  it('is never near when there are no words to compare', () => {
    const session = new Driven();
    session.send('store', { response: '?!' });
    expect(session.send('store', { response: '...' }).dedup_signal).toBeNull();
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
