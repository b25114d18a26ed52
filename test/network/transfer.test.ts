/** `POST /v1/network/transfer` over the wire, in both spellings. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bitsOf, StateVectorPacket } from '../../src/network/state-vector-packet.ts';
import type { Client } from '../support/client.ts';
import { openServer, type TestServer } from '../support/server.ts';
import { head, vec } from './vectors.ts';

let server: TestServer;
let ada: Client;
let a: string;
let b: string;

beforeAll(async () => {
  server = await openServer();
  ada = await server.as('ada');
});
afterAll(() => server.close());
beforeEach(async () => {
  a = await ada.create({ template_embedding: vec(1, 0) });
  b = await ada.create({ template_embedding: vec(0, 1) });
});

interface Transferred {
  readonly packet_id: string;
  readonly transfer_type: string;
  readonly verified: boolean;
  readonly delta_norm: number;
  readonly updated: boolean;
  readonly memory_hash: string | null;
}

const transfer = (body: object, headers = {}) => ada.ok<Transferred>('POST', '/v1/network/transfer', body, headers);
const stateOf = async (id: string) => (await ada.export(id)).state_dict.state as number[];
const checksum = async (id: string) => (await ada.export(id)).checksum;

describe('between two sessions', () => {
  it('the target moves max_weight of the way, and delta_norm is the whole distance', async () => {
    const reply = await transfer({ source_session_id: a, target_session_id: b, max_weight: 0.25 });
    expect(reply).toMatchObject({ source_session_id: a, target_session_id: b, updated: true });
    // (1,0) and (0,1) are √2 apart; (0,1) + ¼·((1,0) − (0,1)) = (¼,¾), of length √10/4.
    expect(reply.delta_norm).toBeCloseTo(Math.SQRT2, 14);
    const [x, y] = head(await stateOf(b)) as [number, number];
    expect([x, y]).toEqual([expect.closeTo(1 / Math.sqrt(10), 14), expect.closeTo(3 / Math.sqrt(10), 14)]);
    expect(head(await stateOf(a))).toEqual([1, 0]);
  });

  it('max_weight is 0.15 unless it is said', async () => {
    await transfer({ source_session_id: a, target_session_id: b });
    const [x, y] = head(await stateOf(b)) as [number, number];
    expect(x / y).toBeCloseTo(0.15 / 0.85, 14);
  });

  it('may be asked at the other path, and with names of instances', async () => {
    const body = { source_instance: a, target_instance: b };
    expect(await ada.ok('POST', '/v1/network/peer-transfer', body)).toMatchObject({ updated: true });
  });

  it('of which one has no direction nothing moves', async () => {
    const empty = await ada.create();
    const before = [await checksum(empty), await checksum(b)];
    const nothing = { updated: false, delta_norm: 0 };
    expect(await transfer({ source_session_id: empty, target_session_id: b })).toMatchObject(nothing);
    expect(await transfer({ source_session_id: b, target_session_id: empty })).toMatchObject(nothing);
    expect([await checksum(empty), await checksum(b)]).toEqual(before);
  });

  it('that are one and the same nothing moves', async () => {
    const before = await checksum(a);
    expect(await transfer({ source_session_id: a, target_session_id: a })).toMatchObject({ delta_norm: 0 });
    expect(await checksum(a)).toBe(before);
  });

  it('takes effect once under one key', async () => {
    const key = { 'idempotency-key': 'transfer-1' };
    const first = await transfer({ source_session_id: a, target_session_id: b }, key);
    const state = await stateOf(b);
    expect(await transfer({ source_session_id: a, target_session_id: b }, key)).toEqual(first);
    expect(await stateOf(b)).toEqual(state);
  });
});

it('a session that is deleted meanwhile is there or is not, and nothing else goes wrong', async () => {
  const replies = await Promise.all(
    Array.from({ length: 12 }, (_, i) =>
      i === 5
        ? ada.call('DELETE', `/v1/session/${b}`)
        : ada.post('/v1/network/transfer', { source_session_id: a, target_session_id: b }),
    ),
  );
  expect(replies.map(({ status }) => status).filter((status) => status !== 200 && status !== 404)).toEqual([]);
  expect((await ada.get(`/v1/metrics/${b}`)).status).toBe(404);
  expect((await ada.get(`/v1/metrics/${a}`)).status).toBe(200);
});

describe('of a state vector', () => {
  /** (0,1) after each type brought it this vector. Derived by hand. */
  const s = 0.15;
  it.each([
    // Replaced by the direction of (3,4).
    ['FULL_STATE', [3, 4], [0.6, 0.8], Math.hypot(0.6, -0.2)],
    // 0.15 of the way to (1,0).
    ['PARTIAL_STATE', [2, 0], [s, 1 - s], Math.SQRT2],
    // (0,1) + 0.15·(2,0).
    ['SEMANTIC_DELTA', [2, 0], [2 * s, 1], 2],
    // Half of 0.15 of the way: those who agree by half.
    ['COHERENCE_FIELD', [0.5, 0], [s / 2, 1 - s / 2], Math.SQRT2],
    // At most max_weight, however long the vector is.
    ['COHERENCE_FIELD', [7, 0], [s, 1 - s], Math.SQRT2],
  ] as const)('%s %j moves the target to the direction of %j', async (transfer_type, vector, wanted, delta) => {
    const state_vector = vec(...vector);
    const reply = await transfer({ source_instance: 'afar', target_instance: b, transfer_type, state_vector });
    expect(reply).toMatchObject({ transfer_type, verified: false, updated: true, memory_hash: null });
    expect(reply.delta_norm).toBeCloseTo(delta, 14);
    const length = Math.hypot(...wanted);
    expect(head(await stateOf(b))).toEqual(wanted.map((x) => expect.closeTo(x / length, 14)));
  });

  it('FULL_STATE gives a direction to a session that has none; the others do not', async () => {
    for (const transfer_type of ['PARTIAL_STATE', 'SEMANTIC_DELTA', 'COHERENCE_FIELD', 'FULL_STATE']) {
      const empty = await ada.create();
      const body = { source_instance: 'x', target_instance: empty, transfer_type, state_vector: vec(0, 2) };
      const full = transfer_type === 'FULL_STATE';
      expect(await transfer(body), transfer_type).toMatchObject({ updated: full });
      expect(head(await stateOf(empty))).toEqual(full ? [0, 1] : [0, 0]);
    }
  });

  it('MEMORY_FRAGMENT is remembered and moves nothing', async () => {
    const before = await stateOf(b);
    const text = 'The customer is called Ada.';
    const fragment = { source_instance: 'x', target_instance: b, transfer_type: 'MEMORY_FRAGMENT' };
    const reply = await transfer({ ...fragment, state_vector: vec(1), text });
    expect(reply.delta_norm).toBeCloseTo(Math.SQRT2, 14);
    const memory = await ada.ok('GET', `/v1/session/${b}/memories/${reply.memory_hash}`);
    expect(memory).toMatchObject({ text, tier: 'short_term' });
    expect(await stateOf(b)).toEqual(before);
    const silent = await transfer({ ...fragment, state_vector: vec(0, 1) });
    expect(await ada.ok('GET', `/v1/session/${b}/memories/${silent.memory_hash}`)).toMatchObject({
      text: '(a memory fragment from x)',
    });
  });

  it('takes a serialized packet as it is, and says that its bits were verified', async () => {
    const vector = vec(-0, 0.1, 5e-324, 1 / 3);
    const packet = new StateVectorPacket({ packetId: 'p-7', source: 'x', target: b, type: 'FULL_STATE', vector });
    const reply = await ada.post<Transferred>('/v1/network/transfer', packet.serialize());
    expect(reply.body).toMatchObject({ packet_id: 'p-7', verified: true, updated: true });
  });

  it('whose bits are not those of its numbers is refused, and changes nothing', async () => {
    const before = await checksum(b);
    const vector = vec(0.1, 0.2);
    const wrong = bitsOf(vector).replace('3fb999999999999a', '3fb999999999999b');
    const unsigned = bitsOf(vec(0.1, 0.2, -0));
    for (const transfer_type of ['FULL_STATE', 'PARTIAL_STATE', 'SEMANTIC_DELTA', 'MEMORY_FRAGMENT', 'COHERENCE_FIELD'])
      for (const bit_pattern of [wrong, unsigned, wrong.slice(16)]) {
        const body = { source_instance: 'x', target_instance: b, transfer_type, state_vector: vector, bit_pattern };
        const reply = await ada.post<{ detail: string }>('/v1/network/transfer', body);
        expect([reply.status, reply.body.detail]).toEqual([400, expect.stringMatching(/bit_pattern/)]);
      }
    expect(await checksum(b)).toBe(before);
  });

  it.each([
    ['no target', { target_instance: undefined }, 422],
    ['no source', { source_instance: undefined }, 422],
    ['a type there is not', { transfer_type: 'TELEPATHY' }, 422],
    ['another length', { state_vector: [1, 2] }, 422],
    ['no numbers', { state_vector: [] }, 422],
    ['texts', { state_vector: ['1'] }, 422],
    ['a length beyond all numbers', { state_vector: vec(1e308, 1e308, 1e308, 1e308) }, 422],
    ['bits that are no hex', { bit_pattern: 'zz' }, 422],
    ['too much weight', { max_weight: 1.5 }, 422],
    ['a target that is not there', { target_instance: 'nobody' }, 404],
    ['a source that is not there and no vector', { state_vector: undefined, source_instance: 'nobody' }, 404],
    ['two targets', { target_session_id: 'other' }, 404],
  ])('with %s is refused', async (_what, changes, status) => {
    const before = await checksum(b);
    const body = { source_instance: a, target_instance: b, transfer_type: 'FULL_STATE', state_vector: vec(1) };
    const reply = await ada.post('/v1/network/transfer', { ...body, ...changes });
    expect(reply.status, reply.text).toBe(status);
    expect(await checksum(b)).toBe(before);
  });

  it('of zeros or of nearly nothing moves nothing', async () => {
    const before = await checksum(b);
    for (const state_vector of [vec(0), vec(5e-324)]) {
      const body = { source_instance: 'x', target_instance: b, transfer_type: 'FULL_STATE', state_vector };
      expect(await transfer(body)).toMatchObject({ updated: false, delta_norm: 0 });
    }
    expect(await checksum(b)).toBe(before);
  });
});
