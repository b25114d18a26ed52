/** `WS /stream`: what a subscriber hears, from when, and what it never hears. */
import { describe, expect, it } from 'vitest';
import { at } from '../support/client.ts';
import { serve } from '../support/server.ts';
import { connect } from './listener.ts';

const served = async () => {
  const server = await serve();
  const ada = await server.as('ada');
  return { server, ada, listen: (path?: string) => connect(server.url, ada.headers, path) };
};

describe('a subscription', () => {
  it('hears from now on: every change as it became durable, with state, payload and hash', async () => {
    const { ada, listen } = await served();
    const id = await ada.create();
    const listener = await listen();
    const cursor = await listener.subscribe();
    expect(cursor).toBe(1);
    await ada.turn(id, 'what is new', 'this is new');
    await listener.until(() => listener.records.length === 2);
    expect(listener.records).toMatchObject([
      { seq: 2, kind: 'session', id, type: 'run', state: 'OPEN', revision: 2, payload: { message: 'what is new' } },
      { seq: 3, kind: 'session', id, type: 'store', revision: 3, payload: { response: 'this is new' } },
    ]);
    expect(listener.records[0]!.hash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('since a cursor replays and goes on live, without gap or duplicate while others write', async () => {
    const { ada, listen } = await served();
    const sessions = await Promise.all([1, 2, 3].map(() => ada.create()));
    const work = (n: number) => Promise.all(sessions.map((session_id) => ada.store({ session_id, response: `r${n}` })));
    for (let n = 0; n < 100; n++) await work(n);
    let stop = false;
    const writing = (async () => {
      for (let n = 100; !stop; n++) await work(n);
    })();
    const listener = await listen();
    await listener.subscribe({ since: 5 });
    await listener.until(() => listener.records.length > 400);
    stop = true;
    await writing;
    const head = await (await listen()).subscribe();
    await listener.until(() => listener.records.at(-1)?.seq === head);
    const expected = Array.from({ length: head - 5 }, (_, i) => i + 6);
    expect(listener.records.map(({ seq }) => seq)).toEqual(expected);
  });

  it.each([
    ['by kind', { kinds: ['ses*'] }, 3],
    ['by another kind', { kinds: ['cluster'] }, 0],
    ['by id', { ids: ['room/a'] }, 2],
    ['by a glob over ids', { ids: ['room*'] }, 3],
    ['by type', { types: ['store'] }, 1],
    ['by all of them', { kinds: ['session'], ids: ['*a'], types: ['synod.created', 'store'] }, 2],
  ])('filters %s', async (_name, filter, count) => {
    const { ada, listen } = await served();
    const listener = await listen();
    await ada.create({ session_id: 'room/a' });
    await ada.create({ session_id: 'room/b' });
    await ada.store({ session_id: 'room/a', response: 'x' });
    await listener.subscribe({ ...filter, since: 0 });
    await listener.until(() => listener.records.length === count);
    // Whatever wrongly passed would have come before this one.
    await listener.subscribe({ since: 2 });
    await listener.until(() => listener.records.length > count);
    expect(listener.records.length).toBe(count + 1);
  });

  it('may stand in the query', async () => {
    const { ada, listen } = await served();
    await ada.create({ session_id: 'a1' });
    await ada.create({ session_id: 'b1' });
    const listener = await listen('/stream?kind=session&id=b*&id=c*&since=0');
    await listener.until(() => listener.records.length === 1);
    expect(listener.records).toMatchObject([{ id: 'b1' }]);
    expect(listener.of('subscribed')).toEqual([{ type: 'subscribed', cursor: 0 }]);
  });

  it('since a cursor that lies ahead is one from now', async () => {
    const { ada, listen } = await served();
    await ada.create();
    const listener = await listen();
    expect(await listener.subscribe({ since: 1_000_000 })).toBe(1);
    await ada.create();
    await listener.until(() => listener.records.length > 0);
    expect(listener.records).toMatchObject([{ seq: 2 }]);
  });

  it('replaces the one before', async () => {
    const { ada, listen } = await served();
    const [first, second] = [await ada.create(), await ada.create()];
    const listener = await listen();
    await listener.subscribe({ ids: [first] });
    await listener.subscribe({ ids: [second] });
    await ada.store({ session_id: first, response: 'not heard' });
    await ada.store({ session_id: second, response: 'heard' });
    await listener.until(() => listener.records.length > 0);
    expect(listener.records).toMatchObject([{ id: second }]);
  });

  it('never hears of another tenant', async () => {
    const { server, ada, listen } = await served();
    const bob = await server.as('bob');
    const listener = await listen();
    await listener.subscribe({ since: 0 });
    const foreign = await bob.create();
    await bob.turn(foreign, 'a secret', 'kept');
    const own = await ada.create();
    await listener.until(() => listener.records.length > 0);
    expect(listener.records).toMatchObject([{ id: own, seq: 1 }]);
    expect(JSON.stringify(listener.heard)).not.toContain('secret');
  });

  it('is told how long a vector was, not the vector', async () => {
    const { ada, listen } = await served();
    const id = await ada.create();
    const listener = await listen();
    await listener.subscribe();
    await ada.turn(id, 'a question', 'an answer');
    await ada.ok('POST', at(id, 'anchor'), { embedding: await ada.embed('x') });
    await ada.ok('POST', at(id, 'import'), { state_dict: (await ada.export(id)).state_dict });
    await listener.until(() => listener.records.at(-1)?.type === 'import');
    const anchored = listener.records.find(({ type }) => type === 'anchor.add');
    expect(anchored).toMatchObject({ payload: { embedding: { vector: 384 } } });
    for (const record of listener.records) expect(JSON.stringify(record).length).toBeLessThan(4_000);
  });
});

describe('a message', () => {
  it.each([
    ['no JSON', '{"type":'],
    ['no object', '[]'],
    ['of another type', { type: 'publish' }],
    ['with a cursor before the beginning', { type: 'subscribe', since: -1 }],
    ['with a cursor that is none', { type: 'subscribe', since: 1.5 }],
    ['with filters that are none', { type: 'subscribe', kinds: 'session' }],
    ['with too many filters', { type: 'subscribe', ids: Array.from({ length: 200 }, () => 'x') }],
    ['binary', Buffer.from([1, 2, 3])],
  ])('that is %s gets an error, and the connection lives', async (_name, message) => {
    const { ada, listen } = await served();
    const listener = await listen();
    listener.send(message);
    await listener.until(() => listener.of('error').length === 1);
    expect(listener.of('error')).toEqual([{ type: 'error', message: expect.any(String) }]);
    await listener.subscribe();
    await ada.create();
    await listener.until(() => listener.records.length === 1);
  });

  it('larger than 64 KiB closes the connection with 1009', async () => {
    const { listen } = await served();
    const listener = await listen();
    listener.send('x'.repeat(64 * 1024 + 1));
    expect(await listener.closed).toBe(1009);
  });
});
