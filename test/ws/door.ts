/** One front alone, on a server in this process: its own ends of the connections can be looked at. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { createVerifier } from '../../src/auth/verify.ts';
import type { Logger } from '../../src/http/ports.ts';
import { createRuntime, type Runtime } from '../../src/runtime.ts';
import type { Store } from '../../src/store/store.ts';
import { attachUpgrades, type WebSocketFront } from '../../src/ws/upgrade.ts';
import { type LogLine, memoryLogger, testConfig } from '../support/server.ts';

interface FrontOptions {
  readonly services: Runtime['services'];
  readonly logger: Logger;
}

/**
 * Everybody may come in, anonymously.
 *
 * @param store default: a new one in memory
 */
export async function openFront(createFront: (options: FrontOptions) => WebSocketFront, store?: Store) {
  const config = testConfig({ allowAnonymous: true });
  const log: LogLine[] = [];
  const logger = memoryLogger(log);
  const runtime = await createRuntime({ config, logger, ...(store ? { store } : {}) });
  const verifier = createVerifier({ keys: [], clock: runtime.clock, renewUrl: 'x', allowAnonymous: true });
  const server = createServer();
  const connections: Socket[] = [];
  server.on('connection', (socket) => connections.push(socket));
  const { services } = runtime;
  const front = createFront({ services, logger });
  const door = attachUpgrades(server, { services, verifier, config, logger }, [front]);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    door.close();
    door.terminate();
    server.close();
    await runtime.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port, door, connections, runtime, log };
}

/** Upgrades and then says nothing, not even to a ping or a goodbye. */
export async function silentClient(port: number, path: string, protocol?: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {});
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      (protocol === undefined ? '' : `Sec-WebSocket-Protocol: ${protocol}\r\n`) +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  await once(socket, 'data');
  return socket;
}

/** A masked frame of a client, of at most 64 KiB. */
export function clientFrame(opcode: number, data: string | Buffer): Buffer {
  const payload = Buffer.from(data);
  const length =
    payload.length <= 125
      ? Buffer.from([0x80 | payload.length])
      : Buffer.from([0x80 | 126, payload.length >> 8, payload.length & 0xff]);
  return Buffer.concat([Buffer.from([0x80 | opcode]), length, Buffer.alloc(4), payload]);
}
