/**
 * A crash at every commit of a cluster's life: members join, drift away and are deleted, the aggregate is fed back, a
 * cluster goes while somebody joins. The client repeats what it has no answer to. Whatever happens, every member was
 * blended exactly once by each feedback, and sessions and clusters agree on who belongs to whom.
 */
import { describe, expect, it } from 'vitest';
import type { ClusterContext } from '../../actors/kinds/cluster/model.ts';
import type { SessionContext } from '../../actors/kinds/session/model.ts';
import type { System } from '../../actors/system.ts';
import { verifyChain } from '../../src/host/chain.ts';
import { FakeClock } from '../support/clock.ts';
import { type Answers, settleAll } from '../support/pair.ts';
import { controlledStore, type Dump, dump } from '../support/stores.ts';
import { testSystem } from '../support/system.ts';
import { clusterInput, KINDS, sessionInput, theCluster, theSession } from './drive.ts';

/** Of the second crashes every so many-th; 1 for all pairs of points. */
const STRIDE = Number(process.env.SYNOD_CRASH_STRIDE ?? 4);

const SESSIONS = ['a', 'b', 'c', 'd', 'e', 'f'];
const CLUSTERS = ['one', 'two'];

type Step = (system: System, key: string) => Promise<unknown>;

const add =
  (cluster: string, session: string): Step =>
  async (system, key) => {
    // As the operation does: it looks first.
    if (!system.exists(theCluster(cluster))) return 'gone';
    const event = { type: 'member.add', session };
    const { reply } = await system.ask(theCluster(cluster), event, { idempotencyKey: key }).catch((error) => {
      if (error.code === 'NOT_FOUND') return { reply: 'gone' };
      throw error;
    });
    return reply;
  };

const feedback =
  (cluster: string, ...sessions: string[]): Step =>
  async (system, key) => {
    const event = { type: 'feedback.send', vector: Float64Array.of(0, 1), sessions };
    return (await system.ask(theCluster(cluster), event, { idempotencyKey: key })).reply;
  };

const removeSession =
  (id: string): Step =>
  (system, key) =>
    system.remove(theSession(id), { idempotencyKey: key });

const removeCluster =
  (id: string): Step =>
  (system, key) =>
    system.remove(theCluster(id), { idempotencyKey: key });

const make: Step[] = SESSIONS.map(
  (id): Step =>
    (system, key) =>
      system.spawn(theSession(id), sessionInput(), { idempotencyKey: key }).then(() => id),
);

const found: Step[] = CLUSTERS.flatMap((id): Step[] => [
  (system, key) =>
    system.spawn(theSession(id), { ...sessionInput(null), cluster: id }, { idempotencyKey: key }).then(() => id),
  (system, key) => system.spawn(theCluster(id), clusterInput(), { idempotencyKey: key }).then(() => id),
]);

/** What the client wants; those in one row at once. */
const SCENARIO: readonly (readonly Step[])[] = [
  [...make, ...found],
  [add('one', 'a'), add('one', 'b'), add('two', 'c'), add('one', 'd'), add('two', 'd')],
  [feedback('one', 'a', 'b'), removeSession('b')],
  [add('one', 'e'), removeSession('e'), feedback('two', 'c')],
  [feedback('one', 'a'), add('two', 'f'), removeCluster('two')],
];

async function play(system: System, answers: Answers, pause: () => Promise<unknown>): Promise<void> {
  for (const [row, steps] of SCENARIO.entries()) {
    const calls = steps.map((step, n): [string, () => Promise<{ reply: unknown; repeated: boolean }>] => {
      const key = `${row}:${n}`;
      const known = answers.get(key);
      if (known !== undefined) return [key, async () => ({ reply: known, repeated: true })];
      return [key, async () => ({ reply: JSON.stringify(await step(system, key)), repeated: false })];
    });
    await settleAll(calls, answers, pause);
  }
}

/** Whether sessions and clusters agree, and everybody is where the feedbacks brought it. */
async function check(system: System): Promise<void> {
  const read = async <C>(ids: readonly string[], kind: string) => {
    const views = await Promise.all(ids.map((id) => system.read<C>({ tenant: 't1', kind, id })));
    return new Map(ids.flatMap((id, i) => (views[i] ? [[id, views[i].context] as const] : [])));
  };
  const sessions = await read<SessionContext>(SESSIONS, 'session');
  const clusters = await read<ClusterContext>(CLUSTERS, 'cluster');
  expect([[...sessions.keys()], [...clusters.keys()]]).toEqual([['a', 'c', 'd', 'f'], ['one']]);
  const belonging = [...sessions]
    .filter(([, { cluster }]) => cluster !== null)
    .map(([id, { cluster }]) => [cluster, id]);
  const listed = [...clusters].flatMap(([cluster, { members }]) => members.map((id) => [cluster, id]));
  expect(listed).toEqual(belonging);
  expect(clusters.get('one')!.joining).toEqual([]);
  expect(belonging).toContainEqual(['one', 'a']);
  // East towards north by a half: 45°, then 67.5°. A third time, or only once, would be elsewhere.
  const degrees = (id: string) => {
    const [x, y] = sessions.get(id)!.state as unknown as [number, number];
    return (Math.atan2(y, x) * 180) / Math.PI;
  };
  expect(degrees('a')).toBeCloseTo(67.5, 9);
  expect(degrees('c')).toBeCloseTo(45, 9);
  expect(degrees('d')).toBe(0);
}

/** The disk, the clock and what the client knew, at one moment. */
interface Moment {
  readonly content: Dump;
  readonly now: number;
  readonly answers: Answers;
}

const BEGINNING: Moment = { content: [], now: 1_700_000_000_000, answers: new Map() };

/** Lives from a moment to the end of the scenario, checks it, and gives back every commit point on the way. */
async function live(from: Moment, failAt?: number): Promise<Moment[]> {
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
  const start = () => testSystem(KINDS, { store: control.store, clock });
  const { system, store, stop } = await start().catch(start);
  await play(system, answers, () => clock.advance(40));
  await clock.advance(20_000);
  await check(system);
  expect([store.count('outbox'), store.count('timer')]).toEqual([0, 0]);
  expect(verifyChain(store, 't1').faults).toEqual([]);
  await stop();
  look();
  return moments;
}

describe('clusters and their members', () => {
  it('agree, and each feedback counted once, whichever commit the crash comes before, at or after', {
    timeout: 240_000,
  }, async () => {
    const points = await live(BEGINNING);
    expect(points.length).toBeGreaterThan(15);
    let pairs = 0;
    for (const point of points) {
      for (const second of await live(point)) {
        if (pairs++ % STRIDE === 0) await live(second);
      }
    }
    expect(pairs).toBeGreaterThan(5 * points.length);
  });

  it('agree whichever commit fails while they live on', { timeout: 120_000 }, async () => {
    const { length } = await live(BEGINNING);
    for (let commit = 0; commit < length - 1; commit++) await live(BEGINNING, commit);
  });
});
