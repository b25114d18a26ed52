/** What members are together, and how that comes back to them. Vectors are in the plane of the first two axes. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { marker, openServer, type TestServer } from '../support/server.ts';
import { at, direction, found, look, member, vector } from './wire.ts';

let server: TestServer;
let ada: Client;

beforeAll(async () => {
  server = await openServer();
  ada = await server.as('ada');
});
afterAll(() => server.close());

const plane = async (id: string) => (await look(ada, id)).aggregate_vector.slice(0, 2);
const near = (numbers: readonly number[]) => numbers.map((x) => expect.closeTo(x, 6));
const feedback = async (id: string, client = ada) =>
  (await client.ok<{ sessions_updated: number }>('POST', at(id, '/feedback'))).sessions_updated;

describe('the aggregate', () => {
  it('weighs members by their turns', async () => {
    const id = await found(ada);
    const east = await member(ada, id, [1, 0]);
    const north = await member(ada, id, [0, 1]);
    // Nobody has stored a turn: both count alike, so it points between them.
    expect(await plane(id)).toEqual(near([Math.SQRT1_2, Math.SQRT1_2]));
    await ada.turn(north, 'one question', 'one answer');
    const { members, aggregate_vector } = await look(ada, id);
    expect(new Map(members.map(({ session_id, weight }) => [session_id, weight]))).toEqual(
      new Map([
        [east, 0],
        [north, 1],
      ]),
    );
    expect(aggregate_vector[1]).toBeCloseTo((await direction(server, 'ada', north))[1]!, 6);
  });

  it('by attention follows those near the shared session', async () => {
    const id = await found(ada, { aggregation_mode: 'attention' });
    await member(ada, id, [1, 0]);
    await member(ada, id, [0, 1]);
    expect(await plane(id)).toEqual(near([Math.SQRT1_2, Math.SQRT1_2]));
    const system = server.running.runtime.system;
    const state = Float64Array.from(vector(1));
    await system.ask({ tenant: 'ada', kind: 'session', id }, { type: 'vector.set', state });
    // Cosines 1 and 0 over τ = 0.1: weights e^10 : 1.
    const length = Math.hypot(1, Math.exp(-10));
    expect(await plane(id)).toEqual(near([1 / length, Math.exp(-10) / length]));
  });

  it('that is robust stays with the majority, however loud the others', async () => {
    const id = await found(ada, { aggregation_mode: 'robust' });
    for (let i = 0; i < 6; i++) await member(ada, id, [1, 0.01 * i]);
    const loud = await member(ada, id, [-1, 0]);
    for (let i = 0; i < 5; i++) await ada.turn(loud, `noise ${i}`, `more noise ${i}`);
    const [x] = await plane(id);
    expect(x).toBeGreaterThan(0.999);
  });

  it.each(['weighted_average', 'attention', 'robust'])(
    'of opposites is zeros, in mode %s',
    async (aggregation_mode) => {
      const id = await found(ada, { aggregation_mode, coupling_factor: 0.5 });
      await member(ada, id, [1, 0]);
      await member(ada, id, [-1, 0]);
      expect(await plane(id)).toEqual([0, 0]);
      expect(await feedback(id)).toBe(0);
    },
  );
});

describe('feedback', () => {
  it('moves members the coupling’s share of the way', async () => {
    const id = await found(ada, { coupling_factor: 0.5 });
    const [east, north] = [await member(ada, id, [1, 0]), await member(ada, id, [0, 1])];
    expect(await feedback(id)).toBe(2);
    // A = (1, 1)/√2; ½·(1, 0) + ½·A = (0.853553, 0.353553), of length 0.923880.
    expect(await direction(server, 'ada', east)).toEqual(near([0.92388, 0.382683]));
    expect(await direction(server, 'ada', north)).toEqual(near([0.382683, 0.92388]));
  });

  it('of factor 1 replaces, of factor 0 changes nobody and says so', async () => {
    const whole = await found(ada, { coupling_factor: 1 });
    const members = [await member(ada, whole, [1, 0]), await member(ada, whole, [0, 1])];
    expect(await feedback(whole)).toBe(2);
    for (const id of members) {
      expect(await direction(server, 'ada', id)).toEqual(near([Math.SQRT1_2, Math.SQRT1_2]));
    }
    const none = await found(ada);
    const still = await member(ada, none, [1, 0]);
    await member(ada, none, [0, 1]);
    expect(await feedback(none)).toBe(0);
    expect(await direction(server, 'ada', still)).toEqual([1, 0]);
  });

  it('skips members without a vector of their own', async () => {
    const id = await found(ada, { coupling_factor: 1 });
    await member(ada, id, [1, 0]);
    const fresh = await member(ada, id);
    expect(await feedback(id)).toBe(1);
    expect(await direction(server, 'ada', fresh)).toEqual([0, 0]);
    expect(await feedback(await found(ada, { coupling_factor: 1 }))).toBe(0);
  });

  it('moves once under one key, however often it is asked for', async () => {
    const id = await found(ada, { coupling_factor: 0.5 });
    const [east] = [await member(ada, id, [1, 0]), await member(ada, id, [0, 1])];
    const keyed = ada.with({ 'idempotency-key': marker() });
    const answers = [await feedback(id, keyed), await feedback(id, keyed)];
    expect(answers).toEqual([2, 2]);
    expect(await direction(server, 'ada', east)).toEqual(near([0.92388, 0.382683]));
  });

  it('does not change the shared session, nor what members remember', async () => {
    const id = await found(ada, { coupling_factor: 1 });
    const [east] = [await member(ada, id, [1, 0]), await member(ada, id, [0, 1])];
    await feedback(id);
    expect(await direction(server, 'ada', id)).toEqual([0, 0]);
    expect(await ada.metrics(east)).toMatchObject({ interaction_count: 0, total_memories: 0 });
  });
});
