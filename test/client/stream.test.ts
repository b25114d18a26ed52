import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  type Client,
  type ClientOptions,
  createClient,
  type RecordStream,
  type StreamNotice,
  type StreamRecord,
} from '../../src/client/index.ts';
import { eventually } from '../support/eventually.ts';
import { openServer, serve, serveAnonymous, tempDir } from '../support/server.ts';
import { startProxy } from './proxy.ts';

const backoff = { firstMs: 1, maxMs: 20 };

/** So many records, and the stream is left. */
async function take(stream: RecordStream, count: number): Promise<StreamRecord[]> {
  const records: StreamRecord[] = [];
  for await (const record of stream) if (records.push(record) === count) break;
  return records;
}

async function behindProxy(options: ClientOptions = {}) {
  const server = await serveAnonymous();
  const proxy = await startProxy(server.url);
  return { server, proxy, client: createClient(proxy.url, options), direct: createClient(server.url) };
}

async function say(client: Client, from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n++)
    await client.session.store({ session_id: 'ada', message: `${n}?`, response: `${n}!` });
}

/** More than the buffers of the kernel and of the subscription hold: 1,250 records, 9 MB. */
async function flood(client: Client): Promise<void> {
  const value = 'x'.repeat(60_000);
  const put = () => client.session.entity.put({ id: 'ada', key: 'k', kind: 'path', value });
  for (let n = 0; n < 5; n++) await Promise.all(Array.from({ length: 30 }, put));
  const clear = () => client.session.trigger.clear({ id: 'ada' });
  for (let n = 0; n < 11; n++) await Promise.all(Array.from({ length: 100 }, clear));
}

const sequence = (records: readonly StreamRecord[]) => records.map(({ seq }) => seq);
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

describe('the stream', () => {
  it('gives the records of the log as they become durable', async () => {
    const client = createClient((await serveAnonymous()).url);
    let heard: Promise<StreamRecord[]> | undefined;
    let stream: RecordStream | undefined;
    const notice = await new Promise<StreamNotice>((onNotice) => {
      stream = client.stream({}, { onNotice });
      heard = take(stream, 3);
    });
    expect(notice).toEqual({ type: 'subscribed', cursor: 0 });
    await client.session.create({ session_id: 'ada' });
    await say(client, 1, 2);
    const records = await heard!;
    expect(sequence(records)).toEqual([1, 2, 3]);
    expect(records[2]).toMatchObject({ kind: 'session', id: 'ada', type: 'store', revision: 3 });
    expect(stream!.cursor).toBe(3);
    expectTypeOf(records[0]!.seq).toEqualTypeOf<number>();
  });

  it('gives only what was asked for, from where it was asked for', async () => {
    const client = createClient((await serveAnonymous()).url);
    await client.session.create({ session_id: 'ada' });
    await say(client, 1, 2);
    await client.session.create({ session_id: 'bob' });
    const filter = { kinds: ['sess*', 'cluster'], ids: ['ada'], types: ['store'], since: 2 };
    expect(sequence(await take(client.stream(filter), 1))).toEqual([3]);
  });

  it('goes on after a lost connection, without gap or repetition', async () => {
    const { proxy, client, direct } = await behindProxy();
    await direct.session.create({ session_id: 'ada' });
    const notices: string[] = [];
    const records: StreamRecord[] = [];
    const stream = client.stream({ since: 0 }, { backoff, onNotice: ({ type }) => notices.push(type) });
    const reading = (async () => {
      for await (const record of stream) records.push(record);
    })();
    for (let n = 1; n <= 8; n++) {
      await say(direct, n, n);
      if (n % 3 === 0) {
        await eventually(() => expect(records).toHaveLength(n + 1));
        proxy.drop();
      }
    }
    await eventually(() => expect(records).toHaveLength(9));
    stream.close();
    await reading;
    expect(sequence(records)).toEqual(upTo(9));
    expect(notices.filter((type) => type === 'subscribed')).toHaveLength(3);
    expect(stream.cursor).toBe(9);
    expect(proxy.seen.at(-1)!.headers['last-event-id']).toMatch(/^\d+$/);
  });

  it('goes on after a restart of the server', async () => {
    const data = await tempDir();
    const key = `${await tempDir()}/key.json`;
    const first = await openServer({ data, key, allowAnonymous: true });
    const proxy = await startProxy(first.url);
    const client = createClient(proxy.url, { backoff });
    await client.session.create({ session_id: 'ada' });
    const waits: StreamNotice[] = [];
    const noteWait = (notice: StreamNotice) => void (notice.type === 'reconnecting' && waits.push(notice));
    const heard = take(client.stream({ since: 0 }, { backoff, onNotice: noteWait }), 5);
    await say(client, 1, 2);
    await first.close();
    const second = await openServer({ data, key, allowAnonymous: true });
    try {
      const direct = createClient(second.url);
      // Before the stream is back: to be had from the log.
      await say(direct, 3, 3);
      proxy.target = second.url;
      await say(direct, 4, 4);
      expect(sequence(await heard)).toEqual(upTo(5));
      expect(waits.length).toBeGreaterThan(0);
    } finally {
      await second.close();
    }
  });

  it('tells a slow reader how far behind it is, and gives it everything all the same', async () => {
    const client = createClient((await serveAnonymous()).url);
    await client.session.create({ session_id: 'ada' });
    const notices: StreamNotice[] = [];
    const records: StreamRecord[] = [];
    for await (const record of client.stream({ since: 0 }, { onNotice: (notice) => void notices.push(notice) })) {
      records.push(record);
      if (records.length === 1) await flood(client);
      if (records.length === 1_251) break;
    }
    expect(sequence(records)).toEqual(upTo(1_251));
    expect(notices.filter(({ type }) => type === 'lagged')).not.toEqual([]);
  });

  it('takes a server that falls silent for lost', async () => {
    const { proxy, client, direct } = await behindProxy();
    await direct.session.create({ session_id: 'ada' });
    proxy.moods.push('hang', 'hang');
    const notices: StreamNotice[] = [];
    const options = { backoff, silenceMs: 200, onNotice: (notice: StreamNotice) => void notices.push(notice) };
    expect(sequence(await take(client.stream({ since: 0 }, options), 1))).toEqual([1]);
    expect(notices.map(({ type }) => type)).toEqual(['reconnecting', 'reconnecting', 'subscribed']);
    expect(notices[0]).toMatchObject({ error: { code: 'NETWORK', message: 'nothing heard for 200 ms' } });
  });

  it('comes back through trouble that passes, ever more slowly, and leaves the server alone when it asks', async () => {
    const { proxy, client, direct } = await behindProxy();
    await direct.session.create({ session_id: 'ada' });
    proxy.moods.push('drop', { status: 500 }, { status: 502 }, { status: 503, headers: { 'retry-after': '1' } });
    const waits: number[] = [];
    const onNotice = (notice: StreamNotice) => void (notice.type === 'reconnecting' && waits.push(notice.delayMs));
    await take(client.stream({ since: 0 }, { backoff: { firstMs: 8, maxMs: 16 }, onNotice }), 1);
    expect(waits).toHaveLength(4);
    // Each from the upper half of 8, 16, 16 ms, and then the server's own second.
    for (const [i, full] of [8, 16, 16].entries()) {
      expect(waits[i]).toBeGreaterThanOrEqual(full / 2);
      expect(waits[i]).toBeLessThanOrEqual(full);
    }
    expect(waits[3]).toBe(1_000);
  });

  it('fails with what another try cannot mend', async () => {
    const { url } = await serve();
    await expect(take(createClient(url).stream(), 1)).rejects.toMatchObject({ status: 401 });
    const globs = Array.from({ length: 33 }, () => 'x');
    const { url: open } = await serveAnonymous();
    await expect(take(createClient(open).stream({ kinds: globs }), 1)).rejects.toMatchObject({ code: 'INVALID' });
  });

  it('ends when it is closed, also while it waits', async () => {
    const { proxy, client } = await behindProxy();
    const waiting = client.stream({}, { onNotice: () => setTimeout(() => waiting.close(), 10) });
    expect(await take(waiting, 1)).toEqual([]);
    proxy.moods.push('drop');
    const reconnecting = client.stream(
      {},
      { backoff: { firstMs: 60_000, maxMs: 60_000 }, onNotice: () => setTimeout(() => reconnecting.close(), 10) },
    );
    expect(await take(reconnecting, 1)).toEqual([]);
    const never = client.stream();
    never.close();
    expect(await take(never, 1)).toEqual([]);
  });

  it('throws the reason of its signal', async () => {
    const { client } = await behindProxy();
    const leaving = new AbortController();
    const reason = new Error('the page is closed');
    const onNotice = () => void setTimeout(() => leaving.abort(reason), 10);
    await expect(take(client.stream({}, { signal: leaving.signal, onNotice }), 1)).rejects.toBe(reason);
    await expect(take(client.stream({}, { signal: leaving.signal }), 1)).rejects.toBe(reason);
  });

  it('leaves nothing open on the server when it is left', async () => {
    const server = await serveAnonymous();
    const client = createClient(server.url);
    await client.session.create();
    for (let i = 0; i < 3; i++) await take(client.stream({ since: 0 }), 1);
    await eventually(() => expect(server.running.runtime.system.subscribers).toBe(0));
  });

  it('is read once', async () => {
    const { client, direct } = await behindProxy();
    await direct.session.create();
    const stream = client.stream({ since: 0 });
    await take(stream, 1);
    expect(() => stream[Symbol.asyncIterator]()).toThrow(TypeError);
  });
});
