import { describe, expect, it } from 'vitest';
import { judge } from '../../actors/kinds/session/isolation.ts';
import { ISOLATION_LEVELS, type Isolation } from '../../actors/kinds/session/model.ts';
import { Driven, turned, v } from './drive.ts';

const isolation = (rest: Partial<Isolation>): Isolation => ({
  level: 'OPEN',
  exclusions: [],
  allowlist: [],
  threshold: 0.8,
  ...rest,
});
const bad = v(0, 1);
const good = v(1, 0);

describe('what becomes of an input', () => {
  it.each([
    { level: 'OPEN', clean: 'pass', excluded: 'pass', allowed: 'pass' },
    { level: 'FILTER', clean: 'pass', excluded: 'dropped', allowed: 'pass' },
    { level: 'QUARANTINE', clean: 'pass', excluded: 'quarantined', allowed: 'pass' },
    { level: 'LOCKDOWN', clean: 'blocked', excluded: 'blocked', allowed: 'blocked' },
  ] as const)('$level: clean $clean, excluded $excluded, excluded but allowed $allowed', ({ level, ...expected }) => {
    const strict = isolation({ level, exclusions: [bad] });
    const lenient = isolation({ level, exclusions: [bad], allowlist: [bad] });
    expect(judge(strict, [], { message: good, chunk: null })).toBe(expected.clean);
    expect(judge(strict, [], { message: bad, chunk: null })).toBe(expected.excluded);
    expect(judge(strict, [], { message: good, chunk: bad })).toBe(expected.excluded);
    expect(judge(lenient, [], { message: bad, chunk: null })).toBe(expected.allowed);
  });

  it('matches from the threshold on', () => {
    // cos 36.87° = 0.8
    const at = (degrees: number) =>
      judge(isolation({ level: 'FILTER', exclusions: [good] }), [], { message: turned(degrees), chunk: null });
    expect([at(36.8), at(36.9)]).toEqual(['dropped', 'pass']);
  });

  it.each([
    { why: 'far from every anchor', level: 'QUARANTINE', exclusions: [], message: bad, action: 'quarantined' },
    { why: 'near an anchor', level: 'QUARANTINE', exclusions: [], message: good, action: 'pass' },
    { why: 'far, but exclusions decide', level: 'QUARANTINE', exclusions: [v(-1, 0)], message: bad, action: 'pass' },
    { why: 'far, but only filtered', level: 'FILTER', exclusions: [], message: bad, action: 'pass' },
  ] as const)('with an anchor: $action when $why ($level)', ({ level, exclusions, message, action }) => {
    expect(judge(isolation({ level, exclusions }), [good], { message, chunk: bad })).toBe(action);
  });
});

describe('in a session', () => {
  const isolated = (level: Isolation['level']): Driven => {
    const session = new Driven();
    session.exchange('q', 'a', good);
    session.send('isolate', { level, exclusions: [bad] });
    return session;
  };

  it.each(ISOLATION_LEVELS)('is in the state %s', (level) => {
    expect(isolated(level).snapshot.value).toBe(level);
  });

  it.each([
    { level: 'FILTER', action: 'dropped', aside: 0 },
    { level: 'QUARANTINE', action: 'quarantined', aside: 1 },
    { level: 'LOCKDOWN', action: 'blocked', aside: 0 },
  ] as const)('$level keeps a message and its answer out, and both leave no trace', ({ level, action, aside }) => {
    const session = isolated(level);
    const { state, turns, driftState, episode, lastAt, memories } = session.context;
    const run = session.send('run', { message: 'bad', embedding: bad });
    expect(run).toMatchObject({ isolation: { level, action }, drift: { score: 0 } });
    // The answer alone would be harmless; it is kept out because of its question.
    const store = session.send('store', { embedding: good, pendingId: run.pendingId });
    expect(store).toMatchObject({ stored: false, memory_hash: null, isolation: { level, action } });
    expect(store.warning).toContain('nothing stored');
    expect(session.context).toMatchObject({ state, turns, driftState, episode, lastAt, memories, pending: null });
    expect(session.context.quarantine).toHaveLength(aside);
  });

  it('keeps the answer to a dropped message out even when the level has been lowered', () => {
    const session = isolated('FILTER');
    const { pendingId } = session.send('run', { embedding: bad });
    session.send('isolate', { level: 'OPEN' });
    expect(session.send('store', { pendingId })).toMatchObject({ stored: false, isolation: { action: 'dropped' } });
  });

  it('does not count recalls for a blocked message, which gets no context', () => {
    const session = isolated('LOCKDOWN');
    session.send('run', { recalled: [session.context.memories[0]!.hash] });
    expect(session.context.memories[0]?.access).toBe(0);
  });

  it('releases whole exchanges, in order, as stored turns', () => {
    const session = isolated('QUARANTINE');
    for (const name of ['one', 'two']) {
      const { pendingId } = session.send('run', { message: name, embedding: bad });
      session.send('store', { response: `re ${name}`, embedding: bad, pendingId });
    }
    session.send('store', { response: 'alone', embedding: bad });
    expect(session.context.turns).toBe(1);
    expect(session.send('release')).toEqual({ released_count: 3, total_memories: 4 });
    expect(session.context.memories.map((m) => m.text)).toEqual([
      'Q: q A: a',
      'Q: one A: re one',
      'Q: two A: re two',
      'alone',
    ]);
    expect(session.context).toMatchObject({ turns: 4, quarantine: [] });
    // State after three inputs (0,1) from (1,0), each time 0.75·S + 0.25·e: (0.9487, 0.3162), (0.8137, 0.5812), …
    expect(session.context.state[1]).toBeGreaterThan(0.7);
  });

  it('releases a question that still waits, and lets its answer in', () => {
    const session = isolated('QUARANTINE');
    const { pendingId } = session.send('run', { message: 'one', embedding: bad });
    expect(session.send('release').released_count).toBe(1);
    session.send('isolate', { level: 'OPEN' });
    expect(session.send('store', { response: 'a', pendingId }).stored).toBe(true);
    expect(session.context.memories.map((m) => m.text)).toEqual(['Q: q A: a', 'Q: one', 'Q: one A: a']);
  });

  it('releases nothing from an empty buffer, in any state', () => {
    for (const level of ISOLATION_LEVELS) expect(isolated(level).send('release').released_count).toBe(0);
  });

  it('refuses a release in LOCKDOWN while something waits', () => {
    const session = isolated('QUARANTINE');
    session.send('run', { embedding: bad });
    expect(session.can('release')).toBe(true);
    session.send('isolate', { level: 'LOCKDOWN' });
    expect(session.can('release')).toBe(false);
    expect(session.context.quarantine).toHaveLength(1);
  });

  it('holds 1,000 inputs and says how many it lost', () => {
    const session = isolated('QUARANTINE');
    for (let i = 0; i < 1_000; i++) session.send('run', { message: `m${i}`, embedding: bad });
    expect(session.facts).toEqual([]);
    session.send('run', { message: 'last', embedding: bad });
    expect(session.facts).toEqual([{ type: 'quarantine.overflow', payload: { lost: 1 } }]);
    expect(session.context.quarantine).toHaveLength(1_000);
    expect(session.context.quarantine[0]?.text).toBe('Q: m1');
  });

  it('does not change level when the new lists do not fit', () => {
    const session = isolated('FILTER');
    expect(session.fail('isolate', { level: 'LOCKDOWN', exclusions: [v(1, 0, 0)] }).code).toBe('INVALID');
    expect(session.snapshot.value).toBe('FILTER');
    expect(session.fail('isolate', { level: 'SHUT' }).code).toBe('MALFORMED');
  });
});
