/** One event, and those it follows from or that follow from it. */
import { expect, it } from 'vitest';
import type { SempEvent } from '../../src/environment/event.ts';
import type { Client } from '../support/client.ts';
import { serve, serveAnonymous } from '../support/server.ts';
import { post } from './wire.ts';

const named = async (client: Client, path: string) =>
  (await client.ok<SempEvent[]>('GET', path)).map(({ payload }) => payload.name);

/**
 * ```
 * a ← b ← d ← e        a, b and c also have a parent nobody knows
 * a ← c ← d
 * ```
 */
async function family(client: Client) {
  const add = async (name: string, ...parents: string[]) =>
    (await post(client, { payload: { name }, parent_ids: parents })).id;
  const a = await add('a', 'nobody');
  const b = await add('b', a, 'nobody', 'b');
  const c = await add('c', a, '');
  const d = await add('d', b, c);
  const e = await add('e', d);
  return { a, b, c, d, e };
}

it('an event is found by its id, on both paths', async () => {
  const { anonymous } = await serveAnonymous();
  const event = await post(anonymous, { parent_ids: ['x'], payload: { deep: [{ er: null }] } });
  expect(await anonymous.ok('GET', `/api/events/${event.id}`)).toEqual(event);
  expect(await anonymous.ok('GET', `/events/${event.id}`)).toEqual(event);
});

it.each(['', '/ancestors', '/descendants'])(
  'an unknown event is 404 with a message: /api/events/{id}%s',
  async (rest) => {
    const server = await serve();
    const [ada, bob] = [await server.as('ada'), await server.as('bob')];
    const { id } = await post(ada);
    for (const path of ['nothing', id]) {
      const reply = await bob.get<{ message: string }>(`/api/events/${path}${rest}`);
      expect([reply.status, reply.body.message]).toEqual([404, 'Event not found']);
    }
  },
);

it('lists of a scope named like an event are still lists', async () => {
  const { anonymous } = await serveAnonymous();
  const { id } = await post(anonymous, { scope: 'ancestors' });
  expect((await anonymous.ok<SempEvent[]>('GET', '/api/events/scope/ancestors'))[0]!.id).toBe(id);
  expect(await anonymous.ok('GET', '/api/events/trace/descendants')).toEqual([]);
});

it('ancestors are the nearest first, each once, unknown ones passed over', async () => {
  const { anonymous } = await serveAnonymous();
  const { a, e } = await family(anonymous);
  expect(await named(anonymous, `/api/events/${e}/ancestors`)).toEqual(['d', 'b', 'c', 'a']);
  expect(await named(anonymous, `/events/${a}/ancestors`)).toEqual([]);
});

it('descendants are the nearest first, the older ones before the younger', async () => {
  const { anonymous } = await serveAnonymous();
  const { a, e } = await family(anonymous);
  expect(await named(anonymous, `/api/events/${a}/descendants`)).toEqual(['b', 'c', 'd', 'e']);
  expect(await named(anonymous, `/events/${e}/descendants`)).toEqual([]);
});

it.each([
  ['ancestors?depth=1', ['d'], 'true'],
  ['ancestors?depth=2', ['d', 'b', 'c'], 'true'],
  ['ancestors?depth=3', ['d', 'b', 'c', 'a'], null],
  ['ancestors?limit=2', ['d', 'b'], 'true'],
  ['ancestors?limit=4', ['d', 'b', 'c', 'a'], null],
])('%s says whether it left any out', async (query, names, truncated) => {
  const { anonymous } = await serveAnonymous();
  const { e } = await family(anonymous);
  const reply = await anonymous.get<SempEvent[]>(`/api/events/${e}/${query}`);
  expect(reply.body.map(({ payload }) => payload.name)).toEqual(names);
  expect(reply.headers.get('x-truncated')).toBe(truncated);
});

it('many children come all, in order, also when they are more than one look', async () => {
  const { anonymous } = await serveAnonymous();
  const { id } = await post(anonymous);
  const events = Array.from({ length: 600 }, (_, name) => ({
    ...{ type: 'ready', scope: 's', trace_id: 't', agent_id: 'a' },
    ...{ parent_ids: [id], payload: { name, pattern: 'p' } },
  }));
  await anonymous.ok('POST', '/api/events/batch', { events });
  expect(await named(anonymous, `/api/events/${id}/descendants`)).toEqual(events.map(({ payload }) => payload.name));
});
