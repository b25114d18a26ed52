/** Inputs that do not fit their schemas are answered as FastAPI would answer them. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { AppError } from '../../actors/errors.ts';
import { createValidator } from '../../src/http/validation.ts';
import { fake, serve } from './harness.ts';

const body = z.object({
  message: z.string().min(1).max(5),
  count: z.int().min(1).max(10).default(1),
  factor: z.number().gt(0).lt(1).optional(),
  level: z.enum(['OPEN', 'FILTER']).optional(),
  vector: z.array(z.number()).min(2).max(3).optional(),
  flag: z.boolean().optional(),
  meta: z.record(z.string(), z.string()).optional(),
  only: z.literal('x').optional(),
  mixed: z.union([z.string(), z.array(z.string())]).optional(),
  even: z.number().multipleOf(2).optional(),
  word: z.string().regex(/^a+$/).optional(),
  id: z.uuid().optional(),
  strict: z.strictObject({}).optional(),
  worded: z.string({ error: 'Say a word' }).optional(),
  checked: z
    .number()
    .refine((value) => value === 7, 'Seven is wanted')
    .optional(),
});

const validate = createValidator(fake('POST', '/x', { input: { body } }));

function refusal(run: () => unknown): AppError {
  try {
    run();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

const detailsOf = (given: unknown) => refusal(() => validate({ params: {}, search: '', body: given })).details;

describe('a body', () => {
  it.each<[object, (string | number)[], string, string]>([
    [{ message: undefined }, ['message'], 'missing', 'Field required'],
    [{ message: 3 }, ['message'], 'string_type', 'Input should be a valid string'],
    [{ message: null }, ['message'], 'string_type', 'Input should be a valid string'],
    [{ message: '' }, ['message'], 'string_too_short', 'String should have at least 1 character'],
    [{ message: '123456' }, ['message'], 'string_too_long', 'String should have at most 5 characters'],
    [{ count: 0 }, ['count'], 'greater_than_equal', 'Input should be greater than or equal to 1'],
    [{ count: 11 }, ['count'], 'less_than_equal', 'Input should be less than or equal to 10'],
    [
      { count: 1.5 },
      ['count'],
      'int_from_float',
      'Input should be a valid integer, got a number with a fractional part',
    ],
    [{ factor: 0 }, ['factor'], 'greater_than', 'Input should be greater than 0'],
    [{ factor: 1 }, ['factor'], 'less_than', 'Input should be less than 1'],
    [{ factor: '1' }, ['factor'], 'float_type', 'Input should be a valid number'],
    [{ factor: Number.POSITIVE_INFINITY }, ['factor'], 'finite_number', 'Input should be a finite number'],
    [{ level: 'open' }, ['level'], 'enum', "Input should be 'OPEN' or 'FILTER'"],
    [{ only: 'y' }, ['only'], 'literal_error', "Input should be 'x'"],
    [{ vector: 'v' }, ['vector'], 'list_type', 'Input should be a valid list'],
    [{ vector: [1] }, ['vector'], 'too_short', 'Input should have at least 2 items'],
    [{ vector: [1, 2, 3, 4] }, ['vector'], 'too_long', 'Input should have at most 3 items'],
    [{ vector: [1, 'x'] }, ['vector', 1], 'float_type', 'Input should be a valid number'],
    [{ flag: 'true' }, ['flag'], 'bool_type', 'Input should be a valid boolean'],
    [{ meta: [] }, ['meta'], 'dict_type', 'Input should be a valid dictionary'],
    [{ mixed: 1 }, ['mixed'], 'string_type', 'Input should be a valid string or a valid list'],
    [{ mixed: ['a', 1] }, ['mixed', 1], 'string_type', 'Input should be a valid string'],
    [{ even: 3 }, ['even'], 'multiple_of', 'Input should be a multiple of 2'],
    [{ word: 'b' }, ['word'], 'string_pattern_mismatch', "String should match pattern '/^a+$/'"],
    [{ id: 'x' }, ['id'], 'uuid_parsing', 'Input should be a valid UUID'],
    [{ strict: { more: 1 } }, ['strict', 'more'], 'extra_forbidden', 'Extra inputs are not permitted'],
    [{ worded: 1 }, ['worded'], 'string_type', 'Say a word'],
    [{ checked: 6 }, ['checked'], 'value_error', 'Seven is wanted'],
  ])('%j is refused at %j as %s', (given, path, type, msg) => {
    expect(detailsOf({ message: 'hi', ...given })).toEqual([{ loc: ['body', ...path], msg, type }]);
  });

  it('that is absent is missing as a whole', () => {
    expect(detailsOf(undefined)).toEqual([{ loc: ['body'], msg: 'Field required', type: 'missing' }]);
  });

  it('that is a list is not an object', () => {
    expect(detailsOf([])).toEqual([{ loc: ['body'], msg: 'Input should be a valid dictionary', type: 'dict_type' }]);
  });

  it.each<[unknown, string, string]>([
    [[], 'dict_type', 'Input should be an object, found a list'],
    ['x', 'dict_type', 'Input should be an object, found a string'],
    [{ meta: null }, 'dict_type', 'Input should be an object, found null'],
    [{ vector: {} }, 'list_type', 'Input should be a list, found an object'],
  ])('is refused in the words of JSON where no client knows those of FastAPI: %j', (given, type, msg) => {
    const inJson = createValidator(fake('POST', '/x', { dialect: 'sel', input: { body: body.partial() } }));
    const { details } = refusal(() => inJson({ params: {}, search: '', body: given }));
    expect(details).toMatchObject([{ type, msg }]);
  });

  it('with thousands of problems is told about fifty', () => {
    const many = createValidator(fake('POST', '/x', { input: { body: z.array(z.string()) } }));
    const { details } = refusal(() => many({ params: {}, search: '', body: Array.from({ length: 5_000 }, () => 1) }));
    expect(details).toHaveLength(50);
  });

  it('is refused in a sentence that names the field, unless the schema brings its own', () => {
    const messageOf = (given: object) =>
      refusal(() => validate({ params: {}, search: '', body: { message: 'hi', ...given } })).message;
    expect(messageOf({ vector: [1, 'x'] })).toBe('vector.1: Input should be a valid number');
    expect(messageOf({ worded: 1 })).toBe('Say a word');
    expect(messageOf({ checked: 6 })).toBe('checked: Seven is wanted');
  });
});

describe('a query', () => {
  const query = z.object({
    q: z.string().optional(),
    limit: z.coerce.number().int().min(1).default(20),
    ratio: z.number().optional(),
    full: z.coerce.boolean().default(false),
    kinds: z.array(z.string()).optional(),
    sizes: z.array(z.number()).optional(),
  });
  const read = (search: string) =>
    createValidator(fake('GET', '/x', { input: { query } }))({ params: {}, search, body: undefined }).query;

  it.each<[string, object]>([
    ['', { limit: 20, full: false }],
    ['limit=5&ratio=.5&full=true', { limit: 5, ratio: 0.5, full: true }],
    ['full=false', { limit: 20, full: false }],
    ['full=0', { limit: 20, full: false }],
    ['limit=5&limit=6', { limit: 6, full: false }],
    ['kinds=a', { limit: 20, full: false, kinds: ['a'] }],
    ['kinds=a&kinds=b&sizes=1', { limit: 20, full: false, kinds: ['a', 'b'], sizes: [1] }],
    ['q=a+b%20c&unknown=1&__proto__=1', { limit: 20, full: false, q: 'a b c' }],
  ])('"%s" means what it says', (search, wanted) => expect(read(search)).toEqual(wanted));

  it.each<[string, (string | number)[], string]>([
    ['limit=', ['limit'], 'float_parsing'],
    ['limit=0x10', ['limit'], 'float_parsing'],
    ['limit=ten', ['limit'], 'float_parsing'],
    ['limit=0', ['limit'], 'greater_than_equal'],
    ['limit=1.5', ['limit'], 'int_from_float'],
    ['ratio=1e999', ['ratio'], 'finite_number'],
    ['full=maybe', ['full'], 'bool_parsing'],
    ['sizes=1&sizes=x', ['sizes', 1], 'float_parsing'],
  ])('"%s" is refused', (search, path, type) => {
    expect(refusal(() => read(search)).details).toMatchObject([{ loc: ['query', ...path], type }]);
  });
});

it('problems of path, query and body are told at once', async () => {
  const op = fake('POST', '/v1/x/{id}', {
    input: { path: z.object({ id: z.uuid() }), query: z.object({ n: z.number() }), body: z.object({ a: z.string() }) },
  });
  const { call } = await serve([op]);
  const response = await call('POST', '/v1/x/1?n=x', {});
  expect(response.status).toBe(422);
  const { detail } = (await response.json()) as { detail: { loc: unknown; type: string }[] };
  expect(detail.map(({ loc, type }) => [loc, type])).toEqual([
    [['path', 'id'], 'uuid_parsing'],
    [['query', 'n'], 'float_parsing'],
    [['body', 'a'], 'missing'],
  ]);
});

describe('headers', () => {
  const headers = z.object({ 'last-event-id': z.int().min(0).optional(), 'x-note': z.string().optional() });
  const op = fake('GET', '/v1/x', { input: { headers } });

  it('are read by name, whatever their case, and nobody else’s with them', async () => {
    const { call } = await serve([op]);
    const response = await call('GET', '/v1/x', undefined, { 'Last-Event-ID': '12', 'X-NOTE': 'a', other: 'b' });
    expect(await response.json()).toMatchObject({ headers: { 'last-event-id': 12, 'x-note': 'a' } });
    expect(await (await call('GET', '/v1/x')).json()).toMatchObject({ headers: {} });
  });

  it('that are wrong are named', async () => {
    const { call } = await serve([op]);
    const response = await call('GET', '/v1/x', undefined, { 'last-event-id': 'x' });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ detail: [{ loc: ['header', 'last-event-id'] }] });
  });
});
