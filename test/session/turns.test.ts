import { describe, expect, it } from 'vitest';
import { Driven, START, turned, v } from './drive.ts';

const response = (text: string, pendingId: number | null, embedding = v(1, 0)) => ({ text, embedding, pendingId });

describe('run', () => {
  it('buffers the message and stores nothing', () => {
    const session = new Driven();
    expect(session.send('run', { message: 'hello' })).toEqual({
      turn: 0,
      drift: { score: 0, detected: false, confirmed: false, phase: 'stable' },
      message: { similarity: 0, topic_switch: 0 },
      isolation: { level: 'OPEN', action: 'pass' },
      stored: null,
      pendingId: 1,
      metrics: session.context.metrics,
      total_memories: 0,
      episode: 0,
    });
    expect(session.context.pending).toMatchObject({ id: 1, message: 'hello', admitted: true, at: START + 1_000 });
  });

  it('stores an inline answer exactly as store would', () => {
    const apart = new Driven();
    apart.exchange('q', 'a', v(0.6, 0.8));
    const inline = new Driven();
    inline.send('run', { message: 'q', embedding: v(0.6, 0.8) });
    const { stored, turn } = inline.send('run', { response: response('a', 1, v(0.6, 0.8)) });
    expect(stored).toMatchObject({ stored: true, memory_hash: apart.context.memories[0]!.hash });
    expect(turn).toBe(1);
    expect(inline.context.state).toEqual(apart.context.state);
    expect(inline.context.metrics).toEqual(apart.context.metrics);
  });

  it('measures the message against the state after the inline answer', () => {
    const session = new Driven();
    session.send('run', { embedding: v(0, 1) });
    const { message } = session.send('run', { embedding: v(0, 1), response: response('a', 1, v(0, 1)) });
    expect(message.similarity).toBe(1);
  });

  it('replaces a message that never got its answer', () => {
    const session = new Driven();
    session.send('run', { message: 'first' });
    session.send('run', { message: 'second' });
    session.send('store', { response: 'a', pendingId: 2 });
    expect(session.context.memories.map((m) => m.text)).toEqual(['Q: second A: a']);
  });

  it('forgets what was said on a reset, and keeps what was set up', () => {
    const session = new Driven();
    session.send('trigger.add');
    session.send('anchor.add');
    session.send('entity.put');
    session.send('isolate', { level: 'FILTER' });
    for (let i = 0; i < 12; i++) session.exchange(`q${i}`, `a${i}`, turned(i * 20));
    const outcome = session.send('run', { reset: true, embedding: v(0, 1) });
    expect(outcome).toMatchObject({
      turn: 0,
      total_memories: 0,
      drift: { score: 0 },
      metrics: { phase: 'initialization' },
    });
    const { context } = session;
    expect(context).toMatchObject({
      id: 's1',
      turns: 0,
      memories: [],
      initialised: false,
      episode: 0,
      realignmentRemaining: 0,
    });
    expect([...context.state]).toEqual([0, 0]);
    expect(Object.values(context.histories).flat()).toEqual([]);
    expect([context.triggers.length, context.anchors.length, context.entities.length]).toEqual([1, 1, 1]);
    expect(context.isolation.level).toBe('FILTER');
    expect(outcome.pendingId).toBe(13);
  });

  it('stores an answer that comes with a reset as the first of the new life', () => {
    const session = new Driven();
    session.exchange('old', 'old', v(1, 0));
    const outcome = session.send('run', { reset: true, response: response('fresh', null) });
    expect(outcome).toMatchObject({ turn: 1, total_memories: 1 });
    expect(session.context.memories[0]?.text).toBe('fresh');
  });
});

describe('store', () => {
  it('pairs the answer with the message that waits', () => {
    const session = new Driven();
    const outcome = session.exchange('which port?', '8080', v(1, 0));
    expect(outcome).toEqual({
      stored: true,
      memory_hash: expect.stringMatching(/^[0-9a-f]{32}$/),
      dedup_signal: null,
      isolation: { level: 'OPEN', action: 'pass' },
      metrics: session.context.metrics,
      total_memories: 1,
      turn: 1,
      warning: null,
    });
    expect(session.context.memories[0]).toMatchObject({ text: 'Q: which port? A: 8080', turn: 1, used: 1, access: 0 });
    expect(session.context.pending).toBeNull();
  });

  it('stores an answer alone, with a warning, when no message waits', () => {
    const session = new Driven();
    expect(session.send('store', { response: 'just so' })).toMatchObject({ stored: true, warning: expect.any(String) });
    expect(session.context.memories[0]?.text).toBe('just so');
  });

  it('takes question and answer in one call and leaves the waiting message', () => {
    const session = new Driven();
    session.send('run', { message: 'waiting' });
    session.send('store', { message: 'q', messageEmbedding: v(1, 0), response: 'a' });
    expect(session.context.memories[0]?.text).toBe('Q: q A: a');
    expect(session.context.pending?.message).toBe('waiting');
  });

  it.each([
    { why: 'another message waits', waiting: 2, pendingId: 1 },
    { why: 'no message waits any more', waiting: 0, pendingId: 1 },
    { why: 'a message waits after all', waiting: 1, pendingId: null },
  ])('refuses a chunk made for another message when $why', ({ waiting, pendingId }) => {
    const session = new Driven();
    for (let i = 0; i < waiting; i++) session.send('run');
    const { outcome: _, ...before } = session.context;
    expect(session.fail('store', { pendingId }).code).toBe('STALE');
    expect(session.context).toEqual({ ...before, outcome: expect.anything() });
  });

  it('refuses the whole run when its inline answer is stale', () => {
    const session = new Driven();
    session.send('run', { message: 'first' });
    expect(session.fail('run', { message: 'second', response: response('a', 7) }).code).toBe('STALE');
    expect(session.context.pending?.message).toBe('first');
  });

  it('dates a memory as the client says, else when it was stored', () => {
    const session = new Driven();
    session.exchange('q', 'a', v(1, 0));
    expect(session.context.memories[0]?.at).toBe(START + 2_000);
    session.send('run', { timestamp: 5_000 });
    session.send('store', { response: 'b', pendingId: 2 });
    expect(session.context.memories[1]?.at).toBe(5_000);
    session.send('store', { response: 'c', timestamp: 6_000 });
    expect(session.context.memories[2]?.at).toBe(6_000);
  });
});

describe('vector.set', () => {
  it('replaces the state, scaled to length 1', () => {
    const session = new Driven();
    expect(session.send('vector.set', { state: Float64Array.of(3, 4) })).toEqual({ updated: true, anchor_score: 0 });
    expect([...session.context.state]).toEqual([0.6, 0.8]);
    expect(session.context.initialised).toBe(true);
  });
});

describe('a template', () => {
  it('is the state before the first turn', () => {
    const session = new Driven({ template: v(0, 2) });
    expect([...session.context.state]).toEqual([0, 1]);
    // s = cos 90° = 0 on the first turn; state unit(0.25, 0.75)
    session.send('store', { embedding: v(1, 0) });
    expect(session.context.state[1]).toBeCloseTo(3 / Math.sqrt(10), 14);
  });

  it.each([
    { why: 'a template that does not fit', input: { template: v(1, 0, 0) } },
    { why: 'a policy that does not fit', input: { policies: [{ embedding: v(1), weight: 1, promote: true }] } },
    { why: 'a policy without weight', input: { policies: [{ embedding: v(1, 0), weight: 0, promote: true }] } },
    { why: 'no dimension', input: { config: { dimension: 0 } } },
    {
      why: 'an empty tier',
      input: { config: { dimension: 2, memory: { short_term: 0, medium_term: 1, long_term: 1 } } },
    },
  ])('refuses $why', ({ input }) => {
    expect(() => new Driven(input)).toThrow(expect.objectContaining({ code: 'INVALID' }));
  });
});
