/** `GET /v1/stream`: every change of every actor of the caller as server-sent events, for clients without WebSockets. */
import { z } from 'zod';
import { EventStream } from '../stream/event-stream.ts';
import { globs } from '../stream/subscribe.ts';
import { Answer, operation } from './operation.ts';

const cursor = z.int().min(0).optional();

export const stream = operation({
  name: 'stream',
  dialect: 'cortex',
  summary: 'Server-sent events: every change as it becomes durable',
  description:
    'Each event is one record of the log, and its `id` the sequence number. A client that comes back with it as ' +
    '`Last-Event-ID` (a browser does so by itself) gets what it missed, in order, without gap or repetition. ' +
    '`subscribed` comes first and says where the stream begins; `lagged` says how many records a slow client had ' +
    'waiting beyond its buffer: they follow, read from the log. Comments are heartbeats; a client that has taken nothing for a minute is let ' +
    'go, and goes on where it was when it comes back. The same records as `WS /stream`.',
  http: { method: 'GET', path: '/v1/stream', status: 200 },
  input: {
    query: z.object({
      kind: globs.describe('Kinds of actors; `*` stands for any characters. May be repeated.'),
      id: globs.describe('Ids of actors, likewise.'),
      type: globs.describe('Types of records, likewise.'),
      since: cursor.describe('Sequence number to go on after. Default: from now on.'),
    }),
    headers: z.object({
      'last-event-id': cursor.describe('As `since`, and stronger: what a browser sends when it connects again.'),
    }),
  },
  output: z.string().meta({
    contentType: 'text/event-stream',
    examples: [
      'retry: 1000\nid: 41\nevent: subscribed\ndata: {"cursor":41}\n\n' +
        'id: 42\ndata: {"seq":42,"time":"2026-01-01T12:00:00.000Z","kind":"session","id":"ada","revision":2,' +
        '"type":"run","state":"OPEN","payload":{"message":"Hello"},"correlation_id":null,"causation_id":null,"hash":"…"}\n\n',
    ],
  }),
  access: 'tenant',
  mutates: false,
  example: { query: { kind: 'session', since: 41 } },
  owned: [],
  run: async ({ caller: { tenant }, services: { system, places } }, { query, headers }) => {
    places.require(tenant);
    const since = headers['last-event-id'] ?? query.since;
    // A cursor from another life of the data may lie ahead: whoever has one would hear nothing for a long time.
    const head = system.head(tenant);
    const cursor = Math.min(since ?? head, head);
    const filter = {
      tenant,
      ...(query.kind ? { kinds: query.kind } : {}),
      ...(query.id ? { ids: query.id } : {}),
      ...(query.type ? { types: query.type } : {}),
    };
    const subscription = system.subscribe(filter, { since: cursor });
    const leave = places.take(tenant, () => events.end());
    const events: EventStream = new EventStream(subscription, { cursor, onEnd: leave });
    // Proxies that gather answers before they pass them on must not.
    return new Answer(events, { contentType: 'text/event-stream', headers: { 'X-Accel-Buffering': 'no' } });
  },
});
