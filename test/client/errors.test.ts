import { describe, expect, it } from 'vitest';
import { errorOf } from '../../src/client/error.ts';
import { createClient, SynodError } from '../../src/client/index.ts';
import { serveAnonymous } from '../support/server.ts';

function reply(status: number, body: string, headers: Record<string, string> = {}) {
  return errorOf(new Response(body, { status, headers }), body);
}

describe('an error of the server', () => {
  it.each([
    ['problem details', 404, '{"title":"Not found","detail":"no such session","code":"NOT_FOUND"}', 'no such session'],
    ['a detail', 404, '{"detail":"Session not found"}', 'Session not found'],
    ['a message', 404, '{"message":"Not Found","code":"NOT_FOUND","request_id":"r-1"}', 'Not Found'],
    ['a code of another system', 404, '{"code":"ENTITY_NOT_FOUND","message":"gone","details":null}', 'gone'],
    ['a page of a proxy', 404, '<html>nothing here</html>', 'the server answered 404'],
    ['nothing', 404, '', 'the server answered 404'],
    ['JSON that is no object', 404, '[]', 'the server answered 404'],
  ])('is read from %s', (_, status, body, message) => {
    expect(reply(status, body)).toMatchObject({ name: 'SynodError', code: 'NOT_FOUND', status, message, retry: false });
  });

  it('brings its details and its request along, wherever they stand', () => {
    const list = [{ loc: ['body', 'x'], msg: 'wrong', type: 'value_error' }];
    expect(reply(422, JSON.stringify({ detail: list })).details).toEqual(list);
    expect(reply(422, JSON.stringify({ detail: 'x: wrong', errors: list })).details).toEqual(list);
    expect(reply(409, JSON.stringify({ message: 'no', details: { a: 1 } })).details).toEqual({ a: 1 });
    expect(reply(500, '{"message":"no","request_id":"r-1"}').requestId).toBe('r-1');
    expect(reply(500, '{}', { 'x-request-id': 'r-2' }).requestId).toBe('r-2');
  });

  it('tells how long to wait, in seconds or by a date', () => {
    expect(reply(503, '', { 'retry-after': '7' }).retryAfterMs).toBe(7_000);
    const date = new Date(Date.now() + 10_000).toUTCString();
    expect(reply(503, '', { 'retry-after': date }).retryAfterMs).toBeGreaterThan(8_000);
    expect(reply(503, '', { 'retry-after': new Date(0).toUTCString() }).retryAfterMs).toBe(0);
    expect(reply(503, '', { 'retry-after': 'soon' }).retryAfterMs).toBeUndefined();
  });

  it('has the code of the server in every dialect', async () => {
    const client = createClient((await serveAnonymous()).url);
    await expect(client.session.metrics({ id: 'nobody' })).rejects.toMatchObject({ code: 'NOT_FOUND', status: 404 });
    const event = { type: 'shout', scope: 's', trace_id: 't', agent_id: 'a', payload: {} } as unknown;
    const refused = client.events.create(event as Parameters<typeof client.events.create>[0]);
    await expect(refused).rejects.toMatchObject({ code: 'INVALID', message: 'Invalid event type' });
    await expect(client.embeddings({ model: 'any', input: 'x', dimensions: 7 })).rejects.toMatchObject({
      code: 'INVALID',
      details: [{ loc: ['body', 'dimensions'] }],
    });
    await expect(refused).rejects.toBeInstanceOf(SynodError);
  });
});
