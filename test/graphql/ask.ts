/** What tests ask GraphQL with, over HTTP and over WebSockets. */
import { type ClientOptions, createClient, type Client as GraphqlClient } from 'graphql-ws';
import { expect, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { Client, Reply } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import type { TestServer } from '../support/server.ts';

export interface GraphqlError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: { readonly code: string; readonly request_id?: string };
}

export interface Result<D = Record<string, unknown>> {
  readonly data?: D | null;
  readonly errors?: readonly GraphqlError[];
}

type Headers = Readonly<Record<string, string>>;

export function ask<D = Record<string, unknown>>(
  client: Client,
  query: string,
  variables?: Readonly<Record<string, unknown>>,
  headers: Headers = {},
): Promise<Reply<Result<D>>> {
  return client.call<Result<D>>('POST', '/api/graphql', { query, ...(variables ? { variables } : {}) }, headers);
}

/** The data of a request that has to work. */
export async function data<D = Record<string, unknown>>(
  client: Client,
  query: string,
  variables?: Readonly<Record<string, unknown>>,
): Promise<D> {
  const { status, body } = await ask<D>(client, query, variables);
  expect([status, body.errors]).toEqual([200, undefined]);
  return body.data!;
}

/** The errors of a request that must not work. */
export async function errors(
  client: Client,
  query: string,
  variables?: Readonly<Record<string, unknown>>,
): Promise<readonly GraphqlError[]> {
  const { status, body, text } = await ask(client, query, variables);
  expect([status, body.errors === undefined], text.slice(0, 300)).toEqual([200, false]);
  return body.errors!;
}

/** An event as REST takes it. */
export const draft = (scope: string, action: string, changes: object = {}) => ({
  type: 'proposal',
  scope,
  trace_id: 'trace-001',
  agent_id: 'agent-1',
  payload: { action },
  ...changes,
});

/** A graphql-ws client as its authors ship it; it is let go when the test ends. */
export function subscriber(server: TestServer, options: Partial<ClientOptions> = {}, headers: Headers = {}) {
  const sockets: WebSocket[] = [];
  class Socket extends WebSocket {
    constructor(url: string, protocols: string) {
      super(url, protocols, { headers: { ...headers } });
      sockets.push(this);
    }
  }
  const client = createClient({
    url: `${server.url.replace('http', 'ws')}/api/graphql`,
    webSocketImpl: Socket,
    retryAttempts: 0,
    lazy: true,
    ...options,
  });
  onTestFinished(() => {
    leave(client);
    for (const socket of sockets) socket.terminate();
  });
  return { client, sockets, listen: (query: string, variables = {}) => listen(client, server, query, variables) };
}

/** Says goodbye; that the connection may have been torn away before is nobody's trouble. */
export function leave(client: GraphqlClient): void {
  Promise.resolve(client.dispose()).catch(() => {});
}

export interface Heard {
  readonly results: Result[];
  /** How it ended: `complete`, or what went wrong. */
  readonly ended: Promise<unknown>;
  stop(): void;
  /** Waits until so many results have come. */
  first(count: number): Promise<Result[]>;
}

/** Subscribes, and returns when the server listens. */
export async function listen(
  client: GraphqlClient,
  server: TestServer,
  query: string,
  variables: Record<string, unknown> = {},
): Promise<Heard> {
  const { system } = server.running.runtime;
  const before = system.subscribers;
  const results: Result[] = [];
  let over = false;
  let end: (how: unknown) => void = () => {};
  const ended = new Promise<unknown>((resolve) => {
    end = (how) => {
      over = true;
      resolve(how);
    };
  });
  const stop = client.subscribe(
    { query, variables },
    {
      next: (result) => void results.push(result as Result),
      error: (error) => end(error),
      complete: () => end('complete'),
    },
  );
  await eventually(() => expect(over || system.subscribers > before).toBe(true));
  return {
    results,
    ended,
    stop,
    first: async (count) => {
      await eventually(() => expect(results.length).toBeGreaterThanOrEqual(count));
      return results.slice(0, count);
    },
  };
}

/** Waits until nobody listens any more. */
export async function nobodyListens(server: TestServer): Promise<void> {
  await eventually(() => expect(server.running.runtime.system.subscribers).toBe(0));
}
