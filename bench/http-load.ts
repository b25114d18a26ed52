/**
 * A keep-alive HTTP load generator in a process of its own, so that it does not share the server's event loop. Takes its
 * orders as JSON in the first argument, prints what it found as one line of JSON.
 */
import { Agent, request } from 'node:http';

/** What to do. */
export interface Orders {
  readonly url: string;
  /** Each sends one request after the other. */
  readonly connections: number;
  readonly seconds: number;
  /** Ends earlier when so many requests were answered. */
  readonly maxRequests: number;
  /** `session`: turns of run and store; `echo`: the same bodies to one path. */
  readonly script: 'session' | 'echo';
}

/** What came of it. */
export interface Findings {
  readonly seconds: number;
  /** Answers with a status other than 2xx. */
  readonly refused: number;
  /** Milliseconds by path. */
  readonly latenciesMs: Readonly<Record<string, readonly number[]>>;
}

/** Turns of a session before its connection begins a new one: memories cost, and all should have about as many. */
const TURNS = 64;
const WORDS =
  'harbour crane cargo manifest tide berth pilot tug ballast customs invoice delay fog signal lamp rope'.split(' ');

const orders = JSON.parse(process.argv[2] ?? '{}') as Orders;
const { url, connections, seconds, maxRequests, script } = orders;
const agent = new Agent({ keepAlive: true, maxSockets: connections });
const latenciesMs: Record<string, number[]> = {};
let answered = 0;
let refused = 0;
const started = performance.now();
const end = started + seconds * 1_000;

function post(path: string, body: unknown): Promise<Record<string, unknown>> {
  const bytes = Buffer.from(JSON.stringify(body));
  const sent = performance.now();
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': bytes.length };
    const outgoing = request(url + path, { method: 'POST', agent, headers }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () => {
        latenciesMs[path] ??= [];
        latenciesMs[path].push(Math.round((performance.now() - sent) * 1_000) / 1_000);
        answered++;
        const { statusCode = 0 } = response;
        if (statusCode < 200 || statusCode > 299) refused++;
        resolve(JSON.parse(Buffer.concat(pieces).toString()) as Record<string, unknown>);
      });
    });
    outgoing.on('error', reject);
    outgoing.end(bytes);
  });
}

/** Sentences that differ from turn to turn and are the same in every run. */
function sentence(connection: number, turn: number, length: number): string {
  const words: string[] = [];
  for (let i = 0; i < length; i++)
    words.push(WORDS[(connection * 7 + turn * 5 + i * (1 + (turn % 3))) % WORDS.length]!);
  return `${words.join(' ')} ${turn}`;
}

const goesOn = () => performance.now() < end && answered < maxRequests;

async function talk(connection: number): Promise<void> {
  let session: string | undefined;
  for (let turn = 0; goesOn(); turn++) {
    if (turn % TURNS === 0) session = undefined;
    const message = sentence(connection, turn, 8);
    const response = sentence(connection, turn, 24);
    const answer = await post('/v1/run', { message, ...(session === undefined ? {} : { session_id: session }) });
    session ??= answer.session_id as string;
    await post('/v1/store', { session_id: session, response });
  }
}

async function echo(connection: number): Promise<void> {
  for (let turn = 0; goesOn(); turn++) {
    await post('/v1/run', { message: sentence(connection, turn, 8), session_id: 'echo' });
    await post('/v1/store', { session_id: 'echo', response: sentence(connection, turn, 24) });
  }
}

await Promise.all(
  Array.from({ length: connections }, (_, connection) => (script === 'echo' ? echo : talk)(connection)),
);
agent.destroy();
const findings: Findings = { seconds: (performance.now() - started) / 1_000, refused, latenciesMs };
process.stdout.write(`${JSON.stringify(findings)}\n`);
