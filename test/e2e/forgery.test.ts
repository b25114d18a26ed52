/** Documents with the right checksum and the wrong content: they harm nobody but, at most, the session they go into. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checksumOf } from '../../actors/kinds/session/canonical.ts';
import { at, type Client } from '../support/client.ts';
import { openServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let ada: Client;

beforeAll(async () => {
  server = await openServer();
  ada = await server.as('ada');
});
afterAll(() => server.close());

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Every place of a document, as paths; long lists by their ends only. */
function placesOf(value: Json, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  const entries: [string | number, Json][] = Array.isArray(value)
    ? [...value.entries()].filter(([i]) => i < 2 || i === value.length - 1)
    : Object.entries(value);
  return [path, ...entries.flatMap(([key, item]) => placesOf(item, [...path, key]))];
}

function changed(value: Json, [key, ...rest]: readonly (string | number)[], to: Json): Json {
  if (key === undefined) return to;
  if (Array.isArray(value)) return value.with(Number(key), changed(value[Number(key)]!, rest, to));
  const object = value as { [key: string]: Json };
  return { ...object, [key]: changed(object[key]!, rest, to) };
}

const EXTREMES: readonly Json[] = [
  ...[0, -1, 1, 2, 0.5, 1e15, Number.MAX_SAFE_INTEGER, Number.MAX_VALUE, -Number.MAX_VALUE, 5e-324],
  ...['', 'x', '\u0000', 'drifted', 'LOCKDOWN', 'x'.repeat(1_001), 'AAAA', 'A'.repeat(2_048)],
  ...[null, true, false, [], {}, [null], [0], [[]]],
];

it('is taken or refused, and never breaks what comes after', { timeout: 240_000 }, async () => {
  const id = await ada.create();
  const embedding = await ada.embed('billing');
  await ada.ok('POST', at(id, 'trigger'), { embedding });
  await ada.ok('POST', at(id, 'anchor'), { embedding });
  await ada.ok('POST', at(id, 'entities'), { key: 'k', kind: 'path', value: 'billing' });
  for (let turn = 0; turn < 3; turn++) await ada.turn(id, `question ${turn}`, `answer ${turn}`);
  await ada.ok('PUT', at(id, 'isolation'), { level: 'QUARANTINE', exclusion_embeddings: [await ada.embed('spam')] });
  await ada.run({ session_id: id, message: 'spam' });
  const original = (await ada.export(id)).state_dict as { [key: string]: Json };
  const places = placesOf(original).filter(([key]) => key !== 'checksum');
  const steps = fc.array(fc.tuple(fc.constantFrom(...places), fc.constantFrom(...EXTREMES)), {
    minLength: 1,
    maxLength: 2,
  });
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(steps, async (forgeries) => {
      let forged: Json = original;
      for (const [place, to] of forgeries) {
        try {
          forged = changed(forged, place, to);
        } catch {
          return;
        }
      }
      if (typeof forged !== 'object' || forged === null || Array.isArray(forged)) return;
      const state_dict = { ...forged, checksum: checksumOf(forged) };
      const target = await ada.create();
      const imported = await ada.post(at(target, 'import'), { state_dict });
      expect([200, 400, 422]).toContain(imported.status);
      if (imported.status === 200) taken++;
      const followUps = [
        await ada.post('/v1/run', { session_id: target, message: 'billing', response: 'an answer' }),
        await ada.post('/v1/store', { session_id: target, response: 'another' }),
        await ada.post('/v1/store', { session_id: target, message: 'q', response: 'a', timestamp: 1 }),
        await ada.post(at(target, 'isolation/release')),
        await ada.get(`/v1/state/context?session_id=${target}&q=billing&explain=1`),
        await ada.get(`/v1/metrics/${target}`),
        await ada.get(at(target, 'anchor_score')),
        await ada.get(at(target, 'entities')),
        await ada.post(at(target, 'verify'), { test_embeddings: [embedding] }),
      ];
      for (const reply of followUps) expect(reply.status, reply.text).toBeLessThan(500);
      await ada.ok('DELETE', `/v1/session/${target}`);
    }),
    { seed: Number(process.env.SYNOD_FUZZ_SEED ?? 20_260_101), numRuns: Number(process.env.SYNOD_FUZZ_RUNS ?? 400) },
  );
  // Or nothing of the above was tried on a forged state.
  expect(taken).toBeGreaterThan(0);
  expect(server.log.filter(({ level }) => level === 'error')).toEqual([]);
});
