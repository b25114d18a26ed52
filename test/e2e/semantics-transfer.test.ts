/** Export and import: exact to the bit, and closed to everything that was changed on the way. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at, type Client } from '../support/client.ts';
import { openServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let ada: Client;

beforeAll(async () => {
  server = await openServer();
  ada = await server.as('ada');
});
afterAll(() => server.close());

/** A session with something in every field that an export has. */
async function fullSession(): Promise<string> {
  const embedding = await ada.embed('billing');
  const id = await ada.create({ policy_vectors: [{ embedding, weight: 1.5, promote: true }] });
  await ada.ok('POST', at(id, 'trigger'), { keyword: 'urgent' });
  await ada.ok('POST', at(id, 'trigger'), { embedding, threshold: 0.9 });
  await ada.ok('POST', at(id, 'anchor'), { embedding });
  await ada.ok('POST', at(id, 'entities'), { key: 'src/a.ts', kind: 'path', value: 'übergröße 😀', context: null });
  for (let turn = 0; turn < 4; turn++) await ada.turn(id, `question ${turn} on billing`, `answer ${turn} "quoted"`);
  await ada.ok('PUT', at(id, 'isolation'), {
    level: 'QUARANTINE',
    exclusion_embeddings: [await ada.embed('spam spam')],
  });
  await ada.run({ session_id: id, message: 'spam spam' });
  await ada.run({ session_id: id, message: 'still open' });
  return id;
}

const revisionOf = async (id: string) => {
  const view = await server.running.runtime.system.read({ tenant: 'ada', kind: 'session', id });
  return view?.revision;
};

describe('an export', () => {
  it('is the same document every time nothing happened, and asking changes nothing', async () => {
    const id = await fullSession();
    const revision = await revisionOf(id);
    expect(await ada.export(id)).toEqual(await ada.export(id));
    expect(await revisionOf(id)).toBe(revision);
  });

  it('makes a twin whose next turn measures exactly the same', async () => {
    const id = await fullSession();
    const twin = await ada.create();
    await ada.ok('POST', at(twin, 'import'), { state_dict: (await ada.export(id)).state_dict });
    for (const message of ['And what about billing?', 'urgent: the invoices', 'something else entirely']) {
      const [a, b] = await Promise.all([id, twin].map((session_id) => ada.run({ session_id, message })));
      const { context, drift_score, top_similarity, isolation } = a!;
      expect(b).toMatchObject({ context, drift_score, top_similarity, isolation, metrics: a!.metrics });
      const [c, d] = await Promise.all([id, twin].map((session_id) => ada.store({ session_id, response: 'ok' })));
      expect(d!.metrics).toEqual(c!.metrics);
    }
    const probes = { test_embeddings: [await ada.embed('billing')], reference_session_id: twin, tolerance: 0 };
    expect(await ada.ok('POST', at(id, 'verify'), probes)).toMatchObject({ consistent: true, max_difference: 0 });
  });

  it('goes back to where it was taken, and everything since is undone', async () => {
    const id = await fullSession();
    const { state_dict, checksum } = await ada.export(id);
    const before = await ada.metrics(id);
    await ada.run({ session_id: id, message: 'forget all', reset_context: true });
    await ada.ok('POST', at(id, 'import'), { state_dict, checksum });
    expect(await ada.metrics(id)).toEqual(before);
    expect((await ada.export(id)).state_dict.memories).toEqual(state_dict.memories);
  });
});

describe('an import', () => {
  it('refuses a document with one character changed, wherever it is, and changes nothing', {
    timeout: 120_000,
  }, async () => {
    const id = await fullSession();
    const exported = await ada.export(id);
    const revision = await revisionOf(id);
    const original = JSON.stringify(exported.state_dict);
    const change = fc.record({
      place: fc.integer({ min: 0, max: original.length - 1 }),
      by: fc.constantFrom('0', '1', '9', 'a', 'Z', '"', '\\', ',', '-', '.', ' ', '', 'é', '\u0000'),
    });
    await fc.assert(
      fc.asyncProperty(change, async ({ place, by }) => {
        const tampered = original.slice(0, place) + by + original.slice(place + 1);
        const meaning = meaningOf(tampered);
        // Some changes leave the meaning: a space between tokens, the seventeenth digit of a number.
        if (meaning === original) return;
        const reply = await ada.post(at(id, 'import'), `{"state_dict":${tampered}}`);
        expect([reply.status, place, by]).toEqual([meaning === null ? 422 : 400, place, by]);
      }),
      { numRuns: 250 },
    );
    expect(await revisionOf(id)).toBe(revision);
    expect((await ada.export(id)).checksum).toBe(exported.checksum);
  });

  it('refuses a checksum that is not the one inside', async () => {
    const id = await fullSession();
    const { state_dict } = await ada.export(id);
    const reply = await ada.post(at(id, 'import'), { state_dict, checksum: '0'.repeat(64) });
    expect(reply.status).toBe(400);
  });

  it('refuses a state of another dimension', async () => {
    const { as, ...other } = await openServer({
      embedder: { url: undefined, model: 'all-MiniLM-L6-v2', dimension: 64, apiKey: undefined },
    });
    const bob = await as('bob');
    const small = await bob.create();
    const { state_dict } = await bob.export(small);
    await other.close();
    const id = await ada.create();
    expect((await ada.post(at(id, 'import'), { state_dict })).status).toBe(400);
  });
});

/** The canonical text of a JSON text, null when it is none. */
function meaningOf(text: string): string | null {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return null;
  }
}
