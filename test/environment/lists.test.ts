/** The lists of events: filters, pages, and what may be kept. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SempEvent } from '../../src/environment/event.ts';
import { encodePointer, keys } from '../../src/environment/index-rows.ts';
import { readHead } from '../../src/host/log.ts';
import type { Client } from '../support/client.ts';
import { openServer, serveAnonymous, type TestServer } from '../support/server.ts';
import { nextOf, post } from './wire.ts';

let server: TestServer;
let client: Client;
/** Oldest first. */
const posted: SempEvent[] = [];

/** What is posted: n is the place. */
const SCOPES = ['ui', 'ui.login', 'ui.login.form', 'api.users'];
const TYPES = ['proposal', 'ready', 'test', 'reward', 'penalty'];

beforeAll(async () => {
  server = await openServer({ allowAnonymous: true });
  client = server.anonymous;
  for (let n = 0; n < 60; n++) {
    posted.push(
      await post(client, {
        type: TYPES[n % TYPES.length],
        scope: SCOPES[n % SCOPES.length],
        trace_id: `t${n % 3}`,
        agent_id: `agent-${n % 2}`,
        payload: { n },
      }),
    );
  }
});
afterAll(() => server.close());

const list = async (path: string) =>
  (await client.ok<SempEvent[]>('GET', path)).map(({ payload }) => payload.n as number);
/** The places of those that pass, newest first. */
const wanted = (passes: (event: SempEvent, n: number) => boolean) =>
  posted.flatMap((event, n) => (passes(event, n) ? [n] : [])).reverse();

describe('filters', () => {
  it.each<[string, (event: SempEvent, n: number) => boolean]>([
    ['/api/events', () => true],
    ['/events', () => true],
    ['/api/events?type=reward', ({ type }) => type === 'reward'],
    ['/api/events?type=reward&type=PENALTY', ({ type }) => ['reward', 'penalty'].includes(type)],
    ['/api/events?agent_id=agent-1', ({ agent_id }) => agent_id === 'agent-1'],
    ['/api/events?trace_id=t2', ({ trace_id }) => trace_id === 't2'],
    ['/api/events?scope=ui', ({ scope }) => scope === 'ui'],
    ['/api/events?scope=ui.*', ({ scope }) => scope.startsWith('ui.')],
    ['/api/events?scope=**.login', ({ scope }) => scope === 'ui.login'],
    ['/api/events?scope=*', ({ scope }) => scope === 'ui'],
    ['/api/events?scope=ui.login&trace_id=t1&agent_id=agent-1&type=ready', (_, n) => n % 60 === 1],
    ['/api/events/scope/ui', ({ scope }) => scope === 'ui'],
    ['/events/scope/ui.login?trace_id=t0', ({ scope, trace_id }) => scope === 'ui.login' && trace_id === 't0'],
    ['/api/events/trace/t1?scope=ui.*', ({ scope, trace_id }) => trace_id === 't1' && scope.startsWith('ui.')],
    ['/api/events/trace/t1?type=test', ({ type, trace_id }) => trace_id === 't1' && type === 'test'],
    ['/api/events/scope/ui.*', () => false],
    ['/api/events/scope/nowhere', () => false],
    ['/api/events/trace/never', () => false],
    ['/api/events?scope=nowhere.*', () => false],
  ])('%s', async (path, passes) => {
    expect(await list(path)).toEqual(wanted(passes));
  });

  it('turn round with order=asc', async () => {
    expect(await list('/api/events?order=asc&scope=ui')).toEqual(wanted(({ scope }) => scope === 'ui').reverse());
    expect(await list('/api/events/trace/t0?order=asc&limit=2')).toEqual([0, 3]);
  });

  it('keep to what is before and after an event, in either order', async () => {
    const between = `before=${posted[50]!.id}&after=${posted[45]!.id}`;
    expect(await list(`/api/events?${between}`)).toEqual([49, 48, 47, 46]);
    expect(await list(`/api/events?${between}&order=asc`)).toEqual([46, 47, 48, 49]);
    expect(await list(`/api/events/scope/ui?${between}`)).toEqual([48]);
  });

  it.each([
    ['limit=0', 'limit: Input should be greater than or equal to 1'],
    ['limit=1001', 'limit: Input should be less than or equal to 1000'],
    ['limit=99999999999999999999', 'limit: Input should be less than or equal to 1000'],
    ['limit=-1e300', 'limit: Input should be greater than or equal to 1'],
    ['limit=1.5', 'limit: Input should be a valid integer, got a number with a fractional part'],
    ['limit=x', 'limit: Input should be a valid number, unable to parse string as a number'],
    ['type=applause', 'Invalid event type'],
    ['order=up', "order: Input should be 'asc' or 'desc'"],
    ['before=nothing', 'before: event "nothing" is not known'],
    ['after=seq:x', 'after: event "seq:x" is not known'],
    ['scope=a%00', 'scope: String should not contain a NUL character'],
    ['scope=', 'scope: String should have at least 1 character'],
  ])('refuse %s by name', async (query, message) => {
    const reply = await client.get(`/api/events?${query}`);
    expect([reply.status, reply.body]).toEqual([
      400,
      expect.objectContaining({ message: `Validation error: ${message}` }),
    ]);
  });
});

describe('pages', () => {
  /** Follows the links. */
  async function walk(first: string): Promise<{ all: number[]; sizes: number[] }> {
    const all: number[] = [];
    const sizes: number[] = [];
    for (let path: string | null = first; path !== null; ) {
      const reply = await client.get<SempEvent[]>(path);
      expect(reply.status, reply.text).toBe(200);
      const page = reply.body.map(({ payload }) => payload.n as number);
      all.push(...page);
      sizes.push(page.length);
      const next = nextOf(path, reply);
      expect(reply.headers.get('x-next-cursor') !== null).toBe(next !== null);
      path = next;
    }
    return { all, sizes };
  }

  it.each([
    ['/api/events?limit=7', () => true],
    ['/events?limit=7&order=asc', () => true],
    ['/api/events?limit=4&scope=ui.*', (event: SempEvent) => event.scope.startsWith('ui.')],
    ['/api/events/scope/api.users?limit=4', (event: SempEvent) => event.scope === 'api.users'],
    [
      '/events/trace/t1?limit=3&type=reward&type=test',
      ({ trace_id, type }: SempEvent) => trace_id === 't1' && ['reward', 'test'].includes(type),
    ],
  ] as const)('of %s together are the whole list, nothing twice', async (path, passes) => {
    const { all } = await walk(path);
    const whole = wanted(passes);
    expect(all).toEqual(path.includes('asc') ? [...whole].reverse() : whole);
  });

  it('end without a link where nothing is left', async () => {
    const reply = await client.get('/api/events?limit=1000');
    expect([reply.headers.get('link'), reply.headers.get('x-next-cursor')]).toEqual([null, null]);
  });

  it('go on from an id as well as from the cursor', async () => {
    const first = await client.get<SempEvent[]>('/api/events?limit=5');
    const cursor = first.headers.get('x-next-cursor')!;
    const byCursor = await list(`/api/events?limit=5&before=${encodeURIComponent(cursor)}`);
    expect(byCursor).toEqual(await list(`/api/events?limit=5&before=${first.body.at(-1)!.id}`));
    expect(byCursor).toEqual([54, 53, 52, 51, 50]);
  });

  it('are not moved by what is posted meanwhile', async () => {
    const own = await serveAnonymous();
    for (let n = 0; n < 6; n++) await post(own.anonymous, { payload: { n } });
    const first = await own.anonymous.get<SempEvent[]>('/api/events?limit=3');
    await post(own.anonymous, { payload: { n: 6 } });
    const second = await own.anonymous.get<SempEvent[]>(nextOf('/api/events', first)!);
    expect([...first.body, ...second.body].map(({ payload }) => payload.n)).toEqual([5, 4, 3, 2, 1, 0]);
  });

  it('may be empty when nothing fits for long, and then go on from where no event was shown', async () => {
    const { anonymous, running } = await serveAnonymous();
    const { id } = await post(anonymous, { agent_id: 'rare' });
    const { store } = running.runtime;
    // What stands in the index of 30,000 events of somebody else; none is ever read.
    const first = readHead(store, 'anonymous').seq + 1;
    const value = encodePointer({ actor: 'x', revision: 1, type: 'ready', scope: 's', trace: 't', agent: 'frequent' });
    await store.commit(
      Array.from({ length: 30_000 }, (_, n) => ({
        ...{ op: 'put' as const, table: 'index' as const },
        ...{ key: [...keys.event('anonymous'), first + n], value },
      })),
    );
    const path = '/api/events?agent_id=rare';
    const one = await anonymous.get<SempEvent[]>(path);
    expect([one.status, one.body]).toEqual([200, []]);
    const two = await anonymous.get<SempEvent[]>(nextOf(path, one)!);
    expect(two.body.map((event) => event.id)).toEqual([id]);
    expect(nextOf(path, two)).toBeNull();
  });

  it("do not begin at another tenant's event", async () => {
    const [ada, bob] = [await server.as('ada'), await server.as('bob')];
    const { id } = await post(ada);
    const reply = await bob.get(`/api/events?before=${id}`);
    expect([reply.status, (reply.body as { message: string }).message]).toEqual([
      400,
      `Validation error: before: event "${id}" is not known`,
    ]);
  });
});

describe('a list that is asked for again', () => {
  it('is 304 until something happens', async () => {
    const { anonymous } = await serveAnonymous();
    await post(anonymous);
    const first = await anonymous.get('/api/events');
    const etag = first.headers.get('etag')!;
    expect(first.headers.get('cache-control')).toBe('private, no-cache');
    for (const path of ['/api/events', '/events', '/api/events/scope/ui.login', '/api/events/trace/t?limit=3']) {
      for (const tag of [etag, etag.replace('W/', ''), `"x", ${etag}`, '*']) {
        const again = await anonymous.call('GET', path, undefined, { 'if-none-match': tag });
        expect([again.status, again.text, again.headers.get('etag')]).toEqual([304, '', etag]);
      }
    }
    const { id } = await post(anonymous, { payload: { later: true } });
    const changed = await anonymous.call<SempEvent[]>('GET', '/api/events', undefined, { 'if-none-match': etag });
    expect([changed.status, changed.body[0]!.id]).toEqual([200, id]);
    expect(changed.headers.get('etag')).not.toBe(etag);
  });

  it('is not taken for that of another life of the data with as many events', async () => {
    const tags = [];
    for (const life of [1, 2]) {
      const { anonymous } = await serveAnonymous();
      await post(anonymous, { payload: { life } });
      tags.push((await anonymous.get('/api/events')).headers.get('etag'));
    }
    expect(tags[0]).not.toBe(tags[1]);
  });

  it('of signals is never kept', async () => {
    expect((await client.get('/api/signals')).headers.get('cache-control')).toBe('no-store');
  });
});

it('shows 100 of 101 events, the newest first, and 101 of a scope and of a trace', async () => {
  const { anonymous } = await serveAnonymous();
  const ids: string[] = [];
  for (let n = 0; n < 101; n++) ids.unshift((await post(anonymous)).id);
  const shown = async (path: string) => (await anonymous.ok<SempEvent[]>('GET', path)).map(({ id }) => id);
  expect(await shown('/api/events')).toEqual(ids.slice(0, 100));
  expect(await shown('/api/events/scope/ui.login')).toEqual(ids);
  expect(await shown('/api/events/trace/t')).toEqual(ids);
  expect(new Set(ids).size).toBe(101);
});
