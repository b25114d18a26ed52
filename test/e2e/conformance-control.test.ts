/** The control routes of a session and its literal cache: statuses and fields of the wire contract. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at, type Client } from '../support/client.ts';
import { openServer, type TestServer } from '../support/server.ts';

const HASH = /^[0-9a-f]{32}$/;

let server: TestServer;
let ada: Client;

beforeAll(async () => {
  server = await openServer();
  ada = await server.as('ada');
});
afterAll(() => server.close());

describe('control', () => {
  it('adds triggers by keyword and by embedding, and removes all', async () => {
    const id = await ada.create();
    const embedding = await ada.embed('deadline');
    const path = at(id, 'trigger');
    const first = await ada.post(path, { keyword: 'deadline' });
    expect([first.status, first.body]).toEqual([200, { session_id: id, trigger_count: 1 }]);
    expect((await ada.post(path, { embedding, threshold: 0.75 })).body).toEqual({ session_id: id, trigger_count: 2 });
    const cleared = await ada.call('DELETE', path);
    expect([cleared.status, cleared.body]).toEqual([200, { session_id: id, trigger_count: 0 }]);
  });

  it('scores anchors', async () => {
    const id = await ada.create();
    const none = { session_id: id, anchor_score: 0, drift_threshold: 0.5, realignment_remaining: 0, drifted: false };
    expect((await ada.get(at(id, 'anchor_score'))).body).toEqual({ ...none, anchor_count: 0, anchor_drift: 1 });
    const added = await ada.post(at(id, 'anchor'), { embedding: await ada.embed('billing') });
    expect([added.status, added.body]).toEqual([200, { session_id: id, anchor_count: 1 }]);
    expect((await ada.get(at(id, 'anchor_score'))).body).toEqual({ ...none, anchor_count: 1, anchor_drift: 1 });
  });

  it.each(['OPEN', 'FILTER', 'QUARANTINE', 'LOCKDOWN'])('sets the isolation level %s', async (level) => {
    const id = await ada.create();
    const embedding = await ada.embed('spam');
    const reply = await ada.call('PUT', at(id, 'isolation'), {
      level,
      exclusion_embeddings: [embedding],
      allowlist_embeddings: [embedding],
      similarity_threshold: 0.7,
    });
    expect([reply.status, reply.body]).toEqual([200, { session_id: id, level }]);
    const released = await ada.call('POST', at(id, 'isolation/release'));
    expect([released.status, released.body]).toEqual([200, { session_id: id, released_count: 0 }]);
  });

  it('injects a memory with the documented defaults', async () => {
    const id = await ada.create();
    const embedding = await ada.embed('Ada');
    const reply = await ada.post(at(id, 'memory'), { embedding, text: 'The customer is called Ada.' });
    const memory_hash = expect.stringMatching(HASH);
    expect([reply.status, reply.body]).toEqual([
      200,
      { session_id: id, tier: 'short_term', total_memories: 1, memory_hash },
    ]);
    const { memory_hash: hash } = reply.body as { memory_hash: string };
    expect((await ada.get(at(id, `memories/${hash}`))).body).toMatchObject({ importance: 0.5, access_count: 0 });
  });

  it('exports, imports and verifies', async () => {
    const id = await ada.create();
    await ada.turn(id, 'q', 'a');
    const exported = await ada.export(id);
    expect(exported).toEqual({
      session_id: id,
      state_dict: expect.any(Object),
      checksum: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    const imported = await ada.post(at(id, 'import'), { state_dict: exported.state_dict });
    expect([imported.status, imported.body]).toEqual([200, { session_id: id, imported: true }]);
    const probes = { test_embeddings: [await ada.embed('q'), await ada.embed('z')] };
    const verified = await ada.post(at(id, 'verify'), probes);
    expect([verified.status, verified.body]).toMatchObject([200, { consistent: true }]);
    const other = await ada.create();
    const compared = await ada.post(at(id, 'verify'), { ...probes, reference_session_id: other });
    expect(compared.body).toMatchObject({ consistent: false });
  });
});

describe('the literal cache', () => {
  const entity = { key: 'MAX_RETRIES', kind: 'constant', value: '5', context: 'src/client.ts', importance: 1.5 };

  it('stores with 201, overwrites by key, lists, searches and removes', async () => {
    const id = await ada.create();
    const path = at(id, 'entities');
    const put = await ada.post(path, entity);
    expect([put.status, put.body]).toEqual([201, { session_id: id, key: 'MAX_RETRIES', size: 1 }]);
    const again = await ada.post(path, { ...entity, value: '7' });
    expect([again.status, again.body]).toEqual([201, { session_id: id, key: 'MAX_RETRIES', size: 1 }]);
    await ada.post(path, { key: 'other', kind: 'variable', value: 'x' });
    const stored = { ...entity, value: '7', access_count: 0 };
    const other = { key: 'other', kind: 'variable', value: 'x', context: null, importance: 1, access_count: 0 };
    expect((await ada.get(path)).body).toEqual({ session_id: id, entities: [stored, other], total: 2 });
    expect((await ada.get(`${path}?q=retries&max_results=1`)).body).toMatchObject({ entities: [stored], total: 1 });
    const removed = await ada.call('DELETE', `${path}/MAX_RETRIES`);
    expect([removed.status, removed.body]).toEqual([200, { session_id: id, key: 'MAX_RETRIES', removed: true }]);
    const gone = await ada.call('DELETE', `${path}/MAX_RETRIES`);
    expect([gone.status, gone.body]).toEqual([404, { detail: 'Entity not found in this session' }]);
  });

  it.each(['variable', 'function', 'class', 'path', 'error', 'signature', 'constant', 'type'])(
    'knows the kind %s',
    async (kind) => {
      const id = await ada.create();
      expect((await ada.post(at(id, 'entities'), { ...entity, kind })).status).toBe(201);
    },
  );
});
