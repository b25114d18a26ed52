/** The WebSockets that are served beside the operations, for routing and for whoever lists what there is. */
import type { Dialect } from './operation.ts';

export interface SocketRoute {
  readonly name: string;
  readonly dialect: Dialect;
  /** Without a slash at the end; the first is the one to use. */
  readonly paths: readonly [string, ...string[]];
  readonly summary: string;
  /** What both sides say, for the documentation. */
  readonly description: string;
}

export const SOCKETS = {
  stream: {
    name: 'stream.socket',
    dialect: 'synod',
    paths: ['/stream'],
    summary: 'Brings every change of every actor',
    description:
      'What is wanted stands in the query (`?kind=session&id=a*&type=store&since=12`) or in a message ' +
      '`{"type":"subscribe","kinds":[…],"ids":[…],"types":[…],"since":12}`; a later one replaces it. It is answered with ' +
      '`subscribed`, then come `record`s, `lagged` for who reads too slowly, and `heartbeat`s.',
  },
  events: {
    name: 'events.socket',
    dialect: 'sel',
    paths: ['/ws', '/api/ws'],
    summary: 'Brings every event',
    description:
      'Who says nothing hears `{"type":"event","data":…}` for each event. ' +
      '`{"type":"subscribe","scopes":["ui.*"],"types":["reward"],"trace_id":…,"agent_id":…,"since":…,"signals":true}`, each ' +
      'part optional, is answered with `{"type":"subscribed","cursor":…}`; then come the events behind `since` (an event id ' +
      'or a cursor), then what happens, with `signals` also `{"type":"signal","data":…}`. `{"type":"lagged","dropped":…}` ' +
      'says how many were held back; they follow. `{"type":"ping"}` is answered with `pong`. A token stands in the header ' +
      'or in `?token=`.',
  },
  graphql: {
    name: 'graphql.socket',
    dialect: 'sel',
    paths: ['/api/graphql', '/graphql'],
    summary: 'GraphQL subscriptions, queries and mutations',
    description:
      'By the subprotocol `graphql-transport-ws`; a token may also stand in the payload of `connection_init`.',
  },
} as const satisfies Readonly<Record<string, SocketRoute>>;
