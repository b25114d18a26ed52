/**
 * Events on their way to WebSocket subscribers, on a durable server of our own, with the subscribers in processes of
 * their own on the same machine.
 *
 * Measures how long after the 201 an event has come to each of 1,000 subscribers of `/ws`, alone and beside one that
 * never reads; how many deliveries a second they take while 64 connections post, beside a bare `ws` server with the usual
 * loop; what an idle subscriber weighs, with 10,000 of them; and how long posts take while 5,000 disconnect at once. Does
 * not measure: a network, TLS, tokens, filters that match in part, clients that do more than count.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { BenchOptions, Measurement } from '../src/cli/bench.ts';
import type { Outcome } from './index.ts';
import { type Bare, type Crowd, gather, startBare } from './push/crowd.ts';
import { createPoster, type EventPoster } from './push/events.ts';
import { median, percentile, percentilesOf, ROUNDS } from './rounds.ts';
import { type OwnServer, startOwnServer } from './server/own.ts';

/** Idle subscribers; a tenth of them are those who hear events, half of them leave at once. */
const SUBSCRIBERS = 10_000;
/** Events sent one by one in a round, each waited for. */
const EVENTS = 40;
const POSTERS = 64;
/** In which what came twice would have come. */
const AFTER_MS = 200;
/** Enough for the kernel's buffers and the server's bound. */
const STALL_EVENTS = 64;
const STALL_BYTES = 200 * 1_024;
const PAUSE_MS = 10;
const KB = 1_000;

type Line = Omit<Measurement, 'benchmark'>;

/** How large and how long it is. */
interface Scale {
  readonly hearing: number;
  readonly idle: number;
  readonly leaving: number;
  readonly seconds: number;
  say(line: string): void;
}

export async function measurePush({
  sessions: idle = SUBSCRIBERS,
  seconds = 2,
  progress,
}: BenchOptions): Promise<Outcome> {
  const say = (line: string) => progress(`push: ${line}`);
  const [hearing, leaving] = [Math.ceil(idle / 10), Math.ceil(idle / 2)];
  const scale = { hearing, idle, leaving, seconds, say };
  const delivered = await onServer((server) => measureDelivery(server, scale));
  const weighed = await onServer((server) => measureIdle(server, scale));
  const left = await onServer((server) => measureLeaving(server, scale));
  const lines = [...delivered, ...weighed, ...left];
  return {
    measurements: lines.map((line) => ({ benchmark: 'push', ...line })),
    notes: ['push: a stalled subscriber is one that never reads; all processes share the machine’s cores'],
  };
}

async function onServer<T>(measure: (server: OwnServer) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'synod-bench-'));
  const server = await startOwnServer({ data: join(folder, 'data'), collectable: true });
  try {
    return await measure(server);
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const portOf = ({ url }: OwnServer) => Number(new URL(url).port);

async function measureDelivery(server: OwnServer, { hearing, seconds, say }: Scale): Promise<Line[]> {
  const poster = createPoster(server.url);
  const bare = await startBare();
  const crowds: Crowd[] = [];
  const crowdOf = async (port: number) => {
    const crowd = await gather({ port, connections: hearing });
    crowds.push(crowd);
    return crowd;
  };
  try {
    say(`${hearing} subscribers`);
    const [ours, theirs] = [await crowdOf(portOf(server)), await crowdOf(bare.port)];
    await poster.flood(POSTERS, 0.5);
    const alone = await latencies(ours, poster, say);
    const loop = await bareLatencies(theirs, bare);
    const rates = await throughput({ ours, theirs, poster, bare, seconds, say });
    await ours.kill();
    say('a subscriber that never reads');
    crowds.push(await gather({ port: portOf(server), connections: 1, stalled: true }));
    for (let n = 0; n < STALL_EVENTS; n++) await poster.post(STALL_BYTES);
    const beside = await latencies(await crowdOf(portOf(server)), poster, say);
    return [
      ...latencyLines(`event to ${hearing} subscribers`, alone, 'after the 201'),
      ...latencyLines(`event to ${hearing} subscribers and one stalled`, beside, 'after the 201'),
      ...latencyLines(`baseline: bare ws loop to ${hearing}`, loop, 'after it began'),
      ...rates,
    ];
  } finally {
    poster.close();
    for (const crowd of crowds) await crowd.kill();
    await bare.kill();
  }
}

interface Latencies {
  /** Of each receipt, and of the last one of each event. */
  readonly each: number[];
  readonly last: number[];
}

async function latencies(crowd: Crowd, poster: EventPoster, say: (line: string) => void): Promise<Latencies> {
  const found: Latencies = { each: [], last: [] };
  for (let round = 1; round <= ROUNDS; round++) {
    say(`one event at a time, round ${round} of ${ROUNDS}`);
    for (let n = 0; n < EVENTS; n++) {
      await crowd.reset(true);
      const { answeredAt } = await poster.post();
      note(found, (await crowd.reached(crowd.connections)).arrivals, answeredAt);
      await wait(PAUSE_MS);
    }
  }
  return found;
}

async function bareLatencies(crowd: Crowd, bare: Bare): Promise<Latencies> {
  const found: Latencies = { each: [], last: [] };
  for (let n = 0; n < ROUNDS * EVENTS; n++) {
    await crowd.reset(true);
    const { startedAt } = await bare.broadcast({ type: 'one' });
    note(found, (await crowd.reached(crowd.connections)).arrivals, startedAt);
    await wait(PAUSE_MS);
  }
  return found;
}

/** What came before the answer did counts as 0. */
function note({ each, last }: Latencies, arrivals: readonly number[], since: number): void {
  const late = arrivals.map((at) => Math.max(0, at - since));
  each.push(...late);
  last.push(Math.max(...late));
}

function latencyLines(which: string, { each, last }: Latencies, since: string): Line[] {
  const line = (what: string, ms: readonly number[]): Line => {
    const [p50Ms, p99Ms] = percentilesOf(ms, [50, 99]) as [number, number];
    const name = `${which}: ${what} ${since}`;
    return { case: name, n: ms.length, unit: 'ms, worst', values: [Math.max(...ms)], p50Ms, p99Ms };
  };
  return [line('each', each), line('the last', last)];
}

interface Throughput {
  readonly ours: Crowd;
  readonly theirs: Crowd;
  readonly poster: EventPoster;
  readonly bare: Bare;
  readonly seconds: number;
  say(line: string): void;
}

async function throughput({ ours, theirs, poster, bare, seconds, say }: Throughput): Promise<Line[]> {
  const rates: number[] = [];
  const baseline: number[] = [];
  const posted: number[] = [];
  let twice = 0;
  for (let round = 1; round <= ROUNDS; round++) {
    say(`as many events as go, round ${round} of ${ROUNDS}`);
    await theirs.reset(false);
    const { startedAt, events } = await bare.broadcast({ type: 'many', seconds });
    const { at, frames } = await theirs.reached(events * theirs.connections);
    baseline.push(frames / ((at - startedAt) / 1_000));
    await ours.reset(false);
    const answered = await poster.flood(POSTERS, seconds);
    const began = Math.min(...answered.map(({ sentAt }) => sentAt));
    const wanted = answered.length * ours.connections;
    const end = await ours.reached(wanted);
    rates.push(wanted / ((end.at - began) / 1_000));
    posted.push(answered.length / seconds);
    await wait(AFTER_MS);
    twice += (await ours.reached(wanted)).frames - wanted;
  }
  const line = (name: string, unit: string, values: readonly number[]): Line => ({
    case: name,
    n: values.length,
    unit,
    values: [median(values)],
    range: [Math.min(...values), Math.max(...values)],
  });
  const ratio = median(rates.map((rate, round) => rate / baseline[round]!));
  return [
    { ...line(`deliveries to ${ours.connections} subscribers`, 'deliveries/s', rates), ofBaseline: ratio },
    line(`  events posted by ${POSTERS} connections meanwhile`, 'events/s', posted),
    { case: '  delivered more than once', n: ROUNDS, unit: 'deliveries', values: [twice] },
    line('baseline: bare ws loop', 'deliveries/s', baseline),
  ];
}

async function measureIdle(server: OwnServer, { idle, say }: Scale): Promise<Line[]> {
  const crowds: Crowd[] = [];
  try {
    // A first one, since the program itself grows with it.
    crowds.push(await gather({ port: portOf(server), connections: Math.ceil(idle / 100) }));
    const before = (await server.settle()).sample;
    say(`${idle} idle subscribers`);
    for (let n = 0; n < 2; n++) crowds.push(await gather({ port: portOf(server), connections: Math.ceil(idle / 2) }));
    const after = (await server.settle()).sample;
    const each = (a: number, b: number) => (b - a) / idle / KB;
    const line = (name: string, value: number): Line => ({
      case: `an idle subscriber of ${idle}, ${name}`,
      n: idle,
      unit: 'kB each',
      values: [value],
    });
    return [
      line('RSS', each(before.rssBytes, after.rssBytes)),
      line('JS heap and buffers', each(before.heapBytes, after.heapBytes)),
    ];
  } finally {
    for (const crowd of crowds) await crowd.kill();
  }
}

async function measureLeaving(server: OwnServer, { leaving, seconds, say }: Scale): Promise<Line[]> {
  const poster = createPoster(server.url);
  const crowds: Crowd[] = [];
  try {
    const msOf = async (during?: () => Promise<unknown>) => {
      const [answered] = await Promise.all([poster.flood(POSTERS, seconds), during?.()]);
      return answered.map(({ sentAt, answeredAt }) => answeredAt - sentAt);
    };
    await msOf();
    say(`${leaving} subscribers that disconnect`);
    const before: number[] = [];
    const meanwhile: number[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      const crowd = await gather({ port: portOf(server), connections: leaving, scope: 'elsewhere' });
      crowds.push(crowd);
      before.push(...(await msOf()));
      meanwhile.push(...(await msOf(() => wait((seconds * 1_000) / 4).then(() => crowd.kill()))));
    }
    const line = (name: string, ms: readonly number[]): Line => ({
      case: name,
      n: ms.length,
      unit: 'ms, worst post',
      values: [Math.max(...ms)],
      p50Ms: percentile(ms, 50),
      p99Ms: percentile(ms, 99),
    });
    return [
      line(`posting while ${leaving} subscribers disconnect at once`, meanwhile),
      line(`baseline: while they listen to another scope`, before),
    ];
  } finally {
    poster.close();
    for (const crowd of crowds) await crowd.kill();
  }
}
