/** `WS /ws` and messages nobody asked for: they change nothing for anybody. */
import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { serve, serveAnonymous } from '../support/server.ts';
import { clientFrame, silentClient } from './door.ts';
import { refusal } from './listener.ts';
import { openDoor } from './semp-door.ts';
import { listen, post } from './semp-listener.ts';

describe('an upgrade', () => {
  it('takes a token as on the other streams, and none is refused', async () => {
    const server = await serve();
    const { headers } = await server.as('ada');
    const token = headers.authorization!.slice('Bearer '.length);
    for (const [given, path] of [
      [headers, '/ws'],
      [{ 'x-api-key': token }, '/api/ws'],
      [{}, `/ws?token=${token}`],
    ] as const) {
      await listen(server.url, given, path);
    }
    for (const [given, path] of [
      [{}, '/ws'],
      [{ 'x-api-key': 'junk' }, '/api/ws'],
    ] as const) {
      expect((await refusal(server.url, given, path)).status).toBe(401);
    }
  });

  it('from a foreign page or under a foreign name is refused in anonymous mode', async () => {
    const server = await serveAnonymous({ corsOrigins: ['https://app.example'] });
    expect((await refusal(server.url, { origin: 'https://evil.example' }, '/ws')).status).toBe(403);
    const host = `evil.example:${new URL(server.url).port}`;
    expect((await refusal(server.url, { host, origin: `http://${host}` }, '/ws')).status).toBe(403);
    await listen(server.url, { origin: 'https://app.example' });
    await listen(server.url, { origin: server.url });
  });

  it.each(['/ws/more', '/wss', '//ws', '/api//ws', '/v1/ws', '/ws%00'])('at %s is answered with 404', async (path) => {
    const server = await serveAnonymous();
    const { hostname, port } = new URL(server.url);
    const socket = connectSocket(Number(port), hostname);
    onTestFinished(() => void socket.destroy());
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(String(answer)).toMatch(/^HTTP\/1\.1 404 /);
  });

  it('counts among the streams of its caller', async () => {
    const server = await serve({ maxStreamsPerTenant: 1 });
    const { headers } = await server.as('ada');
    const first = await listen(server.url, headers);
    expect((await refusal(server.url, headers, '/ws')).status).toBe(429);
    expect((await refusal(server.url, headers, '/stream')).status).toBe(429);
    first.socket.terminate();
    await eventually(() => listen(server.url, headers));
  });
});

describe('a message', () => {
  it.each([
    ['no JSON', '{"type":'],
    ['empty', ''],
    ['null', 'null'],
    ['a number', '7'],
    ['a list', '[{"type":"subscribe"}]'],
    ['without a type', '{}'],
    ['of a type that is no text', '{"type":{"type":"subscribe"}}'],
    ['of another type', '{"type":"publish","data":{}}'],
    ['an event', '{"type":"event","data":{"id":"mine"}}'],
    ['deeply nested', '['.repeat(60_000)],
    ['about the prototype', '{"__proto__":{"type":"subscribe","scopes":["x"]}}'],
    ['binary', Buffer.from('{"type":"subscribe","scopes":["x"]}')],
  ])('that is %s is ignored: the client goes on as if it had sent nothing', async (_name, message) => {
    const server = await serveAnonymous();
    const listener = await listen(server.url);
    listener.send(message);
    const event = await post(server.anonymous);
    await listener.until(() => listener.heard.length > 0);
    const next = await post(server.anonymous);
    await listener.until(() => listener.heard.length > 1);
    expect(listener.heard).toEqual([
      { type: 'event', data: event },
      { type: 'event', data: next },
    ]);
    expect(server.log.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('larger than 64 KiB closes the connection with 1009', async () => {
    const { url } = await openDoor();
    const listener = await listen(url);
    listener.send('x'.repeat(64 * 1_024 + 1));
    expect(await listener.closed).toBe(1009);
  });

  it.each([
    ['text that is not UTF-8', clientFrame(1, Buffer.from([0xff, 0xfe])), 1007],
    ['an opcode there is not', clientFrame(3, 'x'), 1002],
    ['a frame without a mask', Buffer.from([0x81, 1, 0x78]), 1002],
  ])('that is %s closes its own connection and no other', async (_name, frame, code) => {
    const { url, port, post: postEvent, door } = await openDoor();
    const listener = await listen(url);
    const socket = await silentClient(port, '/ws');
    const answer = once(socket, 'data');
    socket.write(frame);
    const [goodbye] = (await answer) as [Buffer];
    expect([goodbye[0], goodbye.readUInt16BE(2)]).toEqual([0x88, code]);
    await eventually(() => expect(door.connections).toBe(1));
    const { id } = await postEvent();
    await listener.until(() => listener.ids.includes(id));
  });
});

describe('a client that sends without a pause and never reads', { timeout: 60_000 }, () => {
  it.each([
    ['nonsense', clientFrame(1, 'x')],
    ['pings of the protocol', clientFrame(9, 'p'.repeat(125))],
    ['pings', clientFrame(1, '{"type":"ping"}')],
    ['subscriptions', clientFrame(1, '{"type":"subscribe","since":0,"scopes":["s.*","**.x"],"signals":true}')],
    ['wrong subscriptions', clientFrame(1, '{"type":"subscribe","since":-1}')],
  ])('costs little memory, and others are served: %s', async (_name, one) => {
    const { url, port, connections, post: postEvent } = await openDoor();
    for (let n = 0; n < 200; n++) await postEvent({ n, text: 'x'.repeat(1_000) });
    const listener = await listen(url);
    const socket = await silentClient(port, '/ws');
    const own = connections.at(-1)!;
    socket.pause();
    const many = Buffer.concat(Array.from({ length: Math.ceil(2 ** 16 / one.length) }, () => one));
    let most = 0;
    const until = performance.now() + 1_500;
    for (let n = 0; performance.now() < until; n++) {
      if (socket.writableLength < 2 ** 20) socket.write(many);
      await new Promise((resolve) => setImmediate(resolve));
      most = Math.max(most, own.writableLength);
      if (n % 50 > 0) continue;
      const { id } = await postEvent();
      await listener.until(() => listener.ids.at(-1) === id);
    }
    expect(socket.destroyed).toBe(false);
    expect(most).toBeLessThan(2 ** 20);
  });
});
