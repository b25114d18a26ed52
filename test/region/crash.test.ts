/**
 * A crash at every commit point of a realignment, from the first drift to the new vector: however often the machine dies
 * on the way, the region realigns once.
 */
import { beforeAll, expect, it } from 'vitest';
import { verifyChain } from '../../src/host/chain.ts';
import { theCluster } from '../cluster/drive.ts';
import { FakeClock } from '../support/clock.ts';
import { controlledStore, type Dump, dump } from '../support/stores.ts';
import { type Country, country, MINUTE, theRegion } from './drive.ts';

/** Of the second crashes every so many-th; 1 for all pairs of points. */
const STRIDE = Number(process.env.SYNOD_CRASH_STRIDE ?? 4);

/** The disk, the clock and what the client knew, at one moment. */
interface Moment {
  readonly content: Dump;
  readonly now: number;
  readonly answered: ReadonlySet<string>;
}

let beginning: Moment;

beforeAll(async () => {
  const land = await country();
  await land.proclaim('r', { threshold: 1 });
  await land.settleIn('r', 'a', Float32Array.of(1, 0));
  await land.settleIn('r', 'b', Float32Array.of(0, 1));
  await land.settle();
  beginning = { content: dump(land.store), now: land.clock.now(), answered: new Set() };
  await land.stop();
});

/** What the client wants: word of a drift in each cluster, and a cluster less. Each is repeated until it is answered. */
async function play(land: Country, answered: Set<string>, pause: () => Promise<void>): Promise<void> {
  const drift = { type: 'drift', drift_score: 0.7, drift_phase: 'drifted', confirmed: false };
  const wants = [
    ['a', { ...drift, session: 'a-1' }],
    ['b', { ...drift, session: 'b-1' }],
  ] as const;
  for (const [cluster, event] of wants) {
    for (let tries = 0; !answered.has(cluster); tries++) {
      if (tries > 50) throw new Error(`no answer from ${cluster}`);
      let waiting = true;
      void land.system
        .ask(theCluster(cluster), event, { idempotencyKey: `drift ${cluster}`, deadlineMs: 5_000 })
        .then(
          () => void answered.add(cluster),
          () => {},
        )
        .finally(() => {
          waiting = false;
        });
      do await pause();
      while (waiting);
    }
  }
}

/** Lives from a moment to the end, checks it, and gives back every commit point on the way. */
async function live(from: Moment, failAt?: number): Promise<Moment[]> {
  const control = controlledStore();
  await control.store.commit(from.content);
  const clock = new FakeClock(from.now);
  const answered = new Set(from.answered);
  const moments: Moment[] = [];
  const look = () => moments.push({ content: dump(control.store), now: clock.now(), answered: new Set(answered) });
  control.onCommit = () => {
    look();
    if (moments.length - 1 === failAt) throw new Error('input/output error');
  };
  const start = () => country({ store: control.store, clock });
  const land = await start().catch(start);
  await play(land, answered, () => clock.advance(40));
  await clock.advance(30_000);
  expect(await land.region('r')).toMatchObject({ realignments: 1, reached: null, failures: 0 });
  const [x, y] = (await land.session('r')).state;
  expect([x, y]).toEqual([expect.closeTo(Math.SQRT1_2, 12), expect.closeTo(Math.SQRT1_2, 12)]);
  const records = land.system.records({ tenant: 't1', after: 0, limit: 10_000 });
  const seen = (kind: string, type: string) =>
    records.filter((record) => record.address.kind === kind && record.address.id === 'r' && record.type === type)
      .length;
  expect([seen('region', 'realignment'), seen('session', 'vector.set')]).toEqual([1, 1]);
  expect((await land.region('r')).events.map(({ type }) => type)).toEqual(['drift', 'drift', 'realignment']);
  await clock.advance(2 * MINUTE);
  expect([control.store.count('outbox'), control.store.count('timer')]).toEqual([0, 0]);
  expect(land.system.deadLetters({ tenant: 't1', limit: 10 })).toEqual([]);
  expect(verifyChain(control.store, 't1').faults).toEqual([]);
  expect(land.system.exists(theRegion('r'))).toBe(true);
  await land.stop();
  look();
  return moments;
}

it('realigns once, whichever commit the crash comes before, at or after', { timeout: 240_000 }, async () => {
  const points = await live(beginning);
  expect(points.length).toBeGreaterThan(6);
  let pairs = 0;
  for (const point of points) {
    for (const second of await live(point)) {
      if (pairs++ % STRIDE === 0) await live(second);
    }
  }
  expect(pairs).toBeGreaterThan(2 * points.length);
});

it('realigns once, whichever commit fails while it lives on', { timeout: 120_000 }, async () => {
  const { length } = await live(beginning);
  for (let commit = 0; commit < length - 1; commit++) await live(beginning, commit);
});
