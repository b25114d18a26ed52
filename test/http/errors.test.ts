/** Each dialect's clients get errors in their own shape, and nobody gets to see our bugs. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { AppError, type ErrorCode } from '../../actors/errors.ts';
import type { Dialect } from '../../src/operations/operation.ts';
import { fake, serve } from './harness.ts';

const paths: Record<Dialect, string> = { cortex: '/v1/x', sel: '/api/x', cellstate: '/api/v1/x', synod: '/x' };

async function fail(dialect: Dialect, error: unknown, accept = '*/*') {
  const run = async () => {
    throw error;
  };
  const server = await serve([fake('GET', paths[dialect], { dialect, run })]);
  const response = await server.call('GET', paths[dialect], undefined, { accept, 'x-request-id': 'r1' });
  return { ...server, response, body: (await response.json()) as unknown };
}

const invalid = () =>
  new AppError('INVALID', 'a: wrong', { details: [{ loc: ['body', 'a'], msg: 'wrong', type: 't' }] });

it('an operation may add to the bodies of its refusals, whatever refused it', async () => {
  const op = fake('POST', '/api/x', {
    dialect: 'sel',
    input: { body: z.object({ a: z.string() }) },
    alsoInErrors: (body) => ({ errors: [body] }),
  });
  const { call } = await serve([op]);
  const bodies = await Promise.all(
    [
      call('POST', '/api/x', {}, { 'x-request-id': 'r1' }),
      call('POST', '/api/x', '{', { 'x-request-id': 'r1' }),
      call('GET', '/api/x', undefined, { 'x-request-id': 'r1' }),
    ].map(async (response) => (await response).json() as Promise<Record<string, unknown>>),
  );
  expect(bodies.map(({ code }) => code)).toEqual(['INVALID', 'INVALID', 'METHOD_NOT_ALLOWED']);
  for (const { errors, ...body } of bodies) expect(errors).toEqual([body]);
});

describe('an error', () => {
  it.each<[Dialect, unknown, number, unknown]>([
    ['cortex', new AppError('NOT_FOUND', 'Session s1 not found'), 404, { detail: 'Session s1 not found' }],
    ['cortex', invalid(), 422, { detail: [{ loc: ['body', 'a'], msg: 'wrong', type: 't' }] }],
    ['cortex', new AppError('INVALID', 'no'), 422, { detail: [{ loc: ['body'], msg: 'no', type: 'value_error' }] }],
    ['cortex', new AppError('EXPIRED', 'renew'), 402, { detail: 'renew' }],
    [
      'sel',
      invalid(),
      400,
      {
        message: 'Validation error: a: wrong',
        code: 'INVALID',
        details: [{ loc: ['body', 'a'], msg: 'wrong', type: 't' }],
        request_id: 'r1',
      },
    ],
    ['sel', new AppError('CONFLICT', 'twice'), 409, { message: 'twice', code: 'CONFLICT', request_id: 'r1' }],
    ['sel', new Error('x'), 500, { message: 'Internal server error', code: 'INTERNAL', request_id: 'r1' }],
    [
      'cellstate',
      invalid(),
      400,
      { code: 'VALIDATION_FAILED', message: 'a: wrong', details: { errors: [expect.anything()] } },
    ],
    ['cellstate', new AppError('NOT_FOUND', 'no'), 404, { code: 'ENTITY_NOT_FOUND', message: 'no', details: null }],
    ['cellstate', new AppError('EXPIRED', 'old'), 401, { code: 'TOKEN_EXPIRED', message: 'old', details: null }],
    [
      'cellstate',
      new AppError('REFUSED', 'no', { details: { state: 'CLOSED' } }),
      409,
      { code: 'STATE_CONFLICT', message: 'no', details: { state: 'CLOSED' } },
    ],
    ['cellstate', new AppError('DEADLINE', 'slow'), 504, { code: 'TIMEOUT', message: 'slow', details: null }],
  ])('in %s is %s with status %i', async (dialect, error, status, wanted) => {
    const { response, body } = await fail(dialect, error);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(body).toEqual(wanted);
  });

  it.each<Dialect>(['cortex', 'sel', 'cellstate', 'synod'])(
    'is told as problem details in %s when asked for by name',
    async (dialect) => {
      const { response, body } = await fail(dialect, invalid(), 'application/problem+json, application/json');
      expect(response.status).toBe(422);
      expect(response.headers.get('content-type')).toBe('application/problem+json');
      expect(body).toEqual({
        type: 'urn:synod:error:invalid',
        title: 'Invalid',
        status: 422,
        detail: 'a: wrong',
        instance: 'urn:synod:request:r1',
        code: 'INVALID',
        errors: [{ loc: ['body', 'a'], msg: 'wrong', type: 't' }],
      });
    },
  );

  it('is told as problem details by our own operations', async () => {
    const { response, body } = await fail('synod', new AppError('UNAVAILABLE', 'starting'));
    expect(response.status).toBe(503);
    expect(body).toMatchObject({ type: 'urn:synod:error:unavailable', title: 'Unavailable', detail: 'starting' });
  });

  it.each<[ErrorCode, number | undefined, string | null]>([
    ['RATE_LIMITED', 1_200, '2'],
    ['RATE_LIMITED', 0, '1'],
    ['OVERLOADED', undefined, '1'],
    ['IDEMPOTENCY_IN_FLIGHT', undefined, '1'],
    ['QUARANTINED', undefined, null],
    ['CONFLICT', undefined, null],
  ])('%s after %s ms says Retry-After: %s', async (code, retryAfterMs, wanted) => {
    const { response } = await fail(
      'cortex',
      new AppError(code, 'later', retryAfterMs === undefined ? {} : { retryAfterMs }),
    );
    expect(response.headers.get('retry-after')).toBe(wanted);
  });

  it.each([new TypeError('secret'), 'secret', undefined, new AppError('INTERNAL', 'secret')])(
    'nobody expected keeps its text in the log: %s',
    async (thrown) => {
      const { response, body, log } = await fail('cortex', thrown);
      expect(response.status).toBe(500);
      expect(body).toEqual({ detail: 'Internal server error' });
      const line = log.find(({ level }) => level === 'error');
      expect(line?.fields).toMatchObject({ requestId: 'r1', endpoint: '/v1/x', err: thrown });
    },
  );
});

it('a 401 says how to authenticate', async () => {
  const { url } = await serve([fake('GET', '/v1/x'), fake('GET', '/metrics', { access: 'metrics' })]);
  const plain = await fetch(`${url}/v1/x`);
  expect([plain.status, plain.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
  expect(await plain.json()).toEqual({ detail: 'Missing license token' });
  const metrics = await fetch(`${url}/metrics`);
  expect([metrics.status, metrics.headers.get('www-authenticate')]).toEqual([
    401,
    'Basic realm="metrics", charset="UTF-8"',
  ]);
});

it('an answer that cannot be encoded is a bug like any other', async () => {
  const run = async () => ({ big: 1n });
  const { call } = await serve([fake('GET', '/v1/x', { run, output: z.unknown() })]);
  expect((await call('GET', '/v1/x')).status).toBe(500);
});
