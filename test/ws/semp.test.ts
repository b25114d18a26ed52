/** `WS /ws` for clients that only listen: every event once, in order, and nothing else. */
import { describe, expect, it } from 'vitest';
import type { SempEvent } from '../../src/environment/event.ts';
import { serve, serveAnonymous } from '../support/server.ts';
import { listen, post } from './semp-listener.ts';

describe('a client that sends nothing', () => {
  it.each(['/ws', '/ws/', '/api/ws'])('hears every event at %s as it was answered', async (path) => {
    const server = await serveAnonymous();
    const listener = await listen(server.url, {}, path);
    const event = await post(server.anonymous, {
      type: 'REWARD',
      parent_ids: ['p'],
      id: 'mine',
      payload: { value: 0.5, ü: '✓' },
    });
    await listener.until(() => listener.heard.length > 0);
    expect(listener.heard).toEqual([{ type: 'event', data: event }]);
    expect(Object.keys(listener.events[0]!)).toEqual([
      'id',
      'type',
      'scope',
      'trace_id',
      'agent_id',
      'parent_ids',
      'timestamp',
      'payload',
    ]);
  });

  it('has been sent an event before its poster is answered', async () => {
    const server = await serveAnonymous();
    const listener = await listen(server.url);
    const { environment } = server.running.runtime.services;
    const order: string[] = [];
    environment.feed.listen('anonymous', () => order.push('sent'));
    const poster = { tenant: 'anonymous', requestId: 'r', newId: () => crypto.randomUUID() };
    const draft = { type: 'ready', scope: 's', trace_id: 't', agent_id: 'a', payload: {} } as const;
    await environment.post(poster, draft).then(() => order.push('answered'));
    expect(order).toEqual(['sent', 'answered']);
    await listener.until(() => listener.events.length === 1);
  });

  it('hears nothing before the first event, and nothing of what was before', async () => {
    const server = await serveAnonymous();
    await post(server.anonymous);
    const listener = await listen(server.url);
    const event = await post(server.anonymous);
    await listener.until(() => listener.heard.length > 0);
    expect(listener.heard).toEqual([{ type: 'event', data: event }]);
  });

  it('hears of events only, not of the signals and not of other actors', async () => {
    const server = await serveAnonymous();
    const listener = await listen(server.url);
    await server.anonymous.create();
    const events: SempEvent[] = [];
    for (const type of ['proposal', 'ready', 'test', 'reward', 'penalty']) {
      events.push(await post(server.anonymous, { type }));
    }
    await listener.until(() => listener.events.length === 5);
    expect(listener.heard).toEqual(events.map((data) => ({ type: 'event', data })));
  });

  it('hears what concurrent posters post exactly once, in the order of the log, the same as everybody', async () => {
    const server = await serveAnonymous();
    const listeners = await Promise.all(Array.from({ length: 40 }, () => listen(server.url)));
    const posters = Array.from({ length: 16 }, async (_, poster) => {
      for (let n = 0; n < 25; n++) {
        await post(server.anonymous, { scope: `s.${n % 5}`, agent_id: `agent-${poster}`, payload: { n } });
      }
    });
    await Promise.all(posters);
    await Promise.all(listeners.map((listener) => listener.until(() => listener.events.length === 400)));
    const { events } = await server.running.runtime.services.environment.events('anonymous', {
      limit: 1_000,
      ascending: true,
    });
    const order = events.map(({ event }) => event.id);
    expect(new Set(order).size).toBe(400);
    for (const listener of listeners) expect(listener.ids).toEqual(order);
  });

  it('never hears of another tenant', async () => {
    const server = await serve();
    const [ada, bob] = [await server.as('ada'), await server.as('bob')];
    const [hers, his] = [await listen(server.url, ada.headers), await listen(server.url, bob.headers)];
    await post(bob, { payload: { secret: 'of bob' } });
    const event = await post(ada);
    await hers.until(() => hers.heard.length > 0);
    expect(hers.heard).toEqual([{ type: 'event', data: event }]);
    await his.until(() => his.heard.length > 0);
    expect(his.events).toMatchObject([{ payload: { secret: 'of bob' } }]);
  });

  it('is told goodbye with 1001 when the server ends', async () => {
    const server = await serveAnonymous();
    const listeners = await Promise.all([listen(server.url), listen(server.url)]);
    await server.close();
    expect(await Promise.all(listeners.map(({ closed }) => closed))).toEqual([1001, 1001]);
  });
});
