/** `Idempotency-Key` end to end: one effect, whatever was repeated, and whatever crashed in between. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at, type Client, type Reply, type RunBody, type StoreBody } from '../support/client.ts';
import { marker, openServer, serve, type TestServer, tempDir } from '../support/server.ts';

let server: TestServer;
let ada: Client;

beforeAll(async () => {
  server = await openServer();
  ada = await server.as('ada');
});
afterAll(() => server.close());

const keyed = (key: string) => ({ 'idempotency-key': key });
const revisionOf = async (id: string, { running }: TestServer = server) =>
  (await running.runtime.system.read({ tenant: 'ada', kind: 'session', id }))?.revision;

/** As if the process had died after the turn was committed and before its answer was kept. */
async function loseAnswer(key: string): Promise<void> {
  const { store } = server.running.runtime;
  expect(store.get('replay', ['ada', 'http', key])).toBeDefined();
  await store.commit([{ op: 'del', table: 'replay', key: ['ada', 'http', key] }]);
}

describe('the same key', () => {
  it('gives the same answer twice and takes effect once', async () => {
    const id = await ada.create();
    const key = marker();
    const body = { session_id: id, response: 'once' };
    const first = await ada.post<StoreBody>('/v1/store', body, keyed(key));
    const second = await ada.post<StoreBody>('/v1/store', body, keyed(key));
    expect([second.status, second.text]).toEqual([first.status, first.text]);
    expect([first, second].map(({ headers }) => headers.get('idempotent-replayed'))).toEqual([null, 'true']);
    expect(await ada.metrics(id)).toMatchObject({ interaction_count: 1 });
  });

  it('sent many times at once takes effect once; who comes too early is told to come back', async () => {
    const id = await ada.create();
    const key = marker();
    const body = { session_id: id, response: 'once' };
    const replies = await Promise.all(Array.from({ length: 12 }, () => ada.post('/v1/store', body, keyed(key))));
    const early = replies.filter(({ status }) => status === 409);
    const done = replies.filter(({ status }) => status === 200);
    expect(early.length + done.length).toBe(12);
    expect(done.length).toBeGreaterThan(0);
    expect(new Set(done.map(({ text }) => text)).size).toBe(1);
    for (const { headers } of early) expect(headers.get('retry-after')).toBe('1');
    expect(await ada.metrics(id)).toMatchObject({ interaction_count: 1 });
  });

  it('with another body, path or query is refused', async () => {
    const id = await ada.create();
    const key = marker();
    await ada.store({ session_id: id, response: 'this' }, keyed(key));
    const detail = [{ loc: ['body'], msg: 'Idempotency-Key was used for a different request', type: 'value_error' }];
    const other = await ada.post('/v1/store', { session_id: id, response: 'that' }, keyed(key));
    const elsewhere = await ada.post('/v1/run', { session_id: id, message: 'this' }, keyed(key));
    for (const reply of [other, elsewhere]) {
      expect(reply.status).toBe(422);
      expect([{ detail }, { detail: detail[0]!.msg }]).toContainEqual(reply.body);
    }
    expect(await ada.metrics(id)).toMatchObject({ interaction_count: 1 });
  });

  it('belongs to its caller: another tenant may use it too', async () => {
    const key = marker();
    const bob = await server.as('bob');
    const mine = await ada.run({ message: 'hello' }, keyed(key));
    const his = await bob.run({ message: 'hello' }, keyed(key));
    expect(his.session_id).not.toBe(mine.session_id);
    expect((await bob.get(`/v1/metrics/${mine.session_id}`)).status).toBe(404);
  });

  it.each(['', ' ', 'x'.repeat(257), 'ü'])(
    'must be visible ASCII of at most 256 characters: %j is not',
    async (key) => {
      const encoded = Buffer.from(key).toString('latin1');
      const reply = await ada.post('/v1/run', { message: 'hi' }, keyed(encoded));
      expect(reply.status).toBe(400);
    },
  );

  it('remembers a refusal that would be the same again', async () => {
    const key = marker();
    const body = { session_id: 'nobody', response: 'x' };
    const replies = [await ada.post('/v1/store', body, keyed(key)), await ada.post('/v1/store', body, keyed(key))];
    expect(replies.map(({ status }) => status)).toEqual([404, 404]);
  });

  it('still holds after a restart', async () => {
    const data = await tempDir();
    const keys = { key: server.config.key! };
    const first = await serve({ data, ...keys });
    const before = await first.as('ada');
    const key = marker();
    const made = await before.post<RunBody>('/v1/run', { message: 'hello' }, keyed(key));
    const stored = await before.post(
      '/v1/store',
      { session_id: made.body.session_id, response: 'x' },
      keyed(`${key}s`),
    );
    await first.close();
    const second = await serve({ data, ...keys });
    const after = await second.as('ada');
    expect((await after.post('/v1/run', { message: 'hello' }, keyed(key))).text).toBe(made.text);
    const again = await after.post('/v1/store', { session_id: made.body.session_id, response: 'x' }, keyed(`${key}s`));
    expect(again.text).toBe(stored.text);
    expect(second.running.runtime.system.count('session')).toBe(1);
  });
});

describe('a crash between effect and answer', () => {
  it('does not make a second session', async () => {
    for (const [path, body] of [
      ['/v1/run', { message: 'hello' }],
      ['/v1/session/create', {}],
    ] as const) {
      const key = marker();
      const first = await ada.post<{ session_id: string }>(path, body, keyed(key));
      const sessions = server.running.runtime.system.count('session');
      await loseAnswer(key);
      const again = await ada.post(path, body, keyed(key));
      expect([again.status, again.text]).toEqual([first.status, first.text]);
      expect(server.running.runtime.system.count('session')).toBe(sessions);
    }
  });

  it('does not store a turn twice, whichever way it came in', async () => {
    const id = await ada.create();
    await ada.run({ session_id: id, message: 'first question' });
    const inline = { session_id: id, message: 'second question', response: 'first answer' };
    const whole = { session_id: id, message: 'third question', response: 'third answer' };
    for (const [path, body] of [
      ['/v1/run', inline],
      ['/v1/store', { session_id: id, response: 'second answer' }],
      ['/v1/store', whole],
    ] as const) {
      const key = marker();
      const first = await ada.post(path, body, keyed(key));
      expect(first.status).toBe(200);
      const [revision, { checksum }] = [await revisionOf(id), await ada.export(id)];
      await loseAnswer(key);
      const again = await ada.post(path, body, keyed(key));
      expect([again.status, again.text]).toEqual([200, first.text]);
      expect([await revisionOf(id), (await ada.export(id)).checksum]).toEqual([revision, checksum]);
    }
    expect(await ada.metrics(id)).toMatchObject({ interaction_count: 3, total_memories: 3 });
  });

  it('does not repeat any other change', async () => {
    const id = await ada.create();
    const embedding = await ada.embed('billing');
    await ada.turn(id, 'q', 'a');
    const { state_dict } = await ada.export(id);
    const changes: readonly [string, string, unknown?][] = [
      ['POST', at(id, 'trigger'), { keyword: 'urgent' }],
      ['DELETE', at(id, 'trigger')],
      ['POST', at(id, 'anchor'), { embedding }],
      ['POST', at(id, 'memory'), { embedding, text: 'by hand' }],
      ['POST', at(id, 'entities'), { key: 'k', kind: 'path', value: 'v' }],
      ['DELETE', at(id, 'entities/k')],
      ['PUT', at(id, 'isolation'), { level: 'QUARANTINE' }],
      ['POST', at(id, 'isolation/release')],
      ['POST', at(id, 'import'), { state_dict }],
      ['DELETE', `/v1/session/${id}`],
    ];
    for (const [method, path, body] of changes) {
      const key = marker();
      const first: Reply = await ada.call(method, path, body, keyed(key));
      const revision = await revisionOf(id);
      await loseAnswer(key);
      const again = await ada.call(method, path, body, keyed(key));
      expect([again.status, again.text], `${method} ${path}`).toEqual([first.status, first.text]);
      expect(await revisionOf(id), `${method} ${path}`).toBe(revision);
    }
  });
});
