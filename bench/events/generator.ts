/**
 * Posts events over keep-alive connections, in a process of its own. It speaks HTTP/1.1 on bare sockets: Node's own client
 * costs more than a bare echo, and on a machine with two cores the server would wait for it. Takes its orders as JSON in
 * the first argument, prints what it found as one line of JSON.
 */
import { connect, type Socket } from 'node:net';
import { draftOf, type Workload } from './posts.ts';

/** What to do. */
export interface Orders {
  readonly url: string;
  /** Each posts one event after the other. */
  readonly connections: number;
  readonly seconds: number;
  /** Ends earlier when so many were answered. */
  readonly maxRequests: number;
  readonly workload: Workload;
  /** Of a first agent: the others count from here, so that rounds do not meet each other's events. */
  readonly firstAgent: number;
}

/** What came of it. */
export interface Findings {
  readonly seconds: number;
  /** Answers with a status other than 2xx. */
  readonly refused: number;
  readonly latenciesMs: readonly number[];
}

const orders = JSON.parse(process.argv[2] ?? '{}') as Orders;
const { connections, seconds, maxRequests, workload, firstAgent } = orders;
const { hostname, port, host } = new URL(orders.url);
const latenciesMs: number[] = [];
let refused = 0;
/** A connection that is ready before the clock begins. */
function connection(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true }, () => resolve(socket));
    socket.on('error', reject);
  });
}

/** Posts until the time is up, at least once. */
function agent(number: number, socket: Socket, end: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let [n, sent, got] = [0, 0, ''];
    let last: string | undefined;
    const next = () => {
      if (n > 0 && (performance.now() >= end || latenciesMs.length >= maxRequests)) {
        socket.end(resolve);
        return;
      }
      const body = JSON.stringify(draftOf(workload, number, n++, last));
      const head = `POST /api/events HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\n`;
      sent = performance.now();
      socket.write(`${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    };
    // The bodies are ASCII, so characters are bytes.
    socket.setEncoding('latin1').on('data', (piece: string) => {
      got += piece;
      const ends = got.indexOf('\r\n\r\n') + 4;
      const length = ends < 4 ? 0 : Number(/^content-length: (\d+)/im.exec(got)?.[1]);
      if (ends < 4 || got.length < ends + length) return;
      latenciesMs.push(Math.round((performance.now() - sent) * 1_000) / 1_000);
      if (got[9] !== '2') refused++;
      last = /"id":"([^"]+)"/.exec(got.slice(ends))?.[1] ?? last;
      got = '';
      next();
    });
    socket.on('error', reject);
    next();
  });
}

const sockets = await Promise.all(Array.from({ length: connections }, connection));
const started = performance.now();
const end = started + seconds * 1_000;
await Promise.all(sockets.map((socket, index) => agent(firstAgent + index, socket, end)));
const findings: Findings = { seconds: (performance.now() - started) / 1_000, refused, latenciesMs };
process.stdout.write(`${JSON.stringify(findings)}\n`);
