/** Observers that live: sampling on a durable timer, across restarts and clock jumps; regions that come and go. */
import { expect, it } from 'vitest';
import type { ObserverContext } from '../../actors/kinds/observer/model.ts';
import { observer } from '../../actors/kinds/observer.ts';
import type { System } from '../../actors/system.ts';
import { sessionInput, theSession } from '../cluster/drive.ts';
import { Country, compute, KINDS, MINUTE, theRegion } from '../region/drive.ts';
import { FakeClock } from '../support/clock.ts';
import { dump, storeOf } from '../support/stores.ts';
import { at, testSystem } from '../support/system.ts';

const HOUR = 60 * MINUTE;
const INTERVAL = 30_000;
const theObserver = at('observer', 'observer');
const north = Float32Array.of(1, 0);

class Watched extends Country {
  async observer(): Promise<ObserverContext> {
    return (await this.system.read<ObserverContext>(theObserver))!.context;
  }

  override async tell<R = unknown>(id: string, event: { type: string; [key: string]: unknown }): Promise<R> {
    return id === 'observer' ? ((await this.system.ask(theObserver, event)).reply as R) : super.tell(id, event);
  }

  register(region: string): Promise<{ registered: boolean; error?: { code: string } }> {
    return this.tell('observer', { type: 'region.register', region });
  }
}

/** An observer of region r, with clusters a and b. */
async function watched(options: Parameters<typeof testSystem>[1] = {}, fresh = true) {
  const { system, clock, store, stop } = await testSystem([...KINDS, observer], { compute, ...options });
  const land = Object.assign(new Watched(system as System), { clock, store, stop, settle: () => clock.advance(100) });
  if (!fresh) return land;
  await system.spawn(theSession('mirror'), sessionInput(null));
  await system.spawn(theObserver, { session: 'mirror', intervalMs: INTERVAL });
  await land.proclaim('r', { threshold: 1 });
  for (const cluster of ['a', 'b']) await land.settleIn('r', cluster, north);
  return land;
}

const facts = (land: Watched, type: string) =>
  land.system.records({ tenant: 't1', after: 0, limit: 10_000 }).filter((record) => record.type === type);

it('samples by itself, every interval, from the first region on', async () => {
  const land = await watched();
  await land.clock.advance(5 * INTERVAL);
  expect((await land.observer()).samples).toBe(0);
  expect(await land.register('r')).toEqual({ registered: true });
  expect(await land.register('r')).toEqual({ registered: false });
  await land.clock.advance(3 * INTERVAL + 100);
  expect(await land.observer()).toMatchObject({
    samples: 3,
    failures: 0,
    sample: { regions: 1, clusters: 2, opened: 0, closed: 0 },
  });
  await land.stop();
});

it('stops when the last region is unregistered', async () => {
  const land = await watched();
  await land.register('r');
  await land.clock.advance(INTERVAL + 100);
  const { samples } = await land.observer();
  expect(await land.tell('observer', { type: 'region.unregister', region: 'r' })).toEqual({ unregistered: true });
  await land.clock.advance(5 * INTERVAL);
  expect((await land.observer()).samples).toBe(samples);
  expect(land.store.count('timer')).toBe(0);
  expect((await land.region('r')).observed).toBe(false);
  await land.stop();
});

it('goes on at the new pace when it is given one', async () => {
  const land = await watched();
  await land.register('r');
  await land.tell('observer', { type: 'configure', intervalMs: 1_000 });
  await land.clock.advance(5_100);
  expect((await land.observer()).samples).toBe(5);
  await land.stop();
});

it('reports systemic drift once, and closes it when nothing drifts any more', async () => {
  const land = await watched();
  await land.register('r');
  for (const cluster of ['a', 'b']) await land.drift(cluster);
  await land.clock.advance(2 * INTERVAL - 1_000);
  expect((await land.observer()).anomalies).toMatchObject([
    { id: 'anomaly-1', type: 'systemic_drift', clusters: ['a', 'b'], severity: 1, closedAt: null },
  ]);
  await land.clock.advance(INTERVAL);
  expect(facts(land, 'anomaly.opened')).toHaveLength(1);
  await land.clock.advance(INTERVAL);
  expect((await land.observer()).anomalies).toMatchObject([{ closedAt: expect.any(Number) }]);
  expect(facts(land, 'anomaly.closed').map(({ payload }) => payload)).toEqual([
    { anomaly: 'anomaly-1', anomaly_type: 'systemic_drift', clusters: ['a', 'b'], reason: 'gone' },
  ]);
  await land.stop();
});

it('goes on sampling after a restart, also when it was due in between', async () => {
  const first = await watched();
  await first.register('r');
  await first.clock.advance(INTERVAL / 2);
  const [content, now] = [dump(first.store), first.clock.now()];
  await first.stop();
  for (const late of [0, 5 * HOUR]) {
    const land = await watched({ store: await storeOf(content), clock: new FakeClock(now + late) }, false);
    await land.clock.advance(INTERVAL / 2 + 100);
    expect((await land.observer()).samples).toBe(1);
    await land.clock.advance(INTERVAL);
    expect((await land.observer()).samples).toBe(2);
    await land.stop();
  }
});

it('samples once for all the time that was skipped when the clock jumps forwards', async () => {
  const land = await watched();
  await land.register('r');
  land.clock.jump(5 * HOUR);
  await land.clock.advance(INTERVAL + 100);
  const { samples } = await land.observer();
  expect(samples).toBeGreaterThanOrEqual(1);
  expect(samples).toBeLessThanOrEqual(2);
  await land.stop();
});

it('takes samples by hand and reports nothing twice when the clock jumps backwards', async () => {
  const land = await watched();
  await land.register('r');
  for (const cluster of ['a', 'b']) await land.drift(cluster);
  await land.clock.advance(INTERVAL + 100);
  expect(facts(land, 'anomaly.opened')).toHaveLength(1);
  land.clock.jump(-5 * HOUR);
  for (const cluster of ['a', 'b']) await land.drift(cluster);
  const observation = {
    regions: [
      { id: 'r', clusters: ['a', 'b'].map((id) => ({ id, phase: 'initialization', interactions: 0, drifting: true })) },
    ],
    gone: [],
    pattern: null,
    durationMs: 1,
  };
  expect(await land.tell('observer', { type: 'sample', observation })).toMatchObject({
    opened: 0,
    closed: 0,
    total: 1,
  });
  await land.clock.advance(INTERVAL + 1_000);
  expect((await land.observer()).samples).toBe(3);
  expect(facts(land, 'anomaly.opened')).toHaveLength(1);
  await land.stop();
});

it('forgets a region that is deleted, and with the last one closes what is open', async () => {
  const land = await watched();
  await land.register('r');
  for (const cluster of ['a', 'b']) await land.drift(cluster);
  await land.clock.advance(INTERVAL + 100);
  expect((await land.observer()).anomalies).toMatchObject([{ closedAt: null }]);
  await land.system.remove(theRegion('r'));
  await land.settle();
  expect(await land.observer()).toMatchObject({ regions: [], anomalies: [{ closedAt: expect.any(Number) }] });
  await land.clock.advance(MINUTE * 2);
  expect(land.store.count('timer')).toBe(0);
  await land.stop();
});

it('leaves out a region that is gone without a word, at the next sample', async () => {
  const land = await watched();
  await land.proclaim('s');
  for (const region of ['r', 's']) await land.register(region);
  const observation = { regions: [], gone: ['s'], pattern: null, durationMs: 1 };
  await land.tell('observer', { type: 'sample', observation });
  expect((await land.observer()).regions).toEqual(['r']);
  await land.stop();
});

it('is told by a region that is not there', async () => {
  const land = await watched();
  expect(await land.register('nowhere')).toMatchObject({ registered: false, error: { code: 'NOT_FOUND' } });
  expect(await land.observer()).toMatchObject({ regions: [], registering: [] });
  await land.stop();
});

it('goes on after a look that failed', async () => {
  let broken = true;
  const run = async (kernel: never, args: never) => {
    if (broken) throw new Error('no thread');
    return compute.run(kernel, args);
  };
  const land = await watched({ compute: { run } });
  await land.register('r');
  await land.clock.advance(INTERVAL + 100);
  expect(await land.observer()).toMatchObject({ samples: 0, failures: 1 });
  broken = false;
  await land.clock.advance(INTERVAL);
  expect(await land.observer()).toMatchObject({ samples: 1, failures: 1 });
  await land.stop();
});

it('has in its session what the regions have in common, and writes it when it changed only', async () => {
  const land = await watched();
  await land.register('r');
  for (const cluster of ['a', 'b']) await land.drift(cluster);
  await land.clock.advance(4 * INTERVAL);
  expect([...(await land.session('mirror')).state]).toEqual([1, 0]);
  const set = facts(land, 'vector.set').filter(({ address }) => address.id === 'mirror');
  expect(set).toHaveLength(1);
  await land.stop();
});
