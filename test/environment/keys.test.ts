/** Events posted under idempotency keys: the same event within a day is answered again, any other is never swallowed. */
import { expect, it } from 'vitest';
import type { AppError } from '../../actors/errors.ts';
import type { SempEvent } from '../../src/environment/event.ts';
import { world } from '../webhooks/harness.ts';
import { draft, HOUR, serveAt, type Touch } from './wire.ts';

interface Batch {
  readonly results: readonly { readonly status: number; readonly event: SempEvent; readonly message?: string }[];
}

const DAY = 24 * HOUR;

async function keyed(key: string) {
  const { clock, client } = await serveAt();
  const send = <T>(path: string, body: object) => client.call<T>('POST', path, body, { 'idempotency-key': key });
  const texts = async () => (await client.ok<SempEvent[]>('GET', '/api/events')).map(({ payload }) => payload.text);
  return { clock, send, texts };
}

const saying = (text: string) => draft({ payload: { text } });

it('a key is new again after a day, and again, for one event and for many', async () => {
  const { clock, send, texts } = await keyed('daily-report');
  for (const text of ['first', 'second', 'second']) {
    const { status, body } = await send<SempEvent>('/api/events', saying(text));
    expect([status, body.payload.text]).toEqual([201, text]);
    clock.at += 100 * DAY;
  }
  for (const round of [1, 2]) {
    const { body } = await send<Batch>('/api/events/batch', { events: [saying(`a${round}`), saying(`b${round}`)] });
    expect(body.results.map(({ event }) => event.payload.text)).toEqual([`a${round}`, `b${round}`]);
    clock.at += DAY + HOUR;
  }
  expect(await texts()).toEqual(['b2', 'a2', 'b1', 'a1', 'second', 'second', 'first']);
});

it('in process another event under the same key is refused, then and at the same time', async () => {
  const { call } = await world();
  const say = (text: string) => call<SempEvent>('events.create', { body: saying(text) }, { idempotencyKey: 'k' });
  const both = await Promise.allSettled([say('one'), say('two')]);
  expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  expect(
    both.map((each) => (each.status === 'rejected' ? (each.reason as AppError).code : each.value.payload)),
  ).toEqual([{ text: 'one' }, 'IDEMPOTENCY_REUSED']);
  await expect(say('three')).rejects.toMatchObject({ code: 'IDEMPOTENCY_REUSED' });
  expect((await say('one')).payload).toEqual({ text: 'one' });
  expect(await call<SempEvent[]>('events.list')).toHaveLength(1);
});

it('in a batch another event under the same key is its own trouble', async () => {
  const { call } = await world();
  const send = (...texts: string[]) =>
    call<Batch>('events.batch', { body: { events: texts.map(saying) } }, { idempotencyKey: 'k' });
  const first = await send('a', 'b');
  const second = await send('a', 'c', 'd');
  expect(second.results.map(({ status }) => status)).toEqual([201, 422, 201]);
  expect(second.results[0]).toEqual(first.results[0]);
  expect(second.results[1]!.message).toBe('Idempotency-Key was used for a different event');
});

it('a repetition tells what the event did to all its signals, also when they have changed since', async () => {
  const { call, clock } = await world();
  const made = (scope: string) =>
    call<SempEvent>('events.create', { body: draft({ scope, payload: { action: 'x' } }) });
  const parents = [(await made('r')).id, (await made('s')).id];
  const input = {
    query: { include: 'signals' },
    body: draft({ type: 'reward', scope: 'z', trace_id: 'u', parent_ids: parents }),
  };
  const share = () => call<{ signals: Touch[] }>('events.create', input, { idempotencyKey: 'k' });
  const first = await share();
  expect(first.signals).toHaveLength(2);
  await clock.advance(HOUR);
  await made('r');
  expect(await share()).toEqual(first);
});
