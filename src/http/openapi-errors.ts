/** The refusals of an operation as OpenAPI responses. Their example bodies come from the code that answers with them. */
import { AppError, type AppErrorOptions, type ErrorCode } from '../../actors/errors.ts';
import type { Dialect, Operation } from '../operations/operation.ts';
import { errorReply, PROBLEM_JSON, statusIn } from './errors.ts';
import type { MediaType, Response } from './openapi.ts';
import type { JsonSchema } from './openapi-schemas.ts';
import { createValidator } from './validation.ts';

const JSON_TYPE = 'application/json';
/** Of a server nobody has set another limit for. */
const DEFAULT_BODY_BYTES = 1_048_576;

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

const SAMPLES = {
  MALFORMED: sample('MALFORMED', 'The input cannot be what it claims to be.', 'Checksum does not match'),
  UNAUTHENTICATED: sample('UNAUTHENTICATED', 'No credentials, or wrong ones.', 'Missing license token'),
  EXPIRED: sample('EXPIRED', 'The token was good once.', 'License expired, renew it'),
  FORBIDDEN: sample('FORBIDDEN', 'Without a token: a page or host name that is not allowed.', 'Origin not allowed'),
  NOT_FOUND: sample('NOT_FOUND', "It does not exist, or is somebody else's.", 'Session not found'),
  REFUSED: sample('REFUSED', 'The present state does not allow it.', 'Not possible in the present state'),
  METHOD: sample('METHOD_NOT_ALLOWED', 'The method cannot do this.', 'Method Not Allowed'),
  NOT_ACCEPTABLE: sample('NOT_ACCEPTABLE', 'No media type is accepted that there is.', 'Accept application/json'),
  REUSED: sample(
    'IDEMPOTENCY_REUSED',
    'The Idempotency-Key belongs to another request.',
    'Idempotency-Key was used for a different request',
  ),
  IN_FLIGHT: sample(
    'IDEMPOTENCY_IN_FLIGHT',
    'The same request is still being answered.',
    'A request with this Idempotency-Key is still being answered',
  ),
  MEDIA: sample('UNSUPPORTED_MEDIA_TYPE', 'The body is not plain JSON.', 'Send application/json'),
  LIMITED: sample('RATE_LIMITED', 'Too many requests.', 'Rate limit exceeded', { retryAfterMs: 1_000 }),
  INTERNAL: sample('INTERNAL', 'A bug; the log has the request id.', ''),
  UNAVAILABLE: sample('UNAVAILABLE', 'Not now; nothing was stored.', 'Not accepting requests', { retryAfterMs: 1_000 }),
  DEADLINE: sample('DEADLINE', 'No answer in time; whether it takes effect is unknown.', 'No answer in time'),
} as const satisfies Record<string, Sample>;

const BY_STATUS: ReadonlyMap<number, Sample> = new Map(
  Object.values(SAMPLES).map((entry): [number, Sample] => [entry.error.status, entry]),
).set(409, SAMPLES.REFUSED);

function sample(code: ErrorCode, means: string, message: string, options: AppErrorOptions = {}): Sample {
  return { means, error: new AppError(code, message, options) };
}

const DIALECT_SCHEMA: Readonly<Record<Dialect, string>> = {
  cortex: 'CortexError',
  sel: 'SelError',
  cellstate: 'CellstateError',
  synod: 'Problem',
};

/** What is answered with one status: the refusals, and their bodies by media type. */
interface Entry {
  readonly means: Set<string>;
  readonly bodies: Map<string, Map<ErrorCode, MediaType>>;
  retry: boolean;
}

/**
 * Responses by status, smallest first. Problem details stand under the status they are sent with, which in some dialects
 * is another one.
 */
export function errorResponses(operation: Operation): Readonly<Record<string, Response>> {
  const { dialect } = operation;
  const entries = new Map<number, Entry>();
  const add = (status: number, type: string, { error, means }: Sample) => {
    const entry = entries.get(status) ?? { means: new Set(), bodies: new Map(), retry: false };
    entries.set(status, entry);
    entry.means.add(means);
    entry.retry ||= error.retry;
    const bodies = entry.bodies.get(type) ?? new Map<ErrorCode, MediaType>();
    entry.bodies.set(type, bodies);
    if (!bodies.has(error.code)) bodies.set(error.code, body(operation, error, type));
  };
  for (const sample of refusals(operation)) {
    const { code, status } = sample.error;
    const own = statusIn(dialect, code);
    if (dialect !== 'synod') add(own, JSON_TYPE, sample);
    const asProblem = own === status ? sample : { ...sample, means: `As problem details: ${sample.means}` };
    add(status, PROBLEM_JSON, asProblem);
  }
  return Object.fromEntries([...entries].sort(([a], [b]) => a - b).map(([status, entry]) => [status, response(entry)]));
}

function refusals(operation: Operation): Sample[] {
  const { access, input, owned, mutates, errors } = operation;
  // What the operation itself names is told by status, with its own sentence where the status is known.
  const samples: Sample[] = (errors ?? []).map((status) => BY_STATUS.get(status) ?? SAMPLES.REFUSED);
  if (Object.keys(input).length > 0) samples.push(invalid(operation));
  if (access !== 'open') samples.push(SAMPLES.UNAUTHENTICATED);
  if (access === 'tenant') samples.push(SAMPLES.EXPIRED, SAMPLES.FORBIDDEN, SAMPLES.LIMITED);
  if (owned.length > 0) samples.push(SAMPLES.NOT_FOUND);
  if (mutates) samples.push(SAMPLES.REUSED, SAMPLES.IN_FLIGHT);
  if (input.body !== undefined) samples.push(tooLarge(operation), SAMPLES.MEDIA);
  samples.push(SAMPLES.INTERNAL);
  if (access !== 'open') samples.push(SAMPLES.UNAVAILABLE);
  return samples.map((entry) => (entry === SAMPLES.NOT_FOUND ? absent(operation) : entry));
}

/** What the operation says to the first of these it refuses: an empty body, a parameter that is empty or too long. */
function invalid(operation: Operation): Sample {
  const { path, query } = operation.input;
  const check = createValidator(operation);
  const named = (value: string) => Object.fromEntries(Object.keys(path?.shape ?? {}).map((key) => [key, value]));
  const params = named('x');
  const searches = Object.keys(query?.shape ?? {}).flatMap((key) => [`${key}=`, `${key}=${'x'.repeat(1_000)}`]);
  const { body: example, query: asked } = operation.example;
  const tries = [
    { params, search: '', body: operation.input.body === undefined ? undefined : {} },
    ...searches.map((search) => ({
      params,
      search: asked ? `${new URLSearchParams({ ...asked })}&${search}` : search,
      body: example,
    })),
    { params, search: '', body: [] },
    { params: named('x'.repeat(1_000)), search: '', body: example },
  ];
  for (const input of tries) {
    try {
      check(input);
    } catch (error) {
      if (error instanceof AppError) return { means: SHAPE, error };
      throw error;
    }
  }
  return sample('INVALID', SHAPE, 'Value error');
}

const SHAPE = 'The input does not have the wanted shape.';

function tooLarge({ http }: Operation): Sample {
  const message = `Request body is larger than ${http.maxBodyBytes ?? DEFAULT_BODY_BYTES} bytes`;
  return sample('TOO_LARGE', 'The body is too large.', message);
}

/** By what the operation's name says it is about. */
function absent({ name, dialect }: Operation): Sample {
  if (dialect !== 'sel') return SAMPLES.NOT_FOUND;
  const noun = name.replace(/s?\..*$/, '');
  const message = `${noun.charAt(0).toUpperCase()}${noun.slice(1)} not found`;
  return sample('NOT_FOUND', SAMPLES.NOT_FOUND.means, message);
}

function body({ dialect, alsoInErrors: also }: Operation, error: AppError, type: string): MediaType {
  const accept = type === PROBLEM_JSON ? type : undefined;
  const { body: text } = errorReply(error, { dialect, also, requestId: '7d1c9b5e', accept });
  const name = dialect === 'cortex' && error.code === 'INVALID' ? 'CortexValidationError' : DIALECT_SCHEMA[dialect];
  const schema = { $ref: `#/components/schemas/${type === PROBLEM_JSON ? 'Problem' : name}` };
  return { schema, example: JSON.parse(text as string) as unknown };
}

function response({ means, bodies, retry }: Entry): Response {
  return {
    description: [...means].join(' '),
    headers: {
      'X-Request-Id': { $ref: '#/components/headers/RequestId' },
      ...(retry ? { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } } : {}),
    },
    content: Object.fromEntries([...bodies].map(([type, byCode]) => [type, merged(byCode)])),
  };
}

/** One body as it is; of several all the shapes, and each under its code. */
function merged(byCode: ReadonlyMap<ErrorCode, MediaType>): MediaType {
  const all = [...byCode.values()];
  const [first] = all;
  if (all.length === 1) return first!;
  const schemas = new Map(all.map(({ schema }) => [String(schema.$ref), schema]));
  return {
    schema: schemas.size === 1 ? first!.schema : { anyOf: [...schemas.values()] },
    examples: Object.fromEntries([...byCode].map(([code, { example }]) => [code, { value: example }])),
  };
}
