/** What a turn means: pairing, inline answers, resets, episodes, triggers, anchors and how much is kept. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at, type Client, type ExportBody } from '../support/client.ts';
import { marker, openServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let ada: Client;

beforeAll(async () => {
  server = await openServer();
  ada = await server.as('ada');
});
afterAll(() => server.close());

/** An export without what the wall clock put in. */
function timeless({ state_dict }: ExportBody): unknown {
  const { checksum: _sum, created_at: _created, last_at: _last, ...rest } = state_dict;
  return JSON.parse(JSON.stringify(rest, (key, value) => (key === 'at' ? null : value)));
}

const TALK = [
  ['Which database does billing use?', 'Billing uses Postgres 16.'],
  ['And which port?', 'Port 5433, behind the pooler.'],
  ['Who runs the pooler?', 'The platform team runs it.'],
  ['How do we season the soup?', 'With thyme and a little salt.'],
] as const;

describe('an inline response', () => {
  it('is the same as storing it and then running: answer for answer and state for state', async () => {
    // Hashes of memories come from the session id, so the twin has the same id and another owner.
    const bob = await server.as('bob');
    const id = marker();
    await ada.create({ session_id: id });
    await bob.create({ session_id: id });
    let previous: string | undefined;
    for (const [message, response] of TALK) {
      const inline = await ada.run({ session_id: id, message, ...(previous ? { response: previous } : {}) });
      if (previous) await bob.store({ session_id: id, response: previous });
      const apart = await bob.run({ session_id: id, message });
      expect({ ...inline, stored: null }).toEqual(apart);
      previous = response;
    }
    expect(timeless(await ada.export(id))).toEqual(timeless(await bob.export(id)));
  });

  it('of a first run is stored alone', async () => {
    const reply = await ada.run({ message: 'next', response: 'The answer nobody asked for' });
    expect(reply).toMatchObject({ stored: true, metrics: { interaction_count: 1, total_memories: 1 } });
    const { memories } = await ada.context(reply.session_id);
    expect(memories.map(({ text }) => text)).toEqual(['The answer nobody asked for']);
  });
});

describe('pairing', () => {
  it('stores the question with its answer once, and a second answer alone', async () => {
    const id = await ada.create();
    await ada.run({ session_id: id, message: 'Why?' });
    expect(await ada.store({ session_id: id, response: 'Because.' })).toMatchObject({ warning: null });
    const second = await ada.store({ session_id: id, response: 'And so on.' });
    expect(second.warning).toMatch(/no message was waiting/);
    const texts = (await ada.context(id)).memories.map(({ text }) => text);
    expect(texts.sort()).toEqual(['And so on.', 'Q: Why? A: Because.']);
  });

  it('takes the newest of several waiting messages', async () => {
    const id = await ada.create();
    await ada.run({ session_id: id, message: 'first' });
    await ada.run({ session_id: id, message: 'second' });
    await ada.store({ session_id: id, response: 'answer' });
    expect((await ada.context(id)).memories.map(({ text }) => text)).toEqual(['Q: second A: answer']);
  });

  it('stores question and answer in one call, and leaves a waiting message waiting', async () => {
    const id = await ada.create();
    await ada.run({ session_id: id, message: 'waiting' });
    await ada.store({ session_id: id, message: 'asked elsewhere', response: 'answered elsewhere' });
    await ada.store({ session_id: id, response: 'for the waiting one' });
    const texts = (await ada.context(id)).memories.map(({ text }) => text);
    expect(texts.sort()).toEqual(['Q: asked elsewhere A: answered elsewhere', 'Q: waiting A: for the waiting one']);
  });

  it('refreshes a memory that is said again instead of keeping it twice', async () => {
    const id = await ada.create();
    const first = await ada.store({ session_id: id, message: 'Port?', response: 'Port 8080.' });
    const again = await ada.store({ session_id: id, message: 'port?', response: 'port  8080.' });
    expect(again).toMatchObject({ stored: true, dedup_signal: 'exact', memory_hash: first.memory_hash });
    expect(again.metrics).toMatchObject({ interaction_count: 2, total_memories: 1 });
  });
});

describe('a reset', () => {
  it('forgets memories, phase and state, and keeps id, triggers, anchors, isolation and entities', async () => {
    const id = await ada.create();
    const embedding = await ada.embed('billing');
    await ada.ok('POST', at(id, 'trigger'), { keyword: 'urgent' });
    await ada.ok('POST', at(id, 'anchor'), { embedding });
    await ada.ok('PUT', at(id, 'isolation'), { level: 'FILTER', exclusion_embeddings: [await ada.embed('spam')] });
    await ada.ok('POST', at(id, 'entities'), { key: 'PORT', kind: 'constant', value: '8080' });
    for (const [message, response] of TALK) await ada.turn(id, message, response);
    const reply = await ada.run({ session_id: id, message: 'Which database?', reset_context: true });
    expect(reply).toMatchObject({ session_id: id, top_similarity: 0, drift_score: 0, recalled: [] });
    expect(reply.context).toBe('[Synod Context | Turn 0 | 0 memories]');
    expect(await ada.metrics(id)).toMatchObject({ interaction_count: 0, total_memories: 0, similarity_history: [] });
    const { state_dict } = await ada.export(id);
    expect(state_dict).toMatchObject({
      triggers: [{ keyword: 'urgent' }],
      anchors: [expect.any(String)],
      isolation: { level: 'FILTER' },
      entities: [{ key: 'PORT' }],
    });
  });

  it('never brings an old memory hash back to life', async () => {
    const id = await ada.create();
    const { memory_hash } = await ada.turn(id, 'same', 'same');
    await ada.run({ session_id: id, message: 'same', reset_context: true });
    const again = await ada.store({ session_id: id, response: 'same' });
    expect(again.memory_hash).not.toBe(memory_hash);
    expect((await ada.get(at(id, `memories/${memory_hash}`))).status).toBe(404);
  });

  it('of an unknown id creates one session, however many ask at once', async () => {
    const id = marker();
    const before = server.running.runtime.system.count('session');
    const body = { session_id: id, message: 'hello', reset_context: true };
    await Promise.all(Array.from({ length: 8 }, () => ada.run(body)));
    expect(server.running.runtime.system.count('session')).toBe(before + 1);
  });
});

describe('episodes', () => {
  const episodesOf = async (id: string) => {
    const { memories } = await ada.context(id, { top_k: 100 });
    return Object.fromEntries(memories.map(({ text, episode }) => [text.at(-1), episode]));
  };

  it('begin with a new label and after more than 30 minutes without one', async () => {
    const id = await ada.create();
    const t = 1_743_000_000;
    const store = (name: string, more: object) =>
      ada.store({ session_id: id, message: `about the roadmap ${name}`, response: `we plan ${name}`, ...more });
    await store('a', { timestamp: t });
    await store('b', { timestamp: t + 30 * 60 });
    await store('c', { timestamp: t + 60 * 60 + 1 });
    await store('d', { timestamp: new Date((t + 60 * 60 + 2) * 1_000).toISOString() });
    await store('e', { timestamp: t + 60 * 60 + 3, episode: 'sprint' });
    await store('f', { timestamp: t + 9 * 60 * 60, episode: 'sprint' });
    await store('g', { timestamp: t + 9 * 60 * 60 + 1, episode: 'retro' });
    expect(await episodesOf(id)).toEqual({ a: 0, b: 0, c: 1, d: 1, e: 2, f: 2, g: 3 });
    const { memories } = await ada.context(id, { top_k: 100 });
    expect(memories.find(({ text }) => text.endsWith(' a'))?.timestamp).toBe(t);
  });
});

describe('triggers and anchors', () => {
  it('make a turn that hits count fully: beta at its minimum, importance 1', async () => {
    const id = await ada.create();
    await ada.turn(id, 'plain', 'turn');
    await ada.ok('POST', at(id, 'trigger'), { keyword: 'deadline' });
    const hit = await ada.turn(id, 'When is the deadline?', 'On Friday.');
    expect(hit.metrics.beta).toBeCloseTo(0.05);
    expect(await ada.ok('GET', at(id, `memories/${hit.memory_hash}`))).toMatchObject({ importance: 1 });
    const miss = await ada.turn(id, 'predeadlines', 'nothing');
    expect(miss.metrics.beta).toBeCloseTo(0.75);
    await ada.ok('DELETE', at(id, 'trigger'));
    expect((await ada.turn(id, 'the deadline again', 'moved')).metrics.beta).toBeCloseTo(0.75);
  });

  it('fire on an embedding from its threshold on', async () => {
    const id = await ada.create();
    const embedding = await ada.embed('quarterly invoices');
    await ada.ok('POST', at(id, 'trigger'), { embedding, threshold: 0.9 });
    expect((await ada.turn(id, 'quarterly invoices', 'yes')).metrics.beta).toBeCloseTo(0.05);
    expect((await ada.turn(id, 'weather tomorrow', 'rain')).metrics.beta).toBeCloseTo(0.75);
  });

  it('measure the way from the anchor and pull back for three turns', async () => {
    const id = await ada.create({ template_embedding: await ada.embed('billing invoices ledger') });
    await ada.ok('POST', at(id, 'anchor'), { embedding: await ada.embed('billing invoices ledger') });
    const near = await ada.ok<{ anchor_score: number }>('GET', at(id, 'anchor_score'));
    expect(near.anchor_score).toBeCloseTo(1);
    const remaining: number[] = [];
    for (let turn = 0; turn < 40 && remaining.length < 4; turn++) {
      // The same words in every run: of random ones a few happen to lead away again at once.
      const stray = `stray${(turn * 7_919).toString(36)}word`;
      await ada.turn(id, stray, stray);
      const anchor = await ada.ok<{ realignment_remaining: number }>('GET', at(id, 'anchor_score'));
      if (remaining.length > 0 || anchor.realignment_remaining > 0) remaining.push(anchor.realignment_remaining);
    }
    expect(remaining).toEqual([3, 2, 1, 0]);
  });
});

describe('capacities', () => {
  it('of a session can be set so that a conversation of 700 turns keeps all of it', { timeout: 120_000 }, async () => {
    const id = await ada.create({ memory: { short_term: 50, medium_term: 150, long_term: 500 } });
    const hashes = new Set<string>();
    for (let turn = 0; turn < 700; turn++) {
      const message = `Who owns ticket number ${turn}?`;
      const { memory_hash } = await ada.store({ session_id: id, message, response: `Owner${turn} owns it.` });
      hashes.add(memory_hash);
    }
    expect(hashes.size).toBe(700);
    const tiers = { short_term: 50, medium_term: 150, long_term: 500 };
    expect(await ada.metrics(id)).toMatchObject({ interaction_count: 700, total_memories: 700, tiers });
    const { memories } = await ada.context(id, { q: 'Who owns ticket number 3?', top_k: 1 });
    expect(memories[0]!.text).toBe('Q: Who owns ticket number 3? A: Owner3 owns it.');
  });

  it('are kept: without them the least valuable memory leaves', async () => {
    const id = await ada.create({ memory: { short_term: 2, medium_term: 1, long_term: 1 } });
    for (let turn = 0; turn < 6; turn++) await ada.store({ session_id: id, message: `m${turn}`, response: `r${turn}` });
    expect(await ada.metrics(id)).toMatchObject({
      interaction_count: 6,
      total_memories: 4,
      tiers: { short_term: 2, medium_term: 1, long_term: 1 },
    });
  });
});
