/** `/ws` alone, on a server in this process: its own ends of the connections can be looked at. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect as connectSocket, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { createVerifier } from '../../src/auth/verify.ts';
import type { SempEvent } from '../../src/environment/event.ts';
import { createRuntime } from '../../src/runtime.ts';
import { sempFront } from '../../src/ws/semp.ts';
import { attachUpgrades } from '../../src/ws/upgrade.ts';
import { type LogLine, memoryLogger, testConfig } from '../support/server.ts';

/** @param pingMs between two pings of a connection */
export async function openDoor(pingMs = 30_000) {
  const config = testConfig({ allowAnonymous: true });
  const log: LogLine[] = [];
  const logger = memoryLogger(log);
  const runtime = await createRuntime({ config, logger });
  const verifier = createVerifier({ keys: [], clock: runtime.clock, renewUrl: 'x', allowAnonymous: true });
  const server = createServer();
  const connections: Socket[] = [];
  server.on('connection', (socket) => connections.push(socket));
  const { services } = runtime;
  const front = sempFront({ services, logger, pingMs });
  const door = attachUpgrades(server, { services, verifier, config, logger }, [front]);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    door.close();
    door.terminate();
    server.close();
    await runtime.close();
  });
  const { port } = server.address() as AddressInfo;
  let n = 0;
  const post = async (payload: Record<string, unknown> = {}, scope = 's'): Promise<SempEvent> => {
    const poster = { tenant: 'anonymous', requestId: `r${n++}`, newId: () => crypto.randomUUID() };
    const draft = { type: 'proposal', scope, trace_id: 't', agent_id: 'a', payload } as const;
    return (await services.environment.post(poster, draft)).event;
  };
  return { url: `http://127.0.0.1:${port}`, port, door, connections, runtime, log, post };
}

/** Upgrades and then says nothing, not even to a ping or a goodbye. */
export async function silentClient(port: number): Promise<Socket> {
  const socket = connectSocket(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {});
  socket.write(
    'GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
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
