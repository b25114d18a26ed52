/** The operations list as an OpenAPI 3.1 document; the same list gives the same document, byte for byte. */
import type { Dialect, Operation } from '../operations/operation.ts';
import { SOCKETS } from '../operations/sockets.ts';
import { mentionsVector, plausible, VECTOR_NOTE } from './examples.ts';
import { errorComponents, errorResponses } from './openapi-errors.ts';
import { createSchemas, type JsonSchema, type Schemas } from './openapi-schemas.ts';

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly description?: string;
  readonly schema: JsonSchema;
  readonly example?: unknown;
}

export interface Response {
  readonly description: string;
  readonly headers?: Readonly<Record<string, object>>;
  readonly content?: Readonly<Record<string, MediaType>>;
}

/** One body has an `example`, several have `examples` by name. */
export interface MediaType {
  readonly schema: JsonSchema;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

export interface OpenApiOperation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly parameters: readonly Parameter[];
  readonly requestBody?: {
    readonly required: boolean;
    readonly description?: string;
    readonly content: Readonly<Record<string, { readonly schema: JsonSchema; readonly example?: unknown }>>;
  };
  readonly responses: Readonly<Record<string, Response>>;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  /** Other paths with the same meaning. */
  readonly 'x-aliases'?: readonly string[];
}

export interface OpenApi {
  readonly openapi: '3.1.0';
  readonly jsonSchemaDialect: string;
  readonly info: { readonly title: string; readonly version: string; readonly summary: string };
  readonly tags: readonly { readonly name: Dialect; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, object>>>>;
}

const DIALECTS: Readonly<Record<Dialect, string>> = {
  cortex: 'Sessions, clusters, regions, the observer and the network: semantic memory for agents.',
  sel: 'Signals and events: coordination that fades.',
  cellstate: 'Trajectories, scopes, locks, delegations and handoffs: working state of agent teams.',
  synod: 'The runtime itself: health, figures, documentation, embeddings.',
};

const SECURITY: Readonly<Record<Operation['access'], OpenApiOperation['security']>> = {
  open: [],
  tenant: [{ bearer: [] }, { apiKey: [] }],
  metrics: [{ basic: [] }],
};

const IDEMPOTENCY_KEY: Parameter = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'A request repeated with the same key takes effect once and gets the same answer for 24 hours.',
  schema: { type: 'string', minLength: 1, maxLength: 256 },
};

/** Describes the operations. @throws TypeError when two of them have one name */
export function createOpenApi(operations: readonly Operation[], version: string): OpenApi {
  const schemas = createSchemas();
  const names = new Set<string>();
  const templates = new Map<string, string>();
  const paths: Record<string, Record<string, OpenApiOperation>> = {};

  for (const operation of operations) {
    if (names.has(operation.name)) throw new TypeError(`two operations are called ${operation.name}`);
    names.add(operation.name);
    const own = operation.http.path.replaceAll(':path}', '}');
    // `/a/{id}` and `/a/{session_id}` are one path to OpenAPI; whoever comes first names the parameters.
    const shape = own.replace(/\{\w+\}/g, '{}');
    const path = templates.get(shape) ?? own;
    templates.set(shape, path);
    const method = operation.http.method.toLowerCase();
    paths[path] = { ...paths[path], [method]: describe(operation, path, schemas) };
  }

  const used = new Set(operations.map(({ dialect }) => dialect));
  return {
    openapi: '3.1.0',
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    info: {
      title: 'Synod',
      version,
      summary: 'Durable, supervised, explainable memory and coordination for AI agents.',
    },
    tags: (Object.keys(DIALECTS) as Dialect[])
      .filter((name) => used.has(name))
      .map((name) => ({ name, description: describeDialect(name) })),
    paths,
    components: {
      schemas: { ...errorComponents, ...schemas.components() },
      headers: {
        RequestId: { description: 'Names this request in the log.', schema: { type: 'string' } },
        RetryAfter: { description: 'Whole seconds to wait.', schema: { type: 'integer', minimum: 1 } },
      },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
        basic: { type: 'http', scheme: 'basic', description: 'METRICS_USER and METRICS_PASSWORD.' },
      },
    },
  };
}

/** OpenAPI knows no WebSockets, so those of a dialect are described with its name. */
function describeDialect(dialect: Dialect): string {
  const sockets = Object.values(SOCKETS)
    .filter((socket) => socket.dialect === dialect)
    .map(({ paths, summary, description }) => `WebSocket \`${paths.join('`, `')}\`: ${summary}. ${description}`);
  return [DIALECTS[dialect], ...sockets].join('\n\n');
}

function describe(operation: Operation, path: string, schemas: Schemas): OpenApiOperation {
  const { name, summary, description, dialect, access, http, mutates } = operation;
  const body = requestBody(operation, schemas);
  return {
    operationId: name,
    summary,
    ...(description === undefined ? {} : { description }),
    tags: [dialect],
    parameters: [
      ...pathParameters(operation, path, schemas),
      ...parametersIn('query', operation, schemas),
      ...parametersIn('headers', operation, schemas),
      ...(mutates ? [IDEMPOTENCY_KEY] : []),
    ],
    ...(body === undefined ? {} : { requestBody: body }),
    responses: { [http.status]: success(operation, schemas), ...errorResponses(operation) },
    security: SECURITY[access],
    ...(http.aliases === undefined || http.aliases.length === 0 ? {} : { 'x-aliases': http.aliases }),
  };
}

function pathParameters({ name, http, input, example }: Operation, path: string, schemas: Schemas): Parameter[] {
  const shown = parameterNames(path);
  const known =
    input.path === undefined ? {} : properties(schemas.resolve(schemas.of(input.path, 'input', `${name}.path`)));
  const examples = (plausible(example.path) ?? {}) as Record<string, unknown>;
  return parameterNames(http.path).map(({ name: own, rest }, index) => ({
    name: shown[index]!.name,
    in: 'path',
    required: true,
    ...(rest ? { description: 'May contain slashes.' } : {}),
    schema: known[own] ?? { type: 'string' },
    ...(examples[own] === undefined ? {} : { example: examples[own] }),
  }));
}

function parametersIn(place: 'query' | 'headers', operation: Operation, schemas: Schemas): Parameter[] {
  const { name, input, example } = operation;
  const given = input[place];
  if (given === undefined) return [];
  const schema = schemas.resolve(schemas.of(given, 'input', `${name}.${place}`));
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  const examples = (place === 'query' ? (plausible(example.query) ?? {}) : {}) as Record<string, unknown>;
  return Object.entries(properties(schema)).map(([key, field]) => ({
    name: place === 'query' ? key : key.replace(/\b[a-z]/g, (letter) => letter.toUpperCase()),
    in: place === 'query' ? 'query' : 'header',
    required: required.has(key),
    ...(typeof field.description === 'string' ? { description: field.description } : {}),
    schema: field,
    ...(examples[key] === undefined ? {} : { example: examples[key] }),
  }));
}

function requestBody({ name, input, example }: Operation, schemas: Schemas): OpenApiOperation['requestBody'] {
  if (input.body === undefined) return undefined;
  const shown = plausible(example.body);
  const schema = schemas.of(input.body, 'input', `${name}.body`);
  return {
    required: !input.body.safeParse(undefined).success,
    ...(mentionsVector(example.body) ? { description: VECTOR_NOTE } : {}),
    content: { 'application/json': { schema, ...(shown === undefined ? {} : { example: shown }) } },
  };
}

function success({ name, http, output, summary }: Operation, schemas: Schemas): Response {
  const headers = { 'X-Request-Id': { $ref: '#/components/headers/RequestId' } };
  if (http.status === 204) return { description: summary, headers };
  const { contentType, ...schema } = schemas.of(output, 'output', `${name}.output`);
  const examples = schema.examples;
  const example: unknown = Array.isArray(examples) ? examples[0] : undefined;
  const type = typeof contentType === 'string' ? contentType : 'application/json';
  return {
    description: summary,
    headers,
    content: { [type]: { schema, ...(example === undefined ? {} : { example }) } },
  };
}

function parameterNames(path: string): { name: string; rest: boolean }[] {
  return [...path.matchAll(/\{(\w+)(:path)?\}/g)].map(([, name, rest]) => ({ name: name!, rest: rest !== undefined }));
}

function properties(schema: JsonSchema): Record<string, JsonSchema> {
  return (schema.properties ?? {}) as Record<string, JsonSchema>;
}
