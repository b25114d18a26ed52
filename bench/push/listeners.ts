/**
 * Many WebSocket clients in a process of their own, as cheap as they can be, so that it is the server that is measured:
 * they open, count frames, note when each came, and answer pings. Takes its orders as JSON in the first argument.
 */
import { Socket } from 'node:net';
import { machineMs } from './clock.ts';

export interface ListenerOrders {
  readonly port: number;
  readonly connections: number;
  /** They never read; the kernel's buffers fill, then the server's. */
  readonly stalled?: boolean;
  /** They ask for the events of this scope alone. */
  readonly scope?: string;
}

export type ListenerRequest =
  /** Counts from 0 again, says so, and notes the time of each frame or only counts. */
  | { readonly type: 'reset'; readonly note: boolean }
  /** Asks to be told when so many frames have come since, over all connections. */
  | { readonly type: 'expect'; readonly frames: number };

export type ListenerReply =
  | { readonly type: 'open' }
  | { readonly type: 'counting' }
  /** @property at when the last one came; `arrivals` of all, when they were noted. Milliseconds of the machine's clock. */
  | { readonly type: 'reached'; readonly at: number; readonly frames: number; readonly arrivals: readonly number[] }
  | { readonly type: 'failed'; readonly message: string };

const AT_ONCE = 200;
const TEXT = 1;
const PING = 9;
/** An empty pong under an all-zero mask. */
const PONG = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);
const UPGRADE =
  'GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

let frames = 0;
let arrivals: number[] = [];
let note = false;
let expected = Number.POSITIVE_INFINITY;

const tell = (reply: ListenerReply) => process.send?.(reply);

function count(): void {
  frames++;
  if (note) arrivals.push(machineMs());
  if (frames !== expected) return;
  tell({ type: 'reached', at: machineMs(), frames, arrivals });
}

/** Reads a server's frames: how many bytes of the present one are still to come, and its header while it is cut off. */
class Frames {
  #left = 0;
  #opcode = 0;
  #header: number[] = [];

  feed(bytes: Uint8Array, length: number, onPing: () => void): void {
    for (let at = 0; at < length; ) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, length - at);
        this.#left -= taken;
        at += taken;
        if (this.#left === 0) this.#end(onPing);
        continue;
      }
      this.#header.push(bytes[at++]!);
      const payload = lengthOf(this.#header);
      if (payload === null) continue;
      this.#opcode = this.#header[0]! & 0x0f;
      this.#header = [];
      this.#left = payload;
      if (payload === 0) this.#end(onPing);
    }
  }

  #end(onPing: () => void): void {
    if (this.#opcode === TEXT) count();
    else if (this.#opcode === PING) onPing();
  }
}

/** @returns null while the header is not complete */
function lengthOf(header: readonly number[]): number | null {
  const [, short = -1] = header;
  if (short < 0) return null;
  const extra = short === 126 ? 2 : short === 127 ? 8 : 0;
  if (header.length < 2 + extra) return null;
  return extra === 0 ? short : header.slice(2).reduce((sum, byte) => sum * 256 + byte, 0);
}

/** A client's text frame of at most 125 bytes, under an all-zero mask. */
function masked(text: string): Buffer {
  const payload = Buffer.from(text);
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}

/** What all of them read into, one after the other. */
const shared = Buffer.allocUnsafe(256 * 1_024);

function open({ port, stalled = false, scope }: ListenerOrders): Promise<void> {
  return new Promise((resolve, reject) => {
    const reader = new Frames();
    let greeting: string | null = '';
    const take = (length: number, bytes: Uint8Array): boolean => {
      if (greeting === null) {
        reader.feed(bytes, length, () => socket.write(PONG));
        return true;
      }
      greeting += Buffer.from(bytes.subarray(0, length)).toString('latin1');
      const end = greeting.indexOf('\r\n\r\n');
      if (end < 0) return true;
      if (!greeting.startsWith('HTTP/1.1 101')) {
        reject(new Error(`the upgrade was refused: ${greeting.slice(0, 200)}`));
        return true;
      }
      const rest = Buffer.from(greeting.slice(end + 4), 'latin1');
      greeting = null;
      reader.feed(rest, rest.length, () => {});
      resolve();
      if (scope !== undefined) socket.write(masked(JSON.stringify({ type: 'subscribe', scopes: [scope] })));
      // Without another read the kernel keeps what comes.
      if (stalled) socket.pause();
      return !stalled;
    };
    const socket = new Socket({ onread: { buffer: shared, callback: take } } as object);
    socket.setNoDelay(true);
    socket.on('error', reject);
    socket.connect(port, '127.0.0.1', () => socket.write(UPGRADE));
  });
}

async function run(orders: ListenerOrders): Promise<void> {
  for (let opened = 0; opened < orders.connections; opened += AT_ONCE) {
    const some = Math.min(AT_ONCE, orders.connections - opened);
    await Promise.all(Array.from({ length: some }, () => open(orders)));
  }
  process.on('message', (request: ListenerRequest) => {
    if (request.type === 'reset') {
      frames = 0;
      arrivals = [];
      note = request.note;
      expected = Number.POSITIVE_INFINITY;
      tell({ type: 'counting' });
      return;
    }
    expected = request.frames;
    if (frames >= expected) tell({ type: 'reached', at: machineMs(), frames, arrivals });
  });
  tell({ type: 'open' });
}

process.once('disconnect', () => process.exit(0));
// Ctrl-C reaches the whole group; the parent decides.
process.on('SIGINT', () => {});
run(JSON.parse(process.argv[2] ?? '{}') as ListenerOrders).catch((error: unknown) => {
  tell({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
  process.exit(1);
});
