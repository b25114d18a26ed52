/** The protocol under the subscriptions: who gets in, what ends a connection, and how much one may hold. */
import { once } from 'node:events';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { MAX_EVENT_BYTES } from '../../src/operations/environment/shapes.ts';
import { graphqlFront } from '../../src/ws/graphql.ts';
import type { Client } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { openServer, serve, serveAnonymous, type TestServer } from '../support/server.ts';
import { openFront, silentClient } from '../ws/door.ts';
import { refusal } from '../ws/listener.ts';
import { data, draft, nobodyListens, subscriber } from './ask.ts';
import { acked, raw as connect, EVENTS, init, subscribe } from './raw.ts';

let server: TestServer;
let ada: Client;
let token: string;

beforeAll(async () => {
  server = await openServer();
  ada = await server.as('ada');
  token = ada.headers.authorization!.replace('Bearer ', '');
});
afterAll(() => server.close());
beforeEach(() => nobodyListens(server));

/** A client without manners. */
const raw = (
  url: string,
  headers: Readonly<Record<string, string>> = ada.headers,
  ...more: [path?: string, protocol?: string | null]
) => connect(url, headers, ...more);

describe('a client gets in', () => {
  it.each(['/api/graphql', '/graphql', '/graphql/'])('at %s', async (path) => {
    const one = await raw(server.url, ada.headers, path);
    one.send(init());
    await one.until(acked);
  });

  it.each<[string, () => [Record<string, string>, string, object?]]>([
    ['a header', () => [{ authorization: `Bearer ${token}` }, '']],
    ['an API key', () => [{ 'x-api-key': token }, '']],
    ['the query', () => [{}, `?token=${token}`]],
    ['connectionParams.authorization', () => [{}, '', { authorization: `Bearer ${token}` }]],
    ['connectionParams.Authorization', () => [{}, '', { Authorization: `Bearer ${token}` }]],
    ['connectionParams.token', () => [{}, '', { token }]],
  ])('with a token in %s, as the tenant of the token', async (_name, given) => {
    const [headers, query, params] = given();
    const one = await raw(server.url, headers, `/api/graphql${query}`);
    one.send(init(params));
    await one.until(acked);
    const scope = `in.${_name}`;
    await ada.ok('POST', '/api/events', draft(scope, 'x'));
    one.send(subscribe('q', '{ events(limit: 1) { scope } }'));
    const { payload } = await one.until(({ type }) => type === 'next');
    expect(payload).toEqual({ data: { events: [{ scope }] } });
  });

  it('without a token in anonymous mode only', async () => {
    const open = await serveAnonymous();
    const one = await raw(open.url, {});
    one.send(init());
    await one.until(acked);
    const shut = await raw(server.url, {});
    shut.send(init());
    expect(await shut.closed).toEqual([4403, 'Missing license token']);
  });

  it('with a bad token neither in a header nor in a message', async () => {
    expect(await refusal(server.url, { authorization: 'Bearer junk' }, '/api/graphql')).toMatchObject({ status: 401 });
    for (const params of [{ token: 'junk' }, { authorization: 'Bearer a.b.c' }, { token: 7 }, {}]) {
      const one = await raw(server.url, {});
      one.send(init(params));
      expect((await one.closed)[0]).toBe(4403);
    }
  });

  it('from a foreign page not in anonymous mode, but with a token', async () => {
    const origin = 'https://evil.example';
    const open = await serveAnonymous();
    const one = await raw(open.url, { origin });
    one.send(init());
    const way = 'serve with --cors-origins to allow it';
    expect(await one.closed).toEqual([4403, `Origin ${origin} is not among the allowed origins; ${way}`]);
    const two = await raw(server.url, { origin });
    two.send(init({ token }));
    await two.until(acked);
  });

  it('while there are places, and is counted as who it turned out to be', async () => {
    const small = await serve({ maxStreamsPerTenant: 2 });
    const [hers, his] = [await small.as('ada'), await small.as('bob')];
    const enter = async (client: Client) => {
      const one = await raw(small.url, {});
      one.send(init({ authorization: client.headers.authorization! }));
      return { one, in: await Promise.race([one.until(acked).then(() => true), one.closed]) };
    };
    const first = [await enter(hers), await enter(hers)];
    expect(first.map((each) => each.in)).toEqual([true, true]);
    expect((await enter(hers)).in).toEqual([1013, '2 streams of this caller are open, no more may be']);
    expect((await enter(his)).in).toBe(true);
    expect((await refusal(small.url, hers.headers, '/graphql')).status).toBe(429);
    first[0]!.one.socket.close();
    await first[0]!.one.closed;
    await eventually(async () => expect((await enter(hers)).in).toBe(true));
  });
});

describe('a connection is closed', () => {
  const cases: [string, number, (object | string)[]][] = [
    ['for a message that is no JSON', 4400, ['{']],
    ['for one of an unknown type', 4400, [{ type: 'what' }]],
    ['for one without a query', 4400, [init(), { type: 'subscribe', id: '1', payload: {} }]],
    ['for one nested too deep', 4400, ['['.repeat(200) + ']'.repeat(200)]],
    ['for an empty one', 4400, ['']],
    ['for subscribing before it was let in', 4401, [subscribe('1')]],
    ['for two beginnings', 4429, [init(), init()]],
    ['for two operations of one id', 4409, [init(), subscribe('1'), subscribe('1')]],
  ];
  it.each(cases)('%s with %d', async (_name, code, messages) => {
    const one = await raw(server.url);
    // The beginning must be over before what relies on it.
    for (const message of messages) {
      one.send(message);
      if (code !== 4429 && typeof message === 'object' && 'type' in message && message.type === 'connection_init') {
        await one.until(acked);
      }
    }
    expect((await one.closed)[0]).toBe(code);
  });

  it('for binary frames with 4400', async () => {
    const one = await raw(server.url);
    one.socket.send(Buffer.from(JSON.stringify(init())));
    expect((await one.closed)[0]).toBe(4400);
  });

  it('when it does not begin with 4408', async () => {
    expect(await (await raw(server.url)).closed).toEqual([4408, 'Connection initialisation timeout']);
  });

  it('for another protocol or none with 4406', async () => {
    const one = await raw(server.url, ada.headers, '/api/graphql', null);
    expect((await one.closed)[0]).toBe(4406);
    const old = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-ws', {
      headers: { ...ada.headers },
    });
    onTestFinished(() => old.terminate());
    // Our side offers nothing; the client of the test ends it for that reason.
    const [error] = (await once(old, 'error')) as [Error];
    expect(error.message).toMatch(/subprotocol/);
  });

  it('for a message that is too large with 1009', async () => {
    const one = await raw(server.url);
    one.send('x'.repeat(2 * MAX_EVENT_BYTES));
    expect((await one.closed)[0]).toBe(1009);
  });
});

describe('a connection answers', () => {
  it('pings of the protocol and of WebSockets', async () => {
    const one = await raw(server.url);
    one.send({ type: 'ping', payload: { are: 'you there' } });
    expect(await one.until(({ type }) => type === 'pong')).toEqual({ type: 'pong', payload: { are: 'you there' } });
    one.socket.ping('hello');
    const [bytes] = (await once(one.socket, 'pong')) as [Buffer];
    expect(String(bytes)).toBe('hello');
  });

  it('to pings of the server, or is ended: that one and no other', async () => {
    const { url, port, door } = await openFront((options) => graphqlFront({ ...options, heartbeatMs: 500 }));
    const one = await raw(url, {});
    let pings = 0;
    one.socket.on('ping', () => pings++);
    one.send(init());
    await one.until(acked);
    const silent = await silentClient(port, '/graphql', 'graphql-transport-ws');
    const heard: Buffer[] = [];
    silent.on('data', (bytes: Buffer) => heard.push(bytes));
    expect(door.connections).toBe(2);
    await once(silent, 'close');
    // Without a goodbye: pings are all it was sent.
    expect(Buffer.concat(heard).toString('hex')).toMatch(/^(8900)+$/);
    await eventually(() => expect(pings).toBeGreaterThan(2));
    expect(door.connections).toBe(1);
  });

  it('queries, mutations and what is wrong with them, like HTTP', async () => {
    const { client } = subscriber(server, {}, ada.headers);
    const run = async (query: string, variables = {}) => (await client.iterate({ query, variables }).next()).value;
    expect(await run('{ __typename }')).toEqual({ data: { __typename: 'Query' } });
    expect(await run('{ events(limit: 0) { id } }')).toMatchObject({
      data: null,
      errors: [{ message: expect.stringMatching(/^Validation error: limit: /), extensions: { code: 'INVALID' } }],
    });
  });
});

describe('a connection holds no more than it may', () => {
  it('a hundred operations; one more is refused and the others go on', async () => {
    const one = await raw(server.url);
    one.send(init());
    await one.until(acked);
    one.send(...Array.from({ length: 101 }, (_, n) => subscribe(`s${n}`)));
    const { id, payload } = await one.until(({ type }) => type === 'error');
    expect(id).toBe('s100');
    expect(payload).toMatchObject([
      {
        message: '101 operations are under way on this connection, 100 allowed',
        extensions: { code: 'RATE_LIMITED' },
      },
    ]);
    await ada.ok('POST', '/api/events', draft('many', 'x'));
    await eventually(() => expect(one.heard.filter(({ type }) => type === 'next')).toHaveLength(100));
    one.send({ type: 'complete', id: 's7' }, subscribe('again'));
    await eventually(() => expect(server.running.runtime.system.subscribers).toBe(100));
  });

  it('ids of a reasonable length', async () => {
    const one = await raw(server.url);
    one.send(init());
    await one.until(acked);
    one.send(subscribe('x'.repeat(257)));
    expect((await one.until(({ type }) => type === 'error')).payload).toMatchObject([
      { message: 'The id has 257 characters, 256 allowed' },
    ]);
  });

  it('as many operations as requests: each takes from the same budget', async () => {
    const limited = await serve({ rateLimit: 'on' });
    const { headers } = await limited.as('ada', 'community');
    const one = await raw(limited.url, headers);
    one.send(init());
    await one.until(acked);
    one.send(...Array.from({ length: 120 }, (_, n) => subscribe(`q${n}`, '{ __typename }')));
    const { payload } = await one.until(({ type }) => type === 'error');
    expect(payload).toMatchObject([{ message: 'Rate limit exceeded', extensions: { code: 'RATE_LIMITED' } }]);
  });

  /** Largest number of bytes that wait in the server's sockets while something happens. */
  async function watched(of: TestServer, happens: () => Promise<void>): Promise<number> {
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, waitingBytes());
    }, 2);
    onTestFinished(() => clearInterval(watch));
    await happens();
    clearInterval(watch);
    return most;
    function waitingBytes(): number {
      // The active sockets of this process include the test's own; those only read.
      const handles = (
        process as unknown as { _getActiveHandles(): { writableLength?: number; localPort?: number }[] }
      )._getActiveHandles();
      const port = Number(new URL(of.url).port);
      return handles.reduce(
        (sum, { writableLength = 0, localPort }) => sum + (localPort === port ? writableLength : 0),
        0,
      );
    }
  }

  it('a slow subscriber of many subscriptions: what it does not read waits in the log, and comes', {
    timeout: 60_000,
  }, async () => {
    const one = await raw(server.url);
    one.send(init());
    await one.until(acked);
    one.send(...Array.from({ length: 20 }, (_, n) => subscribe(`s${n}`, EVENTS, { scope: 'slow' })));
    await eventually(() => expect(server.running.runtime.system.subscribers).toBe(20));
    one.socket.pause();
    const big = 'x'.repeat(100_000);
    const most = await watched(server, async () => {
      for (let n = 0; n < 40; n++)
        await ada.ok('POST', '/api/events', draft('slow', 'x', { payload: { action: 'x', big, n } }));
    });
    // Twenty times forty times 100,000 bytes were to be sent.
    expect(most).toBeLessThan(2 ** 20);
    one.socket.resume();
    await vi.waitFor(() => expect(one.heard.filter(({ type }) => type === 'next')).toHaveLength(800), {
      timeout: 40_000,
      interval: 20,
    });
    const order = one.heard
      .filter(({ id, type }) => type === 'next' && id === 's19')
      .map(
        ({ payload }) =>
          (payload as { data: { eventCreated: { payload: { n: number } } } }).data.eventCreated.payload.n,
      );
    expect(order).toEqual(Array.from({ length: 40 }, (_, n) => n));
  });

  it('a client that asks again and again and never reads', { timeout: 60_000 }, async () => {
    await ada.ok('POST', '/api/events', draft('big', 'x', { payload: { action: 'x', big: 'x'.repeat(200_000) } }));
    for (const message of [
      subscribe('q', '{ events(limit: 5, scope: "big") { payload } }'),
      { type: 'ping', payload: { text: 'x'.repeat(20_000) } },
    ]) {
      const one = await raw(server.url);
      one.send(init());
      await one.until(acked);
      one.socket.pause();
      const most = await watched(server, async () => {
        for (let n = 0; n < 2_000; n++) {
          one.send('payload' in message && message.type === 'subscribe' ? { ...message, id: `q${n}` } : message);
          if (n % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
        }
        await new Promise((resolve) => setTimeout(resolve, 300));
      });
      expect(most).toBeLessThan(2 ** 21);
      one.socket.terminate();
    }
    expect(await data(ada, '{ __typename }')).toEqual({ __typename: 'Query' });
  });
});

describe('a query that is cancelled before it was answered', () => {
  it('does not hold up the others', async () => {
    const one = await raw(server.url);
    one.send(init());
    await one.until(acked);
    for (let n = 0; n < 20; n++) {
      one.send(subscribe(`c${n}`, '{ events { id payload } }'), { type: 'complete', id: `c${n}` });
    }
    one.send(subscribe('last', '{ __typename }'));
    expect((await one.until(({ type, id }) => type === 'next' && id === 'last')).payload).toEqual({
      data: { __typename: 'Query' },
    });
  });
});
