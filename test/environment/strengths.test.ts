/** The published numbers over the wire, under a clock the test sets; every profile, and rules of one's own. */
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/settings.ts';
import type { Client } from '../support/client.ts';
import { tempDir } from '../support/server.ts';
import { HOUR, MINUTE, post, SetClock, serveAt, signals, touches } from './wire.ts';

const settings = (options: Record<string, string>) => ({ signals: loadConfig(options, {}).signals });
const strength = async (client: Client) => (await signals(client))[0]?.strength;
const act = (client: Client, type: string, payload: object = {}, scope = 's') =>
  post(client, { type, scope, payload: { action: 'x', ...payload } });

describe('arch', () => {
  it.each([
    // 0.3 · 0.95, 0.3 · 0.95¹⁰; 0.95⁷ of 1 is the last one that is not "strong".
    [0.3, 1, 0.285],
    [0.3, 10, 0.17962],
    [1, 7, 0.69834],
    [1, 13.5134, 0.5],
  ])('%d after %d minutes is %d', async (start, minutes, wanted) => {
    const { client, clock } = await serveAt();
    await act(client, start === 1 ? 'reward' : 'proposal');
    clock.at += minutes * MINUTE;
    expect(await strength(client)).toBeCloseTo(wanted, 5);
  });

  it.each([
    [0.3, 67],
    [1, 90],
  ])('%d is gone after %d minutes, not before, and comes up again at 0.3 as another', async (start, minutes) => {
    const { client, clock } = await serveAt();
    await act(client, start === 1 ? 'reward' : 'proposal');
    const [before] = await signals(client);
    clock.at += (minutes - 1) * MINUTE;
    expect(await signals(client)).toMatchObject([{ id: before!.id }]);
    clock.at += MINUTE;
    expect(await signals(client)).toEqual([]);
    expect((await client.get('/api/signals/lookup?scope=s&pattern=x')).status).toBe(404);
    await act(client, 'proposal');
    const [after] = await signals(client);
    expect(after).toMatchObject({ strength: 0.3, last_updated: new Date(clock.at).toISOString() });
    expect(after!.id).not.toBe(before!.id);
  });

  it.each<[string, [string, object?][], number | undefined]>([
    ['0.3 + 0.5 · 1.2', [['proposal'], ['reward', { value: 0.5 }]], 0.9],
    ['is held at 1 (1.26)', [['proposal'], ['reward', { value: 0.8 }]], 1],
    ['saturates from 0.3 at 0.5834', [['proposal'], ['reward', { value: 0.5834 }]], 1],
    ['does not at 0.5833', [['proposal'], ['reward', { value: 0.5833 }]], 0.99996],
    [
      '0.9 − 0.3, given as −0.3',
      [
        ['reward', { value: 0.5 }],
        ['penalty', { value: -0.3 }],
      ],
      0.6,
    ],
    [
      '0.9 − 0.3',
      [
        ['reward', { value: 0.5 }],
        ['penalty', { value: 0.3 }],
      ],
      0.6,
    ],
    ['0.3 − 0.3 is gone', [['proposal'], ['penalty', { value: 0.3 }]], undefined],
    ['a penalty on nothing', [['penalty']], undefined],
    ['a reward of no value counts as 1', [['proposal'], ['reward']], 1],
    ['a value that is no number counts as 1', [['proposal'], ['penalty', { value: 'much' }]], undefined],
    ['a negative reward counts by its size', [['proposal'], ['reward', { value: -0.5 }]], 0.9],
    ['α 1.3 is held at 1', [['proposal'], ['reward', { value: 0.9, α: 1.3 }]], 1],
    ['α 0.2', [['proposal'], ['reward', { value: 0.5, α: 0.2 }]], 0.4],
    ['alpha 0.2', [['proposal'], ['reward', { value: 0.5, alpha: 0.2 }]], 0.4],
    ['α before alpha', [['proposal'], ['reward', { value: 0.5, α: 0.2, alpha: 1 }]], 0.4],
    [
      'α is not remembered',
      [
        ['reward', { value: 0.5, α: 0.2 }],
        ['reward', { value: 0.1 }],
      ],
      0.52,
    ],
    ['α of 0 or below is none', [['proposal'], ['reward', { value: 0.5, α: -1 }]], 0.9],
    ['α beyond 10 is 10', [['proposal'], ['reward', { value: 0.05, α: 1e9 }]], 0.8],
    ['a second proposal, ready and test change nothing', [['proposal'], ['proposal'], ['ready'], ['test']], 0.3],
    ['ready brings one up', [['ready']], 0.3],
    ['test brings one up', [['test']], 0.3],
  ])('%s', async (_, events, wanted) => {
    const { client } = await serveAt();
    for (const [type, payload] of events) await act(client, type, payload);
    const found = await strength(client);
    if (wanted === undefined) expect(found).toBeUndefined();
    else expect(found).toBeCloseTo(wanted, 12);
  });

  it('a second proposal refreshes last_updated only', async () => {
    const { client, clock } = await serveAt();
    await act(client, 'proposal');
    clock.at += MINUTE;
    await act(client, 'ready');
    const [kept] = await signals(client);
    expect(kept!.last_updated).toBe(new Date(clock.at - MINUTE).toISOString());
    await act(client, 'proposal');
    expect(await signals(client)).toEqual([{ ...kept, last_updated: new Date(clock.at).toISOString() }]);
    expect(kept!.strength).toBeCloseTo(0.285, 12);
  });

  it('has exactly the seven published keys', async () => {
    const { client } = await serveAt();
    await act(client, 'proposal');
    const [signal] = await signals(client);
    expect(Object.keys(signal!).sort()).toEqual([
      'alpha',
      'id',
      'lambda',
      'last_updated',
      'pattern',
      'scope',
      'strength',
    ]);
    expect(signal).toMatchObject({ scope: 's', pattern: 'x', alpha: 1.2, lambda: 0.95 });
  });

  it('under a clock that goes back neither grows nor decays', async () => {
    const { client, clock } = await serveAt();
    await act(client, 'proposal');
    clock.at -= HOUR;
    expect(await strength(client)).toBe(0.3);
    await act(client, 'reward', { value: 0.1 });
    expect(await strength(client)).toBeCloseTo(0.42, 12);
    clock.at += HOUR + MINUTE;
    expect(await strength(client)).toBeCloseTo(0.42 * 0.95, 12);
  });

  it('is to the last bit the same after a restart', async () => {
    const data = await tempDir();
    const clock = new SetClock(Date.UTC(2026, 0, 1));
    const first = await serveAt({ data }, clock);
    for (const value of [0.1, 0.2, 0.05]) {
      await act(first.client, 'reward', { value });
      clock.at += 12_345;
    }
    const before = await first.client.get('/api/signals');
    await first.close();
    const second = await serveAt({ data }, clock);
    expect((await second.client.get('/api/signals')).text).toBe(before.text);
    clock.at += 66 * MINUTE;
    expect(await signals(second.client)).toHaveLength(1);
  });
});

it('stepped decay counts whole minutes only', async () => {
  const { client, clock } = await serveAt(settings({ 'signal-scopes': 's=decay:stepped' }));
  await act(client, 'proposal');
  clock.at += MINUTE - 1;
  expect(await strength(client)).toBe(0.3);
  clock.at += 1;
  expect(await strength(client)).toBeCloseTo(0.285, 12);
});

describe('proto', () => {
  it.each<[string, [string, object?][], number | undefined]>([
    ['a proposal starts at 0.3', [['proposal']], 0.3],
    ['a reward multiplies by α, whatever its value', [['proposal'], ['reward', { value: 0.001 }]], 0.36],
    ['a penalty subtracts', [['proposal'], ['penalty', { value: 0.1 }]], 0.2],
  ])('%s', async (_, events, wanted) => {
    const { client } = await serveAt(settings({ 'signal-profile': 'proto' }));
    for (const [type, payload] of events) await act(client, type, payload);
    expect(await strength(client)).toBeCloseTo(wanted!, 12);
  });
});

describe('site', () => {
  it.each([
    [24, 0.292],
    [48, 0.0853],
    [3, 0.857],
  ])('leaves of 1 after %d hours %d', async (hours, wanted) => {
    const { client, clock } = await serveAt(settings({ 'signal-profile': 'site' }));
    await act(client, 'proposal');
    expect(await strength(client)).toBe(1);
    clock.at += hours * HOUR;
    expect(await strength(client)).toBeCloseTo(wanted, 3);
  });

  it('starts as strong as the client says; a penalty makes it decay faster', async () => {
    const { client, clock } = await serveAt(settings({ 'signal-profile': 'site' }));
    await act(client, 'proposal', { strength: 0.5 });
    await act(client, 'reward');
    expect(await strength(client)).toBeCloseTo(0.6, 12);
    await act(client, 'penalty', { value: 1 });
    expect(await strength(client)).toBeCloseTo(0.6, 12);
    clock.at += HOUR;
    expect(await strength(client)).toBeCloseTo(0.6 * 0.95 ** 2, 12);
  });

  it('takes what client.signal(…) of the later site sends', async () => {
    const { client } = await serveAt(settings({ 'signal-profile': 'site' }));
    const body = { type: 'PROPOSAL', payload: { action: 'x', scope: 'ui' }, strength: 0.7 };
    const posted = await client.ok('POST', '/api/signals', body);
    expect(posted).toMatchObject({
      ...{ type: 'proposal', scope: 'ui', trace_id: 'default', agent_id: 'default', parent_ids: [] },
      payload: { action: 'x', scope: 'ui', strength: 0.7 },
      signals: [{ scope: 'ui', pattern: 'x', from: 0, to: 0.7 }],
    });
    expect(await client.ok('POST', '/signals', { type: 'ready' })).toMatchObject({ scope: 'default', payload: {} });
    expect((await client.post('/api/events', body)).status).toBe(400);
  });
});

describe('rules of a scope', () => {
  const rules = settings({
    'signal-scopes': 'ui=lambda:0.5,interval:3600;ui.login=alpha:2;tsp=lambda:1',
  });

  it.each([
    ['ui', 0.5, 1.2, HOUR],
    ['ui.button', 0.5, 1.2, HOUR],
    ['ui.login', 0.95, 2, MINUTE],
    ['ui.login.form', 0.95, 2, MINUTE],
    ['uitar', 0.95, 1.2, MINUTE],
    ['api', 0.95, 1.2, MINUTE],
    ['tsp.eil51', 1, 1.2, MINUTE],
  ])('%s has λ %d and α %d', async (scope, lambda, alpha, interval) => {
    const { client, clock } = await serveAt(rules);
    await act(client, 'reward', { value: 0.1 }, scope);
    expect(await signals(client)).toMatchObject([{ lambda, alpha }]);
    expect(await strength(client)).toBeCloseTo(0.3 + 0.1 * alpha, 12);
    clock.at += 2 * interval;
    expect(await strength(client)).toBeCloseTo((0.3 + 0.1 * alpha) * lambda ** 2, 12);
  });

  it('are those of the signal, not of the event that touches it', async () => {
    const { client } = await serveAt(rules);
    const [born] = await touches(client, { scope: 'ui.login', payload: { action: 'x' } });
    await post(client, { type: 'reward', scope: 'api', payload: { targetSignalId: born!.id, value: 0.1 } });
    expect(await strength(client)).toBeCloseTo(0.5, 12);
  });
});
