/** What subscribers hear, and that nothing of them is left when they have gone. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { marker, openServer, serve, type TestServer } from '../support/server.ts';
import { data, draft, type Heard, leave, nobodyListens, type Result, subscriber } from './ask.ts';

let server: TestServer;
let ada: Client;
let bob: Client;

beforeAll(async () => {
  server = await openServer();
  [ada, bob] = [await server.as('ada'), await server.as('bob')];
});
afterAll(() => server.close());
beforeEach(() => nobodyListens(server));

const EVENTS = 'subscription ($scope: String) { eventCreated(scope: $scope) { id scope type payload } }';
const SIGNALS =
  'subscription ($scope: String) { signalChanged(scope: $scope) { id scope pattern strength alpha lambda last_updated } }';

const post = (client: Client, scope: string, action = 'x', changes: object = {}) =>
  client.ok<{ id: string }>('POST', '/api/events', draft(scope, action, changes));
const eventsIn = (results: readonly Result[]) =>
  results.map(({ data }) => (data as { eventCreated: { id: string; scope: string } }).eventCreated);
const signalsIn = (results: readonly Result[]) =>
  results.map(({ data }) => (data as { signalChanged: Record<string, unknown> }).signalChanged);

describe('eventCreated', () => {
  it.each<[string, string[]]>([
    ['ui.*', ['ui.login', 'ui.login.form']],
    ['ui.login', ['ui.login']],
    ['**', ['ui.login', 'api.users', 'ui', 'ui.login.form']],
    ['*.login', ['ui.login']],
  ])('of %s hears what that fits, in order', async (scope, wanted) => {
    const heard = await subscriber(server, {}, ada.headers).listen(EVENTS, { scope });
    for (const one of ['ui.login', 'api.users', 'ui', 'ui.login.form']) await post(ada, one);
    expect(eventsIn(await heard.first(wanted.length)).map(({ scope }) => scope)).toEqual(wanted);
  });

  it('hears each of many events once and in the order of the log, from eight writers at once', async () => {
    const heard = await subscriber(server, {}, ada.headers).listen(EVENTS, { scope: 'many.*' });
    await Promise.all(
      Array.from({ length: 8 }, async (_, writer) => {
        for (let n = 0; n < 20; n++) await post(ada, `many.${writer}`, `a${n}`);
      }),
    );
    const ids = eventsIn(await heard.first(160)).map(({ id }) => id);
    const { events } = await data<{ events: { id: string }[] }>(ada, '{ events(limit: 160, scope: "many.*") { id } }');
    expect(ids).toEqual(events.map(({ id }) => id).reverse());
  });

  it('hears what a mutation of its own connection makes', async () => {
    const { client, listen } = subscriber(server, {}, ada.headers);
    const heard = await listen(EVENTS);
    const query = 'mutation ($input: EventInput!) { createEvent(input: $input) { id } }';
    const results = client.iterate({ query, variables: { input: draft('own', 'x') } });
    const { value } = await results.next();
    const { id } = (value.data as { createEvent: { id: string } }).createEvent;
    expect(eventsIn(await heard.first(1))[0]!.id).toBe(id);
  });
});

describe('signalChanged', () => {
  it('hears how a signal comes, grows, weakens and goes, and nothing of what leaves it as it was', async () => {
    const scope = marker('life.');
    const heard = await subscriber(server, {}, ada.headers).listen(SIGNALS, { scope });
    await post(ada, `${scope}.other`);
    await post(ada, scope);
    await post(ada, scope, 'x', { type: 'ready' });
    await post(ada, scope, 'x', { type: 'reward', payload: { action: 'x', value: 0.5 } });
    await post(ada, scope, 'x', { type: 'penalty', payload: { action: 'x', value: 0.3 } });
    await post(ada, scope, 'x', { type: 'penalty', payload: { action: 'x', value: 1 } });
    const found = signalsIn(await heard.first(4));
    const strengths = [0.3, 0.9, 0.6, 0];
    found.forEach((signal, n) => {
      expect(signal.strength).toBeCloseTo(strengths[n]!, 2);
    });
    for (const signal of found) {
      expect(signal).toMatchObject({ id: found[0]!.id, scope, pattern: 'x', alpha: 1.2, lambda: 0.95 });
    }
    expect(heard.results).toHaveLength(4);
  });
});

describe('a tenant', () => {
  it('hears nothing of another one, whatever it asks for', async () => {
    const hers = await subscriber(server, {}, ada.headers).listen(EVENTS);
    const his = subscriber(server, {}, bob.headers);
    const heard: Heard[] = [await his.listen(EVENTS, { scope: '**' }), await his.listen(SIGNALS)];
    await post(ada, 'secret');
    await hers.first(1);
    await post(bob, 'own');
    await Promise.all(heard.map((one) => one.first(1)));
    expect(JSON.stringify(heard.map(({ results }) => results))).not.toContain('secret');
    expect(heard.map(({ results }) => results.length)).toEqual([1, 1]);
  });
});

describe('a document that cannot be served', () => {
  it.each([
    ['nonsense', '{', /^Syntax Error/],
    ['unknown fields', 'subscription { eventCreated { nothing } }', /Cannot query field/],
    [
      'two root fields',
      'subscription { eventCreated { id } signalChanged { id } }',
      /must select only one top level field/,
    ],
    ['a scope that is none', 'subscription { eventCreated(scope: "") { id } }', /^Validation error: scope: /],
  ])('is an error of its subscription alone: %s', async (_name, query, message) => {
    const { listen, sockets } = subscriber(server, {}, ada.headers);
    const fine = await listen(EVENTS);
    const wrong = await listen(query);
    const how = await wrong.ended;
    const errors = how === 'complete' ? wrong.results[0]!.errors! : (how as { message: string; extensions: object }[]);
    expect(errors[0]).toMatchObject({ message: expect.stringMatching(message), extensions: { code: 'INVALID' } });
    await post(ada, 'fine');
    await fine.first(1);
    expect(sockets).toHaveLength(1);
  });
});

describe('nothing is left', () => {
  it('of a subscription that is cancelled, though nobody posts any more', async () => {
    const { listen, sockets } = subscriber(server, {}, ada.headers);
    const [first, second] = [await listen(EVENTS), await listen(SIGNALS)];
    first.stop();
    expect(await first.ended).toBe('complete');
    await eventually(() => expect(server.running.runtime.system.subscribers).toBe(1));
    second.stop();
    await nobodyListens(server);
    expect(sockets).toHaveLength(1);
  });

  it('of one that is cancelled in the middle of a flood', async () => {
    const { listen } = subscriber(server, {}, ada.headers);
    const heard = await listen(EVENTS);
    const flood = Promise.all(Array.from({ length: 120 }, (_, n) => post(ada, `flood.${n % 7}`)));
    await heard.first(20);
    heard.stop();
    await flood;
    await nobodyListens(server);
    expect(heard.results.length).toBeLessThan(120);
  });

  it('of two hundred subscribers, half of them torn away', { timeout: 60_000 }, async () => {
    const many = await Promise.all(
      Array.from({ length: 200 }, async () => {
        const one = subscriber(server, {}, ada.headers);
        return { ...one, heard: await one.listen(EVENTS) };
      }),
    );
    await eventually(() => expect(server.running.runtime.system.subscribers).toBe(200));
    await post(ada, 'all');
    await Promise.all(many.map(({ heard }) => heard.first(1)));
    many.forEach(({ client, sockets }, n) => {
      if (n % 2 === 0) sockets[0]!.terminate();
      else leave(client);
    });
    await nobodyListens(server);
    expect(server.log.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('at the end of the server: every client hears 1001', async () => {
    const own = await serve();
    const { headers } = await own.as('ada');
    const codes: unknown[] = [];
    for (let n = 0; n < 3; n++) {
      const on = { closed: (event: unknown) => void codes.push((event as { code: number }).code) };
      await subscriber(own, { on }, headers).listen(EVENTS);
    }
    const began = performance.now();
    await own.close();
    await eventually(() => expect(codes).toEqual([1001, 1001, 1001]));
    expect(performance.now() - began).toBeLessThan(5_000);
  });
});
