/** The aggregate over real actors and kernels, against directions worked out by hand. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { aggregateOf } from '../../actors/kinds/cluster/aggregate.ts';
import type { AggregationMode, ClusterContext } from '../../actors/kinds/cluster/model.ts';
import type { World } from '../../actors/world.ts';
import { createCompute } from '../../src/compute/index.ts';
import { FakeClock } from '../support/clock.ts';
import { sessionInput, team, theSession } from './drive.ts';

let those: Awaited<ReturnType<typeof team>>;
let world: World;

beforeEach(async () => {
  those = await team();
  await those.found('c');
  const compute = createCompute({
    threads: 1,
    threshold: Infinity,
    queue: 1,
    deadlineMs: 1_000,
    clock: new FakeClock(),
  });
  world = { tenant: 't1', read: (kind, id) => those.system.read({ tenant: 't1', kind, id }), compute };
});
afterEach(() => those.stop());

/** A cluster of these members, whether they know of it or not. */
const cluster = (members: readonly string[], mode: AggregationMode = 'weighted_average'): ClusterContext => ({
  id: 'c',
  name: 'team',
  mode,
  coupling: 0.5,
  dimension: 2,
  embedder: 'hash',
  members,
  joining: [],
  region: null,
  lastDrift: null,
  createdAt: 0,
});

const towards = (degrees: number) =>
  Float32Array.of(Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180));

const degreesOf = ([x, y]: Float64Array) => (Math.atan2(y!, x!) * 180) / Math.PI;

/** Stored turns in the direction the session has, so that it keeps it. */
async function talk(id: string, degrees: number, turns: number): Promise<void> {
  for (let i = 0; i < turns; i++) {
    await those.system.ask(theSession(id), {
      type: 'store',
      response: `answer ${i}`,
      embedding: towards(degrees),
      pendingId: null,
      message: null,
      messageEmbedding: null,
      timestamp: null,
      episode: null,
    });
  }
}

it('leaves out who is gone, has learned nothing, or speaks another embedder’s vectors', async () => {
  await those.make('a', towards(30));
  await those.make('fresh', null);
  await those.system.spawn(theSession('foreign'), {
    ...sessionInput(towards(90)),
    config: { dimension: 2, embedder: 'other' },
  });
  await those.system.spawn(theSession('wide'), { ...sessionInput(null), config: { dimension: 3 } });
  for (const mode of ['weighted_average', 'attention', 'robust'] as const) {
    const { vector, members } = await aggregateOf(world, cluster(['a', 'foreign', 'fresh', 'gone', 'wide'], mode));
    expect(degreesOf(vector)).toBeCloseTo(30, 5);
    expect(members).toEqual([
      { id: 'a', turns: 0, initialised: true, weight: 1 },
      { id: 'foreign', turns: 0, initialised: false, weight: 0 },
      { id: 'fresh', turns: 0, initialised: false, weight: 0 },
      { id: 'wide', turns: 0, initialised: false, weight: 0 },
    ]);
  }
});

it('is zeros of nobody', async () => {
  await those.make('fresh', null);
  for (const members of [[], ['fresh'], ['gone']]) {
    expect([...(await aggregateOf(world, cluster(members))).vector]).toEqual([0, 0]);
  }
});

it('weighs by turns: three against one, at right angles', async () => {
  await those.make('a', towards(0));
  await those.make('b', towards(90));
  await talk('a', 0, 3);
  await talk('b', 90, 1);
  const { vector, members } = await aggregateOf(world, cluster(['a', 'b']));
  // (3, 1): the angle is atan(1/3).
  expect(degreesOf(vector)).toBeCloseTo(18.434948822922, 5);
  expect(members.map(({ weight }) => weight)).toEqual([0.75, 0.25]);
});

it('that is robust counts members alike, and a minority hardly', async () => {
  const ids = Array.from({ length: 9 }, (_, i) => `m${i}`);
  // Six near east, three that point west and talk the most.
  for (const [i, id] of ids.entries()) await those.make(id, towards(i < 6 ? i - 2.5 : 180));
  for (const id of ids.slice(6)) await talk(id, 180, 4);
  const robust = await aggregateOf(world, cluster(ids, 'robust'));
  expect(Math.abs(degreesOf(robust.vector))).toBeLessThan(3);
  const attackers = robust.members.slice(6).reduce((sum, { weight }) => sum + weight, 0);
  expect(attackers).toBeLessThan(0.1);
  expect(robust.members.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 9);
  // The mean follows whoever talks.
  expect(Math.abs(degreesOf((await aggregateOf(world, cluster(ids))).vector))).toBeCloseTo(180, 5);
});

it('goes over more members than it reads at once', async () => {
  const ids = Array.from({ length: 150 }, (_, i) => `m${String(i).padStart(3, '0')}`);
  await Promise.all(ids.map((id, i) => those.make(id, towards(i % 2 === 0 ? 10 : 50))));
  const { vector, members } = await aggregateOf(world, cluster(ids));
  expect(degreesOf(vector)).toBeCloseTo(30, 4);
  expect(members.map(({ id }) => id)).toEqual(ids);
});
