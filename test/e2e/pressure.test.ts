/** A server with little room: sessions that come and go from memory, and mailboxes that are full. */
import { expect, it } from 'vitest';
import type { StoreBody } from '../support/client.ts';
import { serve, tempDir } from '../support/server.ts';

it('answers the same whether a session is in memory or has to be fetched', { timeout: 120_000 }, async () => {
  const roomy = await serve();
  const cramped = await serve({ maxLive: 2, idleMs: 100, data: await tempDir() });
  const clients = [await roomy.as('ada'), await cramped.as('ada')];
  const ids = Array.from({ length: 12 }, (_, i) => `s${i}`);
  await Promise.all(clients.flatMap((client) => ids.map((session_id) => client.create({ session_id }))));
  const answers = clients.map(async (client) => {
    const seen: unknown[] = [];
    for (let turn = 0; turn < 12; turn++) {
      seen.push(
        ...(await Promise.all(
          ids.map(async (session_id, i) => {
            const message = `What about topic ${turn % 4} of team ${i}?`;
            const run = await client.run({ session_id, message, timestamp: 1_700_000_000 + turn });
            const stored = await client.store({ session_id, response: `Topic ${turn % 4}, point ${turn}.` });
            return [run, stored];
          }),
        )),
      );
    }
    return seen;
  });
  const [expected, found] = await Promise.all(answers);
  expect(found).toEqual(expected);
});

it('refuses what its mailboxes cannot hold with 503 and a time to come back, and takes in all it accepted', async () => {
  const server = await serve({ mailbox: 2 });
  const ada = await server.as('ada');
  const session_id = await ada.create({ memory: { short_term: 500 } });
  const replies = await Promise.all(
    Array.from({ length: 60 }, (_, i) =>
      ada.post<StoreBody>('/v1/store', { session_id, message: `question ${i}`, response: `answer ${i}` }),
    ),
  );
  const taken = replies.filter(({ status }) => status === 200);
  const refused = replies.filter(({ status }) => status === 503);
  expect(taken.length + refused.length).toBe(60);
  for (const { headers, body } of refused) {
    expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(body).toEqual({ detail: expect.any(String) });
  }
  expect(await ada.metrics(session_id)).toMatchObject({ interaction_count: taken.length });
  expect((await ada.post('/v1/store', { session_id, response: 'later' })).status).toBe(200);
});
