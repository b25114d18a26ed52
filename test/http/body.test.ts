/** What a request body may be, and how one that may not is refused. */
import { connect, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { eventually } from '../support/eventually.ts';
import { fake, serve } from './harness.ts';

const echo = fake('POST', '/v1/echo', { input: { body: z.unknown() }, run: async (_, { body }) => ({ body }) });
const small = fake('POST', '/v1/small', { input: { body: z.unknown() }, http: { maxBodyBytes: 10 } });

const json = { 'content-type': 'application/json' };
const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);

describe('a body', () => {
  it.each<[string, string | Uint8Array, Record<string, string>, number, unknown]>([
    ['is JSON', '{"a":1}', json, 200, { body: { a: 1 } }],
    ['may name its charset', '[1]', { 'content-type': 'application/json; charset=utf-8' }, 200, { body: [1] }],
    ['may be a kind of JSON', '[1]', { 'content-type': 'application/merge-patch+json' }, 200, { body: [1] }],
    ['may begin with a byte order mark', '\ufeff[1]', json, 200, { body: [1] }],
    ['may be nested 100 deep', deep(100), json, 200, { body: JSON.parse(deep(100)) }],
    ['may hold brackets in strings', JSON.stringify('['.repeat(200)), json, 200, { body: '['.repeat(200) }],
    ['keeps constructor', '{"constructor":{"prototype":1}}', json, 200, { body: { constructor: { prototype: 1 } } }],
    ['keeps prototype', '{"prototype":{"constructor":1}}', json, 200, { body: { prototype: { constructor: 1 } } }],
    ['keeps __proto__ as a value', '["__proto__"]', json, 200, { body: ['__proto__'] }],
    ['keeps the largest number', '1.7976931348623157e308', json, 200, { body: Number.MAX_VALUE }],
    ['keeps the largest number in full', String(BigInt(Number.MAX_VALUE)), json, 200, { body: Number.MAX_VALUE }],
    ['keeps the smallest number', '[5e-324,1E+2]', json, 200, { body: [5e-324, 100] }],
    ['is not nested 101 deep', deep(101), json, 422, undefined],
    ['is not a bomb of brackets', '['.repeat(100_000), json, 422, undefined],
    ['has one byte order mark at most', '\ufeff\ufeff[1]', json, 422, undefined],
    ['is not broken', '{"a":', json, 422, undefined],
    ['is valid UTF-8', new Uint8Array([0x22, 0xff, 0x22]), json, 422, undefined],
    ['is not a form', 'a=1', { 'content-type': 'application/x-www-form-urlencoded' }, 415, undefined],
    ['is not text', '{}', { 'content-type': 'text/plain' }, 415, undefined],
    ['is not in another charset', '{}', { 'content-type': 'application/json; charset=latin1' }, 415, undefined],
    ['is not compressed', '{}', { ...json, 'content-encoding': 'gzip' }, 415, undefined],
  ])('%s', async (_, body, headers, status, answer) => {
    const { url } = await serve([echo]);
    const response = await fetch(`${url}/v1/echo`, { method: 'POST', headers: { 'x-api-key': 'a', ...headers }, body });
    expect(response.status).toBe(status);
    if (answer !== undefined) expect(await response.json()).toEqual(answer);
  });

  const notFinite = { msg: 'Input should be a finite number', type: 'finite_number' };
  const reserved = { msg: 'A key "__proto__" is not accepted', type: 'value_error' };
  it.each<[string, (string | number)[], string, { msg: string; type: string }]>([
    ['{"a":[{"__proto__":{"x":1}}]}', ['a', 0, '__proto__'], 'a.0.__proto__', reserved],
    ['{"__proto__":1}', ['__proto__'], '__proto__', reserved],
    ['{"\\u005F_proto__":1}', ['__proto__'], '__proto__', reserved],
    ['{"__\\u0070roto__":1}', ['__proto__'], '__proto__', reserved],
    ['{"a":{"b":1e999}}', ['a', 'b'], 'a.b', notFinite],
    ['[1,-1E+999]', [1], '1', notFinite],
    ['1e309', [], 'body', notFinite],
    [`{"a":[0,1${'0'.repeat(309)}]}`, ['a', 1], 'a.1', notFinite],
    [`1${'0'.repeat(309)}`, [], 'body', notFinite],
    [`{"a":1${'0'.repeat(300)}.0e10}`, ['a'], 'a', notFinite],
  ])('that could not be kept whole is refused by name: %.40s', async (body, path, named, problem) => {
    const { call } = await serve([echo]);
    const response = await call('POST', '/v1/echo', body);
    expect([response.status, await response.json()]).toEqual([
      422,
      { detail: [{ loc: ['body', ...path], ...problem }] },
    ]);
    const asProblem = await call('POST', '/v1/echo', body, { accept: 'application/problem+json' });
    expect(await asProblem.json()).toMatchObject({ detail: `${named}: ${problem.msg}` });
  });

  it('that is nested too deep is not called invalid', async () => {
    const { call } = await serve([fake('POST', '/api/echo', { ...echo, http: {}, dialect: 'sel' })]);
    const response = await call('POST', '/api/echo', `{"a":${deep(500)}}`);
    expect([response.status, await response.json()]).toMatchObject([
      400,
      {
        message: 'Validation error: JSON is nested deeper than 100 levels',
        details: [{ loc: ['body'], msg: 'JSON is nested deeper than 100 levels', type: 'value_error' }],
      },
    ]);
  });

  it.each([
    ['lists and objects', '[],', 250_001],
    ['values', '0,', 4_000_001],
    ['names', '{"a":1,"a":1,"a":1},', 200_000],
  ])(
    'of a few MiB and millions of %s is refused before it is parsed',
    { timeout: 30_000 },
    async (what, item, count) => {
      const large = fake('POST', '/v1/large', { input: { body: z.unknown() }, http: { maxBodyBytes: 2 ** 25 } });
      const { call } = await serve([large]);
      const response = await call('POST', '/v1/large', `[${item.repeat(count)}0]`);
      expect(response.status).toBe(422);
      expect(await response.text()).toMatch(new RegExp(`JSON has more than \\d+ ${what}`));
      expect((await call('POST', '/v1/large', JSON.stringify([item.repeat(count)]))).status).toBe(200);
    },
  );

  it('that is large waits for no other: beyond the room for them it is refused until one is over', async () => {
    const large = fake('POST', '/v1/large', { input: { body: z.unknown() }, http: { maxBodyBytes: 2 ** 27 } });
    const { port, raw, call } = await serve([large, echo]);
    const head = `POST /v1/large HTTP/1.1\r\nHost: x\r\nX-API-Key: a\r\nContent-Length: ${2 ** 27}\r\n\r\n{`;
    const slow = [1, 2].map(() =>
      connect(port, '127.0.0.1', function (this: Socket) {
        this.write(head);
      }),
    );
    onTestFinished(() => slow.forEach((socket) => void socket.destroy()));
    const chunked =
      'POST /v1/large HTTP/1.1\r\nHost: x\r\nX-API-Key: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\n[]\r\n0\r\n\r\n';
    await eventually(async () => expect(await raw(chunked)).toMatch(/^HTTP\/1.1 503 [\s\S]*Retry-After: 1\r\n/));
    expect((await call('POST', '/v1/echo', { a: 1 })).status).toBe(200);
    slow[0]!.destroy();
    await eventually(async () => expect(await raw(chunked)).toMatch(/^HTTP\/1.1 200 /));
  });

  it('is undefined when empty', async () => {
    const { call } = await serve([echo]);
    expect(await (await call('POST', '/v1/echo', '')).json()).toEqual({});
  });

  it('needs no content type', async () => {
    const { raw } = await serve([echo]);
    const head = 'POST /v1/echo HTTP/1.1\r\nHost: x\r\nX-API-Key: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\n';
    expect(await raw(`${head}[7]`)).toContain('{"body":[7]}');
  });

  it('that is not JSON is refused in the shape of FastAPI', async () => {
    const { call } = await serve([echo]);
    const response = await call('POST', '/v1/echo', '{');
    expect(await response.json()).toEqual({
      detail: [{ loc: ['body'], msg: 'JSON decode error', type: 'json_invalid' }],
    });
  });

  it('is not waited for when its length is announced and too large', async () => {
    const { raw } = await serve([small]);
    const head =
      'POST /v1/small HTTP/1.1\r\nHost: x\r\nX-API-Key: a\r\nConnection: close\r\nContent-Length: 99999999\r\n\r\n';
    expect(await raw(head)).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('is cut off at the limit when its length is not announced', async () => {
    const { raw } = await serve([small]);
    const head =
      'POST /v1/small HTTP/1.1\r\nHost: x\r\nX-API-Key: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n';
    expect(await raw(`${head}b\r\n"aaaaaaaaa"\r\n`)).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('that is far too large still gets to hear why', async () => {
    const { call } = await serve([small]);
    const response = await call('POST', '/v1/small', JSON.stringify('x'.repeat(5_000_000)));
    expect(response.status).toBe(413);
    expect(await response.json()).toEqual({ detail: 'Request body is larger than 10 bytes' });
  });

  it('without end and without length gets to hear why', async () => {
    const { url } = await serve([small]);
    const chunk = new Uint8Array(100_000).fill(0x20);
    let left = 50;
    const body = new ReadableStream({
      pull: (stream) => (left-- > 0 ? stream.enqueue(chunk) : stream.close()),
    });
    const headers = { 'x-api-key': 'a', 'content-type': 'application/json' };
    const response = await fetch(`${url}/v1/small`, { method: 'POST', headers, body, duplex: 'half' } as RequestInit);
    expect(response.status).toBe(413);
  });

  it('of a client that leaves is no error of ours', async () => {
    const { port, log, metrics } = await serve([echo]);
    const left = new Promise<void>((resolve) => {
      const original = metrics.observe;
      metrics.observe = (...labels) => {
        original(...labels);
        resolve();
      };
    });
    const socket = connect(port, '127.0.0.1', () => {
      socket.write('POST /v1/echo HTTP/1.1\r\nHost: x\r\nX-API-Key: a\r\nContent-Length: 100\r\n\r\n{"a"', () =>
        socket.destroy(),
      );
    });
    await left;
    await Promise.resolve();
    expect(log.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([]);
    expect(log.find(({ message }) => message === 'request')?.fields).toMatchObject({
      status: 499,
      endpoint: '/v1/echo',
    });
  });
});
