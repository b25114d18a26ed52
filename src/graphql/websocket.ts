/**
 * GraphQL over WebSockets (`graphql-transport-ws`): the library speaks the protocol and its close codes, this says who
 * may do what and how much of it.
 */
import { randomUUID } from 'node:crypto';
import type { ExecutionArgs, GraphQLError } from 'graphql';
import { makeServer } from 'graphql-ws';
import { AppError } from '../../actors/errors.ts';
import type { Limiter, Principal } from '../http/ports.ts';
import type { Context } from '../operations/operation.ts';
import type { Services } from '../operations/services.ts';
import type { Engine, Task } from './engine.ts';
import { refusal } from './errors.ts';
import { isRefused } from './http.ts';
import { Turn } from './turn.ts';

/** Operations under way on one connection. */
const MAX_OPERATIONS = 100;
/** The library remembers the client's ids of what is under way. */
const MAX_ID_CHARS = 256;

/** A connection, as the protocol sees it. */
export interface GraphqlSocket {
  /** Chosen in the handshake; empty: none. */
  readonly protocol: string;
  readonly ip: string;
  /** Resolves when the text is on its way. */
  send(text: string): Promise<void>;
  close(code: number, reason: string): void;
  onMessage(listener: (text: string) => Promise<void>): void;
  /**
   * Resolves when the client has taken what was sent before, for one at a time.
   *
   * @returns gives the room back, a second call does nothing; null when the client has left
   */
  room(): Promise<(() => void) | null>;
  /**
   * Who it is, by what the client says when it begins.
   *
   * @throws AppError when it may not come in
   */
  identify(connectionParams: Readonly<Record<string, unknown>> | undefined): Promise<Principal>;
}

export interface WebSocketOptions {
  readonly engine: Engine;
  readonly services: Services;
  /** Each operation counts like a request; absent or null: no limits. */
  readonly limiter: Limiter | null;
}

/** What belongs to one operation of a connection. */
interface Connected extends Context {
  readonly turn: Turn;
}

interface Extra {
  readonly socket: GraphqlSocket;
  principal: Principal | null;
}

/** @returns a function that serves a connection; what it returns is to be called when the connection has closed */
export function createWebSocket({ engine, services, limiter }: WebSocketOptions) {
  /** By the payload that began it: an id may come again while the operation it named before is not yet over. */
  const turns = new WeakMap<object, Turn>();
  const server = makeServer<Record<string, unknown> | undefined, Extra>({
    onConnect: async ({ connectionParams, extra }) => {
      try {
        extra.principal = await extra.socket.identify(connectionParams);
        return true;
      } catch (error) {
        if (error instanceof AppError) return false;
        throw error;
      }
    },

    onSubscribe: (connection, id, payload) => {
      const { extra, subscriptions } = connection;
      const principal = extra.principal!;
      const requestId = randomUUID();
      const refuse = (error: AppError) => [refusal(error, requestId)];
      if (id.length > MAX_ID_CHARS) {
        return refuse(new AppError('TOO_LARGE', `The id has ${id.length} characters, ${MAX_ID_CHARS} allowed`));
      }
      const running = Object.keys(subscriptions).length;
      if (running > MAX_OPERATIONS) {
        const message = `${running} operations are under way on this connection, ${MAX_OPERATIONS} allowed`;
        return refuse(new AppError('RATE_LIMITED', message));
      }
      if (limiter?.take(principal, undefined, 'sel').allowed === false) {
        return refuse(new AppError('RATE_LIMITED', 'Rate limit exceeded'));
      }
      const caller = { ...principal, requestId, ip: extra.socket.ip, newId: randomUUID };
      const turn = new Turn(extra.socket, () => id in connection.subscriptions);
      const context: Connected = { caller, services, turn };
      const prepared = engine.prepare(payload, context, true);
      if (isRefused(prepared)) return prepared as GraphQLError[];
      turns.set(payload, turn);
      return prepared;
    },
    // Its result is on its way, or it was cancelled.
    onComplete: (_connection, _id, payload) => turns.get(payload)?.end(),
    // The library hands over what `onSubscribe` gave it, and sends no result of what was cancelled.
    execute: async (task) => ((await turnOf(task).begin()) ? engine.execute(task as Task) : {}),
    subscribe: (task) => engine.subscribe(task as Task, turnOf(task)),
  });

  return (socket: GraphqlSocket) => server.opened(socket, { socket, principal: null });
}

function turnOf({ contextValue }: ExecutionArgs): Turn {
  return (contextValue as Connected).turn;
}
