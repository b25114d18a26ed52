/** Names, payloads and parents nobody sends by accident: taken as they are and found again, or refused with a 400 or 413. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyChain } from '../../src/host/chain.ts';
import { Client, type Reply } from '../support/client.ts';
import { openServer, type TestServer } from '../support/server.ts';
import { auditIndex } from './audit.ts';
import { TENANT } from './live.ts';

interface Event {
  readonly id: string;
  readonly scope: string;
  readonly trace_id: string;
  readonly parent_ids: readonly string[];
  readonly payload: Readonly<Record<string, unknown>>;
}

let server: TestServer;
let client: Client;
beforeAll(async () => {
  server = await openServer({ allowAnonymous: true });
  client = new Client(server.url, {});
});
afterAll(async () => {
  const { store } = server.running.runtime;
  // Whatever came in, the books agree.
  expect(auditIndex(store, TENANT)).toEqual([]);
  expect(verifyChain(store, TENANT).faults).toEqual([]);
  expect(server.log.filter(({ level }) => level === 'error')).toEqual([]);
  await server.close();
});

const post = (changes: object): Promise<Reply<Event>> =>
  client.post<Event>('/api/events', {
    type: 'proposal',
    scope: 'abuse',
    trace_id: 'trace',
    agent_id: 'agent',
    payload: {},
    ...changes,
  });

const ROCKET = '\u{1f680}';

describe('a name', () => {
  it.each([
    ['with slashes', 'a/b//c'],
    ['with percent signs', '100%/%2F%zz'],
    ['that is a path upwards', '../../etc'],
    ['with dots and stars', '.*.**.'],
    ['with control characters', 'a\x01\x02\n\x7f'],
    ['of an emoji', ROCKET],
    ['that is the name of an index', 'scope'],
    ['that is a property of every object', '__proto__'],
    ['of 512 units in characters of four bytes', ROCKET.repeat(256)],
    ['of 512 characters of three bytes', '\u20ac'.repeat(512)],
    ['of 256 bytes', 'x'.repeat(256)],
    ['of 257 bytes', 'x'.repeat(257)],
    ['of a blank', ' '],
    ['that reads from right to left', '\u202eabc'],
  ])('%s is a scope, a trace, an agent, an action and a parent', async (_, name) => {
    const wanted = { scope: name, trace_id: name, agent_id: name, parent_ids: [name] };
    const { status, body, text } = await post({ ...wanted, payload: { action: name } });
    expect(status, text).toBe(201);
    expect(body).toMatchObject(wanted);
    for (const path of ['scope', 'trace']) {
      const { body: list } = await client.get<Event[]>(`/api/events/${path}/${encodeURIComponent(name)}`);
      expect(
        list.map(({ id }) => id),
        path,
      ).toEqual([body.id]);
    }
    const { body: signals } = await client.get<{ scope: string; pattern: string }[]>('/api/signals');
    const own = signals.filter(({ scope }) => scope === name);
    // A longer action is cut off at 256 units, between characters.
    expect(own.map(({ pattern }) => pattern)).toEqual([name.slice(0, 256)]);
    // Its own trace finds its signal again.
    const again = await post({ type: 'reward', ...wanted, parent_ids: [], payload: { value: 0.1 } });
    expect(again.status).toBe(201);
    const { body: after } = await client.get<{ scope: string; strength: number }[]>('/api/signals');
    expect(after.filter(({ scope }) => scope === name)).toHaveLength(1);
    expect(after.find(({ scope }) => scope === name)!.strength).toBeGreaterThan(0.4);
  });

  it.each([
    ['empty', ''],
    ['of 513 units', 'x'.repeat(513)],
    ['with a NUL', 'a\0b'],
    ['no text', 5],
    ['null', null],
  ])('%s is refused in each place', async (_, name) => {
    for (const place of ['scope', 'trace_id', 'agent_id', 'parent_ids']) {
      // The published validator takes any text for a parent, the empty one too.
      if (place === 'parent_ids' && name === '') continue;
      const { status, body, text } = await post({ [place]: place === 'parent_ids' ? [name] : name });
      expect(status, `${place}: ${text}`).toBe(400);
      expect(body).toMatchObject({ message: expect.stringMatching(/^Validation error: /) });
    }
  });
});

describe('parents', () => {
  it('may be 256, known and unknown and named twice; each counts once', async () => {
    const { body: root } = await post({ payload: { action: 'root' } });
    const unknown = Array.from({ length: 250 }, (_, n) => `nobody-${n}`);
    const parent_ids = [root.id, root.id, ...unknown, root.id, root.id, root.id, root.id];
    const { status, body } = await post({ type: 'reward', scope: 'abuse.far', parent_ids, payload: { value: 0.1 } });
    expect(status).toBe(201);
    expect(body.parent_ids).toEqual(parent_ids);
    const { body: signals } = await client.get<{ pattern: string; strength: number }[]>('/api/signals');
    const { strength } = signals.find(({ pattern }) => pattern === 'root')!;
    // 0.3 + 0.1 × 1.2, less what a second of decay takes.
    expect(strength).toBeLessThanOrEqual(0.42);
    expect(strength).toBeGreaterThan(0.41);
  });

  it('that touched 256 signals pass all of them on, and 257 parents are refused', async () => {
    const parent_ids: string[] = [];
    for (let n = 0; n < 256; n++) {
      parent_ids.push((await post({ scope: 'abuse.wide', payload: { action: `a${n}` } })).body.id);
    }
    const before = await strengths();
    const { status, body } = await post({ type: 'penalty', scope: 'abuse.far', parent_ids, payload: { value: 0.1 } });
    expect(status).toBe(201);
    const after = await strengths();
    expect(after.size).toBe(256);
    for (const [pattern, strength] of after) expect(before.get(pattern)! - strength, pattern).toBeCloseTo(0.1, 2);
    const more = await post({ parent_ids: [...parent_ids, body.id] });
    expect(more.status).toBe(400);
  });

  async function strengths(): Promise<Map<string, number>> {
    const { body } = await client.get<{ scope: string; pattern: string; strength: number }[]>('/api/signals');
    return new Map(body.filter(({ scope }) => scope === 'abuse.wide').map((one) => [one.pattern, one.strength]));
  }
});

describe('a payload', () => {
  const nested = (depth: number) => JSON.parse(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`) as object;

  it.each([
    ['numbers at the edge of what there is', { value: 1e308, α: 5e-324, alpha: -1e308, strength: 1e308 }],
    ['values that are no numbers', { value: '1', α: [], strength: {} }],
    ['names of every object', { constructor: 'x', toString: 1, hasOwnProperty: null, __defineGetter__: [] }],
    ['empty names', { '': { '': '' } }],
    ['an action that is no text', { action: { deep: [1, 2, { three: null }] } }],
    ['an action that is empty', { action: '' }],
    ['a target nobody knows', { targetSignalId: 'nobody', target_signal_id: '\0' }],
    ['a list of 10,000', { list: Array.from({ length: 10_000 }, (_, n) => n) }],
    ['50 levels', nested(50)],
  ])('of %s is kept as it is', async (_, payload) => {
    for (const type of ['reward', 'proposal', 'penalty', 'test', 'ready']) {
      const { status, body, text } = await post({ type, scope: 'abuse.payload', payload });
      expect(status, text).toBe(201);
      expect(body.payload).toEqual(payload);
      const { body: list } = await client.get<Event[]>('/api/events');
      expect(list[0]).toEqual(body);
    }
    const { body: signals } = await client.get<{ strength: number }[]>('/api/signals');
    for (const { strength } of signals) expect(strength >= 0.01 && strength <= 1, String(strength)).toBe(true);
  });

  it('of 256 KiB is kept however it is written, of more is refused with 400, of far more with 413', async () => {
    const payload = { text: '\u20ac'.repeat((256 * 1_024 - 64) / 3) };
    const { status, body } = await post({ scope: 'abuse.large', payload });
    expect(status).toBe(201);
    expect(body.payload).toEqual(payload);
    const escaped = '\\u20ac'.repeat(payload.text.length);
    const wire = `{"type":"ready","scope":"abuse.large","trace_id":"t","agent_id":"a","payload":{"text":"${escaped}"}}`;
    const again = await client.post<Event>('/api/events', wire);
    expect([again.status, again.body.payload]).toEqual([201, payload]);
    for (const [chars, wanted] of [
      [400_000, 400],
      [4_000_000, 413],
    ] as const) {
      const { status: tooLarge, body: refusal } = await post({ payload: { text: 'x'.repeat(chars) } });
      expect(tooLarge).toBe(wanted);
      expect(refusal).toMatchObject({ message: expect.stringContaining(wanted === 400 ? 'at most 262144 bytes' : '') });
    }
  });

  it.each([90, 94, 95, 96, 97, 98, 99, 100, 101, 1_000, 50_000])(
    'of %d levels is kept or refused, never a fault',
    async (depth) => {
      const body = `{"type":"proposal","scope":"abuse.deep","trace_id":"t","agent_id":"a","payload":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`;
      const { status, text } = await client.post('/api/events', body);
      expect([201, 400, 413], text.slice(0, 200)).toContain(status);
      const { status: read } = await client.get('/api/events/scope/abuse.deep');
      expect(read).toBe(200);
    },
  );

  it.each([
    ['__proto__', '{"__proto__":{"polluted":1}}', 'payload.__proto__: A key "__proto__" is not accepted'],
    ['1e999', '{"value":[1e999]}', 'payload.value.0: Input should be a finite number'],
  ])('with %s is refused, and told why', async (_, payload, why) => {
    const body = `{"type":"proposal","scope":"abuse.lost","trace_id":"t","agent_id":"a","payload":${payload}}`;
    const { status, body: answer } = await client.post('/api/events', body);
    expect([status, answer]).toMatchObject([400, { message: `Validation error: ${why}` }]);
    expect(await client.get('/api/events/scope/abuse.lost')).toMatchObject({ status: 200, body: [] });
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it('with keys that objects have by birth keeps them, and reaches no prototype', async () => {
    const text =
      '{"constructor":{"prototype":{"polluted":1},"name":"x"},"prototype":{"polluted":1},"toJSON":"x","then":1,' +
      '"valueOf":null,"toString":[],"hasOwnProperty":{},"action":"a"}';
    const payload = JSON.parse(text) as object;
    const event = await post({ scope: 'abuse.birth', payload });
    expect([event.status, event.body]).toMatchObject([201, {}]);
    const { body: list } = await client.get<Event[]>('/api/events/scope/abuse.birth');
    expect(list).toHaveLength(1);
    expect(JSON.stringify(list[0]!.payload)).toBe(text);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it('with half a surrogate pair is well formed when it comes back', async () => {
    const body =
      '{"type":"proposal","scope":"abuse.half","trace_id":"t","agent_id":"a","payload":{"action":"x\\ud83dy","\\ud83d":"\\udc00"}}';
    const { status, body: event } = await client.post<Event>('/api/events', body);
    expect(status).toBe(201);
    const { body: list } = await client.get<Event[]>('/api/events/scope/abuse.half');
    expect(list).toHaveLength(1);
    // What the answer says is what is on the disk.
    expect(list[0]).toEqual(event);
  });

  it.each([[[]], ['text'], [null], [5], [undefined]])('that is %j is refused', async (payload) => {
    expect((await post({ payload })).status).toBe(400);
  });
});
