/** What both transports share: a request becomes something to execute, and its result something to send. */
import {
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  type GraphQLError,
  OperationTypeNode,
  subscribe,
} from 'graphql';
import { AppError } from '../../actors/errors.ts';
import type { SystemLogger } from '../../actors/system.ts';
import type { Context } from '../operations/operation.ts';
import { createDocuments, type Wanted } from './documents.ts';
import { isPassing, presentable, refusal } from './errors.ts';
import { root } from './resolvers.ts';
import { createSchema } from './schema.ts';
import type { Turn } from './turn.ts';

export interface EngineOptions {
  /** Whether documents may ask for the schema. */
  readonly introspection: boolean;
  readonly logger: SystemLogger;
}

/** An operation that may be executed, by the library's names. */
export interface Task extends ExecutionArgs {
  readonly contextValue: Context;
}

export interface Engine {
  /** @param streams whether subscriptions can be served */
  prepare(wanted: Wanted, context: Context, streams: boolean): Task | readonly GraphQLError[];
  /** @param onPassing called when the result would not be the same another time */
  execute(task: Task, onPassing?: () => void): Promise<ExecutionResult>;
  /**
   * The stream of results, or why there is none.
   *
   * @param turn begins before a result is handed over, and ends when the next one is asked for
   */
  subscribe(
    task: Task,
    turn: Pick<Turn, 'begin' | 'end'>,
  ): Promise<AsyncIterableIterator<ExecutionResult> | ExecutionResult>;
}

export function createEngine({ introspection, logger }: EngineOptions): Engine {
  const schema = createSchema();
  const documents = createDocuments(schema, introspection);

  function presented(result: ExecutionResult, { caller: { requestId } }: Context): ExecutionResult {
    if (!result.errors) return result;
    return { ...result, errors: result.errors.map((error) => presentable(error, { requestId, logger })) };
  }

  return {
    prepare(wanted, context, streams) {
      const { requestId } = context.caller;
      const prepared = documents.prepare(wanted);
      if (!('document' in prepared)) return prepared.map((error) => presentable(error, { requestId, logger }));
      const { document, operation } = prepared;
      if (operation.operation === OperationTypeNode.SUBSCRIPTION && !streams) {
        const message = 'Subscriptions are served over WebSockets: connect here with graphql-transport-ws';
        return [refusal(new AppError('REFUSED', message), requestId)];
      }
      return {
        schema,
        document,
        operationName: wanted.operationName ?? null,
        variableValues: wanted.variables ?? {},
        rootValue: root,
        contextValue: context,
      };
    },
    async execute(task, onPassing) {
      const result = await execute(task);
      if (result.errors?.some(isPassing)) onPassing?.();
      return presented(result, task.contextValue);
    },
    async subscribe(task, turn) {
      const found = await subscribe(task);
      if (!(Symbol.asyncIterator in found)) return presented(found, task.contextValue);
      return inTurn(found, turn, (result) => presented(result, task.contextValue));
    },
  };
}

/** Results as a client may see them, each when it is their turn; its end reaches the source at once. */
function inTurn(
  source: AsyncGenerator<ExecutionResult, void, void>,
  turn: Pick<Turn, 'begin' | 'end'>,
  present: (result: ExecutionResult) => ExecutionResult,
): AsyncIterableIterator<ExecutionResult> {
  const end: IteratorReturnResult<undefined> = { done: true, value: undefined };
  return {
    async next() {
      // Whoever asks for more has sent what there was.
      turn.end();
      const { done, value } = await source.next();
      if (done) return end;
      if (await turn.begin()) return { done: false, value: present(value) };
      await source.return();
      return end;
    },
    async return() {
      await source.return();
      return end;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
