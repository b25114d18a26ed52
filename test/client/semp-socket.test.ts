import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { type ClientOptions, SEMPClient, type SynodError } from '../../src/client/index.ts';
import { EventSocket } from '../../src/client/semp-socket.ts';
import { eventually } from '../support/eventually.ts';
import { openServer, serveAnonymous, tempDir } from '../support/server.ts';
import { eventFrame, oldServer } from './old-server.ts';
import { startWire } from './wire.ts';

const backoff = { firstMs: 1, maxMs: 10 };

function post(client: SEMPClient, n: number) {
  const names = { scope: `s.${n}`, trace_id: 't', agent_id: 'a' };
  return client.createEvent({ ...names, type: 'proposal', payload: { n } });
}

/** A client, and the number of every event it hears. */
async function listen(url: string, options: ClientOptions = {}) {
  const client = new SEMPClient(url, { backoff, ...options });
  onTestFinished(() => client.close());
  const heard: unknown[] = [];
  const errors: SynodError[] = [];
  const opened = new Promise<void>((resolve) => client.on('open', resolve));
  client.on('event', ({ payload }) => heard.push(payload.n)).on('error', (error) => errors.push(error));
  await opened;
  return { client, heard, errors };
}

describe('the connection for events', () => {
  it('brings what was posted while it was lost, in order and once', async () => {
    const server = await serveAnonymous();
    const wire = await startWire(server.url);
    const direct = new SEMPClient(server.url);
    const { heard } = await listen(wire.url);
    let n = 0;
    for (let round = 0; round < 5; round++) {
      await post(direct, ++n);
      await eventually(() => expect(heard).toHaveLength(n));
      wire.target = null;
      wire.pull();
      await post(direct, ++n);
      await post(direct, ++n);
      wire.target = server.url;
      // While it is coming back: of these it gets some on the new connection before it could ask.
      for (let i = 0; i < 10; i++) await post(direct, ++n);
    }
    await eventually(() => expect(heard).toHaveLength(n));
    expect(heard).toEqual(Array.from({ length: n }, (_, i) => i + 1));
  });

  it('misses nothing either when it was lost before it had heard anything', async () => {
    const server = await serveAnonymous();
    const wire = await startWire(server.url);
    const direct = new SEMPClient(server.url);
    await post(direct, 0);
    const messages: string[] = [];
    class Tapped extends WebSocket {
      constructor(url: string) {
        super(url);
        this.on('message', (data) => messages.push(String(data)));
      }
    }
    const { client, heard } = await listen(wire.url, { WebSocket: Tapped });
    await eventually(() => expect(messages).toEqual([expect.stringContaining('"subscribed"')]));
    const closed = new Promise((resolve) => client.on('close', resolve));
    wire.target = null;
    wire.pull();
    await closed;
    await post(direct, 1);
    wire.target = server.url;
    await eventually(() => expect(heard).toEqual([1]));
  });

  it('goes on after a restart of the server', async () => {
    const [data, key] = [await tempDir(), `${await tempDir()}/key.json`];
    const first = await openServer({ data, key, allowAnonymous: true });
    const wire = await startWire(first.url);
    const { heard } = await listen(wire.url);
    await post(new SEMPClient(first.url), 1);
    await eventually(() => expect(heard).toEqual([1]));
    wire.target = null;
    await first.close();
    const second = await openServer({ data, key, allowAnonymous: true });
    onTestFinished(second.close);
    await post(new SEMPClient(second.url), 2);
    wire.target = second.url;
    await eventually(() => expect(heard).toEqual([1, 2]));
    await post(new SEMPClient(second.url), 3);
    await eventually(() => expect(heard).toEqual([1, 2, 3]));
  });

  it('goes on from now when the server has begun anew', async () => {
    const [first, second] = [await serveAnonymous(), await serveAnonymous()];
    const wire = await startWire(first.url);
    const { client, heard } = await listen(wire.url);
    await post(new SEMPClient(first.url), 1);
    await eventually(() => expect(heard).toEqual([1]));
    const opened = new Promise<void>((resolve) => client.on('open', resolve));
    wire.target = second.url;
    wire.pull();
    await opened;
    await post(new SEMPClient(second.url), 2);
    await eventually(() => expect(heard).toEqual([1, 2]));
  });

  it('works with a server that knows no subscriptions', async () => {
    const { server, url } = await oldServer();
    const connected = once(server, 'connection') as Promise<[WebSocket]>;
    const { heard } = await listen(url);
    const [socket] = await connected;
    socket.send(eventFrame(1));
    await eventually(() => expect(heard).toEqual([1]));
    const again = once(server, 'connection') as Promise<[WebSocket]>;
    socket.terminate();
    const [next] = await again;
    next.send('not JSON');
    next.send(eventFrame(2));
    next.send(eventFrame(3));
    // It may still answer the subscription: so long they are held.
    await eventually(() => expect(heard).toEqual([1, 2, 3]));
    next.send(eventFrame(4));
    await eventually(() => expect(heard).toEqual([1, 2, 3, 4]));
  });

  it('leaves a server that answered once and does not any more, and no other', async () => {
    const { server, url } = await oldServer();
    let mute = false;
    let connections = 0;
    let pings = 0;
    server.on('connection', (socket) => {
      connections++;
      socket.on('message', (data) => {
        const { type } = JSON.parse(String(data)) as { type: string };
        if (type === 'subscribe') socket.send('{"type":"subscribed","cursor":7}');
        if (type !== 'ping') return;
        pings++;
        if (!mute) socket.send('{"type":"pong"}');
      });
    });
    const closes: number[] = [];
    const nothing = () => {};
    const socket = new EventSocket({
      ...{ event: nothing, open: nothing, error: nothing, lagged: nothing, backoff, WebSocket, pingMs: 500 },
      ask: async () => null,
      tokenChanges: false,
      address: async () => `${url.replace('http', 'ws')}/ws`,
      close: () => closes.push(connections),
    });
    onTestFinished(() => socket.close());
    await eventually(() => expect(connections).toBe(1));
    // The third is sent because the second was answered.
    await eventually(() => expect(pings).toBe(3));
    expect(closes).toEqual([]);
    mute = true;
    await eventually(() => expect(connections).toBeGreaterThan(1));
    expect(closes[0]).toBe(1);
  });

  it('ends with the client, or with its last listener', async () => {
    const { server, url } = await oldServer();
    const { client } = await listen(url);
    expect(server.clients.size).toBe(1);
    client.close();
    await eventually(() => expect(server.clients.size).toBe(0));
    const listener = () => {};
    const opened = new Promise<void>((resolve) => client.on('open', resolve));
    client.on('event', listener);
    await opened;
    expect(server.clients.size).toBe(1);
    client.off('event', listener);
    await eventually(() => expect(server.clients.size).toBe(0));
  });

  it('says what is wrong while it tries', async () => {
    const client = new SEMPClient('http://127.0.0.1:9', { backoff });
    onTestFinished(() => client.close());
    const errors: SynodError[] = [];
    client.on('error', (error) => errors.push(error)).on('event', () => {});
    await eventually(() => expect(errors.length).toBeGreaterThan(2));
    // As much as the socket at hand tells: that of the package `ws` the reason, a native one that it failed.
    const said = expect.stringMatching(/ECONNREFUSED|network error|connection failed/i);
    expect(errors[0]).toMatchObject({ code: 'NETWORK', message: said });
  });
});
