/**
 * A crash at every commit point, from the first drift to the new vector, and from the first claim to the last farewell:
 * however often the machine dies on the way, the region realigns once, and regions and clusters agree on who belongs to
 * whom.
 */
import { describe, expect, it } from 'vitest';
import type { ClusterContext } from '../../actors/kinds/cluster/model.ts';
import { verifyChain } from '../../src/host/chain.ts';
import { theCluster } from '../cluster/drive.ts';
import { FakeClock } from '../support/clock.ts';
import { type Answers, settleAll } from '../support/pair.ts';
import { controlledStore, type Dump, dump } from '../support/stores.ts';
import { type Country, country, MINUTE, theRegion } from './drive.ts';

/** Of the second crashes every so many-th; 1 for all pairs of points. */
const STRIDE = Number(process.env.SYNOD_CRASH_STRIDE ?? 4);

type Call = (land: Country, key: string) => Promise<unknown>;

interface Scenario {
  readonly prepare: (land: Country) => Promise<void>;
  /** What the client wants, those in one row at once; each call is repeated under its key until it is answered. */
  readonly rows: readonly (readonly Call[])[];
  readonly check: (land: Country) => Promise<void>;
}

/** The disk, the clock and what the client knew, at one moment. */
interface Moment {
  readonly content: Dump;
  readonly now: number;
  readonly answers: Answers;
}

async function beginningOf({ prepare }: Scenario): Promise<Moment> {
  const land = await country();
  await prepare(land);
  await land.settle();
  const moment = { content: dump(land.store), now: land.clock.now(), answers: new Map() };
  await land.stop();
  return moment;
}

async function play(land: Country, { rows }: Scenario, answers: Answers, pause: () => Promise<void>): Promise<void> {
  for (const [row, calls] of rows.entries()) {
    const keyed = calls.map((call, n): [string, () => Promise<{ reply: unknown; repeated: boolean }>] => {
      const key = `${row}:${n}`;
      const known = answers.get(key);
      if (known !== undefined) return [key, async () => ({ reply: known, repeated: true })];
      return [key, async () => ({ reply: JSON.stringify(await call(land, key)), repeated: false })];
    });
    await settleAll(keyed as never, answers, pause);
  }
}

/** Lives from a moment to the end, checks it, and gives back every commit point on the way. */
async function live(scenario: Scenario, from: Moment, failAt?: number): Promise<Moment[]> {
  const control = controlledStore();
  await control.store.commit(from.content);
  const clock = new FakeClock(from.now);
  const answers: Answers = new Map(from.answers);
  const moments: Moment[] = [];
  const look = () => moments.push({ content: dump(control.store), now: clock.now(), answers: new Map(answers) });
  control.onCommit = () => {
    look();
    if (moments.length - 1 === failAt) throw new Error('input/output error');
  };
  const start = () => country({ store: control.store, clock });
  const land = await start().catch(start);
  await play(land, scenario, answers, () => clock.advance(40));
  // Less than the window of a vote: nothing but the region itself may wake it.
  await clock.advance(MINUTE / 2);
  await scenario.check(land);
  await clock.advance(2 * MINUTE);
  expect([control.store.count('outbox'), control.store.count('timer')]).toEqual([0, 0]);
  expect(verifyChain(control.store, 't1').faults).toEqual([]);
  await land.stop();
  look();
  return moments;
}

const drift =
  (cluster: string): Call =>
  async (land, key) => {
    const event = {
      type: 'drift',
      session: `${cluster}-1`,
      drift_score: 0.7,
      drift_phase: 'drifted',
      confirmed: false,
    };
    return (await land.system.ask(theCluster(cluster), event, { idempotencyKey: key })).reply ?? null;
  };

const realignment: Scenario = {
  prepare: async (land) => {
    await land.proclaim('r', { threshold: 1 });
    await land.settleIn('r', 'a', Float32Array.of(1, 0));
    await land.settleIn('r', 'b', Float32Array.of(0, 1));
  },
  rows: [[drift('a')], [drift('b')]],
  check: async (land) => {
    expect(await land.region('r')).toMatchObject({ realignments: 1, reached: null, failures: 0 });
    const [x, y] = (await land.session('r')).state;
    expect([x, y]).toEqual([expect.closeTo(Math.SQRT1_2, 12), expect.closeTo(Math.SQRT1_2, 12)]);
    const records = land.system.records({ tenant: 't1', after: 0, limit: 10_000 });
    const seen = (kind: string, type: string) =>
      records.filter(({ address, ...record }) => address.kind === kind && address.id === 'r' && record.type === type);
    expect([seen('region', 'realignment').length, seen('session', 'vector.set').length]).toEqual([1, 1]);
    expect((await land.region('r')).events.map(({ type }) => type)).toEqual(['drift', 'drift', 'realignment']);
    expect(land.system.deadLetters({ tenant: 't1', limit: 10 })).toEqual([]);
  },
};

const claim =
  (region: string, cluster: string): Call =>
  async (land, key) => {
    // As the operation does: it looks first.
    if (!land.system.exists(theRegion(region))) return 'gone';
    const event = { type: 'cluster.add', cluster };
    const answered = await land.system.ask(theRegion(region), event, { idempotencyKey: key }).catch((error) => {
      if (error.code === 'NOT_FOUND') return { reply: 'gone' };
      throw error;
    });
    return answered.reply;
  };

const claims: Scenario = {
  prepare: async (land) => {
    for (const region of ['r', 's']) await land.proclaim(region);
    for (const cluster of ['a', 'b', 'c']) await land.found(cluster);
  },
  rows: [
    [claim('r', 'a'), claim('s', 'a'), claim('s', 'b')],
    [
      claim('r', 'c'),
      claim('s', 'c'),
      (land, key) => land.system.remove(theRegion('s'), { idempotencyKey: key }),
      (land, key) => land.system.remove(theCluster('b'), { idempotencyKey: key }),
    ],
  ],
  check: async (land) => {
    expect(land.system.list({ tenant: 't1', kind: 'region', limit: 9 })).toEqual(['r']);
    const { clusters, claiming } = await land.region('r');
    const views = await Promise.all(['a', 'b', 'c'].map((id) => land.system.read<ClusterContext>(theCluster(id))));
    const belonging = views.flatMap((view) => (view?.context.region ? [[view.context.region, view.context.id]] : []));
    expect(clusters.map(({ id }) => ['r', id])).toEqual(belonging);
    expect(claiming).toEqual([]);
    expect(views.map((view) => view !== undefined)).toEqual([true, false, true]);
  },
};

describe.each([
  ['a realignment', realignment],
  ['claims and farewells', claims],
] as const)('%s', (_name, scenario) => {
  it('comes to the same, whichever commit the crash comes before, at or after', { timeout: 240_000 }, async () => {
    const points = await live(scenario, await beginningOf(scenario));
    expect(points.length).toBeGreaterThan(6);
    let pairs = 0;
    for (const point of points) {
      for (const second of await live(scenario, point)) {
        if (pairs++ % STRIDE === 0) await live(scenario, second);
      }
    }
    expect(pairs).toBeGreaterThan(2 * points.length);
  });

  it('comes to the same, whichever commit fails while it lives on', { timeout: 120_000 }, async () => {
    const beginning = await beginningOf(scenario);
    const { length } = await live(scenario, beginning);
    for (let commit = 0; commit < length - 1; commit++) await live(scenario, beginning, commit);
  });
});
