/** A cable that can be pulled: bytes between a client and a server, WebSockets included. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Wire {
  readonly url: string;
  /** Where new connections lead; null: nowhere. */
  target: string | null;
  /** Connections that were made through it. */
  connections: number;
  /** Cuts every connection. */
  pull(): void;
}

export async function startWire(target: string): Promise<Wire> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  };
  const server = createServer((near) => {
    keep(near);
    if (wire.target === null) return void near.destroy();
    wire.connections++;
    const far = connect(Number(new URL(wire.target).port), '127.0.0.1');
    keep(far);
    near.pipe(far).pipe(near);
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const wire: Wire = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    target,
    connections: 0,
    pull: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        wire.pull();
      }),
  );
  return wire;
}
