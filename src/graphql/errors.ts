/** Trouble as GraphQL errors: the same sentences and codes as over REST, and no more. */
import { GraphQLError } from 'graphql';
import type { AppError } from '../../actors/errors.ts';
import type { SystemLogger } from '../../actors/system.ts';
import { errorReply, isExpected } from '../http/errors.ts';

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
  const { message, code } = describe(cause, requestId);
  return new GraphQLError(message, { ...place, extensions: { code, request_id: requestId } });
}

/** Whether the same request could fare better later, or has met a bug: its answer is not kept for a repetition. */
export function isPassing(error: GraphQLError): boolean {
  const cause = causeOf(error);
  return cause !== undefined && !(isExpected(cause) && !cause.retry && cause.status < 500);
}

/** A refusal that is about a whole operation. */
export function refusal(error: AppError, requestId: string): GraphQLError {
  const { message, code } = describe(error, requestId);
  return new GraphQLError(message, { extensions: { code, request_id: requestId } });
}

/** What was thrown, below what the library has put around it; undefined when the library itself complains. */
function causeOf(error: GraphQLError): Error | undefined {
  let cause: Error | undefined = error.originalError;
  while (cause instanceof GraphQLError) cause = cause.originalError;
  return cause;
}

function describe(cause: Error, requestId: string): { message: string; code: string } {
  const { body } = errorReply(cause, { dialect: 'sel', requestId, accept: undefined });
  return JSON.parse(body as string) as { message: string; code: string };
}

function shortened(message: string): string {
  return message.length <= MAX_MESSAGE ? message : `${message.slice(0, MAX_MESSAGE)}…`;
}
