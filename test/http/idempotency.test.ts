/** A request sent twice under one key takes effect once. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { AppError, type ErrorCode } from '../../actors/errors.ts';
import { createIds } from '../../src/http/idempotency.ts';
import type { StoredResponse } from '../../src/http/ports.ts';
import { Answer, type Caller } from '../../src/operations/operation.ts';
import { fake, memoryReplay, serve } from './harness.ts';

const key = { 'idempotency-key': 'k-1' };

/** Counts how often it takes effect; `then` decides what becomes of it. */
function counting(then: (count: number, caller: Caller) => unknown = (count) => ({ count })) {
  const state = { runs: 0 };
  const op = fake('POST', '/v1/count', {
    mutates: true,
    input: { body: z.object({ n: z.number() }) },
    http: { status: 201 },
    run: async ({ caller }) => then(++state.runs, caller),
  });
  return { op, state };
}

describe('with a key', () => {
  it('the second request gets the answer of the first', async () => {
    const { op, state } = counting((count) => new Answer({ count }, { headers: { Location: '/v1/count/1' } }));
    const { call } = await serve([op]);
    const first = await call('POST', '/v1/count', { n: 1 }, key);
    const second = await call('POST', '/v1/count', { n: 1 }, key);
    expect([first.status, await first.json(), first.headers.get('idempotent-replayed')]).toEqual([
      201,
      { count: 1 },
      null,
    ]);
    expect([second.status, await second.json(), second.headers.get('idempotent-replayed')]).toEqual([
      201,
      { count: 1 },
      'true',
    ]);
    expect(second.headers.get('location')).toBe('/v1/count/1');
    expect(second.headers.get('x-request-id')).not.toBe(first.headers.get('x-request-id'));
    expect(state.runs).toBe(1);
  });

  it('an answer that says something about the moment only is not kept', async () => {
    const { op, state } = counting((count) => new Answer({ count }, { passing: count === 1 }));
    const { call } = await serve([op]);
    const counts = [];
    for (let n = 0; n < 3; n++) counts.push(await (await call('POST', '/v1/count', { n: 1 }, key)).json());
    expect(counts).toEqual([{ count: 1 }, { count: 2 }, { count: 2 }]);
    expect(state.runs).toBe(2);
  });

  it('another request is refused', async () => {
    const { op, state } = counting();
    const { call } = await serve([op]);
    await call('POST', '/v1/count', { n: 1 }, key);
    const second = await call('POST', '/v1/count', { n: 2 }, key);
    expect([second.status, state.runs]).toEqual([422, 1]);
    expect(await second.json()).toEqual({ detail: 'Idempotency-Key was used for a different request' });
  });

  it('the same request of somebody else is their own', async () => {
    const { op } = counting();
    const { call } = await serve([op]);
    await call('POST', '/v1/count', { n: 1 }, key);
    const second = await call('POST', '/v1/count', { n: 1 }, { ...key, 'x-api-key': 'bob' });
    expect(await second.json()).toEqual({ count: 2 });
  });

  it('a request is told to wait while the first runs, and another one is refused', async () => {
    let finish = () => {};
    let started = () => {};
    const running = new Promise<void>((resolve) => (started = resolve));
    const finished = new Promise<void>((resolve) => (finish = resolve));
    const { op } = counting(async () => {
      started();
      await finished;
      return { done: true };
    });
    const { call } = await serve([op]);
    const first = call('POST', '/v1/count', { n: 1 }, key);
    await running;
    const second = await call('POST', '/v1/count', { n: 1 }, key);
    const other = await call('POST', '/v1/count', { n: 2 }, key);
    finish();
    expect([second.status, second.headers.get('retry-after')]).toEqual([409, '1']);
    expect(other.status).toBe(422);
    expect((await first).status).toBe(201);
    expect((await call('POST', '/v1/count', { n: 1 }, key)).headers.get('idempotent-replayed')).toBe('true');
  });

  it.each<[ErrorCode | 'BUG', boolean]>([
    ['NOT_FOUND', true],
    ['CONFLICT', true],
    ['MALFORMED', true],
    ['STALE', false],
    ['UNAUTHENTICATED', false],
    ['RATE_LIMITED', false],
    ['OVERLOADED', false],
    ['DEADLINE', false],
    ['QUARANTINED', false],
    ['BUG', false],
  ])('a refusal as %s is kept: %s', async (code, kept) => {
    const { op, state } = counting(() => {
      throw code === 'BUG' ? new Error('bug') : new AppError(code, 'no');
    });
    const { call } = await serve([op]);
    const statuses = [await call('POST', '/v1/count', { n: 1 }, key), await call('POST', '/v1/count', { n: 1 }, key)];
    expect(statuses[0]!.status).toBe(statuses[1]!.status);
    expect(state.runs).toBe(kept ? 1 : 2);
  });

  it('a request that fails validation leaves the key free', async () => {
    const { op } = counting();
    const { call } = await serve([op]);
    expect((await call('POST', '/v1/count', { n: 'x' }, key)).status).toBe(422);
    expect((await call('POST', '/v1/count', { n: 1 }, key)).status).toBe(201);
  });

  it('the answer is stored before it is sent', async () => {
    const entries = new Map<string, StoredResponse>();
    const { op } = counting();
    const { call } = await serve([op], { replay: memoryReplay(entries) });
    await call('POST', '/v1/count', { n: 1 }, key);
    expect(entries.get('alice/k-1')).toMatchObject({ status: 201, body: '{"count":1}' });
  });

  it('an answer that cannot be stored is sent all the same', async () => {
    const { op } = counting();
    const replay = { get: () => undefined, put: () => Promise.reject(new Error('disk full')) };
    const { call, log } = await serve([op], { replay });
    expect((await call('POST', '/v1/count', { n: 1 }, key)).status).toBe(201);
    expect(log.filter(({ level }) => level === 'warn')).toHaveLength(1);
  });

  it('new ids are the same when the request comes again', async () => {
    const replay = { get: () => undefined, put: async () => {} };
    const { op } = counting((_, caller) => [caller.newId(), caller.newId(), caller.idempotencyKey]);
    const { call } = await serve([op], { replay });
    const first = (await (await call('POST', '/v1/count', { n: 1 }, key)).json()) as string[];
    const second = await (await call('POST', '/v1/count', { n: 1 }, key)).json();
    expect(second).toEqual(first);
    expect(first[0]).not.toBe(first[1]);
    expect(first[2]).toBe('k-1');
    for (const id of first.slice(0, 2)) {
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }
  });

  it.each(['', 'a b', 'ä', 'x'.repeat(257)])('that is not one, "%s", the request is malformed', async (bad) => {
    const { op } = counting();
    const { call } = await serve([op]);
    expect((await call('POST', '/v1/count', { n: 1 }, { 'idempotency-key': bad })).status).toBe(400);
  });

  it('a request that changes nothing is not affected', async () => {
    const { call } = await serve([fake('GET', '/v1/now', { run: async () => ({}) })]);
    expect((await call('GET', '/v1/now', undefined, { 'idempotency-key': 'a b' })).status).toBe(200);
  });
});

it('ids of two tenants differ under one key, and are random without', () => {
  expect(createIds('a', 'k')()).not.toBe(createIds('b', 'k')());
  expect(createIds('a|b', 'c')()).not.toBe(createIds('a', 'b|c')());
  expect(createIds('a', undefined)()).not.toBe(createIds('a', undefined)());
});
