/** `GET /v1/stream` under clients that are slow, many, gone, or there when the server leaves. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { connect, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createRuntime } from '../../src/runtime.ts';
import { EventStream } from '../../src/stream/event-stream.ts';
import { at } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { memoryLogger, serve, type TestServer, testConfig } from '../support/server.ts';
import { open, request } from './reader.ts';

/** Asks for a stream on a bare socket and reads nothing from then on. */
async function deaf({ url }: TestServer, headers: Readonly<Record<string, string>>): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {}).pause();
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  await new Promise<void>((resolve) =>
    socket.write(`GET /v1/stream?since=0 HTTP/1.1\r\nHost: x\r\n${lines.join('')}\r\n`, () => resolve()),
  );
  return socket;
}

describe('a client that never reads', () => {
  it('neither fills memory nor slows an actor, and others hear everything', { timeout: 60_000 }, async () => {
    const accepted: Socket[] = [];
    const accept = (message: unknown) => void accepted.push((message as { socket: Socket }).socket);
    subscribe('net.server.socket', accept);
    onTestFinished(() => void unsubscribe('net.server.socket', accept));
    const server = await serve();
    const ada = await server.as('ada');
    const id = await ada.create();
    const socket = await deaf(server, ada.headers);
    const { system } = server.running.runtime;
    await eventually(() => expect(system.subscribers).toBe(1));
    const reader = await open(server.url, ada.headers);
    const value = 'x'.repeat(60_000);
    let most = 0;
    // 36 MB of records, of which the kernel's own buffers hold a few.
    for (let n = 0; n < 600; n++) {
      await ada.ok('POST', at(id, 'entities'), { key: 'k', kind: 'path', value });
      most = Math.max(most, ...accepted.map(({ writableLength }) => writableLength));
    }
    // What does not fit stays in the subscription: one record beyond the mark of a stream, and the record under way.
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThan(256 * 1024);
    await reader.until(() => reader.records.length === 600);
    expect(reader.sequence).toEqual(Array.from({ length: 600 }, (_, i) => i + 2));
    expect(socket.destroyed).toBe(false);
  });

  it('is told that it lagged when it reads at last, and catches up without a gap', { timeout: 60_000 }, async () => {
    const server = await serve();
    const ada = await server.as('ada');
    const id = await ada.create();
    const reader = await open(server.url, ada.headers);
    reader.response.pause();
    const value = 'x'.repeat(60_000);
    for (let n = 0; n < 300; n++) await ada.ok('POST', at(id, 'entities'), { key: 'k', kind: 'path', value });
    for (let n = 0; n < 1_200; n++) await ada.ok('DELETE', at(id, 'trigger'));
    reader.response.resume();
    await reader.until(() => reader.records.at(-1)?.seq === 1_501);
    expect(reader.of('lagged')[0]!.data.missed).toBeGreaterThan(0);
    expect(reader.sequence).toEqual(Array.from({ length: 1_500 }, (_, i) => i + 2));
  });
});

describe('heartbeats', () => {
  /** A stream alone, with a heart that beats fast. */
  async function fastHeart() {
    const runtime = await createRuntime({ config: testConfig(), logger: memoryLogger([]) });
    onTestFinished(runtime.close);
    const ended = vi.fn();
    const subscription = runtime.system.subscribe({ tenant: 'ada' });
    const events = new EventStream(subscription, { cursor: 0, heartbeatMs: 10, onEnd: ended });
    return { runtime, events, ended };
  }

  it('are comments, as long as nothing else comes', async () => {
    const { events } = await fastHeart();
    let text = '';
    events.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    await eventually(() => expect(text.split(': heartbeat\n\n').length).toBeGreaterThan(3));
    expect(text).toMatch(/^retry: 1000\nid: 0\nevent: subscribed\ndata: {"cursor":0}\n\n(: heartbeat\n\n)+$/);
    events.destroy();
  });

  it('that a client does not take for a while are its last: it loses its place', async () => {
    const { runtime, events, ended } = await fastHeart();
    await eventually(() => expect(ended).toHaveBeenCalledTimes(1));
    expect(events.destroyed).toBe(true);
    expect(runtime.system.subscribers).toBe(0);
  });
});

describe('many', () => {
  it('of two hundred clients each hears everything, in order', { timeout: 60_000 }, async () => {
    const server = await serve();
    const ada = await server.as('ada');
    const id = await ada.create();
    const readers = await Promise.all(Array.from({ length: 200 }, () => open(server.url, ada.headers)));
    for (let n = 0; n < 25; n++) await ada.turn(id, `question ${n}`, `answer ${n}`);
    await Promise.all(readers.map((reader) => reader.until(() => reader.records.length === 50)));
    const wanted = Array.from({ length: 50 }, (_, i) => i + 2);
    for (const reader of readers) expect(reader.sequence).toEqual(wanted);
    for (const reader of readers) reader.close();
    const { system } = server.running.runtime;
    await eventually(() => expect(system.subscribers).toBe(0));
  });

  it('are bounded with the WebSockets: per caller with 429, in all with 503; an end makes room', async () => {
    const server = await serve({ maxStreamsPerTenant: 2, maxStreams: 3 });
    const [ada, bob] = [await server.as('ada'), await server.as('bob')];
    const [first] = [await open(server.url, ada.headers), await open(server.url, ada.headers)];
    const third = await ada.get('/v1/stream');
    expect([third.status, third.body]).toEqual([429, { detail: '2 streams of this caller are open, no more may be' }]);
    expect(Number(third.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    await open(server.url, bob.headers);
    expect((await bob.get('/v1/stream')).status).toBe(503);
    first!.close();
    await eventually(async () => expect((await request(server.url, bob.headers)).statusCode).toBe(200));
  });
});

describe('the end of the server', () => {
  it('ends every stream at once and in order', { timeout: 30_000 }, async () => {
    const server = await serve();
    const ada = await server.as('ada');
    const readers = await Promise.all([1, 2, 3].map(() => open(server.url, ada.headers)));
    const started = performance.now();
    await server.close();
    await Promise.all(readers.map(({ closed }) => closed));
    expect(readers.map(({ ended }) => ended)).toEqual([true, true, true]);
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(server.log.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([]);
  });
});
