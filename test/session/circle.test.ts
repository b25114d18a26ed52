/** A session and its cluster: membership, what reaches it from there, what it tells. */
import { expect, it } from 'vitest';
import { tidings } from '../../actors/kinds/session/circle.ts';
import { session } from '../../actors/kinds/session.ts';
import { Driven } from './drive.ts';

it('belongs to one cluster at a time', () => {
  const session = new Driven();
  expect(session.send('cluster.join', { cluster: 'c1' })).toEqual({ joined: true });
  expect(session.send('cluster.join', { cluster: 'c1' })).toEqual({ joined: false });
  expect(session.try('cluster.join', { cluster: 'c2' })).toMatchObject({ error: { code: 'CONFLICT' } });
  expect(session.context.cluster).toBe('c1');
  expect(session.send('cluster.leave', { cluster: 'c2' })).toEqual({ left: false });
  expect(session.send('cluster.leave', { cluster: 'c1' })).toEqual({ left: true });
  expect(session.send('cluster.join', { cluster: 'c2' })).toEqual({ joined: true });
});

it('stays a member when it is reset', () => {
  const session = new Driven();
  session.send('cluster.join', { cluster: 'c1' });
  session.send('run', { reset: true });
  expect(session.context.cluster).toBe('c1');
});

it('moves a share of the way to another direction', () => {
  const session = new Driven({ template: Float32Array.of(1, 0) });
  const outcome = session.send('vector.blend', { vector: Float64Array.of(0, 2), share: 0.25 });
  // Directions (1,0) and (0,1) are √2 apart; 0.75·(1,0) + 0.25·(0,1) has length √(0.5625 + 0.0625).
  expect(outcome.updated).toBe(true);
  expect(outcome.delta_norm).toBeCloseTo(Math.SQRT2, 15);
  expect(session.context.state[0]).toBeCloseTo(0.75 / Math.sqrt(0.625), 15);
  expect(session.context.state[1]).toBeCloseTo(0.25 / Math.sqrt(0.625), 15);
});

it('becomes the other direction with a share of 1, and stays with 0', () => {
  const session = new Driven({ template: Float32Array.of(1, 0) });
  session.send('vector.blend', { vector: Float32Array.of(0, 1), share: 0 });
  expect([...session.context.state]).toEqual([1, 0]);
  session.send('vector.blend', { vector: Float32Array.of(0, 1), share: 1 });
  expect([...session.context.state]).toEqual([0, 1]);
});

it('is left alone without a direction of its own, by zeros, and by its opposite at a half', () => {
  const empty = new Driven();
  expect(empty.send('vector.blend')).toEqual({ updated: false, delta_norm: null });
  expect(empty.context.initialised).toBe(false);
  const session = new Driven({ template: Float32Array.of(1, 0) });
  expect(session.send('vector.blend', { vector: new Float64Array(2) })).toEqual({ updated: false, delta_norm: null });
  expect(session.send('vector.blend', { vector: Float64Array.of(-1, 0) })).toEqual({ updated: false, delta_norm: 2 });
  expect([...session.context.state]).toEqual([1, 0]);
});

it('takes a direction over when it has none and is to be initialised; one that has some is blended as ever', () => {
  const empty = new Driven();
  const taken = { vector: Float64Array.of(0, 3), share: 0.5, initialise: true };
  expect(empty.send('vector.blend', taken)).toEqual({ updated: true, delta_norm: 1 });
  expect([[...empty.context.state], empty.context.initialised]).toEqual([[0, 1], true]);
  const zeros = new Driven();
  expect(zeros.send('vector.blend', { ...taken, vector: new Float64Array(2) }).updated).toBe(false);
  const session = new Driven({ template: Float32Array.of(1, 0) });
  session.send('vector.blend', taken);
  expect(session.context.state[0]).toBeCloseTo(Math.SQRT1_2, 15);
});

it('keeps its user: sessions from before there were users are of "default", a cluster’s own of nobody', () => {
  const migrated = (context: object) =>
    (session.migrations![2]!({ context } as never).context as { user: string }).user;
  expect(migrated({ id: 's1', cluster: 'c1', outcome: null })).toBe('default');
  expect(migrated({ id: 's1', cluster: null, outcome: null })).toBe('default');
  expect(migrated({ id: 'c1', cluster: 'c1', outcome: null })).toBeNull();
  expect(new Driven().context.user).toBeNull();
  const mine = new Driven({ user: 'grace' });
  mine.send('run', { reset: true });
  expect(mine.context.user).toBe('grace');
});

it('refuses vectors of another length and numbers that are none', () => {
  const session = new Driven({ template: Float32Array.of(1, 0) });
  for (const vector of [Float64Array.of(1), Float64Array.of(1, Number.NaN)]) {
    expect(session.try('vector.blend', { vector })).toMatchObject({ error: { code: 'INVALID' } });
  }
});

it('tells its cluster of each drift, and nobody without one', () => {
  const member = { id: 's1', cluster: 'c1' } as never;
  const drift = { type: 'drift', payload: { drift_score: 0.9, drift_phase: 'drifted', confirmed: false } };
  const event = { type: 'drift', session: 's1', drift_score: 0.9, drift_phase: 'drifted', confirmed: false };
  expect(tidings(member, [drift, { type: 'memory.evicted', payload: {} }])).toEqual([
    { to: { kind: 'cluster', id: 'c1' }, event },
  ]);
  expect(tidings({ id: 's1', cluster: null } as never, [drift])).toEqual([]);
});
