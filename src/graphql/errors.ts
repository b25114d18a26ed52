/** Trouble as GraphQL errors: the same sentences and codes as over REST, and no more. */
import { GraphQLError } from 'graphql';
import { AppError } from '../../actors/errors.ts';
import type { SystemLogger } from '../../actors/system.ts';
import { describeError, isExpected } from '../http/errors.ts';

/** The library quotes what it was given, which may be a whole payload. */
const MAX_MESSAGE = 500;

export interface Complaint {
  readonly requestId: string;
  readonly logger: SystemLogger;
}

/** What a client may know of an error. What nobody expected is logged under the id of its request. */
export function presentable(error: GraphQLError, { requestId, logger }: Complaint): GraphQLError {
  const { nodes, source, positions, path, extensions } = error;
  const place = { nodes: nodes ?? null, source: source ?? null, positions: positions ?? null, path: path ?? null };
  const cause = causeOf(error);
  if (cause === undefined) {
    return new GraphQLError(shortened(error.message), { ...place, extensions: { code: 'INVALID', ...extensions } });
  }
  if (!isExpected(cause)) logger.error({ requestId, path, err: cause }, 'a GraphQL field failed');
  return new GraphQLError(...described(cause, requestId, place));
}

/** Whether the same request could fare better later, or has met a bug: its answer is not kept for a repetition. */
export function isPassing(error: GraphQLError): boolean {
  const cause = causeOf(error);
  return cause !== undefined && !(isExpected(cause) && !cause.retry && cause.status < 500);
}

/** A refusal that is about a whole operation. */
export function refusal(error: AppError, requestId: string): GraphQLError {
  return new GraphQLError(...described(error, requestId));
}

/** What was thrown, below what the library has put around it; undefined when the library itself complains. */
function causeOf(error: GraphQLError): Error | undefined {
  let cause: Error | undefined = error.originalError;
  while (cause instanceof GraphQLError) cause = cause.originalError;
  return cause;
}

/** The body REST would answer with: its message, and the rest as extensions. */
function described(cause: Error, requestId: string, place: object = {}): [message: string, options: object] {
  const error = isExpected(cause) ? cause : new AppError('INTERNAL', 'Internal server error');
  const { message, ...extensions } = describeError(error, 'sel', requestId).body as { message: string };
  return [message, { ...place, extensions }];
}

function shortened(message: string): string {
  return message.length <= MAX_MESSAGE ? message : `${message.slice(0, MAX_MESSAGE)}…`;
}
