/**
 * The baseline of `push`: a bare `ws` server and the loop that everybody writes, `for (const client of clients)
 * client.send(text)`. It posts nothing, stores nothing and filters nothing.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { machineMs } from './clock.ts';

export type BareRequest =
  | { readonly type: 'one' }
  /** As many as the clients take within the time. */
  | { readonly type: 'many'; readonly seconds: number };

export type BareReply =
  | { readonly type: 'ready'; readonly port: number }
  | { readonly type: 'sent'; readonly startedAt: number; readonly events: number };

/** Beyond it the loop waits: it would measure how fast memory fills. */
const MAX_BUFFERED = 256 * 1_024;
/** Clients asked how much waits for them. */
const ASKED = 16;

const tell = (reply: BareReply) => process.send?.(reply);

/** As large as an event of the other side. */
function eventText(n: number): string {
  const data = {
    id: '00000000-0000-4000-8000-000000000000',
    type: 'proposal',
    scope: `bench.push.${n % 64}`,
    trace_id: 'bench',
    agent_id: `agent-${n % 64}`,
    parent_ids: [],
    timestamp: '2026-01-01T00:00:00.000Z',
    payload: { action: 'improve_ux', n },
  };
  return JSON.stringify({ type: 'event', data });
}

const server = createServer();
const sockets = new WebSocketServer({ server, path: '/ws' });

const full = (clients: readonly WebSocket[]) =>
  clients.slice(0, ASKED).some(({ bufferedAmount }) => bufferedAmount > MAX_BUFFERED);

async function broadcast(seconds: number): Promise<void> {
  const startedAt = machineMs();
  const clients = [...sockets.clients];
  let events = 0;
  do {
    const text = eventText(events++);
    for (const client of clients) client.send(text);
    do await new Promise((resolve) => setImmediate(resolve));
    while (full(clients));
  } while (machineMs() - startedAt < seconds * 1_000);
  tell({ type: 'sent', startedAt, events });
}

process.on('message', (request: BareRequest) => void broadcast(request.type === 'one' ? 0 : request.seconds));
process.once('disconnect', () => process.exit(0));
process.on('SIGINT', () => {});
server.listen(0, '127.0.0.1', () => tell({ type: 'ready', port: (server.address() as AddressInfo).port }));
