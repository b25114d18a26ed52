/** Isolation over the wire: every level against every way in, and what a release brings back. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at, type Client } from '../support/client.ts';
import { openServer, type TestServer } from '../support/server.ts';

const SPAM = 'buy cheap replica watches online';
const HAM = 'which port does the billing service use';

let server: TestServer;
let ada: Client;
let spam: number[];
let ham: number[];

beforeAll(async () => {
  server = await openServer();
  ada = await server.as('ada');
  spam = await ada.embed(SPAM);
  ham = await ada.embed(HAM);
});
afterAll(() => server.close());

const isolated = async (level: string, more: object = { exclusion_embeddings: [spam] }) => {
  const id = await ada.create();
  await ada.turn(id, 'a first question', 'a first answer');
  await ada.ok('PUT', at(id, 'isolation'), { level, similarity_threshold: 0.6, ...more });
  return id;
};
const memoriesOf = async (id: string) => (await ada.metrics(id)).total_memories;

/** What becomes of an input that matches an exclusion, by level; one that does not match passes below LOCKDOWN. */
const ACTIONS = [
  ['OPEN', 'pass', 'pass', 0],
  ['FILTER', 'dropped', 'pass', 0],
  ['QUARANTINE', 'quarantined', 'pass', 1],
  ['LOCKDOWN', 'blocked', 'blocked', 0],
] as const;

describe.each(ACTIONS)('%s', (level, onMatch, otherwise, waiting) => {
  it.each([
    ['a matching message', SPAM, onMatch],
    ['another message', HAM, otherwise],
  ])(`answers %s with 200 and says what it did`, async (_name, message, action) => {
    const id = await isolated(level);
    const reply = await ada.run({ session_id: id, message });
    expect(reply.isolation).toEqual({ level, action });
    const stored = await ada.store({ session_id: id, response: 'noted' });
    expect(stored.stored).toBe(action === 'pass');
    expect(await memoriesOf(id)).toBe(action === 'pass' ? 2 : 1);
  });

  it('lets in or keeps out a whole exchange stored in one call', async () => {
    const id = await isolated(level);
    const stored = await ada.store({ session_id: id, message: SPAM, response: SPAM });
    expect(stored).toMatchObject({ stored: onMatch === 'pass', isolation: { level, action: onMatch } });
    expect(await memoriesOf(id)).toBe(onMatch === 'pass' ? 2 : 1);
  });

  it('judges an inline response too', async () => {
    const id = await isolated(level);
    await ada.run({ session_id: id, message: SPAM });
    const reply = await ada.run({ session_id: id, message: HAM, response: 'noted' });
    expect(reply.stored).toBe(onMatch === 'pass');
    expect(reply.isolation.action).toBe(otherwise);
  });

  it('brings back on release what was set aside, and nothing else', async () => {
    const id = await isolated(level);
    await ada.run({ session_id: id, message: SPAM });
    await ada.store({ session_id: id, response: 'noted' });
    await ada.ok('PUT', at(id, 'isolation'), { level: 'OPEN' });
    const before = await memoriesOf(id);
    const released = await ada.ok('POST', at(id, 'isolation/release'));
    expect(released).toMatchObject({ released_count: waiting });
    expect(await memoriesOf(id)).toBe(before + waiting);
    expect(await ada.ok('POST', at(id, 'isolation/release'))).toMatchObject({ released_count: 0 });
  });
});

describe('a quarantine', () => {
  it('replays in order what it held, whole exchanges included', async () => {
    const id = await isolated('QUARANTINE');
    for (const n of [1, 2, 3]) {
      await ada.run({ session_id: id, message: `${SPAM} ${n}` });
      await ada.store({ session_id: id, response: `${SPAM} no ${n}` });
    }
    expect(await ada.ok('POST', at(id, 'isolation/release'))).toEqual({ session_id: id, released_count: 3 });
    const { state_dict } = await ada.export(id);
    const texts = (state_dict.memories as { text: string }[]).map(({ text }) => text);
    expect(texts.slice(1)).toEqual([1, 2, 3].map((n) => `Q: ${SPAM} ${n} A: ${SPAM} no ${n}`));
  });

  it('keeps what strays from the anchors when there are no exclusions', async () => {
    const id = await ada.create();
    await ada.ok('POST', at(id, 'anchor'), { embedding: ham });
    await ada.ok('PUT', at(id, 'isolation'), { level: 'QUARANTINE', similarity_threshold: 0.6 });
    expect((await ada.run({ session_id: id, message: HAM })).isolation.action).toBe('pass');
    expect((await ada.run({ session_id: id, message: SPAM })).isolation.action).toBe('quarantined');
  });

  it('lets the allowlist win over the exclusions', async () => {
    const id = await isolated('QUARANTINE', { exclusion_embeddings: [spam], allowlist_embeddings: [spam] });
    expect((await ada.run({ session_id: id, message: SPAM })).isolation.action).toBe('pass');
  });
});

describe('lists of vectors', () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, n) => spam.map((x, i) => x + (i === n % 384 ? 1 / 3 : 0)));

  it('may be as long as documented, and no longer', { timeout: 60_000 }, async () => {
    const id = await ada.create();
    const isolation = { level: 'FILTER', exclusion_embeddings: many(1_000) };
    expect((await ada.call('PUT', at(id, 'isolation'), isolation)).status).toBe(200);
    expect((await ada.post(at(id, 'verify'), { test_embeddings: many(1_000) })).body).toMatchObject({
      consistent: true,
    });
    const tooMany = await ada.call('PUT', at(id, 'isolation'), { ...isolation, exclusion_embeddings: many(1_001) });
    expect(tooMany.status).toBe(422);
    const policies = many(64).map((embedding) => ({ embedding: embedding.map((x) => x + 1e-17), weight: 2 }));
    expect((await ada.post('/v1/session/create', { policy_vectors: policies })).status).toBe(200);
  });
});

describe('a lockdown', () => {
  it('shows nothing of what the session knows', async () => {
    const id = await isolated('OPEN');
    await ada.ok('POST', at(id, 'entities'), { key: 'billing_port', kind: 'constant', value: '5433' });
    expect((await ada.run({ session_id: id, message: 'a first question, billing_port' })).context).toContain('5433');
    await ada.ok('PUT', at(id, 'isolation'), { level: 'LOCKDOWN' });
    const reply = await ada.run({ session_id: id, message: 'a first question, billing_port' });
    expect(reply.context).toBe('[Synod Context | Turn 1 | 1 memories]');
    expect(reply.recalled).toEqual([]);
  });

  it('gives the other levels their context back', async () => {
    const id = await isolated('FILTER');
    const reply = await ada.run({ session_id: id, message: SPAM });
    expect(reply.context).toMatch(/^\[Synod Context \| Turn 1 \| 1 memories\]/);
  });
});
