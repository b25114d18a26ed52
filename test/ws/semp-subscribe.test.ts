/** `WS /ws` for clients that say what they want: filters, replay, signals. */
import { describe, expect, it } from 'vitest';
import { serve, serveAnonymous, tempDir } from '../support/server.ts';
import { listen, post } from './semp-listener.ts';

describe('a subscription', () => {
  it.each([
    ['by scope', { scopes: ['ui.login'] }, ['ui.login']],
    ['by a glob', { scopes: ['ui.*'] }, ['ui.login', 'ui.login.form']],
    ['by several', { scopes: ['ui', '*.users'] }, ['ui', 'api.users']],
    ['by none', { scopes: [] }, ['ui', 'ui.login', 'ui.login.form', 'api.users']],
    ['by type, in any case', { types: ['READY'] }, ['ui.login']],
    ['by trace', { trace_id: 't2' }, ['ui.login.form']],
    ['by agent', { agent_id: 'a2' }, ['api.users']],
    ['by all of them', { scopes: ['ui.*'], types: ['ready'], trace_id: 't1', agent_id: 'a1' }, ['ui.login']],
  ])('filters %s, alike live and from the log', async (_name, wanted, scopes) => {
    const server = await serveAnonymous();
    const live = await listen(server.url);
    await live.subscribe(wanted);
    await post(server.anonymous, { scope: 'ui', trace_id: 't1', agent_id: 'a1' });
    await post(server.anonymous, { scope: 'ui.login', trace_id: 't1', agent_id: 'a1', type: 'ready' });
    await post(server.anonymous, { scope: 'ui.login.form', trace_id: 't2', agent_id: 'a1' });
    await post(server.anonymous, { scope: 'api.users', trace_id: 't1', agent_id: 'a2' });
    await live.settled();
    expect(live.events.map(({ scope }) => scope)).toEqual(scopes);
    const late = await listen(server.url);
    await late.subscribe({ ...wanted, since: 0 });
    await late.until(() => late.events.length === scopes.length);
    await late.settled();
    expect(late.ids).toEqual(live.ids);
  });

  it('since an event goes on behind it and then live, without gap or repetition while others post', async () => {
    const server = await serveAnonymous();
    const first = await post(server.anonymous);
    const posters = Array.from({ length: 8 }, async () => {
      for (let n = 0; n < 40; n++) await post(server.anonymous, { payload: { n } });
    });
    const listeners = await Promise.all(
      Array.from({ length: 10 }, async (_, n) => {
        const listener = await listen(server.url);
        await listener.until(() => listener.events.length >= n * 15);
        await listener.subscribe({ since: first.id });
        return listener;
      }),
    );
    await Promise.all(posters);
    const { events } = await server.running.runtime.services.environment.events('anonymous', {
      limit: 1_000,
      ascending: true,
      after: 1,
    });
    const order = events.map(({ event }) => event.id).filter((id) => id !== first.id);
    expect(order.length).toBe(320);
    for (const listener of listeners) {
      await listener.until(() => listener.ids.at(-1) === order.at(-1));
      const from = listener.heard.findIndex(({ type }) => type === 'subscribed');
      const after = listener.heard.slice(from + 1).map(({ data }) => data!.id);
      expect(after).toEqual(order);
    }
  });

  it('since a cursor it was told resumes too, also one that lies ahead', async () => {
    const server = await serveAnonymous();
    const listener = await listen(server.url);
    const cursor = await listener.subscribe();
    const event = await post(server.anonymous);
    const again = await listen(server.url);
    expect(await again.subscribe({ since: cursor })).toBe(cursor);
    await again.until(() => again.events.length === 1);
    expect(again.ids).toEqual([event.id]);
    const ahead = await listen(server.url);
    await ahead.subscribe({ since: 1_000_000 });
    const next = await post(server.anonymous);
    await ahead.until(() => ahead.events.length === 1);
    expect(ahead.ids).toEqual([next.id]);
  });

  it('resumes after a restart of the server', async () => {
    const data = await tempDir();
    const before = await serveAnonymous({ data });
    const first = await post(before.anonymous, { payload: { n: 1 } });
    const second = await post(before.anonymous, { payload: { n: 2 } });
    await before.close();
    const after = await serveAnonymous({ data });
    const listener = await listen(after.url);
    await listener.subscribe({ since: first.id });
    const third = await post(after.anonymous, { payload: { n: 3 } });
    await listener.until(() => listener.events.length === 2);
    expect(listener.events).toEqual([second, third]);
  });

  it('replaces the one before', async () => {
    const server = await serveAnonymous();
    const listener = await listen(server.url);
    await listener.subscribe({ scopes: ['a'] });
    await listener.subscribe({ scopes: ['b'] });
    await post(server.anonymous, { scope: 'a' });
    await post(server.anonymous, { scope: 'b' });
    await listener.settled();
    expect(listener.events.map(({ scope }) => scope)).toEqual(['b']);
  });

  it('since an event of another tenant is refused like one that does not exist', async () => {
    const server = await serve();
    const [ada, bob] = [await server.as('ada'), await server.as('bob')];
    const { id } = await post(bob);
    const listener = await listen(server.url, ada.headers);
    listener.send({ type: 'subscribe', since: id });
    await listener.until(() => listener.heard.length > 0);
    expect(listener.heard).toEqual([{ type: 'error', message: `since: there is no event "${id}"` }]);
  });
});

describe('signals', () => {
  it('come when asked for, behind the event that changed them, and only those that changed', async () => {
    const server = await serveAnonymous();
    const listener = await listen(server.url);
    await listener.subscribe({ signals: true, scopes: ['ui.*'] });
    await post(server.anonymous);
    await post(server.anonymous, { type: 'ready' });
    await post(server.anonymous, { type: 'reward', payload: { action: 'improve', value: 0.5 } });
    await post(server.anonymous, { type: 'penalty', payload: { action: 'improve', value: 1 } });
    await post(server.anonymous, { type: 'penalty', payload: { action: 'improve', value: 1 } });
    await post(server.anonymous, { scope: 'api' });
    await listener.settled();
    expect(listener.heard.slice(1, -1).map(({ type, data }) => [type, data?.type ?? data?.pattern])).toEqual([
      ['event', 'proposal'],
      ['signal', 'improve'],
      ['event', 'ready'],
      ['event', 'reward'],
      ['signal', 'improve'],
      ['event', 'penalty'],
      ['signal', 'improve'],
      ['event', 'penalty'],
    ]);
    const signals = listener.of('signal').map(({ data }) => data!);
    expect(signals.map(({ strength }) => strength)).toEqual([0.3, expect.closeTo(0.9, 3), 0]);
    for (const signal of signals) {
      expect(signal).toEqual({
        id: signals[0]!.id,
        scope: 'ui.login',
        pattern: 'improve',
        strength: expect.any(Number),
        last_updated: expect.stringMatching(/^\d{4}-.*Z$/),
        alpha: 1.2,
        lambda: 0.95,
      });
    }
  });

  it('are not replayed, whether others are connected or not, and come from the subscription on', async () => {
    const server = await serveAnonymous();
    const kinds = async (since: string) => {
      const listener = await listen(server.url);
      await listener.subscribe({ since, signals: true });
      await post(server.anonymous, { type: 'reward', payload: { action: 'improve', value: 0.1 } });
      await listener.until(() => listener.of('signal').length > 0);
      await listener.settled();
      listener.socket.close();
      await listener.closed;
      return listener.heard.slice(1, -1).map(({ type }) => type);
    };
    const first = await post(server.anonymous);
    expect(await kinds(first.id)).toEqual(['event', 'signal']);
    expect(await kinds(first.id)).toEqual(['event', 'event', 'signal']);
    // Somebody who stays keeps the newest events and signals at hand.
    await listen(server.url);
    const { id } = await post(server.anonymous);
    expect(await kinds(id)).toEqual(['event', 'signal']);
    expect(await kinds(id)).toEqual(['event', 'event', 'signal']);
  });
});

describe('a message', () => {
  it.each([
    ['scopes that are no list', { scopes: 'ui.*' }, 'scopes'],
    ['a type there is not', { types: ['praise'] }, 'types.0: Invalid event type'],
    ['a trace that is no text', { trace_id: 7 }, 'trace_id'],
    ['a cursor before the beginning', { since: -1 }, 'since'],
    ['a cursor that is none', { since: 1.5 }, 'since'],
    ['too many scopes', { scopes: Array.from({ length: 33 }, () => 'x') }, 'scopes'],
    ['signals that are neither yes nor no', { signals: 'yes' }, 'signals'],
  ])('with %s gets an error, and what was asked before goes on', async (_name, wanted, field) => {
    const server = await serveAnonymous();
    const listener = await listen(server.url);
    await listener.subscribe({ scopes: ['a'] });
    listener.send({ type: 'subscribe', ...wanted });
    await listener.until(() => listener.of('error').length === 1);
    expect(listener.of('error')).toEqual([{ type: 'error', message: expect.stringMatching(`^${field}`) }]);
    await post(server.anonymous, { scope: 'b' });
    await post(server.anonymous, { scope: 'a' });
    await listener.settled();
    expect(listener.events.map(({ scope }) => scope)).toEqual(['a']);
  });
});
