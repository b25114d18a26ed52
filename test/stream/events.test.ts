/** `GET /v1/stream`: what a client hears, from when, and how it goes on after an interruption. */
import { describe, expect, it } from 'vitest';
import { openServer, serve, tempDir } from '../support/server.ts';
import { open, request } from './reader.ts';

async function served(changes: Parameters<typeof serve>[0] = {}) {
  const server = await serve(changes);
  const ada = await server.as('ada');
  const listen = (query = '', headers: Readonly<Record<string, string>> = {}) =>
    open(server.url, { ...ada.headers, ...headers }, `/v1/stream${query}`);
  return { server, ada, listen };
}

describe('an event', () => {
  it('is one record of the log, with its sequence number as id', async () => {
    const { ada, listen } = await served();
    const id = await ada.create();
    const reader = await listen();
    expect(reader.heard).toEqual([{ id: '1', event: 'subscribed', data: { cursor: 1 } }]);
    await ada.turn(id, 'what is\nnew', 'this is new');
    await reader.until(() => reader.records.length === 2);
    expect(reader.of('message')).toMatchObject([
      { id: '2', data: { seq: 2, kind: 'session', id, type: 'run', payload: { message: 'what is\nnew' } } },
      { id: '3', data: { seq: 3, kind: 'session', id, type: 'store', payload: { response: 'this is new' } } },
    ]);
  });

  it('comes as text/event-stream that no cache keeps and no proxy gathers', async () => {
    const { server, ada } = await served();
    const { headers } = await request(server.url, ada.headers);
    expect(headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
  });

  it('tells a change of a vector by its length, and nothing of another tenant', async () => {
    const { server, ada, listen } = await served();
    const bob = await server.as('bob');
    const reader = await listen('?since=0');
    await bob.turn(await bob.create(), 'a secret', 'kept');
    const id = await ada.create();
    await ada.ok('POST', `/v1/session/${id}/anchor`, { embedding: await ada.embed('x') });
    await reader.until(() => reader.records.length === 2);
    expect(reader.records[1]).toMatchObject({ type: 'anchor.add', payload: { embedding: { vector: 384 } } });
    expect(JSON.stringify(reader.heard)).not.toContain('secret');
  });
});

describe('a filter', () => {
  it.each([
    ['by kind', 'kind=ses*', [1, 2, 3]],
    ['by another kind', 'kind=cluster', []],
    ['by id', 'id=room/a', [1, 3]],
    ['by two ids', 'id=room/b&id=no*', [2]],
    ['by type', 'type=store', [3]],
    ['by all of them', 'kind=session&id=*a&type=synod.created', [1]],
  ])('%s lets through what it names', async (_name, query, wanted) => {
    const { ada, listen } = await served();
    await ada.create({ session_id: 'room/a' });
    await ada.create({ session_id: 'room/b' });
    await ada.store({ session_id: 'room/a', response: 'x' });
    const [filtered, all] = [await listen(`?since=0&${query}`), await listen('?since=0')];
    await all.until(() => all.records.length === 3);
    await filtered.until(() => filtered.records.length === wanted.length);
    expect(filtered.sequence).toEqual(wanted);
  });

  it.each([
    ['since=-1', ['query', 'since']],
    ['since=1.5', ['query', 'since']],
    ['since=x', ['query', 'since']],
    ['id=', ['query', 'id', 0]],
    [`kind=${'x'.repeat(301)}`, ['query', 'kind', 0]],
    [Array.from({ length: 33 }, () => 'type=x').join('&'), ['query', 'type']],
  ])('that is wrong is refused: %s', async (query, loc) => {
    const { ada } = await served();
    const { status, body } = await ada.get<{ detail: { loc: unknown }[] }>(`/v1/stream?${query}`);
    expect([status, body.detail[0]!.loc]).toEqual([422, loc]);
  });
});

describe('coming back', () => {
  it('goes on after Last-Event-ID, which counts more than the address’s own since', async () => {
    const { ada, listen } = await served();
    for (let n = 0; n < 5; n++) await ada.create();
    const reader = await listen('?since=0', { 'last-event-id': '3' });
    await reader.until(() => reader.records.length === 2);
    expect(reader.sequence).toEqual([4, 5]);
  });

  it('from a place that lies ahead goes on from now', async () => {
    const { ada, listen } = await served();
    await ada.create();
    const reader = await listen('', { 'last-event-id': '1000000' });
    expect(reader.lastId).toBe('1');
    await ada.create();
    await reader.until(() => reader.records.length > 0);
    expect(reader.sequence).toEqual([2]);
  });

  it.each(['x', '-1', '1.5', '1e400', '__proto__'])('with the id %s is refused', async (id) => {
    const { ada } = await served();
    const { status, body } = await ada.with({ 'last-event-id': id }).get('/v1/stream');
    expect(status).toBe(422);
    expect(body).toMatchObject({ detail: [{ loc: ['header', 'last-event-id'] }] });
  });

  it('again and again, while turns go on, leaves no gap and repeats nothing', { timeout: 60_000 }, async () => {
    const { server, ada, listen } = await served();
    const sessions = await Promise.all([1, 2, 3].map(() => ada.create()));
    let stop = false;
    const writing = (async () => {
      for (let n = 0; !stop; n++) {
        await Promise.all(sessions.map((session_id) => ada.store({ session_id, response: `r${n}` })));
      }
    })();
    const heard: number[] = [];
    let last = '3';
    for (let life = 0; life < 25; life++) {
      const reader = await listen('', { 'last-event-id': last });
      // Sometimes before the first record.
      const wanted = life % 5;
      await reader.until(() => reader.records.length >= wanted);
      reader.close();
      await reader.closed;
      heard.push(...reader.sequence);
      last = reader.lastId;
    }
    stop = true;
    await writing;
    const head = server.running.runtime.host.head('ada');
    const rest = await listen('', { 'last-event-id': last });
    await rest.until(() => rest.lastId === String(head));
    heard.push(...rest.sequence);
    expect(heard).toEqual(Array.from({ length: head - 3 }, (_, i) => i + 4));
  });

  it('after the server stopped and started again goes on as if nothing had been', async () => {
    const data = await tempDir();
    const first = await openServer({ data, allowAnonymous: true });
    await first.anonymous.create();
    const before = await open(first.url, {}, '/v1/stream?since=0');
    await before.until(() => before.records.length === 1);
    await first.close();
    await before.closed;
    expect(before.ended).toBe(true);
    const { anonymous, url } = await serve({ data, allowAnonymous: true });
    await anonymous.create();
    const after = await open(url, { 'last-event-id': before.lastId });
    await after.until(() => after.records.length === 1);
    expect(after.sequence).toEqual([2]);
  });
});
