/** A proxy before a server that misbehaves as it is told, one request after the other. */
import { createServer, type IncomingHttpHeaders, request as send } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/**
 * `pass`: as if it were not there. `drop`: hangs up before anything reached the server. `lose`: hangs up after the server has
 * answered. `cut`: hangs up in the middle of the answer. `hang`: never answers. Otherwise an answer of its own.
 */
export type Mood =
  | 'pass'
  | 'drop'
  | 'lose'
  | 'cut'
  | 'hang'
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string };

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

export interface Proxy {
  readonly url: string;
  readonly seen: Seen[];
  /** From now on requests go there. */
  target: string;
  /** For the next requests, in order; then `pass`. */
  readonly moods: Mood[];
  /** Hangs up on everybody. */
  drop(): void;
}

export async function startProxy(target: string): Promise<Proxy> {
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    const { method = '', url: path = '', headers } = request;
    proxy.seen.push({ method, path, headers });
    const mood = proxy.moods.shift() ?? 'pass';
    const hangUp = () => request.socket.destroy();
    if (mood === 'drop') return void hangUp();
    if (mood === 'hang') return;
    if (typeof mood === 'object') {
      response.writeHead(mood.status, { 'content-type': 'application/json', ...mood.headers }).end(mood.body ?? '{}');
      return;
    }
    const passedOn = send(proxy.target + path, { method, headers, agent: false }, (answer) => {
      if (mood === 'lose') {
        answer.resume().on('end', hangUp);
        return;
      }
      response.writeHead(answer.statusCode!, answer.headers);
      if (mood === 'cut') answer.once('data', (chunk: Buffer) => response.write(chunk.subarray(0, 5), hangUp));
      else answer.pipe(response);
      answer.on('error', hangUp);
    });
    passedOn.on('error', hangUp);
    response.on('close', () => passedOn.destroy());
    request.pipe(passedOn);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const proxy: Proxy = {
    url: `http://127.0.0.1:${port}`,
    seen: [],
    target,
    moods: [],
    drop: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        proxy.drop();
      }),
  );
  return proxy;
}
