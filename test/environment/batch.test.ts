/** Many events in one request: each its own result, their order, and what a repetition does. */
import { describe, expect, it } from 'vitest';
import type { SempEvent } from '../../src/environment/event.ts';
import { verifyChain } from '../../src/host/chain.ts';
import { serve, serveAnonymous, tempDir } from '../support/server.ts';
import { draft, signals, type Touch } from './wire.ts';

interface Result {
  readonly status: number;
  readonly event?: SempEvent & { readonly signals?: readonly Touch[]; readonly warnings?: readonly string[] };
  readonly message?: string;
  readonly code?: string;
}
interface Results {
  readonly results: readonly Result[];
}

const reward = (pattern: string, value: number, changes: object = {}) =>
  draft({ type: 'reward', payload: { pattern, value }, ...changes });
const listed = async (client: { ok<T>(method: string, path: string): Promise<T> }, path = '/api/events?limit=1000') =>
  (await client.ok<SempEvent[]>('GET', path)).map(({ id }) => id).reverse();

describe('a batch', () => {
  it('answers each in its place, and what is wrong with one is its own trouble', async () => {
    const { anonymous } = await serveAnonymous();
    const { results } = await anonymous.ok<Results>('POST', '/events/batch', {
      events: [
        draft({ payload: { action: 'x' } }),
        draft({ type: 'applause' }),
        draft({ scope: '' }),
        'nonsense',
        draft({ parent_ids: null }),
        draft({ payload: { big: 'x'.repeat(256 * 1024) } }),
        draft({ type: 'REWARD', payload: { action: 'x', value: 0.5 }, id: 'mine', timestamp: 'mine' }),
      ],
    });
    const message = (text: string) => ({ status: 400, message: `Validation error: ${text}`, code: 'INVALID' });
    expect(results).toEqual([
      { status: 201, event: expect.objectContaining({ type: 'proposal', payload: { action: 'x' } }) },
      message('Invalid event type'),
      message('scope: String should have at least 1 character'),
      message('body: Input should be an object, found a string'),
      message('parent_ids: Input should be a list, found null'),
      message('payload: at most 262144 bytes of JSON'),
      { status: 201, event: expect.objectContaining({ type: 'reward', parent_ids: [] }) },
    ]);
    expect(results[6]!.event!.id).not.toBe('mine');
    expect(await listed(anonymous)).toEqual([results[0]!.event!.id, results[6]!.event!.id]);
    expect(await signals(anonymous)).toMatchObject([{ pattern: 'x', strength: expect.closeTo(0.9, 3) }]);
  });

  it.each([
    ['a bare list', [draft()], 'The body should be an object {"events": […]}, found a list'],
    ['a text', '"x"', 'The body should be an object {"events": […]}, found a string'],
    ['nothing', '', 'body: Field required'],
    ['no list of events', { events: {} }, 'events: Input should be a list, found an object'],
  ])('that is %s is refused, and told what a batch is', async (_, body, why) => {
    const { anonymous } = await serveAnonymous();
    const reply = await anonymous.post('/api/events/batch', body);
    expect([reply.status, reply.body]).toMatchObject([400, { message: `Validation error: ${why}` }]);
  });

  it('stands in the log in its order, whichever signals it goes to', async () => {
    const { anonymous, running } = await serveAnonymous();
    const events = Array.from({ length: 300 }, (_, n) => reward(`p${(n * 7) % 13}`, 0.001, { scope: `s${n % 3}` }));
    const { results } = await anonymous.ok<Results>('POST', '/api/events/batch', { events });
    expect(await listed(anonymous)).toEqual(results.map(({ event }) => event!.id));
    expect(verifyChain(running.runtime.store, 'anonymous').faults).toEqual([]);
  });

  it('of a thousand for one signal and of a thousand for as many has every effect once', async () => {
    const { anonymous } = await serveAnonymous();
    const one = Array.from({ length: 1_000 }, () => reward('one', 0.0001));
    const first = await anonymous.ok<Results>('POST', '/api/events/batch', { events: one });
    expect(await listed(anonymous)).toEqual(first.results.map(({ event }) => event!.id));
    // 0.3 + 1,000 × 0.0001 × 1.2, less what little decays meanwhile.
    expect((await signals(anonymous))[0]!.strength).toBeCloseTo(0.42, 1);
    const many = Array.from({ length: 1_000 }, (_, n) => reward(`p${n}`, 0.5));
    const { results } = await anonymous.ok<Results>('POST', '/api/events/batch', { events: many, ordered: false });
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set([201]));
    expect(results.map(({ event }) => event!.payload.pattern)).toEqual(many.map((_, n) => `p${n}`));
    expect(await signals(anonymous)).toHaveLength(1_001);
  });

  it.each([true, false])(
    'lets an event that names no signal see what those before it did (ordered: %s)',
    async (ordered) => {
      const { anonymous } = await serveAnonymous();
      const { results } = await anonymous.ok<Results>('POST', '/api/events/batch?include=signals', {
        ordered,
        events: [
          draft({ payload: { action: 'x' }, trace_id: 't1' }),
          draft({ payload: { action: 'y' }, trace_id: 't2' }),
          draft({ type: 'reward', trace_id: 't1', payload: { value: 0.5 } }),
          draft({ type: 'penalty', trace_id: 't2', payload: { value: 0.1 } }),
        ],
      });
      const did = results.map(({ event }) =>
        event!.signals!.map(({ pattern, to }) => [pattern, Number(to.toFixed(2))]),
      );
      expect(did).toEqual([[['x', 0.3]], [['y', 0.3]], [['x', 0.9]], [['y', 0.2]]]);
    },
  );

  it('may be empty, and has at most a thousand', async () => {
    const { anonymous } = await serveAnonymous();
    expect(await anonymous.ok('POST', '/api/events/batch', { events: [] })).toEqual({ results: [] });
    const reply = await anonymous.post('/api/events/batch', { events: Array.from({ length: 1_001 }, () => draft()) });
    expect([reply.status, reply.body]).toEqual([
      400,
      expect.objectContaining({ message: 'Validation error: events: Input should have at most 1000 items' }),
    ]);
    expect(await listed(anonymous)).toEqual([]);
  });
});

describe('a repeated batch', () => {
  const events = [
    reward('x', 0.1),
    { nonsense: true },
    reward('y', 0.1),
    draft({ type: 'reward', payload: { value: 0.1 } }),
  ];

  it('is answered with the same bytes and has no second effect, also after a restart', async () => {
    const data = await tempDir();
    const key = { 'idempotency-key': 'again' };
    let first = '';
    for (const life of [1, 2]) {
      const server = await serve({ data, allowAnonymous: true });
      const { anonymous } = server;
      const reply = await anonymous.post('/api/events/batch', { events }, key);
      first ||= reply.text;
      expect([reply.status, reply.text]).toEqual([200, first]);
      expect(reply.headers.get('idempotent-replayed')).toBe(life === 1 ? null : 'true');
      expect(await listed(anonymous)).toHaveLength(3);
      await server.close();
    }
  });

  it('that lost its answer, or broke off in the middle, records only what is missing', async () => {
    const { anonymous, running } = await serveAnonymous();
    const { store } = running.runtime;
    const key = { 'idempotency-key': 'lost' };
    const [x, ...others] = events;
    const first = await anonymous.ok<Results>('POST', '/api/events/batch', { events: [x] }, key);
    // As if the process had died after the first event of a longer batch.
    await store.commit([{ op: 'del', table: 'replay', key: ['anonymous', 'http', 'lost'] }]);
    const second = await anonymous.ok<Results>('POST', '/api/events/batch', { events: [x, ...others] }, key);
    expect(second.results[0]).toEqual(first.results[0]);
    expect(second.results.map(({ status }) => status)).toEqual([201, 400, 201, 201]);
    await store.commit([{ op: 'del', table: 'replay', key: ['anonymous', 'http', 'lost'] }]);
    expect(await anonymous.ok('POST', '/api/events/batch', { events: [x, ...others] }, key)).toEqual(second);
    expect(await listed(anonymous)).toEqual(second.results.flatMap(({ event }) => (event ? [event.id] : [])));
    const [strongest] = await signals(anonymous);
    expect(strongest!.strength).toBeCloseTo(0.3 + 2 * 0.1 * 1.2, 3);
  });
});
