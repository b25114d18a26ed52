/** A client of GraphQL over WebSockets that says what it is told to say, whether the protocol allows it or not. */
import { once } from 'node:events';
import { expect, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { eventually } from '../support/eventually.ts';

export const EVENTS = 'subscription ($scope: String) { eventCreated(scope: $scope) { id scope payload } }';

export interface Message {
  readonly type: string;
  readonly id?: string;
  readonly payload?: unknown;
}

export interface Raw {
  readonly socket: WebSocket;
  readonly heard: Message[];
  readonly closed: Promise<[code: number, reason: string]>;
  send(...messages: (object | string)[]): void;
  until(holds: (message: Message) => boolean): Promise<Message>;
}

/** A client without manners. */
export async function raw(
  url: string,
  headers: Readonly<Record<string, string>>,
  path = '/api/graphql',
  protocol: string | null = 'graphql-transport-ws',
): Promise<Raw> {
  const socket = new WebSocket(url.replace('http', 'ws') + path, protocol ?? [], { headers: { ...headers } });
  onTestFinished(() => socket.terminate());
  const heard: Message[] = [];
  socket.on('error', () => {});
  socket.on('message', (text) => heard.push(JSON.parse(String(text)) as Message));
  const closed = once(socket, 'close').then(([code, reason]): [number, string] => [code as number, String(reason)]);
  await once(socket, 'open');
  return {
    socket,
    heard,
    closed,
    send: (...messages) => {
      for (const one of messages) socket.send(typeof one === 'string' ? one : JSON.stringify(one));
    },
    until: (holds) =>
      eventually(() => {
        const found = heard.find(holds);
        expect(found, JSON.stringify(heard.slice(-3))).toBeDefined();
        return found!;
      }),
  };
}

export const init = (payload?: object) => ({ type: 'connection_init', ...(payload ? { payload } : {}) });
export const subscribe = (id: string, query = EVENTS, variables = {}) => ({
  type: 'subscribe',
  id,
  payload: { query, variables },
});
export const acked = ({ type }: Message) => type === 'connection_ack';
