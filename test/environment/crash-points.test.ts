/**
 * An event that touches several signals, and a crash before, at or after every commit it causes: each signal takes its
 * share once, the event is there once, and the index says what the log says.
 */
import { describe, expect, it } from 'vitest';
import type { SignalSettings } from '../../src/environment/rules.ts';
import { verifyChain } from '../../src/host/chain.ts';
import { readRecords } from '../../src/host/log.ts';
import { FakeClock } from '../support/clock.ts';
import { controlledStore, type Dump, dump } from '../support/stores.ts';
import { auditIndex } from './audit.ts';
import { type Live, live, TENANT } from './live.ts';

const SHARED = ['one', 'two', 'three'];
/** Nothing fades, so a strength is the sum of what was given: 0.3 + 1.2 × 0.1, and 0.05 away. */
const signals: SignalSettings = { profile: 'arch', scopes: [{ scope: 'crash', lambda: 1 }] };
const WANTED = 0.3 + 1.2 * 0.1 - 0.05;

/** The disk and what the client knew, at one moment: the answer to each of its events, by name. */
interface Moment {
  readonly content: Dump;
  readonly answers: ReadonlyMap<string, string>;
}

const draftOf = (type: 'proposal' | 'reward' | 'penalty', payload: object, parent_ids: string[] = []) => ({
  type,
  scope: 'crash',
  trace_id: 'trace',
  agent_id: 'agent',
  parent_ids,
  payload: { ...payload },
});

/** Ids as the idempotency key makes them: the same whenever the client asks again. */
function idsOf(key: string) {
  let n = 0;
  return () => `00000000-0000-4000-8000-${Buffer.from(`${key}${n++}`).toString('hex').padStart(12, '0').slice(-12)}`;
}

/** Posts three proposals, a reward to all three through its parents, and a penalty to all through the reward. */
async function play(server: Live, answers: Map<string, string>): Promise<void> {
  const { environment } = server.runtime.services;
  const post = async (key: string, draft: ReturnType<typeof draftOf>) => {
    const poster = { tenant: TENANT, requestId: key, idempotencyKey: key, newId: idsOf(key) };
    const { event } = await environment.post(poster, draft);
    if (answers.has(key)) expect(event.id, key).toBe(answers.get(key));
    answers.set(key, event.id);
    return event.id;
  };
  const parents: string[] = [];
  for (const name of SHARED) parents.push(await post(name, draftOf('proposal', { action: name })));
  const reward = await post('reward', draftOf('reward', { value: 0.1 }, parents));
  await post('penalty', draftOf('penalty', { value: 0.05 }, [reward]));
}

/** Lives from a moment to the end, checks it, and gives back the moments on the way. */
async function liveOn(from: Moment, failAt?: number): Promise<Moment[]> {
  const control = controlledStore();
  await control.store.commit(from.content);
  const answers = new Map(from.answers);
  const moments: Moment[] = [];
  const look = () => moments.push({ content: dump(control.store), answers: new Map(answers) });
  control.onCommit = () => {
    look();
    if (moments.length - 1 === failAt) throw new Error('input/output error');
  };
  const clock = new FakeClock();
  const start = () => live(control.store, { clock, signals });
  const server = await start().catch(start);
  let done: unknown;
  for (let tries = 0; done !== true; tries++) {
    expect(tries).toBeLessThan(5);
    let over = false;
    const playing = play(server, answers).then(
      () => true,
      (error: unknown) => error,
    );
    void playing.then(() => {
      over = true;
    });
    // Restarted actors and deadlines want time to pass.
    while (!over) await clock.advance(1_000);
    done = await playing;
    if (done !== true) expect(done).toMatchObject({ retry: true });
  }
  await clock.advance(20_000);
  await check(control.store, server);
  await server.runtime.close();
  look();
  return moments;
}

async function check(store: ReturnType<typeof controlledStore>['store'], server: Live): Promise<void> {
  const found = await server.signals();
  expect(found.map(({ pattern }) => pattern).sort()).toEqual([...SHARED].sort());
  for (const { pattern, strength } of found) expect(strength, pattern).toBeCloseTo(WANTED, 12);
  const records = readRecords(store, TENANT, 0, 1_000);
  const posts = records
    .filter(({ type }) => type === 'post')
    .map(({ payload }) => (payload as { semp: { id: string } }).semp.id);
  expect(new Set(posts).size).toBe(5);
  expect(posts).toHaveLength(5);
  // Per signal: its birth, the reward, the penalty.
  expect(records.filter(({ type }) => type === 'touched')).toHaveLength(9);
  expect(auditIndex(store, TENANT)).toEqual([]);
  expect(verifyChain(store, TENANT).faults).toEqual([]);
  expect([store.count('outbox'), store.count('timer')]).toEqual([0, 0]);
  for (const name of SHARED) {
    const id = JSON.stringify(['crash', name]);
    const view = await server.runtime.system.read<{ waiting: object }>({ tenant: TENANT, kind: 'signal', id });
    expect(view?.context?.waiting, 'nobody waits any more').toEqual({});
  }
}

const BEGINNING: Moment = { content: [], answers: new Map() };

describe('an event that touches several signals', () => {
  it('reaches each of them once, whichever commits the crashes come between', { timeout: 240_000 }, async () => {
    const points = await liveOn(BEGINNING);
    expect(points.length).toBeGreaterThan(8);
    for (const point of points) for (const second of await liveOn(point)) await liveOn(second);
  });

  it('reaches each of them once, whichever commit fails while the server lives on', { timeout: 120_000 }, async () => {
    const { length } = await liveOn(BEGINNING);
    for (let commit = 0; commit < length - 1; commit++) await liveOn(BEGINNING, commit);
  });
});
