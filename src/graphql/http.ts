/** GraphQL over HTTP: what the specification says about methods, media types and statuses is the library's work. */
import type { GraphQLError } from 'graphql';
import { createHandler, type RequestParams } from 'graphql-http';
import { AppError } from '../../actors/errors.ts';
import { describeError } from '../http/errors.ts';
import { alsoInErrors } from '../operations/graphql.ts';
import { Answer, type Context } from '../operations/operation.ts';
import type { Engine } from './engine.ts';

/** A request whose parameters have the right types. */
export interface GraphqlRequest {
  readonly method: 'GET' | 'POST';
  readonly accept: string | undefined;
  readonly params: Params;
}

export interface Params {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | null | undefined;
}

/** What belongs to one request while the library works on it. */
interface Exchange extends GraphqlRequest {
  readonly context: Context;
  /** Its result would not be the same another time. */
  passing: boolean;
}

/** What the library refuses by status alone, or nearly so: in words it is told as whatever else this route refuses. */
const REFUSALS: ReadonlyMap<number, AppError> = new Map(
  [
    new AppError('METHOD_NOT_ALLOWED', 'A mutation wants POST'),
    new AppError('NOT_ACCEPTABLE', 'Accept application/graphql-response+json or application/json'),
  ].map((error) => [error.status, error]),
);

export function createHttp(engine: Engine): (request: GraphqlRequest, context: Context) => Promise<Answer> {
  const handle = createHandler<Exchange, undefined, undefined>({
    parseRequestParams: ({ raw }) => raw.params as RequestParams,
    onSubscribe: ({ raw }) => {
      const prepared = engine.prepare(raw.params, raw.context, false);
      return isRefused(prepared) ? prepared : { ...prepared, contextValue: raw as never };
    },
    // The library hands over what `onSubscribe` gave it.
    execute: (task) => {
      const exchange = task.contextValue as Exchange;
      return engine.execute({ ...task, contextValue: exchange.context }, () => {
        exchange.passing = true;
      });
    },
  });

  return async (request, context) => {
    const { method, accept } = request;
    const { requestId } = context.caller;
    const raw: Exchange = { ...request, context, passing: false };
    const headers = accept === undefined ? {} : { accept };
    const [body, init] = await handle({ method, url: '/graphql', headers, body: null, raw, context: undefined });
    const { 'content-type': contentType = 'application/json; charset=utf-8', ...rest } = init.headers ?? {};
    const refusal = REFUSALS.get(init.status);
    const text = refusal === undefined ? body : refusalText(refusal, requestId);
    return new Answer(text, { status: init.status, contentType, headers: rest, passing: raw.passing });
  };
}

function refusalText(error: AppError, requestId: string): string {
  const { body } = describeError(error, 'sel', requestId);
  return JSON.stringify({ ...body, ...alsoInErrors(body) });
}

export function isRefused(prepared: object): prepared is readonly GraphQLError[] {
  return Array.isArray(prepared);
}
