/**
 * GraphQL, loaded when it is first asked for: the library takes a tenth of a second, which is more than the rest of a
 * start without data.
 */
import type { SystemLogger } from '../../actors/system.ts';
import type { Config } from '../config.ts';
import type { Limiter } from '../http/ports.ts';
import type { Answer, Context } from '../operations/operation.ts';
import type { Services } from '../operations/services.ts';
import type { GraphqlRequest } from './http.ts';
import type { GraphqlSocket } from './websocket.ts';

export type { GraphqlRequest } from './http.ts';
export type { GraphqlSocket } from './websocket.ts';

export interface Graphql {
  /** Answers a query or a mutation. */
  answer(request: GraphqlRequest, context: Context): Promise<Answer>;
  /**
   * @param limiter null: no limits
   * @returns a function that serves a WebSocket; what it returns is to be called when that has closed
   */
  sockets(services: Services, limiter: Limiter | null): Promise<ServeSocket>;
}

export type ServeSocket = (socket: GraphqlSocket) => (code: number, reason: string) => Promise<void>;

export function createGraphql(config: Pick<Config, 'graphql' | 'allowAnonymous'>, logger: SystemLogger): Graphql {
  const { introspection } = config.graphql;
  const open = introspection === 'on' || (introspection === 'auto' && config.allowAnonymous);
  const engine = once(async () => (await import('./engine.ts')).createEngine({ introspection: open, logger }));
  const http = once(async () => (await import('./http.ts')).createHttp(await engine()));
  return {
    answer: async (request, context) => (await http())(request, context),
    sockets: async (services, limiter) => {
      const { createWebSocket } = await import('./websocket.ts');
      return createWebSocket({ engine: await engine(), services, limiter });
    },
  };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
