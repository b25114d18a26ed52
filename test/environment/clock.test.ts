/** Signals and events under a wall clock that is set back and forth. */
import { expect, it } from 'vitest';
import { createMemoryStore } from '../../src/store/memory.ts';
import { FakeClock } from '../support/clock.ts';
import { auditIndex } from './audit.ts';
import { live, TENANT } from './live.ts';
import type { Draft } from './reference.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const draft = (type: Draft['type'], action: string, payload: object = {}): Draft => ({
  type,
  scope: 'clock',
  trace_id: 'trace',
  agent_id: 'agent',
  payload: { action, ...payload },
});

it('set back an hour makes no signal stronger than its last event left it, and keeps lists in the order of acceptance', async () => {
  const store = createMemoryStore();
  const clock = new FakeClock();
  const { runtime, post, signals } = await live(store, { clock });
  const { environment } = runtime.services;
  const ids: string[] = [];
  const strength = async () => (await signals()).find(({ pattern }) => pattern === 'a')?.strength ?? 0;
  const send = async (...given: Parameters<typeof draft>) => ids.push((await post(draft(...given))).event.id);
  await send('proposal', 'a');
  await send('reward', 'a', { value: 0.5 });
  const left = await strength();
  expect(left).toBeCloseTo(0.9, 12);
  await clock.advance(10 * MINUTE);
  expect(await strength()).toBeCloseTo(0.9 * 0.95 ** 10, 12);
  clock.jump(-HOUR);
  expect(await strength()).toBe(left);
  await send('ready', 'a');
  await send('proposal', 'a');
  expect(await strength()).toBe(left);
  // Decay begins where the clock had been at the last change.
  await clock.advance(HOUR - 10 * MINUTE);
  expect(await strength()).toBe(left);
  await clock.advance(MINUTE);
  expect(await strength()).toBeCloseTo(left * 0.95, 12);
  await send('penalty', 'a', { value: 0.1 });
  expect(await strength()).toBeCloseTo(left * 0.95 - 0.1, 12);
  for (const query of [{}, { scope: 'clock' }, { trace: 'trace' }]) {
    const { events } = await environment.events(TENANT, { ...query, limit: 100 });
    expect(events.map(({ event }) => event.id)).toEqual(ids.toReversed());
    const seqs = events.map(({ seq }) => seq);
    expect(seqs).toEqual([...seqs].sort((x, y) => y - x));
  }
  expect(auditIndex(store, TENANT)).toEqual([]);
  await runtime.close();
});

it('set forward a day ends every signal; each comes again as a new one, once', async () => {
  const store = createMemoryStore();
  const clock = new FakeClock();
  const { runtime, post, signals } = await live(store, { clock });
  for (const action of ['a', 'b']) await post(draft('proposal', action));
  const before = await signals();
  clock.jump(24 * HOUR);
  expect(await signals()).toEqual([]);
  for (const action of ['a', 'b']) await post(draft('proposal', action));
  clock.jump(-24 * HOUR);
  const after = await signals();
  expect(after.map(({ pattern, strength }) => [pattern, strength])).toEqual([
    ['a', 0.3],
    ['b', 0.3],
  ]);
  expect(after.map(({ id }) => id)).not.toEqual(before.map(({ id }) => id));
  expect(auditIndex(store, TENANT)).toEqual([]);
  await runtime.close();
});

it('lists a signal once that faded, was punished for nothing, and came again', async () => {
  const store = createMemoryStore();
  const clock = new FakeClock();
  const { runtime, post, signals } = await live(store, { clock });
  await post(draft('proposal', 'a'));
  await clock.advance(2 * HOUR);
  await post(draft('penalty', 'a'));
  await post(draft('proposal', 'a'));
  // What is left of its first life would be alive again.
  clock.jump(-2 * HOUR);
  expect(await signals()).toHaveLength(1);
  expect(auditIndex(store, TENANT)).toEqual([]);
  await runtime.close();
});
