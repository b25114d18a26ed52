/** `/api/graphql`: the shared environment as GraphQL. Subscriptions come over a WebSocket at the same path. */
import { z } from 'zod';
import { AppError } from '../../actors/errors.ts';
import { SDL } from '../graphql/sdl.ts';
import { kindOf } from '../http/issues.ts';
import { parseJson } from '../http/json.ts';
import { MAX_EVENT_BYTES } from './environment/shapes.ts';
import { operation } from './operation.ts';

/** An event, and the document that posts it. */
const MAX_REQUEST_BYTES = MAX_EVENT_BYTES + 32 * 1_024;

const map = z.record(z.string(), z.unknown());
const error = z.object({
  message: z.string(),
  path: z.array(z.union([z.string(), z.int()])).optional(),
  locations: z.array(z.object({ line: z.int(), column: z.int() })).optional(),
  extensions: map.optional(),
});

/** GraphQL clients look for the reason of a refusal here. */
export function alsoInErrors(body: object): object {
  const { message, ...extensions } = body as { message: string };
  return { errors: [{ message, extensions }] };
}

const shared = {
  dialect: 'sel',
  output: z.object({ data: map.nullish(), errors: z.array(error).optional(), extensions: map.optional() }),
  access: 'tenant',
  owned: [],
  errors: [406],
  alsoInErrors,
} as const;

const path = { path: '/api/graphql', aliases: ['/graphql'], status: 200 } as const;
const accept = z
  .string()
  .optional()
  .describe('`application/graphql-response+json` for statuses by the specification, `application/json` otherwise.');
const headers = z.object({ accept });

export const graphqlPost = operation({
  ...shared,
  name: 'graphql.post',
  summary: 'Ask or change the shared environment with GraphQL',
  description:
    'One query or mutation per request. Errors have a `code` in their `extensions`, the one REST answers with; one ' +
    'that would go away by itself is not kept under an `Idempotency-Key`, so the repetition runs again, and every ' +
    '`createEvent` of the document still takes effect once. Subscriptions: `graphql-transport-ws` at the same path.' +
    `\n\n\`\`\`graphql\n${SDL}\`\`\``,
  http: { method: 'POST', ...path, maxBodyBytes: MAX_REQUEST_BYTES },
  input: {
    headers,
    body: z.object({
      query: z.string(),
      operationName: z.string().nullish(),
      variables: map.nullish(),
      extensions: map.nullish(),
    }),
  },
  mutates: true,
  example: {
    body: {
      query: 'query GetEvents($scope: String) { events(limit: 10, scope: $scope) { id type scope trace_id payload } }',
      variables: { scope: 'ui.login' },
    },
  },
  run: (context, { body, headers }) =>
    context.services.graphql.answer({ method: 'POST', accept: headers.accept, params: body }, context),
});

export const graphqlGet = operation({
  ...shared,
  errors: [405, 406],
  name: 'graphql.get',
  summary: 'Ask the shared environment with GraphQL',
  description: 'Queries only; a mutation is refused with 405.',
  http: { method: 'GET', ...path },
  input: {
    headers,
    query: z.object({
      query: z.string(),
      operationName: z.string().optional(),
      variables: z.string().optional().describe('A JSON object.'),
      extensions: z.string().optional().describe('A JSON object.'),
    }),
  },
  mutates: false,
  example: { query: { query: '{ signals(min_strength: 0.3) { scope pattern strength } }' } },
  run: (context, { query: { query, operationName, variables, extensions }, headers }) => {
    const maps = { variables: mapOf('variables', variables), extensions: mapOf('extensions', extensions) };
    const params = { query, operationName, ...maps };
    return context.services.graphql.answer({ method: 'GET', accept: headers.accept, params }, context);
  },
});

/** @throws AppError INVALID */
function mapOf(name: string, text: string | undefined): Record<string, unknown> | null {
  if (text === undefined || text === '') return null;
  const value = parseJson(Buffer.from(text), ['query', name]);
  if (value === null || (typeof value === 'object' && !Array.isArray(value))) return value as Record<string, unknown>;
  const msg = `Input should be an object, found ${kindOf(value)}`;
  throw new AppError('INVALID', `${name}: ${msg}`, { details: [{ loc: ['query', name], msg, type: 'dict_type' }] });
}
