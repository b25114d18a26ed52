/** Regions that live: votes across restarts and clock jumps, floods of drift, deletions in the middle of a realignment. */
import { expect, it } from 'vitest';
import type { RegionContext } from '../../actors/kinds/region/model.ts';
import { runInline } from '../../src/compute/inline.ts';
import { theCluster, theSession } from '../cluster/drive.ts';
import { FakeClock } from '../support/clock.ts';
import { dump, storeOf } from '../support/stores.ts';
import { type Country, country, MINUTE, theRegion } from './drive.ts';

const HOUR = 60 * MINUTE;
const north = Float32Array.of(1, 0);
const east = Float32Array.of(0, 1);

/** A region of clusters a and b, each with a member that has a direction. */
async function furnish(land: Country, changes: Parameters<Country['proclaim']>[1] = {}): Promise<void> {
  await land.proclaim('r', changes);
  await land.settleIn('r', 'a', north);
  await land.settleIn('r', 'b', east);
}

/** Kernels that wait until they are let go. */
function gate() {
  const waiting: (() => void)[] = [];
  let open = false;
  const compute = {
    run: async (kernel: never, args: never) => {
      if (!open) await new Promise<void>((resolve) => waiting.push(resolve));
      return runInline(kernel, args) as never;
    },
  };
  const letGo = () => {
    open = true;
    for (const go of waiting.splice(0)) go();
  };
  return { compute, waiting, letGo };
}

const realignments = (land: Country) => land.region('r').then((region: RegionContext) => region.realignments);

/** How often the region's session was given a vector. */
function vectorsSet(land: Country): number {
  const records = land.system.records({ tenant: 't1', after: 0, limit: 10_000 });
  return records.filter(({ address, type }) => address.id === 'r' && type === 'vector.set').length;
}

it('gives its session the direction its clusters have in common', async () => {
  const land = await country();
  await furnish(land, { threshold: 1 });
  for (const cluster of ['a', 'b']) await land.drift(cluster);
  await land.settle();
  const { state } = await land.session('r');
  expect(state[0]).toBeCloseTo(Math.SQRT1_2, 12);
  expect(state[1]).toBeCloseTo(Math.SQRT1_2, 12);
  expect([await realignments(land), vectorsSet(land)]).toEqual([1, 1]);
  await land.stop();
});

it('does not make the drifting turn wait', async () => {
  const { compute, waiting, letGo } = gate();
  const land = await country({ compute });
  await furnish(land);
  await land.drift('a');
  await land.settle();
  expect(waiting).toHaveLength(1);
  expect(await realignments(land)).toBe(0);
  expect(await land.drift('b')).toBeNull();
  letGo();
  await land.settle();
  expect(await realignments(land)).toBe(1);
  await land.stop();
});

it('of fifty drifts at once makes one realignment', async () => {
  const land = await country();
  await land.proclaim('r', { threshold: 1 });
  for (const cluster of ['a', 'b']) {
    await land.found(cluster);
    for (let i = 0; i < 25; i++) {
      await land.make(`${cluster}-${i}`, north);
      await land.add(cluster, `${cluster}-${i}`);
    }
    await land.annex('r', cluster);
  }
  await Promise.all(
    Array.from({ length: 50 }, (_, i) => land.drift(i % 2 ? 'a' : 'b', `${i % 2 ? 'a' : 'b'}-${i >> 1}`)),
  );
  await land.settle();
  expect((await land.region('r')).events.filter(({ type }) => type === 'drift')).toHaveLength(50);
  expect([await realignments(land), vectorsSet(land)]).toEqual([1, 1]);
  await land.stop();
});

it('of fifty clusters that drift at once makes one realignment', async () => {
  const land = await country();
  await land.proclaim('r', { threshold: 0.6 });
  const clusters = Array.from({ length: 50 }, (_, i) => `c${i}`);
  for (const cluster of clusters) await land.settleIn('r', cluster, north);
  await Promise.all(clusters.map((cluster) => land.drift(cluster)));
  await land.settle();
  expect([await realignments(land), vectorsSet(land)]).toEqual([1, 1]);
  await land.stop();
});

it('keeps votes across a restart, and ends them when they are due', async () => {
  const first = await country();
  await furnish(first, { threshold: 1 });
  await first.drift('a');
  await first.clock.advance(MINUTE / 2);
  const [content, now] = [dump(first.store), first.clock.now()];
  await first.stop();

  const kept = await country({ store: await storeOf(content), clock: new FakeClock(now) });
  await kept.drift('b');
  await kept.settle();
  expect(await realignments(kept)).toBe(1);
  await kept.stop();

  const ended = await country({ store: await storeOf(content), clock: new FakeClock(now) });
  await ended.clock.advance(MINUTE / 2 + 1_000);
  expect((await ended.region('r')).clusters.map(({ vote }) => vote)).toEqual([null, null]);
  await ended.drift('b');
  await ended.settle();
  expect(await realignments(ended)).toBe(0);
  await ended.stop();
});

it('has no votes left when the clock jumps forwards', async () => {
  const land = await country();
  await furnish(land, { threshold: 1 });
  await land.drift('a');
  await land.settle();
  land.clock.jump(5 * HOUR);
  await land.drift('b');
  await land.settle();
  expect(await realignments(land)).toBe(0);
  await land.clock.advance(MINUTE);
  expect((await land.region('r')).clusters[0]!.vote).toBeNull();
  await land.stop();
});

it('realigns no second time when the clock jumps backwards, and votes again a window later', async () => {
  const land = await country();
  await furnish(land);
  await land.drift('a');
  await land.settle();
  expect(await realignments(land)).toBe(1);
  land.clock.jump(-5 * HOUR);
  await land.drift('a');
  await land.clock.advance(MINUTE / 2);
  await land.drift('a');
  await land.settle();
  expect(await realignments(land)).toBe(1);
  await land.clock.advance(MINUTE);
  await land.drift('a');
  await land.settle();
  expect(await realignments(land)).toBe(2);
  await land.stop();
});

it.each([
  ['a member', (land: Country) => land.system.remove(theSession('b-1'))],
  ['the session of a cluster', (land: Country) => land.system.remove(theSession('b'))],
  ['a cluster', (land: Country) => land.system.remove(theCluster('b'))],
  ['the session of the region', (land: Country) => land.system.remove(theSession('r'))],
])('ends a realignment under way when %s is deleted', async (_what, remove) => {
  const { compute, waiting, letGo } = gate();
  const land = await country({ compute });
  await furnish(land);
  await land.drift('a');
  await land.settle();
  expect(waiting).toHaveLength(1);
  await remove(land);
  letGo();
  await land.settle();
  expect(await realignments(land)).toBe(1);
  expect((await land.region('r')).reached).toBeNull();
  await land.stop();
});

it('leaves nothing behind when it is deleted in the middle of a realignment', async () => {
  const { compute, letGo } = gate();
  const land = await country({ compute });
  await furnish(land);
  await land.drift('a');
  await land.settle();
  await land.system.remove(theRegion('r'));
  letGo();
  await land.settle();
  expect((await land.session('r')).initialised).toBe(false);
  expect((await land.cluster('a')).region).toBeNull();
  expect([land.store.count('outbox'), land.store.count('timer')]).toEqual([0, 0]);
  await land.proclaim('next');
  expect(await land.annex('next', 'a')).toEqual({ added: true });
  await land.stop();
});

it('realigns to nothing when all clusters are gone before it is tried again', async () => {
  let broken = true;
  const run = async (kernel: never, args: never) => {
    if (broken) throw new Error('no thread');
    return runInline(kernel, args) as never;
  };
  const land = await country({ compute: { run } });
  await furnish(land);
  await land.drift('a');
  await land.settle();
  for (const cluster of ['a', 'b']) await land.system.remove(theCluster(cluster));
  broken = false;
  await land.clock.advance(2_000);
  expect(await land.region('r')).toMatchObject({ clusters: [], realignments: 1, reached: null });
  expect(vectorsSet(land)).toBe(0);
  await land.stop();
});

it('tries again when the kernels fail, and not more often than it has to', async () => {
  let calls = 0;
  const run = async (kernel: never, args: never) => {
    calls++;
    if (calls <= 2) throw new Error('no thread');
    return runInline(kernel, args) as never;
  };
  const land = await country({ compute: { run } });
  await furnish(land);
  await land.drift('a');
  await land.settle();
  expect(await realignments(land)).toBe(0);
  await land.clock.advance(4_000);
  expect([await realignments(land), vectorsSet(land)]).toEqual([1, 1]);
  await land.stop();
});

it('asks nobody twice: of two who add a cluster at once both are answered', async () => {
  const land = await country();
  await land.proclaim('r');
  await land.found('a');
  const answers = await Promise.all([land.annex('r', 'a'), land.annex('r', 'a')]);
  expect(answers.map(({ added }) => added).sort()).toEqual([false, true]);
  expect(await land.region('r')).toMatchObject({ clusters: [{ id: 'a' }], claiming: [] });
  await land.stop();
});

it('lets a cluster go that was just being added when it is deleted', async () => {
  const land = await country();
  for (const id of ['r', 's']) await land.proclaim(id);
  await land.found('a');
  const adding = expect(land.annex('r', 'a')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await land.system.remove(theRegion('r'));
  await land.settle();
  await adding;
  expect(await land.annex('s', 'a')).toEqual({ added: true });
  await land.stop();
});

it('leaves a cluster to its region, and says so', async () => {
  const land = await country();
  for (const id of ['r', 's']) await land.proclaim(id);
  await land.found('a');
  expect(await land.annex('r', 'a')).toEqual({ added: true });
  expect(await land.annex('s', 'a')).toMatchObject({ added: false, error: { code: 'CONFLICT' } });
  expect(await land.annex('s', 'nobody')).toMatchObject({ added: false, error: { code: 'NOT_FOUND' } });
  expect(await land.region('s')).toMatchObject({ clusters: [], claiming: [] });
  expect(await land.ask('r', { type: 'cluster.remove', cluster: 'a' })).toEqual({ removed: true });
  await land.settle();
  expect(await land.annex('s', 'a')).toEqual({ added: true });
  await land.stop();
});

it('hears a session that drifts, without anybody asking', async () => {
  const land = await country();
  await furnish(land);
  const turn = { recalled: [], response: null, reset: false, timestamp: null, episode: null };
  const store = { pendingId: null, message: 'm', messageEmbedding: north, timestamp: null, episode: null };
  const ask = (event: { type: string; [key: string]: unknown }) => land.system.ask(theSession('a-1'), event);
  for (let i = 0; i < 4; i++) await ask({ type: 'store', response: `answer ${i}`, embedding: north, ...store });
  await ask({ type: 'run', message: 'elsewhere?', embedding: Float32Array.of(-1, 0), ...turn });
  await land.settle();
  expect((await land.region('r')).events[0]).toMatchObject({ type: 'drift', cluster: 'a', session: 'a-1' });
  expect(await realignments(land)).toBe(1);
  await land.stop();
});

it('does not count clusters whose vectors are another embedder’s', async () => {
  const land = await country();
  await land.proclaim('r', { threshold: 1 });
  await land.settleIn('r', 'a', north);
  await land.found('y', { embedder: 'other' });
  await land.annex('r', 'y');
  for (const [cluster, session] of [
    ['a', 'a-1'],
    ['y', 'y'],
  ] as const)
    await land.drift(cluster, session);
  await land.settle();
  expect([...(await land.session('r')).state]).toEqual([1, 0]);
  await land.stop();
});
