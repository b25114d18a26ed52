/** Listeners that make mistakes, and who hears of them. */
import { once } from 'node:events';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { SEMPClient, type SempEvent, type SempEventInput, type SynodError } from '../../src/client/index.ts';
import { eventually } from '../support/eventually.ts';
import { eventFrame, oldServer } from './old-server.ts';

const backoff = { firstMs: 1, maxMs: 10 };

/** What a program prints from here on. */
function listenToConsole() {
  const said = vi.spyOn(console, 'error').mockImplementation(() => {});
  onTestFinished(() => said.mockRestore());
  return said;
}

/** A client of a server that sends what the test wants; `listen` is called before it connects. */
async function connected(listen: (client: SEMPClient) => void) {
  const { server, url } = await oldServer();
  const connection = once(server, 'connection') as Promise<[WebSocket]>;
  const client = new SEMPClient(url, { backoff });
  onTestFinished(() => client.close());
  const opened = new Promise<void>((resolve) => client.on('open', resolve));
  listen(client);
  const [socket] = await connection;
  await opened;
  return { client, server, socket, url };
}

const n = ({ payload }: SempEvent) => payload.n;

describe('a listener that fails', () => {
  it('keeps nothing from the others, nor from itself', async () => {
    const seen: Record<'throws' | 'rejects' | 'hears', unknown[]> = { throws: [], rejects: [], hears: [] };
    const errors: SynodError[] = [];
    const { socket } = await connected((client) =>
      client
        .on('event', (event) => {
          seen.throws.push(n(event));
          throw new RangeError('boom');
        })
        .on('event', async (event) => {
          seen.rejects.push(n(event));
          await null;
          throw 'late';
        })
        .on('event', (event) => seen.hears.push(n(event)))
        .on('error', (error) => errors.push(error)),
    );
    socket.send(eventFrame(1));
    socket.send(eventFrame(2));
    await eventually(() => expect(seen.hears).toEqual([1, 2]));
    expect(seen).toEqual({ throws: [1, 2], rejects: [1, 2], hears: [1, 2] });
    await eventually(() => expect(errors).toHaveLength(4));
    expect(errors[0]).toMatchObject({
      name: 'SynodError',
      code: 'LISTENER_FAILED',
      status: 0,
      retry: false,
      message: 'a listener of "event" failed: boom',
      cause: expect.any(RangeError),
    });
    expect(errors.map(({ cause }) => cause)).toContain('late');
  });

  it('costs no event of those that were held', async () => {
    const heard: unknown[] = [];
    const { server, socket } = await connected((client) =>
      client
        .on('error', () => {})
        .on('event', (event) => {
          heard.push(n(event));
          throw new Error('boom');
        }),
    );
    socket.send(eventFrame(1));
    await eventually(() => expect(heard).toEqual([1]));
    const again = once(server, 'connection') as Promise<[WebSocket]>;
    socket.terminate();
    const [next] = await again;
    for (const number of [2, 3, 4]) next.send(eventFrame(number));
    await eventually(() => expect(heard).toEqual([1, 2, 3, 4]));
  });

  it.each(['open', 'close', 'lagged'] as const)('of %s leaves the stream going', async (name) => {
    const heard: unknown[] = [];
    const errors: string[] = [];
    const { server, socket } = await connected((client) =>
      client
        .on(name, () => {
          throw new Error(`bad ${name}`);
        })
        .on('error', ({ message }) => errors.push(message))
        .on('event', (event) => heard.push(n(event))),
    );
    const again = once(server, 'connection') as Promise<[WebSocket]>;
    socket.send('{"type":"lagged","dropped":3}');
    socket.close();
    const [next] = await again;
    next.send(eventFrame(1));
    await eventually(() => expect(heard).toEqual([1]));
    expect(errors).toContain(`a listener of "${name}" failed: bad ${name}`);
  });

  it('is spoken of once on the console when nobody listens to errors', async () => {
    const said = listenToConsole();
    const boom = new Error('boom');
    const heard: unknown[] = [];
    const { socket } = await connected((client) =>
      client.on('event', (event) => {
        heard.push(n(event));
        throw n(event) === 3 ? Object.create(null) : boom;
      }),
    );
    for (const number of [1, 2, 3, 4]) socket.send(eventFrame(number));
    await eventually(() => expect(heard).toEqual([1, 2, 3, 4]));
    expect(said).toHaveBeenCalledTimes(2);
    expect(said.mock.calls[0]).toEqual([expect.stringContaining('a listener of "event" failed: boom'), boom]);
  });

  it('does not go round in circles when it is the one for errors', async () => {
    const said = listenToConsole();
    let calls = 0;
    const heard: string[] = [];
    const { socket } = await connected((client) =>
      client
        .on('event', () => {
          throw new Error('boom');
        })
        .on('error', () => {
          calls++;
          throw new Error('worse');
        })
        .on('error', async () => {
          throw new Error('worst');
        })
        .on('error', ({ message }) => heard.push(message)),
    );
    socket.send(eventFrame(1));
    socket.send(eventFrame(2));
    await eventually(() => expect(heard).toHaveLength(2));
    expect(calls).toBe(2);
    await eventually(() => expect(said).toHaveBeenCalledTimes(2));
    expect(said.mock.calls.map(([text]) => text)).toEqual([
      expect.stringContaining('a listener of "error" failed: worse'),
      expect.stringContaining('a listener of "error" failed: worst'),
    ]);
  });

  it('fills no log with ever new words', async () => {
    const said = listenToConsole();
    let count = 0;
    const { socket } = await connected((client) =>
      client.on('event', () => {
        throw new Error(`boom ${++count}`);
      }),
    );
    for (let number = 0; number < 300; number++) socket.send(eventFrame(number));
    await eventually(() => expect(count).toBe(300));
    expect(said.mock.calls.length).toBeLessThanOrEqual(101);
    expect(said.mock.calls.at(-1)![0]).toContain('nothing more is said');
  });

  it('hears nothing more once it has closed the client', async () => {
    const heard: unknown[] = [];
    const { client, server, socket } = await connected((client) =>
      client.on('event', (event) => {
        if (heard.push(n(event)) === 2) client.close();
      }),
    );
    socket.send(eventFrame(1));
    await eventually(() => expect(heard).toEqual([1]));
    const again = once(server, 'connection') as Promise<[WebSocket]>;
    socket.terminate();
    const [next] = await again;
    for (const number of [2, 3]) next.send(eventFrame(number));
    await eventually(() => expect(heard).toEqual([1, 2]));
    await eventually(() => expect(server.clients.size).toBe(0));
    expect(heard).toEqual([1, 2]);
    client.close();
  });
});

describe('a message that is none', () => {
  it.each(['{"type":"event"}', '{"type":"event","data":null}', '{"type":"event","data":{}}', '[]', 'null', '"event"'])(
    '%s is passed over',
    async (text) => {
      const heard: unknown[] = [];
      const { socket } = await connected((client) => client.on('event', (event) => heard.push(n(event))));
      socket.send(text);
      socket.send(eventFrame(1));
      await eventually(() => expect(heard).toEqual([1]));
    },
  );
});

describe('what cannot be listened to', () => {
  const client = new SEMPClient();
  const on = client.on.bind(client) as unknown as (...args: unknown[]) => unknown;
  const off = client.off.bind(client) as unknown as (...args: unknown[]) => unknown;
  const listener = () => {};

  it.each([['foo'], ['toString'], ['__proto__'], ['Event'], [undefined], [7]])('%s is no name', (name) => {
    const wanted = `there is nothing to listen to under ${JSON.stringify(name)}; there are event, open, close, error, lagged`;
    expect(() => on(name, listener)).toThrow(new TypeError(wanted));
    expect(() => off(name, listener)).toThrow(new TypeError(wanted));
  });

  it.each([
    [undefined, 'undefined'],
    [null, 'null'],
    ['listener', 'string'],
    [{}, 'object'],
  ])('%s is no listener', (value, found) => {
    const wanted = `on("event"): the listener must be a function, not ${found}`;
    expect(() => on('event', value)).toThrow(new TypeError(wanted));
  });
});

describe('an input that is none', () => {
  const client = new SEMPClient('http://127.0.0.1:9', { retries: 0 });

  it.each([
    [undefined, 'undefined'],
    [null, 'null'],
    ['proposal', 'a string'],
    [[{}], 'an array'],
  ])('%s is refused before anything is sent', async (value, found) => {
    const input = value as unknown as SempEventInput;
    const wanted = (name: string) => new TypeError(`${name}: the input must be an object, not ${found}`);
    await expect(client.createEvent(input)).rejects.toThrow(wanted('createEvent'));
    await expect(client.signal(input)).rejects.toThrow(wanted('signal'));
  });
});
