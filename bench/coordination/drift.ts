/** From a message that leaves its topic to where others see it: at the region, and at the end of a WebSocket. */
import { WebSocket } from 'ws';
import { percentilesOf } from '../rounds.ts';
import { monotonicMs } from './audit.ts';
import { surpriseOf, turnOf } from './turns.ts';
import type { World } from './world.ts';

export interface DriftLatency {
  /** Turns per second that really went on meanwhile. */
  readonly turnsPerSecond: number;
  /** Drifts looked for, and those never seen. */
  readonly drifts: number;
  readonly unseen: { readonly region: number; readonly socket: number };
  /** From the request that carries the message: p50, p99, ms. */
  readonly answer: readonly number[];
  readonly region: readonly number[];
  readonly socket: readonly number[];
  readonly errors: Readonly<Record<string, number>>;
  /** Longest event loop delay of the server meanwhile. */
  readonly loopMaxMs: number;
}

export const TURNS_PER_SECOND = 500;
const DRIFTS_PER_SECOND = 25;
const TICK_MS = 4;
/** What has not been seen by then is lost. */
const PATIENCE_MS = 5_000;
/** Share of the sessions whose drift is looked at; the others have the turns. */
const LOOKED_AT = 0.2;
/** Before the first look, so that code is compiled. */
const WARM_SECONDS = 3;

export async function measureLatency(world: World, seconds: number): Promise<DriftLatency> {
  const { server, client, sessions } = world;
  const split = Math.max(1, Math.floor(sessions.length * LOOKED_AT));
  const [probed, others] = [sessions.slice(0, split), sessions.slice(split)];
  const waiting = new Map<string, Probe>();
  const probes: Probe[] = [];
  const errors: Record<string, number> = {};
  const see = (where: 'region' | 'socket', session: string, at: number) => {
    const probe = waiting.get(session);
    if (probe && probe[where] === null) probe[where] = at - probe.sent;
  };
  server.watch(({ session, at }) => see('region', session, at));
  const socket = await listen(server.url, (session) => see('socket', session, monotonicMs()));

  let turns = 0;
  let measuring = false;
  const turn = async (n: number) => {
    const { ok, status } = await client.call('POST', '/v1/run', turnOf(others[n % others.length]!, n));
    if (!ok) errors[status] = (errors[status] ?? 0) + 1;
    else if (measuring) turns++;
  };
  const probe = async (n: number) => {
    const session = probed[n % probed.length]!;
    const one: Probe = { sent: monotonicMs(), answer: 0, region: null, socket: null, detected: false };
    waiting.set(session, one);
    const { ok, status, text } = await client.call('POST', '/v1/run', surpriseOf(session, n));
    one.answer = monotonicMs() - one.sent;
    if (!ok) errors[status] = (errors[status] ?? 0) + 1;
    one.detected = ok && (JSON.parse(text) as { drift_detected: boolean }).drift_detected;
    if (measuring) probes.push(one);
  };
  const warm = Math.min(WARM_SECONDS, seconds);
  await pace(warm, TURNS_PER_SECOND, turn);
  measuring = true;
  const began = performance.now();
  const firstSample = server.samples.length;
  const offset = Math.ceil(warm * TURNS_PER_SECOND);
  await Promise.all([
    pace(seconds, TURNS_PER_SECOND, (n) => turn(n + offset)),
    // A session that was probed is not probed again before all the others were.
    pace(seconds, Math.min(DRIFTS_PER_SECOND, probed.length / seconds), probe),
  ]);
  const took = (performance.now() - began) / 1_000;
  const samples = server.samples.slice(firstSample);
  const found = probes.filter(({ detected }) => detected);
  const until = performance.now() + PATIENCE_MS;
  while (found.some(({ region, socket }) => region === null || socket === null) && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  socket.terminate();
  const of = (read: (probe: Probe) => number | null) => found.map(read).filter((ms) => ms !== null);
  const [region, seen] = [of((probe) => probe.region), of((probe) => probe.socket)];
  return {
    turnsPerSecond: turns / took,
    drifts: found.length,
    unseen: { region: found.length - region.length, socket: found.length - seen.length },
    answer: percentilesOf(
      found.map(({ answer }) => answer),
      [50, 99],
    ),
    region: percentilesOf(region, [50, 99]),
    socket: percentilesOf(seen, [50, 99]),
    errors,
    loopMaxMs: Math.max(0, ...samples.map((sample) => sample.loopMaxMs)),
  };
}

interface Probe {
  readonly sent: number;
  answer: number;
  region: number | null;
  socket: number | null;
  detected: boolean;
}

function listen(url: string, seen: (session: string) => void): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/stream`);
  socket.on('message', (data) => {
    const { type, data: record } = JSON.parse(String(data)) as {
      type: string;
      data?: { payload: { session: string } };
    };
    if (type === 'record') seen(record!.payload.session);
    if (type === 'subscribed') socket.emit('subscribed');
  });
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('subscribed', () => resolve(socket));
    socket.on('open', () => socket.send(JSON.stringify({ type: 'subscribe', kinds: ['region'], types: ['drift'] })));
  });
}

/** Begins so many a second, whether those before have ended or not, and waits for all of them. */
async function pace(seconds: number, perSecond: number, begin: (n: number) => Promise<void>): Promise<void> {
  const started = performance.now();
  const running: Promise<void>[] = [];
  for (;;) {
    const elapsed = (performance.now() - started) / 1_000;
    const due = Math.floor(Math.min(elapsed, seconds) * perSecond);
    while (running.length < due) running.push(begin(running.length));
    if (elapsed >= seconds) break;
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  await Promise.all(running);
}
