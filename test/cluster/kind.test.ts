/** The chart alone: its example, its stored form, and what it does with nonsense. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { schemas } from '../../actors/kinds/cluster/events.ts';
import type { ClusterContext } from '../../actors/kinds/cluster/model.ts';
import { cluster } from '../../actors/kinds/cluster.ts';
import type { StoredSnapshot } from '../../actors/ports.ts';
import { migrate } from '../../actors/snapshots.ts';
import { type Effect, Statechart } from '../../actors/statechart.ts';
import { decode, encode } from '../../src/host/codec.ts';

const chart = new Statechart(cluster.machine);
const golden = (version: number) => new URL(`../golden/cluster-v${version}.bin`, import.meta.url);
const { events } = cluster.example;

function live(upTo: readonly { type: string }[]) {
  let { snapshot } = chart.initial(cluster.example.input);
  for (const event of upTo) ({ snapshot } = chart.fold(snapshot, event));
  return snapshot;
}

/** What one more event comes to after the example's life. */
function andThen(event: { type: string; [key: string]: unknown }): {
  context: ClusterContext;
  effects: readonly Effect[];
} {
  const { snapshot, effects } = chart.fold(live(events), { at: 1, ...event } as { type: string });
  return { context: snapshot.context as ClusterContext, effects };
}

const params = ({ effects }: { effects: readonly Effect[] }, type: Effect['type']) =>
  effects.filter((effect) => effect.type === type).map((effect) => (effect as { params: unknown }).params);

it('has an example life that works, and documents every command it takes', () => {
  expect(live(events).context).toMatchObject({
    members: ['ada'],
    joining: ['bob'],
    region: 'north',
    lastDrift: { session: 'ada', score: 0.7, phase: 'drifted' },
  });
  expect(new Set(cluster.machine.events)).toEqual(new Set([...Object.keys(cluster.commands), 'join.*']));
  expect(Object.keys(cluster.commands)).toEqual(Object.keys(schemas));
});

/** When the shape changes on purpose: raise the version, write the migration, add a golden file, leave the old ones. */
describe('its stored form', () => {
  const written: StoredSnapshot = {
    kind: 'cluster',
    version: cluster.version,
    revision: events.length,
    state: chart.persist(live(events.slice(0, -1))),
    timers: [],
    invocations: [],
  };

  it('is the golden file of its version, bit for bit', () => {
    expect(Buffer.from(encode(written)).equals(readFileSync(golden(cluster.version)))).toBe(true);
  });

  it.each([1])('of version %i goes on exactly as if it had never been stored', (version) => {
    const stored = decode<StoredSnapshot>(readFileSync(golden(version)));
    expect(stored.version).toBe(version);
    const restored = chart.restore(migrate({ kind: cluster, chart } as never, stored));
    const { snapshot } = chart.fold(restored, events.at(-1)!);
    expect(Buffer.from(encode(chart.persist(snapshot))).equals(encode(chart.persist(live(events))))).toBe(true);
  });
});

describe('a drift', () => {
  const drift = { drift_score: 0.9, drift_phase: 'drifted', confirmed: true };

  it.each(['ada', 'example'])('of %s reaches the region', (session) => {
    const done = andThen({ type: 'drift', session, ...drift });
    const event = { type: 'drift', cluster: 'example', session, ...drift };
    expect(params(done, 'send')).toEqual([{ to: { kind: 'region', id: 'north' }, event }]);
    expect(done.context.lastDrift).toEqual({ at: 1, session, score: 0.9, phase: 'drifted', confirmed: true });
  });

  it('of a session that is no member concerns nobody', () => {
    const done = andThen({ type: 'drift', session: 'carol', ...drift });
    expect(params(done, 'send')).toEqual([]);
    expect(done.context.lastDrift?.session).toBe('ada');
  });
});

describe('a region', () => {
  it('claims a cluster alone, as often as it likes, and gives it back', () => {
    expect(params(andThen({ type: 'region.claim', region: 'north' }), 'reply')).toEqual([{ claimed: false }]);
    expect(params(andThen({ type: 'region.claim', region: 'south' }), 'refuse')).toMatchObject([{ code: 'CONFLICT' }]);
    const other = andThen({ type: 'region.release', region: 'south' });
    expect([params(other, 'reply'), other.context.region]).toEqual([[{ released: false }], 'north']);
    const own = andThen({ type: 'region.release', region: 'north' });
    expect([params(own, 'reply'), own.context.region]).toEqual([[{ released: true }], null]);
  });
});

describe('feedback', () => {
  const vector = Float64Array.of(0, 0, 0, 1);

  it('goes to each member named, once, and to nobody else', () => {
    const done = andThen({ type: 'feedback.send', vector, sessions: ['ada', 'bob', 'ada', 'carol'] });
    const event = { type: 'vector.blend', vector, share: 0.3 };
    expect(params(done, 'send')).toEqual([{ to: { kind: 'session', id: 'ada' }, event }]);
    expect(params(done, 'reply')).toEqual([{ updated: 1 }]);
  });

  it.each([
    [Float64Array.of(1, 0), 'INVALID'],
    [Float64Array.of(1, 0, 0, Number.NaN), 'INVALID'],
    [Float64Array.of(1, 0, 0, Number.POSITIVE_INFINITY), 'INVALID'],
    [[1, 0, 0, 0], 'INVALID'],
  ])('of %j is refused', (bad, code) => {
    expect(params(andThen({ type: 'feedback.send', vector: bad, sessions: ['ada'] }), 'refuse')).toMatchObject([
      { code },
    ]);
  });
});

it.each([
  { type: 'member.add' },
  { type: 'member.add', session: '' },
  { type: 'member.add', session: 7 },
  { type: 'drift', session: 'ada', drift_score: 2, drift_phase: 'drifted', confirmed: true },
  { type: 'drift', session: 'ada', drift_score: 0.5, drift_phase: 'lost', confirmed: true },
  { type: 'region.claim' },
  { type: 'join.nobody.reply', value: { joined: true } },
])('refuses %j', (event) => {
  expect(params(andThen(event), 'refuse')).toHaveLength(1);
});

it('says good-bye to its members, to those about to join, and to its region', () => {
  const gone = cluster.farewell!(live(events).context as never);
  const leave = { type: 'cluster.leave', cluster: 'example' };
  expect(gone).toEqual([
    { to: { kind: 'session', id: 'ada' }, event: leave },
    { to: { kind: 'session', id: 'bob' }, event: leave },
    { to: { kind: 'region', id: 'north' }, event: { type: 'cluster.gone', cluster: 'example' } },
  ]);
});

it.each([
  [{ mode: 'median' }, 'MALFORMED'],
  [{ coupling: 1.5 }, 'INVALID'],
  [{ coupling: Number.NaN }, 'INVALID'],
])('is not made of %j', (changes, code) => {
  const make = () => chart.initial({ ...(cluster.example.input as object), ...changes });
  expect(make).toThrow(expect.objectContaining({ code }));
});
