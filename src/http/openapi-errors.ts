/** The refusals of an operation as OpenAPI responses. Their example bodies come from the code that answers with them. */
import { AppError, type ErrorCode } from '../../actors/errors.ts';
import type { Dialect, Operation } from '../operations/operation.ts';
import { errorReply, PROBLEM_JSON, statusIn } from './errors.ts';
import type { Response } from './openapi.ts';
import type { JsonSchema } from './openapi-schemas.ts';

const text = { type: 'string' };

const DETAIL: JsonSchema = {
  type: 'object',
  required: ['loc', 'msg', 'type'],
  properties: {
    loc: { type: 'array', items: { type: ['string', 'integer'] } },
    msg: text,
    type: text,
  },
};

/** Bodies of errors, to be put among the document's schemas. */
export const errorComponents: Readonly<Record<string, JsonSchema>> = {
  ValidationDetail: DETAIL,
  CortexError: { type: 'object', required: ['detail'], properties: { detail: text } },
  CortexValidationError: {
    type: 'object',
    required: ['detail'],
    properties: { detail: { type: 'array', items: { $ref: '#/components/schemas/ValidationDetail' } } },
  },
  SelError: {
    type: 'object',
    required: ['message'],
    properties: {
      message: text,
      code: text,
      details: { type: 'array', items: { $ref: '#/components/schemas/ValidationDetail' } },
      request_id: text,
    },
  },
  CellstateError: {
    type: 'object',
    required: ['code', 'message', 'details'],
    properties: { code: text, message: text, details: { type: ['object', 'null'] } },
  },
  Problem: {
    type: 'object',
    required: ['type', 'title', 'status', 'detail', 'instance', 'code'],
    properties: {
      type: { type: 'string', format: 'uri' },
      title: text,
      status: { type: 'integer' },
      detail: text,
      instance: { type: 'string', format: 'uri' },
      code: text,
      errors: { type: 'array', items: { $ref: '#/components/schemas/ValidationDetail' } },
    },
  },
};

interface Sample {
  readonly means: string;
  readonly error: AppError;
}

const missing = { details: [{ loc: ['body', 'message'], msg: 'Field required', type: 'missing' }] };

const SAMPLES = {
  INVALID: sample('INVALID', 'The input does not have the wanted shape.', 'message: Field required', missing),
  MALFORMED: sample('MALFORMED', 'The input cannot be what it claims to be.', 'Checksum does not match'),
  UNAUTHENTICATED: sample('UNAUTHENTICATED', 'No credentials, or wrong ones.', 'Missing license token'),
  EXPIRED: sample('EXPIRED', 'The token was good once.', 'License expired, renew it'),
  FORBIDDEN: sample('FORBIDDEN', 'Without a token: a page or host name that is not allowed.', 'Origin not allowed'),
  NOT_FOUND: sample('NOT_FOUND', "It does not exist, or is somebody else's.", 'Session not found'),
  REFUSED: sample('REFUSED', 'The present state does not allow it.', 'Not possible in the present state'),
  IN_FLIGHT: sample('IDEMPOTENCY_IN_FLIGHT', 'The same request is still being answered.', 'Still being answered'),
  TOO_LARGE: sample('TOO_LARGE', 'The body is too large.', 'Request body is larger than 1048576 bytes'),
  MEDIA: sample('UNSUPPORTED_MEDIA_TYPE', 'The body is not plain JSON.', 'Send application/json'),
  LIMITED: sample('RATE_LIMITED', 'Too many requests.', 'Rate limit exceeded', { retryAfterMs: 1_000 }),
  INTERNAL: sample('INTERNAL', 'A bug; the log has the request id.', ''),
  UNAVAILABLE: sample('UNAVAILABLE', 'Not now; nothing was stored.', 'Not accepting requests', { retryAfterMs: 1_000 }),
  DEADLINE: sample('DEADLINE', 'No answer in time; whether it takes effect is unknown.', 'No answer in time'),
} as const satisfies Record<string, Sample>;

const BY_STATUS: ReadonlyMap<number, Sample> = new Map(
  Object.values(SAMPLES).map((entry): [number, Sample] => [entry.error.status, entry]),
).set(409, SAMPLES.REFUSED);

function sample(code: ErrorCode, means: string, message: string, options = {}): Sample {
  return { means, error: new AppError(code, message, options) };
}

const DIALECT_SCHEMA: Readonly<Record<Dialect, string>> = {
  cortex: 'CortexError',
  sel: 'SelError',
  cellstate: 'CellstateError',
  synod: 'Problem',
};

/** Responses by status, smallest first. */
export function errorResponses(operation: Operation): Readonly<Record<string, Response>> {
  const means = new Map<number, { sample: Sample; texts: Set<string> }>();
  for (const { status, sample } of refusals(operation)) {
    const entry = means.get(status) ?? { sample, texts: new Set<string>() };
    means.set(status, entry);
    entry.texts.add(sample.means);
  }
  return Object.fromEntries(
    [...means]
      .sort(([a], [b]) => a - b)
      .map(([status, { sample, texts }]) => [status, response(operation, sample.error, [...texts].join(' '))]),
  );
}

function refusals({ dialect, access, input, owned, mutates, http, errors }: Operation) {
  const samples: Sample[] = [];
  if (Object.keys(input).length > 0) samples.push(SAMPLES.INVALID);
  if (access !== 'open') samples.push(SAMPLES.UNAUTHENTICATED);
  if (access === 'tenant') samples.push(SAMPLES.EXPIRED, SAMPLES.FORBIDDEN, SAMPLES.LIMITED);
  if (owned.length > 0 || http.path.includes('{')) samples.push(SAMPLES.NOT_FOUND);
  if (mutates) samples.push(SAMPLES.IN_FLIGHT);
  if (input.body !== undefined) samples.push(SAMPLES.TOO_LARGE, SAMPLES.MEDIA);
  samples.push(SAMPLES.INTERNAL);
  if (access !== 'open') samples.push(SAMPLES.UNAVAILABLE);
  const common = samples.map((sample) => ({ status: statusIn(dialect, sample.error.code), sample }));
  // What the operation itself names is told by status, with its own sentence where the status is known.
  const own = (errors ?? []).map((status) => ({ status, sample: BY_STATUS.get(status) ?? SAMPLES.REFUSED }));
  return [...own, ...common];
}

function response({ dialect, alsoInErrors: also }: Operation, error: AppError, description: string): Response {
  const asked = (accept: string | undefined) =>
    JSON.parse(errorReply(error, { dialect, also, requestId: '7d1c9b5e', accept }).body as string) as unknown;
  const isList = dialect === 'cortex' && error.code === 'INVALID';
  const name = isList ? 'CortexValidationError' : DIALECT_SCHEMA[dialect];
  const problem = { schema: { $ref: '#/components/schemas/Problem' }, example: asked(PROBLEM_JSON) };
  const own = { schema: { $ref: `#/components/schemas/${name}` }, example: asked(undefined) };
  return {
    description,
    headers: {
      'X-Request-Id': { $ref: '#/components/headers/RequestId' },
      ...(error.retry ? { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } } : {}),
    },
    content: dialect === 'synod' ? { [PROBLEM_JSON]: problem } : { 'application/json': own, [PROBLEM_JSON]: problem },
  };
}
