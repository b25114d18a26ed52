/** What a server writes down about its callers: enough to find a request, and nothing they said. */
import { expect, it } from 'vitest';
import { at } from '../support/client.ts';
import { marker, serve } from '../support/server.ts';

const shown = (log: readonly { level: string; fields: object; message: string }[]) =>
  log
    .filter(({ level }) => level !== 'debug')
    .map(
      ({ fields, message }) =>
        JSON.stringify(fields, (_key, value) =>
          value instanceof Error ? `${value.stack} ${JSON.stringify(value)}` : value,
        ) + message,
    )
    .join('\n');

it('holds no message, memory, entity, token or vector at info level', async () => {
  const server = await serve({ metricsUser: 'prom', metricsPassword: 'metrics-secret' });
  const ada = await server.as('ada');
  const word = marker();
  const id = await ada.create({ session_id: 'visible-id' });
  const { memory_hash } = await ada.turn(id, `${word} question`, `${word} answer`);
  await ada.run({ session_id: id, message: `${word} again`, response: `${word} inline` });
  await ada.context(id, { q: `${word} question` });
  await ada.ok('GET', at(id, `memories/${memory_hash}`));
  await ada.ok('POST', at(id, 'memory'), { embedding: await ada.embed(word), text: `${word} by hand` });
  await ada.ok('POST', at(id, 'entities'), { key: `${word}/key`, kind: 'path', value: `${word} value` });
  await ada.ok('GET', `${at(id, 'entities')}?q=${word}`);
  await ada.ok('DELETE', at(id, `entities/${word}/key`));
  await ada.ok('POST', at(id, 'trigger'), { keyword: word });
  const { state_dict } = await ada.export(id);
  await ada.ok('POST', at(id, 'import'), { state_dict });
  await ada.post(at(id, 'import'), { state_dict: { ...state_dict, turns: word } });
  await ada.post('/v1/run', { message: [word] });
  await ada.post('/v1/run', `{"message":"${word}`);
  await ada.post('/v1/store', { session_id: word, response: word });
  await ada.get(`/v1/metrics/${word}`);
  await ada.get(`/v1/nothing/${word}?token=${word}`);
  await ada.with({ authorization: `Bearer ${word}` }).get('/v1/metrics/x');
  await server.anonymous.with({ authorization: `Basic ${btoa('prom:metrics-secret')}` }).get('/metrics');
  const text = shown(server.log);
  const [, secret = ''] = ada.headers.authorization!.split(' ');
  for (const hidden of [word, secret, secret.split('.')[2]!, 'metrics-secret', memory_hash]) {
    expect(text).not.toContain(hidden);
  }
  expect(server.log.filter(({ message }) => message === 'request').length).toBeGreaterThan(20);
});

it('has one line a request, with its id, route, status, time and tenant', async () => {
  const server = await serve();
  const ada = await server.as('ada');
  const requestId = marker('req-');
  const reply = await ada.with({ 'x-request-id': requestId }).get('/v1/metrics/nobody');
  expect(reply.headers.get('x-request-id')).toBe(requestId);
  const lines = server.log.filter(({ fields }) => (fields as { requestId?: string }).requestId === requestId);
  expect(lines).toEqual([
    {
      level: 'info',
      message: 'request',
      fields: expect.objectContaining({
        requestId,
        method: 'GET',
        endpoint: '/v1/metrics/{id}',
        status: 404,
        ms: expect.any(Number),
        tenant: 'ada',
      }),
    },
  ]);
});

it('makes an id for a request that has none or a bad one, and says which in the answer and the log', async () => {
  const server = await serve();
  const ada = await server.as('ada');
  const ids = new Set<string | null>();
  for (const given of [{}, { 'x-request-id': 'spaces are bad' }, { 'x-request-id': 'x'.repeat(129) }]) {
    const reply = await ada.with(given as Record<string, string>).get('/v1/metrics/nobody');
    ids.add(reply.headers.get('x-request-id'));
  }
  expect(ids.size).toBe(3);
  const logged = server.log.map(({ fields }) => (fields as { requestId?: string }).requestId);
  for (const id of ids) {
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(logged).toContain(id);
  }
});

it('leaves the id of the request in the log of what it changed', async () => {
  const server = await serve();
  const ada = await server.as('ada');
  const requestId = marker('req-');
  const id = await ada.create();
  await ada.store({ session_id: id, response: 'x' }, { 'x-request-id': requestId });
  const records = server.running.runtime.system.records({ tenant: 'ada', after: 0, limit: 10 });
  expect(records.map(({ type, correlationId }) => [type, correlationId === requestId])).toEqual([
    ['synod.created', false],
    ['store', true],
  ]);
});
