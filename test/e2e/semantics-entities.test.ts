/** The literal cache under keys and values nobody would choose on purpose. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at, type Client } from '../support/client.ts';
import { openServer, rawRequest, type TestServer } from '../support/server.ts';

let server: TestServer;
let ada: Client;

beforeAll(async () => {
  server = await openServer();
  ada = await server.as('ada');
});
afterAll(() => server.close());

const KEYS = [
  'src/app/main.ts',
  '/etc/passwd',
  'trailing/',
  'a//b',
  '//',
  '..',
  '.',
  '../../secret',
  'a/../b',
  'a/./b',
  '100%',
  '%2F',
  '%00',
  'a%20b',
  'a b',
  ' padded ',
  'a?b=c#d',
  'a+b&c;d',
  'ключ/ключ',
  'größe',
  '鍵',
  '👩‍💻',
  'C:\\Users\\x',
  'Foo<Bar>::baz()',
  '*',
  ':key',
  '{key}',
  '__proto__',
  'constructor',
  'entities',
  'line\nbreak',
  'tab\there',
];

/** Percent-encodes everything but slashes, as clients of a `{key:path}` route do. */
const withSlashes = (key: string) => key.split('/').map(encodeURIComponent).join('/');

interface Listing {
  readonly entities: readonly { readonly key: string; readonly value: string }[];
  readonly total: number;
}

describe('a key', () => {
  it.each(
    KEYS.flatMap((key) => [
      [key, 'encoded whole', encodeURIComponent(key)],
      [key, 'with its slashes', withSlashes(key)],
    ]),
  )('%j can be stored, found and removed again, %s', async (key, _how, encoded) => {
    const id = await ada.create();
    const value = `value of ${key}`;
    const put = await ada.post(at(id, 'entities'), { key, kind: 'path', value });
    expect([put.status, put.body]).toEqual([201, { session_id: id, key, size: 1 }]);
    const listed = await ada.ok<Listing>('GET', at(id, 'entities'));
    expect(listed).toMatchObject({ entities: [{ key, value }], total: 1 });
    // Byte for byte: fetch would resolve the dots before it sends.
    const removed = await rawRequest(server.url, 'DELETE', `${at(id, 'entities')}/${encoded}`, ada.headers);
    expect([removed.status, JSON.parse(removed.text)]).toEqual([200, { session_id: id, key, removed: true }]);
    expect(await ada.ok<Listing>('GET', at(id, 'entities'))).toMatchObject({ entities: [], total: 0 });
  });

  it.each(['nul\u0000inside', '', 'x'.repeat(1_001)])('%j is refused, because no path could name it', async (key) => {
    const id = await ada.create();
    const reply = await ada.post(at(id, 'entities'), { key, kind: 'path', value: 'v' });
    expect([reply.status, reply.text]).toEqual([422, expect.stringContaining('"key"')]);
    expect(await ada.ok<Listing>('GET', at(id, 'entities'))).toMatchObject({ total: 0 });
  });
});

describe('a search', () => {
  it('ranks by shared words, then importance, then key, and counts all it found', async () => {
    const id = await ada.create();
    const put = (key: string, value: string, importance = 1) =>
      ada.ok('POST', at(id, 'entities'), { key, kind: 'constant', value, importance });
    await put('retryLimit', '5');
    await put('retry_delay_ms', '250', 2);
    await put('b_limit', '1');
    await put('a_limit', '1');
    await put('unrelated', 'x', 9);
    const found = await ada.ok<Listing>('GET', `${at(id, 'entities')}?q=retry%20limit`);
    expect(found.entities.map(({ key }) => key)).toEqual(['retryLimit', 'retry_delay_ms', 'a_limit', 'b_limit']);
    const first = await ada.ok<Listing>('GET', `${at(id, 'entities')}?q=retry%20limit&max_results=1`);
    expect([first.entities.length, first.total]).toEqual([1, 4]);
    const none = await ada.ok<Listing>('GET', `${at(id, 'entities')}?q=zebra`);
    expect(none).toMatchObject({ entities: [], total: 0 });
  });

  it('keeps values as they were written, digits and all', async () => {
    const id = await ada.create();
    const value = '0.1000000000000000055511151231257827e+00';
    await ada.ok('POST', at(id, 'entities'), { key: 'pi', kind: 'constant', value, importance: 1.5 });
    expect((await ada.ok<Listing>('GET', at(id, 'entities'))).entities).toMatchObject([{ value, importance: 1.5 }]);
  });
});

describe('the cache', () => {
  it('holds a thousand entries and then lets the least important go', { timeout: 120_000 }, async () => {
    const id = await ada.create();
    const path = at(id, 'entities');
    await ada.ok('POST', path, { key: 'least', kind: 'constant', value: 'v', importance: 0.1 });
    for (let i = 1; i < 1_000; i++) await ada.ok('POST', path, { key: `k${i}`, kind: 'constant', value: 'v' });
    expect(await ada.ok('POST', path, { key: 'one more', kind: 'constant', value: 'v' })).toMatchObject({
      size: 1_000,
    });
    const { entities } = await ada.ok<Listing>('GET', `${path}?max_results=1000`);
    const keys = entities.map(({ key }) => key);
    expect([keys.length, keys.includes('least'), keys.includes('one more')]).toEqual([1_000, false, true]);
  });

  it('appends what a message mentions to the context and counts that it was shown', async () => {
    const id = await ada.create();
    await ada.ok('POST', at(id, 'entities'), { key: 'MAX_RETRIES', kind: 'constant', value: '5' });
    const reply = await ada.run({ session_id: id, message: 'how many max retries do we allow' });
    expect(reply.context.split('\n').slice(1)).toEqual(['Known values:', '  MAX_RETRIES (constant) = 5']);
    // The count is a turn of its own; the next turn waits behind it.
    await ada.ok('POST', at(id, 'trigger'), { keyword: 'x' });
    const { entities } = await ada.ok<{ entities: object[] }>('GET', at(id, 'entities'));
    expect(entities).toMatchObject([{ key: 'MAX_RETRIES', access_count: 1 }]);
    expect((await ada.run({ session_id: id, message: 'unrelated words' })).context).not.toContain('MAX_RETRIES');
  });
});
