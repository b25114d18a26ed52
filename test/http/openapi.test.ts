/** The OpenAPI document: structurally sound, complete, the same every time. */
import { expect, it } from 'vitest';
import { z } from 'zod';
import { createOpenApi, type OpenApi, type OpenApiOperation } from '../../src/http/openapi.ts';
import { OPERATIONS } from '../../src/operations/index.ts';
import { SOCKETS } from '../../src/operations/sockets.ts';
import { fake, serve } from './harness.ts';

const shared = z.object({ text: z.string() }).meta({ id: 'Memory' });
interface Tree {
  children: Tree[];
}
const tree: z.ZodType<Tree> = z.lazy(() => z.object({ children: z.array(tree) }));

const operations = [
  fake('POST', '/v1/run', {
    name: 'session.run',
    mutates: true,
    input: {
      body: z
        .object({
          message: z
            .string()
            .min(1)
            .transform((text) => text.trim()),
          when: z.date().optional(),
          vector: z.array(z.number()).optional(),
          count: z.int().default(5),
          special: z.custom<Map<string, string>>().optional(),
        })
        .refine(({ message }) => message !== 'x'),
    },
    output: z.object({ memory: shared, at: z.date(), size: z.number().transform(String) }),
    example: { body: { message: 'hi', session_id: '$session', vector: '$vector' } },
    owned: ['body.session_id'],
  }),
  fake('GET', '/v1/session/{id}/memories/{hash}', {
    input: {
      path: z.object({ id: z.string(), hash: z.string().length(32) }),
      query: z.object({ top_k: z.coerce.number().int().min(1).default(5) }).meta({ id: 'MemoryQuery' }),
    },
    output: shared,
    example: { path: { id: '$session', hash: '$hash' }, query: { top_k: 3 } },
    owned: ['path.id'],
  }),
  fake('DELETE', '/v1/session/{session}/memories/{h}', {
    input: { path: z.object({ session: z.string(), h: z.string() }) },
    http: { status: 204 },
  }),
  fake('DELETE', '/v1/entities/{key:path}', {
    input: { path: z.object({ key: z.string() }) },
    http: { aliases: ['/v1/literals/{key:path}'] },
  }),
  fake('POST', '/v1/tree', { input: { body: tree }, output: tree }),
  fake('POST', '/api/events', {
    name: 'events.create',
    dialect: 'sel',
    mutates: true,
    input: { body: z.object({ type: z.string() }) },
    http: { maxBodyBytes: 327_680 },
  }),
  fake('GET', '/api/events/scope/{scope}', {
    name: 'events.scope',
    dialect: 'sel',
    input: { path: z.object({ scope: z.string() }), query: z.object({ limit: z.int().max(1_000).default(1_000) }) },
  }),
  fake('GET', '/api/events/{id}', {
    name: 'events.get',
    dialect: 'sel',
    input: { path: z.object({ id: z.string().max(512) }) },
    owned: ['path.id'],
  }),
  fake('POST', '/api/v1/agents', {
    dialect: 'cellstate',
    input: { body: z.object({ name: z.string() }) },
    errors: [409],
  }),
  fake('GET', '/metrics', {
    dialect: 'synod',
    access: 'metrics',
    output: z.string().meta({ contentType: 'text/plain' }),
  }),
  fake('GET', '/v1/health', { access: 'open' }),
  fake('GET', '/v1/events', {
    input: { headers: z.object({ 'last-event-id': z.int().optional().describe('Where to go on.') }) },
  }),
];

const document = createOpenApi(operations, '1.2.3');
const all = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);
const get = (path: string, method: string): OpenApiOperation => document.paths[path]![method]!;

function visit(value: unknown, see: (key: string, value: unknown) => void): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    see(key, inner);
    visit(inner, see);
  }
}

it('every reference leads somewhere', () => {
  const references = new Set<string>();
  visit(document, (key, value) => key === '$ref' && references.add(String(value)));
  expect(references.size).toBeGreaterThan(5);
  for (const reference of references) {
    const target = reference
      .slice(2)
      .split('/')
      .reduce<unknown>((at, part) => (at as Record<string, unknown>)?.[part], document);
    expect(target, reference).toBeTypeOf('object');
  }
});

it('every operation has a name of its own, a summary, a tag and a success', () => {
  const names = all.map(({ operation }) => operation.operationId);
  expect(new Set(names).size).toBe(names.length);
  expect(names).toHaveLength(operations.length);
  for (const { operation } of all) {
    expect(operation.summary).not.toBe('');
    expect(document.tags.map(({ name }) => name)).toContain(operation.tags[0]);
    expect(Object.keys(operation.responses).some((status) => /^2\d\d$/.test(status))).toBe(true);
    for (const [status, response] of Object.entries(operation.responses)) {
      expect(status).toMatch(/^[2-5]\d\d$/);
      expect(response.description).not.toBe('');
    }
  }
});

it('every path parameter is declared once, required, and in the path', () => {
  for (const { path, operation } of all) {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const declared = operation.parameters.filter((parameter) => parameter.in === 'path');
    expect(declared.map(({ name }) => name)).toEqual(inPath);
    expect(declared.every(({ required, schema }) => required && typeof schema === 'object')).toBe(true);
    expect(path).not.toContain(':path');
  }
});

it('no two paths differ in parameter names only', () => {
  const shapes = Object.keys(document.paths).map((path) => path.replace(/\{\w+\}/g, '{}'));
  expect(new Set(shapes).size).toBe(shapes.length);
});

it('every security requirement names a scheme of the document', () => {
  const schemes = Object.keys(document.components.securitySchemes!);
  for (const { operation } of all) {
    for (const requirement of operation.security)
      expect(schemes).toEqual(expect.arrayContaining(Object.keys(requirement)));
  }
  expect(get('/v1/health', 'get').security).toEqual([]);
  expect(get('/metrics', 'get').security).toEqual([{ basic: [] }]);
  expect(get('/v1/run', 'post').security).toEqual([{ bearer: [] }, { apiKey: [] }]);
});

it('component names and schema keywords are those of JSON Schema 2020-12', () => {
  for (const name of Object.keys(document.components.schemas!)) expect(name).toMatch(/^[\w.-]+$/);
  visit(document, (key) => expect(['$defs', '$schema', 'definitions', 'nullable']).not.toContain(key));
});

it('refusals appear with the bodies that are really sent', () => {
  const run = get('/v1/run', 'post').responses;
  expect(Object.keys(run)).toEqual([
    '200',
    '401',
    '402',
    '403',
    '404',
    '409',
    '413',
    '415',
    '422',
    '429',
    '500',
    '503',
  ]);
  expect(run['422']!.content!['application/json']).toEqual({
    schema: {
      anyOf: [{ $ref: '#/components/schemas/CortexValidationError' }, { $ref: '#/components/schemas/CortexError' }],
    },
    examples: {
      INVALID: { value: { detail: [{ loc: ['body', 'message'], msg: 'Field required', type: 'missing' }] } },
      IDEMPOTENCY_REUSED: { value: { detail: 'Idempotency-Key was used for a different request' } },
    },
  });
  expect(run['429']!.headers).toHaveProperty('Retry-After');
  const cellstate = get('/api/v1/agents', 'post').responses;
  expect(Object.keys(cellstate['402']!.content!)).toEqual(['application/problem+json']);
  expect(cellstate['409']!.content!['application/json']!.example).toMatchObject({ code: 'STATE_CONFLICT' });
  expect(Object.keys(get('/metrics', 'get').responses['401']!.content!)).toEqual(['application/problem+json']);
});

it('refusals in sel are those of the operation, under the status they are sent with', () => {
  const sel = get('/api/events', 'post').responses;
  expect(sel['400']!.content).toEqual({
    'application/json': {
      schema: { $ref: '#/components/schemas/SelError' },
      example: {
        message: 'Validation error: type: Field required',
        code: 'INVALID',
        details: [{ loc: ['body', 'type'], msg: 'Field required', type: 'missing' }],
        request_id: expect.any(String),
      },
    },
  });
  const { 'application/json': own, 'application/problem+json': problem } = sel['422']!.content!;
  expect(own!.example).toMatchObject({ code: 'IDEMPOTENCY_REUSED' });
  expect(Object.keys(problem!.examples!)).toEqual(['INVALID', 'IDEMPOTENCY_REUSED']);
  expect(sel['409']!.content!['application/json']!.example).toMatchObject({ code: 'IDEMPOTENCY_IN_FLIGHT' });
  expect(sel['413']!.content!['application/json']!.example).toMatchObject({
    message: 'Request body is larger than 327680 bytes',
  });
  expect(get('/api/events/{id}', 'get').responses['400']!.content!['application/json']!.example).toMatchObject({
    message: 'Validation error: id: String should have at most 512 characters',
  });
  expect(get('/api/events/{id}', 'get').responses['404']!.content!['application/json']!.example).toMatchObject({
    message: 'Event not found',
  });
});

it('every example of problem details stands under its own status', () => {
  for (const { path, operation } of all) {
    for (const [status, { content }] of Object.entries(operation.responses)) {
      const { example, examples } = content?.['application/problem+json'] ?? {};
      const bodies = example === undefined ? Object.values(examples ?? {}).map(({ value }) => value) : [example];
      for (const body of bodies) expect([path, body]).toMatchObject([path, { status: Number(status) }]);
    }
  }
});

it('where an unknown name is an empty list, there is no 404, and a query is what can be wrong', () => {
  const { responses } = get('/api/events/scope/{scope}', 'get');
  expect(Object.keys(responses)).toEqual(['200', '400', '401', '402', '403', '422', '429', '500', '503']);
  expect(responses['400']!.content!['application/json']!.example).toMatchObject({
    message: expect.stringMatching(/^Validation error: limit: /),
    details: [{ loc: ['query', 'limit'] }],
  });
});

it('examples are values a reader could send', () => {
  const body = get('/v1/run', 'post').requestBody!;
  expect(JSON.stringify(document)).not.toContain('"$session"');
  expect(body.content['application/json']!.example).toMatchObject({
    message: 'hi',
    vector: [expect.any(Number), expect.any(Number), expect.any(Number)],
  });
  expect(body.description).toContain('shortened');
  const { parameters } = get('/v1/session/{id}/memories/{hash}', 'get');
  expect(parameters.map(({ name, example }) => [name, example])).toEqual([
    ['id', expect.stringMatching(/^[0-9a-f-]{36}$/)],
    ['hash', expect.stringMatching(/^[0-9a-f]{32}$/)],
    ['top_k', 3],
  ]);
});

it('headers are parameters like any other', () => {
  expect(get('/v1/events', 'get').parameters).toMatchObject([
    {
      name: 'Last-Event-Id',
      in: 'header',
      required: false,
      description: 'Where to go on.',
      schema: { type: 'integer' },
    },
  ]);
});

it('schemas say what may be sent and what comes back', () => {
  const schema = get('/v1/run', 'post').requestBody!.content['application/json']!.schema;
  expect(schema.required).toEqual(['message']);
  expect((schema.properties as Record<string, unknown>).count).toEqual({ default: 5, type: 'integer' });
  expect(get('/v1/run', 'post').parameters.map(({ name }) => name)).toEqual(['Idempotency-Key']);
  const memory = get('/v1/session/{id}/memories/{hash}', 'get').responses['200']!.content!['application/json']!.schema;
  expect(memory).toEqual({ $ref: '#/components/schemas/Memory' });
  expect(document.components.schemas).toHaveProperty('Memory', expect.objectContaining({ required: ['text'] }));
  expect(Object.keys(get('/metrics', 'get').responses['200']!.content!)).toEqual(['text/plain']);
  expect(get('/v1/session/{id}/memories/{hash}', 'delete').responses['204']!.content).toBeUndefined();
  expect(get('/v1/entities/{key}', 'delete')['x-aliases']).toEqual(['/v1/literals/{key:path}']);
});

it('an id may stand for one shape in requests and another in answers', () => {
  const both = z.object({ size: z.number().default(1) }).meta({ id: 'Both' });
  const op = fake('POST', '/v1/x', { input: { body: z.object({ both }) }, output: z.object({ both }) });
  const { schemas } = createOpenApi([op], '1').components;
  expect(schemas!.Both).not.toHaveProperty('required');
  expect(schemas!['post.v1.x.output.Both']).toMatchObject({ required: ['size'] });
});

it('answers may grow', () => {
  expect(get('/v1/run', 'post').responses['200']!.content!['application/json']!.schema).not.toHaveProperty(
    'additionalProperties',
  );
});

it('the same operations give the same document', () => {
  expect(JSON.stringify(createOpenApi(operations, '1.2.3'))).toBe(JSON.stringify(document));
});

it('is served to everybody, and describes itself', async () => {
  const { url } = await serve(operations);
  const response = await fetch(`${url}/openapi.json`);
  expect(response.headers.get('content-type')).toBe('application/json');
  const served = (await response.json()) as OpenApi;
  expect(served.openapi).toBe('3.1.0');
  expect(Object.keys(served.paths)).toEqual([...Object.keys(document.paths), '/openapi.json', '/docs']);
});

it('WebSockets are described with their dialect', () => {
  const { tags } = createOpenApi(OPERATIONS, '1.2.3');
  const said = (name: string) => tags.find((tag) => tag.name === name)!.description;
  for (const { dialect, paths, description } of Object.values(SOCKETS)) {
    for (const path of paths) expect(said(dialect)).toContain(`\`${path}\``);
    expect(said(dialect)).toContain(description);
  }
});
