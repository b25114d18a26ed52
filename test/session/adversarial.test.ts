import { describe, expect, it } from 'vitest';
import type { CommandName } from '../../actors/kinds/session/events.ts';
import { Driven, v } from './drive.ts';
import { lottery } from './lives.ts';

describe('input that does not fit', () => {
  const three = v(1, 0, 0);
  const nan = v(Number.NaN, 0);
  const huge = v(Number.POSITIVE_INFINITY, 0);
  const text = 'a';
  const refused: { command: CommandName; payload: object; why: string }[] = [
    { why: 'three numbers', command: 'run', payload: { embedding: three } },
    { why: 'NaN', command: 'run', payload: { embedding: nan } },
    { why: 'infinity', command: 'run', payload: { embedding: huge } },
    { why: 'a list', command: 'run', payload: { embedding: [1, 0] } },
    { why: 'an empty message', command: 'run', payload: { message: '' } },
    { why: 'an endless message', command: 'run', payload: { message: 'x'.repeat(65_537) } },
    { why: 'no time', command: 'run', payload: { at: undefined } },
    { why: 'a time that is none', command: 'run', payload: { timestamp: Number.NaN } },
    {
      why: 'an inline answer of three numbers',
      command: 'run',
      payload: { response: { text, embedding: three, pendingId: null } },
    },
    { why: 'three numbers', command: 'store', payload: { embedding: three } },
    { why: 'an empty answer', command: 'store', payload: { response: '' } },
    { why: 'a message without embedding', command: 'store', payload: { message: 'q' } },
    { why: 'an embedding without message', command: 'store', payload: { messageEmbedding: v(1, 0) } },
    { why: 'a message of three numbers', command: 'store', payload: { message: 'q', messageEmbedding: three } },
    { why: 'a part of three numbers', command: 'store', payload: { extra: [{ text, embedding: three }] } },
    { why: 'three numbers', command: 'anchor.add', payload: { embedding: three } },
    { why: 'three numbers', command: 'isolate', payload: { allowlist: [three] } },
    { why: 'a threshold of 2', command: 'isolate', payload: { threshold: 2 } },
    { why: 'three numbers', command: 'memory.inject', payload: { embedding: three } },
    { why: 'negative importance', command: 'memory.inject', payload: { importance: -1 } },
    { why: 'half an access', command: 'memory.inject', payload: { access: 0.5 } },
    { why: 'three numbers', command: 'vector.set', payload: { state: Float64Array.of(1, 0, 0) } },
    { why: 'NaN', command: 'vector.set', payload: { state: Float64Array.of(Number.NaN, 0) } },
    { why: 'all zeros', command: 'vector.set', payload: { state: Float64Array.of(0, 0) } },
    { why: 'an empty key', command: 'entity.put', payload: { key: '' } },
    { why: 'infinite importance', command: 'entity.put', payload: { importance: Number.POSITIVE_INFINITY } },
    { why: 'nothing', command: 'import', payload: { state: null } },
  ];

  it.each(refused)('is refused by $command: $why', ({ command, payload }) => {
    const session = new Driven();
    session.exchange('q', 'a', v(1, 0));
    const { outcome: _, ...before } = session.context;
    expect(session.fail(command, payload).code).toBe('INVALID');
    const { outcome: __, ...after } = session.context;
    expect(after).toStrictEqual(before);
  });

  it('is named in the message', () => {
    expect(new Driven().fail('run', { embedding: three }).message).toBe(
      'the embedding of the message has 3 numbers, the session wants 2',
    );
    expect(new Driven().fail('run', { message: '' }).message).toContain('run: message');
  });
});

describe('texts without content', () => {
  it('are stored with their zero vectors and measure nothing', () => {
    const session = new Driven();
    for (let i = 0; i < 4; i++) {
      const { drift, message } = session.send('run', { message: `?${i}`, embedding: v(0, 0) });
      expect({ drift: drift.score, similarity: message.similarity }).toEqual({ drift: 0, similarity: 0 });
      const { metrics } = session.send('store', { embedding: v(0, 0), pendingId: i + 1 });
      expect(metrics).toMatchObject({ similarity: 0, norm: 0, novelty_score: 1, pattern_strength: 0 });
    }
    expect(session.context).toMatchObject({ initialised: false, turns: 4 });
    session.send('store', { response: 'content', embedding: v(0, 1) });
    expect([...session.context.state]).toEqual([0, 1]);
  });

  it('do not move a state that is there', () => {
    const session = new Driven({ template: v(0, 1) });
    session.send('store', { embedding: v(0, 0) });
    expect([...session.context.state]).toEqual([0, 1]);
  });
});

it('scales vectors of any length, also tiny ones', () => {
  const session = new Driven();
  session.send('store', { embedding: v(1e-40, 0) });
  session.send('store', { response: 'b', embedding: v(0, 1e38) });
  expect(session.context.metrics.norm).toBeCloseTo(1, 14);
});

it('survives a clock that jumps', () => {
  const session = new Driven();
  for (const at of [5e15, -5e15, 0, 1, 1e12]) {
    session.at = at;
    session.exchange(`q${at}`, 'a', v(1, 0));
  }
  expect(session.context.turns).toBe(5);
});

it('stays within its bounds over 5,000 stores', () => {
  const session = new Driven({ config: { dimension: 16 } });
  const draw = lottery(1);
  session.send('anchor.add', { embedding: Float32Array.from({ length: 16 }, draw) });
  for (let i = 0; i < 5_000; i++) {
    const embedding = Float32Array.from({ length: 16 }, () => draw() - 0.4);
    const { metrics } = session.send('store', { response: `fact ${i}`, embedding });
    if (i % 250 !== 0) continue;
    expect(metrics.norm).toBeCloseTo(1, 12);
    for (const share of [metrics.fsm, metrics.novelty_score, metrics.topic_switch]) {
      expect(share).toBeGreaterThanOrEqual(0);
      expect(share).toBeLessThanOrEqual(1);
    }
  }
  const { context } = session;
  expect(context.turns).toBe(5_000);
  expect(context.memories).toHaveLength(265);
  expect(context.driftState.similarities).toHaveLength(8);
});
