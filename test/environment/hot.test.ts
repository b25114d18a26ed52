/** One signal that everybody touches: bounded memory, bounded waking, and a bounded mailbox that says so. */
import { expect, it } from 'vitest';
import { createMemoryStore } from '../../src/store/memory.ts';
import { serveAnonymous } from '../support/server.ts';
import { auditIndex } from './audit.ts';
import { live, TENANT } from './live.ts';
import type { Draft } from './reference.ts';

/** By hand 100,000. */
const EVENTS = Number(process.env.SYNOD_HOT_EVENTS ?? 3_000);
/** Events behind a snapshot, at most: those a waking actor folds. */
const MAX_TAIL = 64 + 32;

const draft = (parent_ids: readonly string[], payload: object): Draft => ({
  type: 'reward',
  scope: 'hot',
  trace_id: 'trace',
  agent_id: 'agent',
  parent_ids,
  payload: { value: 0.000_001, ...payload },
});

it(`after ${EVENTS} events wakes from a snapshot and a short tail, and waits for nobody`, {
  timeout: 60_000 + EVENTS * 10,
}, async () => {
  const store = createMemoryStore();
  const { runtime, post } = await live(store, { signals: { profile: 'arch', scopes: [{ scope: 'hot', lambda: 1 }] } });
  const parents = [
    (await post(draft([], { action: 'one' }))).event.id,
    (await post(draft([], { action: 'two' }))).event.id,
  ];
  let left = EVENTS;
  // Every other event is shared with the other signal, and waits for its answer.
  const caller = async () => {
    while (left-- > 0) await post(left % 2 === 0 ? draft([], { action: 'one' }) : draft(parents, {}));
  };
  await Promise.all(Array.from({ length: 64 }, caller));
  const address = { tenant: TENANT, kind: 'signal', id: '["hot","one"]' };
  const view = await runtime.system.read<{ waiting: object }>(address);
  expect(view!.context!.waiting).toEqual({});
  await runtime.close();
  const found = await runtime.host.activate(address);
  expect(found!.revision).toBeGreaterThan(EVENTS);
  expect(found!.tail.length).toBeLessThanOrEqual(MAX_TAIL);
  expect(JSON.stringify(found!.snapshot).length).toBeLessThan(40_000);
  expect(auditIndex(store, TENANT)).toEqual([]);
});

it('refuses with 503 and Retry-After what its mailbox has no room for, and loses nothing it acknowledged', async () => {
  const { url, running } = await serveAnonymous({ mailbox: 8 });
  const send = async (mark: number) => {
    const body = { type: 'reward', scope: 'hot', trace_id: 't', agent_id: 'a', payload: { action: 'one', mark } };
    const answer = await fetch(`${url}/api/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { mark, status: answer.status, retryAfter: answer.headers.get('retry-after'), text: await answer.text() };
  };
  const answers = await Promise.all(Array.from({ length: 300 }, (_, mark) => send(mark)));
  const taken = answers.filter(({ status }) => status === 201);
  const refused = answers.filter(({ status }) => status !== 201);
  expect(taken.length).toBeGreaterThan(0);
  for (const { status, retryAfter, text } of refused) {
    expect(status, text).toBe(503);
    expect(Number(retryAfter)).toBeGreaterThan(0);
    expect(JSON.parse(text)).toMatchObject({ message: expect.any(String), code: 'MAILBOX_FULL' });
  }
  const { events } = await running.runtime.services.environment.events(TENANT, { limit: 1_000 });
  const marks = events.map(({ event }) => event.payload.mark as number);
  expect(marks.sort((a, b) => a - b)).toEqual(taken.map(({ mark }) => mark).sort((a, b) => a - b));
  // Whoever asks again gets through.
  for (const { mark } of refused.slice(0, 3)) expect((await send(mark)).status).toBe(201);
  expect(auditIndex(running.runtime.store, TENANT)).toEqual([]);
});
