/** The one place where trouble becomes a reply, in the shape each dialect's clients expect. */
import { AppError, type ErrorCode } from '../../actors/errors.ts';
import type { Dialect, Operation } from '../operations/operation.ts';
import { jsonReply, type Reply } from './reply.ts';

export interface ErrorContext {
  readonly dialect: Dialect;
  readonly requestId: string;
  /** The `Accept` header: whoever asks for problem details by name gets them in every dialect. */
  readonly accept: string | undefined;
  /** Adds to the body. */
  readonly also?: Operation['alsoInErrors'] | undefined;
}

type Shape = (error: AppError, context: ErrorContext) => { readonly status: number; readonly body: object };

export const PROBLEM_JSON = 'application/problem+json';

/** What CELLSTATE clients switch on: by our code where it says more than the status, by status otherwise. */
const CELLSTATE_BY_CODE: Partial<Record<ErrorCode, readonly [status: number, code: string]>> = {
  INVALID: [400, 'VALIDATION_FAILED'],
  EXPIRED: [401, 'TOKEN_EXPIRED'],
  CONFLICT: [409, 'ENTITY_ALREADY_EXISTS'],
  STALE: [409, 'CONCURRENT_MODIFICATION'],
  IDEMPOTENCY_REUSED: [422, 'IDEMPOTENCY_REUSED'],
  IDEMPOTENCY_IN_FLIGHT: [409, 'IDEMPOTENCY_IN_FLIGHT'],
};

const CELLSTATE_BY_STATUS: Readonly<Record<number, string>> = {
  400: 'INVALID_INPUT',
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  404: 'ENTITY_NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  409: 'STATE_CONFLICT',
  413: 'PAYLOAD_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  429: 'TOO_MANY_REQUESTS',
  503: 'SERVICE_UNAVAILABLE',
  504: 'TIMEOUT',
};

const SHAPES: Readonly<Record<Dialect, Shape>> = {
  cortex: (error) => ({
    status: error.status,
    body: { detail: error.code === 'INVALID' ? detailList(error) : error.message },
  }),
  sel: (error, { requestId }) => {
    const status = error.code === 'INVALID' ? 400 : error.status;
    const message = status === 400 ? `Validation error: ${error.message}` : error.message;
    const details = error.code === 'INVALID' && Array.isArray(error.details) ? { details: error.details } : {};
    return { status, body: { message, code: error.code, ...details, request_id: requestId } };
  },
  cellstate: (error) => {
    const [status, code] = CELLSTATE_BY_CODE[error.code] ?? [
      error.status,
      CELLSTATE_BY_STATUS[error.status] ?? 'INTERNAL_ERROR',
    ];
    return { status, body: { code, message: error.message, details: detailsObject(error) } };
  },
  synod: problem,
};

/** Turns anything thrown into a reply. Whatever is not an AppError is a bug, and its text stays in the house. */
export function errorReply(thrown: unknown, context: ErrorContext): Reply {
  const error = isExpected(thrown) ? thrown : new AppError('INTERNAL', 'Internal server error');
  const asProblem = context.dialect === 'synod' || context.accept?.includes(PROBLEM_JSON) === true;
  const { status, body } = asProblem ? problem(error, context) : SHAPES[context.dialect](error, context);
  const headers: Record<string, string> = {};
  if (asProblem) headers['Content-Type'] = PROBLEM_JSON;
  const seconds = retryAfterSeconds(error);
  if (seconds !== undefined) headers['Retry-After'] = String(seconds);
  if (asProblem || context.also === undefined) return jsonReply(status, body, headers);
  return jsonReply(status, { ...body, ...context.also(body) }, headers);
}

/** The status and the words of one failure among several things asked for at once. */
export function describeError(error: AppError, dialect: Dialect, requestId: string) {
  return SHAPES[dialect](error, { dialect, requestId, accept: undefined });
}

/** Whether this is trouble the caller may read about. */
export function isExpected(thrown: unknown): thrown is AppError {
  return thrown instanceof AppError && thrown.code !== 'INTERNAL';
}

/** The status a code has in a dialect, for the documentation. */
export function statusIn(dialect: Dialect, code: ErrorCode): number {
  return SHAPES[dialect](new AppError(code, ''), { dialect, requestId: '', accept: undefined }).status;
}

/** RFC 9457. Its `detail` is a sentence, so the list of a failed validation goes to `errors`. */
function problem(error: AppError, { requestId }: ErrorContext): ReturnType<Shape> {
  const words = error.code.toLowerCase().replaceAll('_', ' ');
  return {
    status: error.status,
    body: {
      type: `urn:synod:error:${words.replaceAll(' ', '-')}`,
      title: words[0]!.toUpperCase() + words.slice(1),
      status: error.status,
      detail: error.message,
      instance: `urn:synod:request:${requestId}`,
      code: error.code,
      ...(error.code === 'INVALID' ? { errors: detailList(error) } : {}),
      ...(error.code !== 'INVALID' && error.details !== undefined ? { details: error.details } : {}),
    },
  };
}

function detailList(error: AppError): unknown {
  if (Array.isArray(error.details)) return error.details;
  return [{ loc: ['body'], msg: error.message, type: 'value_error' }];
}

function detailsObject({ details }: AppError): object | null {
  if (Array.isArray(details)) return { errors: details };
  if (details === undefined || details === null) return null;
  return typeof details === 'object' ? details : { value: details };
}

function retryAfterSeconds(error: AppError): number | undefined {
  if (error.retryAfterMs !== undefined) return Math.max(1, Math.ceil(error.retryAfterMs / 1_000));
  const wanted =
    error.retry && (error.status === 429 || error.status === 503 || error.code === 'IDEMPOTENCY_IN_FLIGHT');
  return wanted ? 1 : undefined;
}
