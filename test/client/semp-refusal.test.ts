/** Servers that do not let the connection for events in, for good or for now. */
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { type ClientOptions, SEMPClient, type SempClosed, type SynodError } from '../../src/client/index.ts';
import { eventually } from '../support/eventually.ts';
import { serve } from '../support/server.ts';
import { eventFrame, oldServer } from './old-server.ts';
import { startWire } from './wire.ts';

const backoff = { firstMs: 1, maxMs: 10 };

/** Tells as little as that of a browser: that it failed. */
class Tacit extends WebSocket {
  override emit(name: string, ...args: unknown[]): boolean {
    return super.emit(name, ...(name === 'error' ? [new Error('')] : args));
  }
}

/** A client that listens, and everything it is told, in order. */
function listen(url: string, options: ClientOptions = {}) {
  const client = new SEMPClient(url, { backoff, ...options });
  onTestFinished(() => client.close());
  const told: [name: string, what?: unknown][] = [];
  const note = (name: string, what?: unknown) => told.push([name, what]);
  client
    .on('error', (error) => note('error', error))
    .on('close', (closed) => note('close', closed))
    .on('open', () => note('open'))
    .on('event', () => note('event'));
  const names = () => told.map(([name]) => name);
  const whatOf = <T>(kind: string) => told.filter(([name]) => name === kind).map(([, what]) => what as T);
  const errors = () => whatOf<SynodError>('error');
  const closes = () => whatOf<SempClosed>('close');
  return { client, told, names, errors, closes };
}

/** Answers handshakes with a status, and requests as told; counts both. */
async function refusing(handshake: number | ((request: IncomingMessage) => number), respond: RequestListener) {
  const counts = { handshakes: 0, requests: 0 };
  const sockets = new WebSocketServer({ noServer: true });
  const server = createServer((request, response) => {
    counts.requests++;
    respond(request, response);
  });
  server.on('upgrade', (request, socket, head) => {
    counts.handshakes++;
    const status = typeof handshake === 'number' ? handshake : handshake(request);
    if (status === 101) return sockets.handleUpgrade(request, socket, head, (ws) => ws.send(eventFrame(1)));
    socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const drop = () => {
    for (const socket of sockets.clients) socket.terminate();
  };
  onTestFinished(() => {
    drop();
    server.close();
    server.closeAllConnections();
  });
  return { counts, drop, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const answer =
  (status: number, body: unknown, headers: Record<string, string> = {}): RequestListener =>
  (_, response) =>
    void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));

/** Longer than many waits between two tries. */
const aWhile = () => new Promise((resolve) => setTimeout(resolve, 150));

/** What a program prints from here on. */
function listenToConsole() {
  const said = vi.spyOn(console, 'error').mockImplementation(() => {});
  onTestFinished(() => said.mockRestore());
  return said;
}

describe.each([
  ['the package ws', WebSocket],
  ['a browser', Tacit],
])('a refusal, with the WebSocket of %s,', (_, Socket) => {
  it('for a wrong token ends it with one error, in the words of the server', async () => {
    const { url } = await serve();
    const wire = await startWire(url);
    const { told, names, errors, closes } = listen(wire.url, { token: 'bad', WebSocket: Socket });
    await eventually(() => expect(names()).toEqual(['error', 'close']));
    const said: unknown = await new SEMPClient(url, { token: 'bad' }).getEvents().catch((error: unknown) => error);
    expect(errors()[0]).toMatchObject({ name: 'SynodError', status: 401, code: 'UNAUTHENTICATED', retry: false });
    expect(errors()[0]!.message).toBe((said as SynodError).message);
    expect(closes()).toEqual([{ code: 1006, reason: '', reconnecting: false }]);
    const { connections } = wire;
    await aWhile();
    expect(wire.connections).toBe(connections);
    expect(told).toHaveLength(2);
  });

  it.each([401, 402, 403, 404])('of status %i is for good', async (status) => {
    const { url, counts } = await refusing(status, answer(status, { message: `no: ${status}` }));
    const { names, errors } = listen(url, { WebSocket: Socket });
    await eventually(() => expect(names()).toEqual(['error', 'close']));
    expect(errors()[0]).toMatchObject({ status, message: `no: ${status}` });
    await aWhile();
    expect(names()).toEqual(['error', 'close']);
    expect(counts.handshakes).toBe(1);
  });

  it.each([429, 500, 502, 503])('of status %i is tried again', async (status) => {
    let busy = true;
    const { url } = await refusing(
      () => (busy ? status : 101),
      (request, response) => answer(busy ? status : 200, { message: 'not now' })(request, response),
    );
    const { names, errors, closes } = listen(url, { WebSocket: Socket });
    await eventually(() => expect(errors().length).toBeGreaterThan(2));
    expect(errors()[0]).toMatchObject({ status, message: 'not now' });
    expect(closes()[0]).toEqual({ code: 1006, reason: '', reconnecting: true });
    busy = false;
    await eventually(() => expect(names().slice(-2)).toEqual(['open', 'event']));
  });

  it('is waited out for as long as the server says', async () => {
    const { url, counts } = await refusing(429, answer(429, { message: 'slow down' }, { 'retry-after': '3600' }));
    const { errors } = listen(url, { WebSocket: Socket });
    await eventually(() => expect(errors()).toHaveLength(1));
    expect(errors()[0]).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: 3_600_000 });
    await aWhile();
    expect(counts.handshakes).toBe(1);
  });

  it('ends nothing when a fresh token is let in', async () => {
    const fresh = (request: IncomingMessage) => new URL(request.url!, 'http://x').searchParams.get('token') === 'new';
    const { url } = await refusing(
      (request) => (fresh(request) ? 101 : 401),
      (request, response) => answer(request.headers.authorization === 'Bearer new' ? 200 : 401, [])(request, response),
    );
    const tokens = ['old'];
    const { names, closes } = listen(url, { WebSocket: Socket, token: () => tokens.shift() ?? 'new' });
    await eventually(() => expect(names()).toContain('event'));
    expect(closes()).toEqual([{ code: 1006, reason: '', reconnecting: true }]);
  });

  it('after a time of being let in is told as well', async () => {
    let good = true;
    const { url, drop } = await refusing(
      () => (good ? 101 : 401),
      (request, response) => answer(401, { message: 'Token has expired' })(request, response),
    );
    const { names, closes, errors } = listen(url, { WebSocket: Socket });
    await eventually(() => expect(names()).toEqual(['open', 'event']));
    good = false;
    drop();
    await eventually(() => expect(closes().at(-1)?.reconnecting).toBe(false));
    expect(errors()).toMatchObject([{ status: 401, message: 'Token has expired' }]);
  });
});

describe('a refusal', () => {
  it('only of the WebSocket is one where its socket tells', async () => {
    const { url, counts } = await refusing(404, answer(200, []));
    const { names, errors } = listen(url, { WebSocket });
    await eventually(() => expect(names()).toEqual(['error', 'close']));
    expect(errors()[0]).toMatchObject({ status: 404, code: 'NOT_FOUND', message: expect.stringContaining('404') });
    expect(counts.handshakes).toBe(1);
  });

  it('only of requests is none where its socket tells', async () => {
    const { url } = await refusing(503, answer(404, {}));
    const { errors } = listen(url, { WebSocket });
    await eventually(() => expect(errors().length).toBeGreaterThan(2));
    expect(errors()[0]).toMatchObject({ status: 503 });
  });

  it('ends it until the next listener', async () => {
    let good = false;
    const { url } = await refusing(
      () => (good ? 101 : 401),
      (request, response) => answer(401, { message: 'who?' })(request, response),
    );
    const { client, names } = listen(url);
    await eventually(() => expect(names()).toEqual(['error', 'close']));
    good = true;
    client.on('event', () => {});
    await eventually(() => expect(names()).toEqual(['error', 'close', 'open', 'event']));
  });

  it('is printed once when nobody listens to errors', async () => {
    const said = listenToConsole();
    const { url } = await serve();
    const client = new SEMPClient(url, { backoff, token: 'bad' });
    onTestFinished(() => client.close());
    const closed = new Promise((resolve) => client.on('close', resolve));
    client.on('event', () => {});
    expect(await closed).toMatchObject({ reconnecting: false });
    await aWhile();
    expect(said.mock.calls).toEqual([[expect.stringMatching(/^SEMPClient of http:\S+: Invalid license/)]]);
    expect(said.mock.calls[0]![0]).not.toContain('bad');
  });

  it('of a connection, too, and not at every try', async () => {
    const said = listenToConsole();
    const client = new SEMPClient('http://127.0.0.1:9', { backoff, WebSocket });
    onTestFinished(() => client.close());
    let closes = 0;
    client.on('close', ({ reconnecting }) => reconnecting && closes++).on('event', () => {});
    await eventually(() => expect(closes).toBeGreaterThan(4));
    expect(said.mock.calls).toEqual([[expect.stringContaining('ECONNREFUSED')]]);
  });

  it('does not come after the client is closed', async () => {
    const said = listenToConsole();
    let asked = 0;
    const { url } = await refusing(401, () => void asked++);
    const { client, told } = listen(url, { WebSocket });
    await eventually(() => expect(asked).toBe(1));
    client.close();
    await aWhile();
    expect(told).toEqual([]);
    expect(said).not.toHaveBeenCalled();
  });
});

describe('the end of a connection', () => {
  it('is told with its code and its reason', async () => {
    const { server, url } = await oldServer();
    server.once('connection', (socket) => socket.close(1012, 'back in a second'));
    const { closes } = listen(url);
    await eventually(() => expect(closes()).toHaveLength(1));
    expect(closes()).toEqual([{ code: 1012, reason: 'back in a second', reconnecting: true }]);
  });
});
