/** A receiver of webhooks on this machine, which remembers what it was sent. */
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly body: {
    readonly type: string;
    readonly data: { readonly id: string; readonly type: string; readonly scope: string };
    readonly webhook_id: string;
    readonly delivery_id: string;
  };
}

/** Default: 204 at once. */
export type Answer = (received: Received, response: ServerResponse, request: IncomingMessage) => void;

export interface Receiver {
  readonly url: string;
  readonly port: number;
  /** In the order of arrival. */
  readonly received: Received[];
  /** Connections opened so far. */
  connections: number;
  answer: Answer;
  close(): Promise<void>;
}

export const status = (code: number, headers: Record<string, string> = {}): Answer => {
  return (_received, response) => void response.writeHead(code, headers).end();
};

/** Listens on a free port for as long as the test runs. */
export async function receiver(answer: Answer = status(204)): Promise<Receiver> {
  const sockets = new Set<Socket>();
  const server = createHttpServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const { method = '', url: path = '' } = request;
      const headers = request.headers as Record<string, string>;
      const received: Received = { method, path, headers, text, body: text === '' ? null : JSON.parse(text) };
      self.received.push(received);
      self.answer(received, response, request);
    });
  });
  server.on('connection', (socket) => {
    self.connections++;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    return closed;
  };
  const self: Receiver = { url: `http://127.0.0.1:${port}/hook`, port, received: [], connections: 0, answer, close };
  onTestFinished(close);
  return self;
}

export interface Saying {
  readonly url: string;
  /** Requests so far. */
  readonly heard: () => number;
  /** Connections that are open. */
  readonly open: () => number;
}

/** A receiver that says these bytes to every request, HTTP or not, and leaves the connection open. */
export async function saying(bytes: string): Promise<Saying> {
  const sockets = new Set<Socket>();
  let heard = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      // The body may come by itself.
      if (!chunk.toString().startsWith('POST ')) return;
      heard++;
      socket.write(bytes);
    });
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, heard: () => heard, open: () => sockets.size };
}

/** Goes over to a protocol of the receiver's own. */
export const UPGRADE = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n';

/** Lets the world go on until something holds. The test's own time limit is the bound. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve));
}
