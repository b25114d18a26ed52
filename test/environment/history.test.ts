/** How a strength came about: every event, the decay in between, nothing missing. */
import { expect, it } from 'vitest';
import type { HistoryEntry } from '../../src/environment/history.ts';
import { loadConfig } from '../../src/settings.ts';
import type { Client } from '../support/client.ts';
import { tempDir } from '../support/server.ts';
import { MINUTE, nextOf, post, serveAt, signals, touches } from './wire.ts';

const historyOf = (client: Client, id: string, query = '') =>
  client.ok<HistoryEntry[]>('GET', `/api/signals/${id}/history${query}`);

it('tells who did what when, and what decayed in between', async () => {
  const { client, clock } = await serveAt();
  const start = clock.at;
  const [born] = await touches(client, { scope: 's', agent_id: 'ada', payload: { action: 'x' } });
  clock.at += 2 * MINUTE;
  const parent = await post(client, { type: 'ready', scope: 's', agent_id: 'bob', payload: { action: 'x' } });
  clock.at += MINUTE;
  await post(client, { type: 'reward', scope: 's', agent_id: 'cy', payload: { action: 'x', value: 0.25, α: 2 } });
  // Through its parent, from another scope.
  await post(client, {
    type: 'penalty',
    scope: 'crew',
    trace_id: 'u',
    agent_id: 'dee',
    parent_ids: [parent.id],
    payload: { value: -0.1 },
  });
  const entries = await historyOf(client, born!.id);
  const common = { trace_id: 't', scope: 's', value: null, alpha: null };
  const rules = { lambda: 0.95, interval_seconds: 60, stepped: false };
  // 0.3 · 0.95² and ³, + 0.5, − 0.1.
  const [at2, at3] = [0.3 * 0.95 ** 2, 0.3 * 0.95 ** 3].map((wanted) => expect.closeTo(wanted, 12));
  const [grown, left] = [0.3 * 0.95 ** 3 + 0.5, 0.3 * 0.95 ** 3 + 0.4].map((wanted) => expect.closeTo(wanted, 12));
  expect(entries).toMatchObject([
    {
      ...common,
      type: 'proposal',
      agent_id: 'ada',
      timestamp: new Date(start).toISOString(),
      decay: null,
      before: 0,
      after: 0.3,
    },
    {
      ...{ ...common, event_id: parent.id, type: 'ready', agent_id: 'bob', before: at2, after: at2 },
      decay: { ...rules, from: 0.3, to: at2, seconds: 120 },
    },
    {
      ...{ ...common, type: 'reward', agent_id: 'cy', value: 0.25, alpha: 2, before: at3, after: grown },
      decay: { ...rules, from: at2, to: at3, seconds: 60 },
    },
    {
      ...{
        type: 'penalty',
        agent_id: 'dee',
        trace_id: 'u',
        scope: 'crew',
        value: 0.1,
        alpha: null,
        before: grown,
        after: left,
      },
      decay: { ...rules, from: grown, to: grown, seconds: 0 },
    },
  ]);
  expect((await signals(client))[0]!.strength).toBe(entries.at(-1)!.after);
});

it('joins without a gap: what one entry left is what the next decay begins with', async () => {
  const { client, clock } = await serveAt({ signals: loadConfig({ 'signal-profile': 'site' }, {}).signals });
  const [born] = await touches(client, { payload: { action: 'x', strength: 0.4 } });
  for (const [n, type] of ['reward', 'penalty', 'penalty', 'ready', 'reward', 'test', 'reward'].entries()) {
    clock.at += (n + 1) * 10 * MINUTE;
    await post(client, { type, payload: { action: 'x', value: 0.5, strength: 0.1 } });
  }
  const entries = await historyOf(client, born!.id);
  expect(entries).toHaveLength(8);
  for (const [n, { decay, before }] of entries.slice(1).entries()) {
    expect(decay).toMatchObject({ from: entries[n]!.after, to: before });
    expect(decay!.from * decay!.lambda ** (decay!.seconds / decay!.interval_seconds)).toBeCloseTo(before, 12);
  }
});

it('of a signal that is gone is there, and ends where its next life begins', async () => {
  const { client, clock } = await serveAt();
  const lives: string[] = [];
  for (const life of [1, 2, 3]) {
    const [born] = await touches(client, { payload: { action: 'x', life } });
    lives.push(born!.id);
    await post(client, { type: 'reward', payload: { action: 'x', value: 0.1 } });
    // Away by a penalty, away by decay, alive.
    if (life === 1) await post(client, { type: 'penalty', payload: { action: 'x' } });
    if (life === 2) clock.at += 120 * MINUTE;
  }
  const types = await Promise.all(
    lives.map(async (id) => (await historyOf(client, id)).map(({ type, after }) => [type, after > 0])),
  );
  expect(types).toEqual([
    [
      ['proposal', true],
      ['reward', true],
      ['penalty', false],
    ],
    [
      ['proposal', true],
      ['reward', true],
    ],
    [
      ['proposal', true],
      ['reward', true],
    ],
  ]);
});

it('comes in pages that join, also across a restart', async () => {
  const data = await tempDir();
  const first = await serveAt({ data });
  const [born] = await touches(first.client, { payload: { pattern: 'x' } });
  const events = Array.from({ length: 40 }, (_, n) => ({
    ...{ type: 'reward', scope: 'ui.login', trace_id: 't', agent_id: `${n}` },
    payload: { pattern: 'x', value: 0.001 },
  }));
  await first.client.ok('POST', '/api/events/batch', { events });
  const whole = await historyOf(first.client, born!.id);
  expect(whole).toHaveLength(41);
  await first.close();
  const { client } = await serveAt({ data });
  const all: HistoryEntry[] = [];
  for (let path: string | null = `/api/signals/${born!.id}/history?limit=7`; path !== null; ) {
    const reply = await client.get<HistoryEntry[]>(path);
    all.push(...reply.body);
    path = nextOf(path, reply);
  }
  expect(all).toEqual(whole);
});

it('refuses a cursor that is none', async () => {
  const { client } = await serveAt();
  const [born] = await touches(client);
  const reply = await client.get(`/api/signals/${born!.id}/history?after=x`);
  expect([reply.status, reply.body]).toEqual([
    400,
    expect.objectContaining({ message: 'Validation error: after: "x" is no cursor of a history' }),
  ]);
});
