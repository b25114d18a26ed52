/** Posting one event: what comes back, what is refused, and what the strict mode adds. */
import { describe, expect, it } from 'vitest';
import type { SempEvent } from '../../src/environment/event.ts';
import { loadConfig } from '../../src/settings.ts';
import { serve, serveAnonymous, tempDir } from '../support/server.ts';
import { draft, post, signals, touches } from './wire.ts';

const UUID_4 = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

describe('an event', () => {
  it.each(['proposal', 'ready', 'test', 'reward', 'penalty'])('of type %s is 201, in either case', async (type) => {
    const { anonymous } = await serveAnonymous();
    for (const path of ['/api/events', '/events']) {
      const given = { ...draft({ type: type.toUpperCase() }), id: 'mine', timestamp: 'mine', more: 1 };
      const reply = await anonymous.post<SempEvent>(path, given);
      expect(reply.status).toBe(201);
      const { id, timestamp, ...rest } = reply.body;
      expect(rest).toEqual({ ...draft({ type }), parent_ids: [] });
      expect(id).toMatch(UUID_4);
      expect(new Date(timestamp).toISOString()).toBe(timestamp);
      expect(Math.abs(Date.parse(timestamp) - Date.now())).toBeLessThan(60_000);
    }
  });

  it('keeps parents, odd scopes and whatever is in its payload', async () => {
    const { anonymous } = await serveAnonymous();
    const given = {
      scope: 'a/b%20c?d#e é',
      trace_id: '…/%',
      agent_id: ' ',
      parent_ids: ['parent-uuid', '', 'parent-uuid'],
      payload: { n: 0.1 + 0.2, big: 1e300, nothing: null, list: [[], {}], text: '𝄞\u2028' },
    };
    const event = await post(anonymous, given);
    expect(event).toMatchObject(given);
    const byScope = await anonymous.ok('GET', `/api/events/scope/${encodeURIComponent(given.scope)}`);
    const byTrace = await anonymous.ok('GET', `/events/trace/${encodeURIComponent(given.trace_id)}`);
    expect([byScope, byTrace]).toEqual([[event], [event]]);
  });

  it.each<[string, object | string, string]>([
    ['a wrong type', draft({ type: 'applause' }), 'Invalid event type'],
    ['a type that is no text', draft({ type: 7 }), 'Invalid event type'],
    ['no type', draft({ type: undefined }), 'type: Field required'],
    ['no scope', draft({ scope: undefined }), 'scope: Field required'],
    ['an empty trace', draft({ trace_id: '' }), 'trace_id: String should have at least 1 character'],
    ['a long agent', draft({ agent_id: 'x'.repeat(513) }), 'agent_id: String should have at most 512 characters'],
    ['no payload', draft({ payload: undefined }), 'payload: Field required'],
    ['a null payload', draft({ payload: null }), 'payload: Input should be an object, found null'],
    ['a list for a payload', draft({ payload: [] }), 'payload: Input should be an object, found a list'],
    ['a text for a payload', draft({ payload: 'x' }), 'payload: Input should be an object, found a string'],
    ['too large a payload', draft({ payload: { x: 'x'.repeat(2 ** 18) } }), 'payload: at most 262144 bytes of JSON'],
    ['null parents', draft({ parent_ids: null }), 'parent_ids: Input should be a list, found null'],
    ['parents that are no texts', draft({ parent_ids: [1] }), 'parent_ids.0: Input should be a valid string'],
    [
      '257 parents',
      draft({ parent_ids: Array.from({ length: 257 }, String) }),
      'parent_ids: Input should have at most 256 items',
    ],
    ['NUL in its scope', draft({ scope: 'a\0b' }), 'scope: String should not contain a NUL character'],
    ['NUL in a parent', draft({ parent_ids: ['a', '\0'] }), 'parent_ids.1: String should not contain a NUL character'],
    ['bad JSON', '{"type": "proposal",', 'Invalid JSON'],
    ['a list around it', [draft()], 'body: Input should be an object, found a list'],
    ['no body', '', 'body: Field required'],
  ])('with %s is 400 and leaves no trace', async (_, body, sentence) => {
    const { anonymous } = await serveAnonymous();
    const reply = await anonymous.post<{ message: string }>('/api/events', body);
    expect([reply.status, reply.body.message]).toEqual([400, `Validation error: ${sentence}`]);
    expect(await anonymous.ok('GET', '/api/events')).toEqual([]);
  });

  it('is told all that is wrong with it beside the message', async () => {
    const { anonymous } = await serveAnonymous();
    const { body } = await anonymous.post('/api/events', { type: 'proposal', scope: 7 });
    expect(body).toMatchObject({
      message: 'Validation error: scope: Input should be a valid string',
      code: 'INVALID',
      details: [
        { loc: ['body', 'scope'] },
        { loc: ['body', 'trace_id'] },
        { loc: ['body', 'agent_id'] },
        { loc: ['body', 'payload'] },
      ],
    });
  });

  it.each([
    ['DELETE', '/api/events', 405],
    ['PUT', '/events', 405],
    ['GET', '/api/nowhere', 404],
    ['GET', '/events/a/b/c', 404],
  ])('%s %s is %i with a message', async (method, path, status) => {
    const { anonymous } = await serveAnonymous();
    const reply = await anonymous.call(method, path);
    expect([reply.status, reply.body]).toEqual([status, expect.objectContaining({ message: expect.any(String) })]);
  });

  it('may have the longest names and the most parents, written in escapes', async () => {
    const { anonymous } = await serveAnonymous();
    const name = '\u65e5'.repeat(512);
    const parents = Array.from({ length: 256 }, () => name);
    const event = draft({
      scope: name,
      trace_id: name,
      agent_id: name,
      parent_ids: parents,
      payload: { x: 'x'.repeat(262_000) },
    });
    const text = JSON.stringify(event).replaceAll('\u65e5', '\\u65e5');
    const { status, body } = await anonymous.post<SempEvent>('/api/events', text);
    expect([status, body.parent_ids.length, body.scope]).toEqual([201, 256, name]);
  });
});

describe('?include=', () => {
  it('signals tells what it did, and changes nothing else of the answer', async () => {
    const { anonymous } = await serveAnonymous();
    const [born] = await touches(anonymous, { payload: { action: 'x' } });
    expect(born).toEqual({ id: expect.stringMatching(UUID_4), scope: 'ui.login', pattern: 'x', from: 0, to: 0.3 });
    const [grown] = await touches(anonymous, { type: 'reward', payload: { action: 'x', value: 0.5 } });
    expect(grown).toMatchObject({ id: born!.id, from: expect.closeTo(0.3, 4), to: expect.closeTo(0.9, 4) });
    expect(await touches(anonymous, { type: 'penalty', scope: 'nothing.here' })).toEqual([]);
    expect(Object.keys(await post(anonymous))).not.toContain('signals');
  });

  it('warnings names parents that are no events', async () => {
    const { anonymous } = await serveAnonymous();
    const { id } = await post(anonymous);
    const warned = async (parent_ids: string[]) =>
      (await anonymous.ok<{ warnings: string[] }>('POST', '/api/events?include=warnings', draft({ parent_ids })))
        .warnings;
    expect(await warned([id])).toEqual([]);
    expect(await warned([id, 'x'])).toEqual(['parent_ids: event "x" is not known']);
  });

  it('anything else is refused', async () => {
    const { anonymous } = await serveAnonymous();
    expect((await anonymous.post('/api/events?include=everything', draft())).status).toBe(400);
  });
});

describe('an Idempotency-Key', () => {
  it('gives the same answer and no second effect, also after a restart and when the answer was lost', async () => {
    const data = await tempDir();
    const body = draft({ type: 'reward', payload: { action: 'x', value: 0.1 } });
    let first = '';
    for (const life of [1, 2, 3]) {
      const server = await serve({ data, allowAnonymous: true });
      const { anonymous, running } = server;
      if (life === 3) {
        await running.runtime.store.commit([{ op: 'del', table: 'replay', key: ['anonymous', 'http', 'k'] }]);
      }
      for (const _ of [1, 2]) {
        const reply = await anonymous.post('/api/events', body, { 'idempotency-key': 'k' });
        first ||= reply.text;
        expect([reply.status, reply.text]).toEqual([201, first]);
      }
      expect(await anonymous.ok('GET', '/api/events')).toHaveLength(1);
      const [signal] = await signals(anonymous);
      expect(signal!.strength).toBeCloseTo(0.42, 2);
      await server.close();
    }
  });

  it('used for another event is refused', async () => {
    const { anonymous } = await serveAnonymous();
    const key = { 'idempotency-key': 'k' };
    await anonymous.ok('POST', '/api/events', draft(), key);
    const reply = await anonymous.post('/api/events', draft({ scope: 'other' }), key);
    expect([reply.status, reply.body]).toEqual([
      422,
      expect.objectContaining({
        message: 'Idempotency-Key was used for a different request',
        code: 'IDEMPOTENCY_REUSED',
      }),
    ]);
  });
});

describe('the strict mode', () => {
  const { signals: settings } = loadConfig({ 'signal-strict': true }, {});

  it('is off by default: blank names and rewards below 0 come in, by their size', async () => {
    const { anonymous } = await serveAnonymous();
    await post(anonymous, { scope: ' ', trace_id: ' ', agent_id: '\t', payload: { action: 'x' } });
    const [touch] = await touches(anonymous, { type: 'reward', scope: ' ', payload: { action: 'x', value: -0.5 } });
    expect(touch!.to).toBeCloseTo(0.9, 3);
  });

  it('trims names', async () => {
    const { anonymous } = await serveAnonymous({ signals: settings });
    const event = await post(anonymous, { scope: ' ui ', trace_id: '\tt\n', agent_id: ' a' });
    expect(event).toMatchObject({ scope: 'ui', trace_id: 't', agent_id: 'a' });
  });

  it.each([
    [{ scope: ' ' }, 'scope: is blank'],
    [{ agent_id: '\n' }, 'agent_id: is blank'],
    [{ type: 'reward', payload: { value: -0.1 } }, 'payload.value: is -0.1, a reward wants at least 0'],
  ])('refuses %j, alone and in a batch', async (changes, sentence) => {
    const { anonymous } = await serveAnonymous({ signals: settings });
    const message = `Validation error: ${sentence}`;
    const alone = await anonymous.post('/api/events', draft(changes));
    expect([alone.status, alone.body]).toEqual([400, expect.objectContaining({ message })]);
    const { results } = await anonymous.ok<{ results: object[] }>('POST', '/api/events/batch', {
      events: [draft(changes), draft()],
    });
    expect(results).toEqual([{ status: 400, message, code: 'INVALID' }, expect.objectContaining({ status: 201 })]);
  });

  it('takes penalties of either sign, and tells unasked of unknown parents', async () => {
    const { anonymous } = await serveAnonymous({ signals: settings });
    expect(await post(anonymous, { type: 'penalty', payload: { value: -1 } })).not.toHaveProperty('warnings');
    expect(await post(anonymous, { parent_ids: ['x'] })).toMatchObject({
      parent_ids: ['x'],
      warnings: ['parent_ids: event "x" is not known'],
    });
  });
});
