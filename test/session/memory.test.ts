import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { hashMemory, insert, keepScore } from '../../actors/kinds/session/memory.ts';
import type { Memory, Tier } from '../../actors/kinds/session/model.ts';
import { Driven, turned, v } from './drive.ts';

const memory = (seq: number, rest: Partial<Memory> = {}): Memory => ({
  hash: `h${seq}`,
  seq,
  text: `t${seq}`,
  fingerprint: `f${seq}`,
  embedding: v(1, 0),
  importance: 0.5,
  access: 0,
  turn: seq,
  used: seq,
  at: 0,
  episode: 0,
  tier: 'short_term',
  ...rest,
});

const tiers = (memories: readonly Memory[]) => memories.map((m): [number, Tier] => [m.seq, m.tier]);

describe('the worth of a memory', () => {
  it.each([
    // 0.40·0.5 + 0.35·16/16 + 0.25·0 = 0.2 + 0.35
    { importance: 0.5, used: 20, access: 0, worth: 0.55 },
    // 16 turns old: 0.2 + 0.35·16/32
    { importance: 0.5, used: 4, access: 0, worth: 0.375 },
    // recalled twice: 0.2 + 0.35 + 0.25·2/4
    { importance: 0.5, used: 20, access: 2, worth: 0.675 },
    // importance counts up to 1: 0.4 + 0.35
    { importance: 7, used: 20, access: 0, worth: 0.75 },
    // a use "in the future" is no bonus
    { importance: 0, used: 99, access: 0, worth: 0.35 },
  ])('is $worth with importance $importance, last used in turn $used of 20, recalled $access times', (given) => {
    expect(keepScore(memory(1, given), 20)).toBeCloseTo(given.worth, 14);
  });
});

describe('the tiers', () => {
  const one = { short_term: 1, medium_term: 1, long_term: 1 };

  it('hand the least valuable on, and let it go at the end', () => {
    // Equal but for recency: each newcomer pushes the oldest of every tier one further.
    let memories: readonly Memory[] = [];
    for (let seq = 1; seq <= 3; seq++) memories = insert(memories, memory(seq), one, seq).memories;
    expect(tiers(memories)).toEqual([
      [1, 'long_term'],
      [2, 'medium_term'],
      [3, 'short_term'],
    ]);
    const fourth = insert(memories, memory(4), one, 4);
    expect(tiers(fourth.memories)).toEqual([
      [2, 'long_term'],
      [3, 'medium_term'],
      [4, 'short_term'],
    ]);
    expect(fourth.evicted).toEqual({ hash: 'h1', tier: 'long_term' });
  });

  it('keep an old memory that is used over a newer one that is not', () => {
    const two = { short_term: 2, medium_term: 9, long_term: 9 };
    const used = memory(1, { access: 4, used: 9 });
    const { memories } = insert([used, memory(2)], memory(10), two, 10);
    expect(tiers(memories)).toEqual([
      [1, 'short_term'],
      [2, 'medium_term'],
      [10, 'short_term'],
    ]);
  });

  it('never move the memory just stored, however little it is worth', () => {
    const { memories } = insert([memory(1, { importance: 1, access: 50 })], memory(2, { importance: 0 }), one, 2);
    expect(tiers(memories)).toEqual([
      [1, 'medium_term'],
      [2, 'short_term'],
    ]);
  });

  it('let the oldest of equals go first', () => {
    const equal = [memory(1, { used: 5 }), memory(2, { used: 5 })];
    const { memories } = insert(equal, memory(3), { ...one, short_term: 2 }, 5);
    expect(tiers(memories)[0]).toEqual([1, 'medium_term']);
  });

  it('pass a memory on at once that is worth less than all of the next tier', () => {
    const strong = memory(1, { importance: 1, access: 9, used: 3, tier: 'medium_term' });
    const { memories } = insert([strong, memory(2, { importance: 0.1 })], memory(3), one, 3);
    expect(memories.map((m) => m.tier)).toEqual(['medium_term', 'long_term', 'short_term']);
  });

  it('evict a memory straight out of the short term when everything else is worth more', () => {
    const strong = { importance: 1, access: 9, used: 4 };
    const kept = [memory(1, { ...strong, tier: 'long_term' }), memory(2, { ...strong, tier: 'medium_term' })];
    const { memories, evicted } = insert([...kept, memory(3)], memory(4), one, 4);
    expect(memories.map((m) => m.seq)).toEqual([1, 2, 4]);
    expect(evicted).toEqual({ hash: 'h3', tier: 'long_term' });
  });

  it('do not change the list they are given', () => {
    const before = Object.freeze([memory(1)]);
    insert(before, memory(2), one, 2);
    expect(tiers(before)).toEqual([[1, 'short_term']]);
  });
});

describe('in a session', () => {
  it('hashes are the first 32 hex digits over session, number and text', () => {
    const expected = createHash('sha256').update('s1|1|Q: question A: answer').digest('hex').slice(0, 32);
    expect(hashMemory('s1', 1, 'Q: question A: answer')).toBe(expected);
    const session = new Driven();
    expect(session.exchange('question', 'answer', v(1, 0)).memory_hash).toBe(expected);
  });

  it('fills 15 / 50 / 200 and says what it evicts', () => {
    const session = new Driven();
    let evicted = 0;
    for (let i = 0; i < 270; i++) {
      session.send('store', { response: `fact ${i}`, embedding: turned(i * 7) });
      for (const fact of session.facts.filter((f) => f.type === 'memory.evicted')) {
        evicted++;
        expect(fact.payload).toEqual({ hash: expect.stringMatching(/^[0-9a-f]{32}$/), tier: 'long_term' });
      }
    }
    const count = (tier: Tier) => session.context.memories.filter((m) => m.tier === tier).length;
    expect([count('short_term'), count('medium_term'), count('long_term'), evicted]).toEqual([15, 50, 200, 5]);
  });

  it('counts a recall and forgets unknown hashes', () => {
    const session = new Driven();
    const { memory_hash } = session.exchange('q', 'a', v(1, 0));
    session.exchange('other', 'thing', turned(50));
    session.send('run', { recalled: [memory_hash!, 'nobody'] });
    expect(session.context.memories.map((m) => [m.access, m.used])).toEqual([
      [1, 2],
      [0, 2],
    ]);
  });

  it('injects into a tier without a turn', () => {
    const session = new Driven();
    const outcome = session.send('memory.inject', { text: 'fact', tier: 'long_term', importance: 3, access: 2 });
    expect(outcome).toMatchObject({ tier: 'long_term', total_memories: 1 });
    expect(session.context.memories[0]).toMatchObject({
      text: 'fact',
      importance: 3,
      access: 2,
      turn: 0,
      at: session.at,
    });
    expect(session.context).toMatchObject({ turns: 0, initialised: false });
  });
});
