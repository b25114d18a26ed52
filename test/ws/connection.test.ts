/** `WS /stream`: who gets in, what a slow or silent client is worth, and how it ends. */
import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadOrCreateKey } from '../../src/auth/keys.ts';
import { mintToken } from '../../src/auth/token.ts';
import { streamFront } from '../../src/ws/stream.ts';
import { at } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { serve, serveAnonymous } from '../support/server.ts';
import { clientFrame, openFront, silentClient } from './door.ts';
import { connect, refusal } from './listener.ts';

/** The stream alone, with a heart that beats fast; not so fast that a busy machine misses a beat. */
const fastHeart = (heartbeatMs = 500) => openFront((options) => streamFront({ ...options, heartbeatMs }));

describe('an upgrade', () => {
  it('takes a token as Bearer, as API key and in the query', async () => {
    const server = await serve();
    const { headers } = await server.as('ada');
    const token = headers.authorization!.slice('Bearer '.length);
    for (const [given, path] of [
      [headers, '/stream'],
      [{ 'x-api-key': token }, '/stream'],
      [{}, `/stream?token=${token}`],
    ] as const) {
      const listener = await connect(server.url, given, path);
      expect(await listener.subscribe()).toBe(0);
    }
  });

  it('is refused before it happens: without a token, with a bad one, with an expired one', async () => {
    const server = await serve();
    const key = await loadOrCreateKey(server.config.key!);
    const clock = { now: () => 0 };
    const expired = await mintToken({ key, subject: 'ada', tier: 'pro', ttlSeconds: 1, clock });
    expect(await refusal(server.url)).toMatchObject({ status: 401, body: { detail: 'Missing license token' } });
    expect(await refusal(server.url, { 'x-api-key': 'junk' })).toMatchObject({
      status: 401,
      body: { detail: 'Invalid license: not a JWT' },
    });
    expect(await refusal(server.url, { authorization: `Bearer ${expired}` })).toMatchObject({
      status: 402,
      body: { detail: expect.stringContaining('renew at https://www.semvec.io') },
    });
  });

  it.each(['/', '/v1/run', '/stream/more', '//', '//stream', '/stream%00', 'http://['])(
    'at %s is answered with 404',
    async (path) => {
      const server = await serve();
      const { hostname, port } = new URL(server.url);
      const socket = connectSocket(Number(port), hostname);
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
          'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
      );
      const [answer] = (await once(socket, 'data')) as [Buffer];
      socket.destroy();
      expect(String(answer)).toMatch(/^HTTP\/1\.1 404 /);
      expect(server.log.filter(({ level }) => level === 'error')).toEqual([]);
    },
  );

  it.each(['id=', 'since=-1', 'since=x', 'since=1.5', `id=${'x'.repeat(400)}`])(
    'with ?%s is refused with 422',
    async (query) => {
      const server = await serve();
      const { headers } = await server.as('ada');
      expect((await refusal(server.url, headers, `/stream?${query}`)).status).toBe(422);
    },
  );

  it('from any page is let in where HTTP lets it in: when every origin is allowed, and from this machine', async () => {
    const open = await serveAnonymous({ corsOrigins: ['*'] });
    await connect(open.url, { origin: 'https://app.example' });
    const local = await serveAnonymous();
    await connect(local.url, { origin: 'http://localhost:5173' });
    expect(await refusal(local.url, { origin: 'https://app.example' })).toMatchObject({ status: 403 });
  });

  it('from a foreign page is refused in anonymous mode, from an allowed one or the same host not', async () => {
    const server = await serveAnonymous({ corsOrigins: ['https://app.example'] });
    expect(await refusal(server.url, { origin: 'https://evil.example' })).toMatchObject({
      status: 403,
      body: { detail: expect.stringMatching(/^Origin https:\/\/evil\.example is not .*--cors-origins/) },
    });
    for (const origin of ['https://app.example', server.url]) {
      const listener = await connect(server.url, { origin });
      expect(await listener.subscribe()).toBe(0);
    }
  });
});

it('under a name of somebody else is refused in anonymous mode, though its origin is the same', async () => {
  const server = await serveAnonymous();
  const host = `evil.example:${new URL(server.url).port}`;
  expect(await refusal(server.url, { host, origin: `http://${host}` })).toMatchObject({
    status: 403,
    body: { detail: expect.stringMatching(/^Host evil\.example:\d+ is not a name of this server; .*--cors-origins/) },
  });
});

it('that was refused does not keep its connection, even if the client keeps its half open', async () => {
  const server = await serve();
  const { hostname, port } = new URL(server.url);
  const sockets = Array.from({ length: 5 }, () => {
    const socket = connectSocket({ port: Number(port), host: hostname, allowHalfOpen: true });
    socket.on('error', () => {}).resume();
    socket.write(
      'GET /nope HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    return socket;
  });
  onTestFinished(() => sockets.forEach((socket) => void socket.destroy()));
  await Promise.all(sockets.map((socket) => once(socket, 'end')));
  const late = new Promise<string>((resolve) => setTimeout(() => resolve('held up'), 3_000).unref());
  expect(await Promise.race([server.close().then(() => 'closed'), late])).toBe('closed');
});

it('counts like a request: beyond the burst an upgrade is refused with 429', async () => {
  const server = await serve({ rateLimit: 'on' });
  const { headers } = await server.as('ada', 'community');
  for (let n = 0; n < 50; n++) (await connect(server.url, headers)).socket.terminate();
  const answers = await Promise.all(Array.from({ length: 10 }, () => refusal(server.url, headers).catch(() => null)));
  expect(answers).toContainEqual({
    status: 429,
    body: expect.objectContaining({ detail: 'Rate limit exceeded', status: 429 }) as unknown,
    retryAfter: '1',
  });
});

it('answers a ping with what it carried', async () => {
  const server = await serveAnonymous();
  const { socket } = await connect(server.url);
  socket.ping('are you there?');
  const [data] = (await once(socket, 'pong')) as [Buffer];
  expect(String(data)).toBe('are you there?');
});

describe('a client that sends and never reads', () => {
  it.each([
    ['nonsense', clientFrame(1, 'x')],
    ['pings', clientFrame(9, 'p'.repeat(125))],
    ['subscriptions', clientFrame(1, '{"type":"subscribe","since":0}')],
  ])('is not read from either: %s', { timeout: 30_000 }, async (_name, one) => {
    const { port, connections } = await fastHeart(60_000);
    const socket = await silentClient(port, '/stream');
    socket.pause();
    const many = Buffer.concat(Array.from({ length: 2 ** 16 / one.length }, () => one));
    let most = 0;
    const until = performance.now() + 4_000;
    while (performance.now() < until) {
      if (socket.writableLength < 2 ** 20) socket.write(many);
      await new Promise((resolve) => setImmediate(resolve));
      most = Math.max(most, connections[0]!.writableLength);
    }
    expect(socket.destroyed).toBe(false);
    // The answers to what was read at once.
    expect(most).toBeLessThan(2 ** 20);
  });
});

describe('a slow reader', () => {
  it('is told that it lagged and then catches up without a gap', { timeout: 120_000 }, async () => {
    const server = await serve();
    const ada = await server.as('ada');
    const id = await ada.create();
    const listener = await connect(server.url, ada.headers);
    await listener.subscribe();
    listener.socket.pause();
    const big = 'x'.repeat(60_000);
    for (let n = 0; n < 300; n++) await ada.ok('POST', at(id, 'entities'), { key: 'k', kind: 'path', value: big });
    for (let n = 0; n < 1_200; n++) await ada.ok('DELETE', at(id, 'trigger'));
    listener.socket.resume();
    await listener.until(() => listener.records.at(-1)?.seq === 1_501);
    expect(listener.of('lagged').length).toBeGreaterThan(0);
    expect(listener.of('lagged')[0]!.missed).toBeGreaterThan(0);
    expect(listener.records.map(({ seq }) => seq)).toEqual(Array.from({ length: 1_500 }, (_, i) => i + 2));
  });
});

describe('the end', () => {
  it('of the server is said to every client with 1001', async () => {
    const server = await serve();
    const { headers } = await server.as('ada');
    const listeners = await Promise.all([1, 2, 3].map(() => connect(server.url, headers)));
    await listeners[0]!.subscribe();
    await server.close();
    expect(await Promise.all(listeners.map(({ closed }) => closed))).toEqual([1001, 1001, 1001]);
  });

  it('of five hundred connections leaves no subscription behind', { timeout: 120_000 }, async () => {
    const server = await serve();
    const { headers } = await server.as('ada');
    for (let batch = 0; batch < 20; batch++) {
      await Promise.all(
        Array.from({ length: 25 }, async (_, n) => {
          const listener = await connect(server.url, headers, '/stream?since=0');
          if (n % 2 === 0) listener.socket.terminate();
          else listener.socket.close();
          await listener.closed;
        }),
      );
    }
    await eventually(() => expect(server.running.runtime.system.subscribers).toBe(0));
  });
});

describe('a heartbeat', () => {
  it('comes to a quiet client again and again, with the cursor', async () => {
    const { url } = await fastHeart();
    const listener = await connect(url);
    await listener.until(() => listener.of('heartbeat').length >= 3);
    expect(listener.of('heartbeat')[0]).toEqual({ type: 'heartbeat', cursor: 0 });
  });

  it('that nobody answers ends the connection', async () => {
    const { port, door } = await fastHeart();
    const socket = await silentClient(port, '/stream');
    expect(door.connections).toBe(1);
    await once(socket, 'close');
    await eventually(() => expect(door.connections).toBe(0));
  });

  it('is not waited for at the end: who ignores the goodbye is dropped', async () => {
    const { port, door } = await fastHeart();
    const socket = await silentClient(port, '/stream');
    door.close();
    door.terminate();
    await once(socket, 'close');
    await eventually(() => expect(door.connections).toBe(0));
    await expect(refusal(`http://127.0.0.1:${port}`)).resolves.toMatchObject({ status: 503 });
  });
});
