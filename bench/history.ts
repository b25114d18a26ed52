/**
 * A long log: a million events of one tenant, and the signals they left.
 *
 * Measures the newest 100 events, the events of a scope (100) and of a trace (20), over HTTP one after the other and in
 * process; the start of the server; the memory of signals nobody touches; and the list of all signals, with how long it
 * holds the event loop. Baseline of the queries: the same over HTTP, of a bare Koa echo; of the start: one with nothing on
 * disk. The page cache is warm. Does not measure: a network, TLS, tokens, queries beside posting.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchOptions, Measurement } from '../src/cli/bench.ts';
import { startEcho } from './echo.ts';
import { EVENTS_PER_SCOPE, fillHistory, queries, SIGNALS_PER_SCOPE } from './events/history.ts';
import type { Orders } from './events/waker.ts';
import type { Outcome } from './index.ts';
import { createClient } from './load/client.ts';
import { median, percentilesOf, ROUNDS } from './rounds.ts';
import type { Sample } from './server/child.ts';
import { type OwnServer, startOwnServer } from './server/own.ts';

const EVENTS = 1_000_000;
/** Of each query. */
const ASKS = 2_000;
/** Actors that are still in memory by then will not go. */
const GONE_MS = 60_000;
const SAMPLE_MS = 200;
const LISTS = 5;

export async function measureHistory({ events = EVENTS, progress }: BenchOptions): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'synod-bench-'));
  const say = (line: string) => progress(`history: ${line}`);
  try {
    const [data, bare] = [join(folder, 'data'), join(folder, 'bare')];
    const asks = Math.min(ASKS, events);
    const filled = await fillHistory({ data, events, asks, progress: say });
    const starts: number[] = [];
    const bareStarts: number[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      say(`starting, round ${round} of ${ROUNDS}`);
      bareStarts.push(await startOnce(bare));
      starts.push(await startOnce(data));
    }
    const server = await startOwnServer({
      data,
      settings: { 'idle-ms': '100' },
      everyMs: SAMPLE_MS,
      collectable: true,
    });
    try {
      say('queries');
      const lines = await timeQueries(server, events, asks);
      const inProcess = [...filled.latenciesMs].map(([name, times]) => latencyLine(`  ${name}, in process`, times));
      const signals = Math.floor(events / EVENTS_PER_SCOPE) * SIGNALS_PER_SCOPE;
      const name = events.toLocaleString('en-US');
      return {
        measurements: [
          ...lines,
          ...inProcess,
          startLine(`ready, ${name} events`, starts, bareStarts),
          startLine('baseline: ready, nothing on disk', bareStarts, null),
          ...(await weighSignals(server, signals, say)),
          ...(await listSignals(server, say)),
        ],
        notes: [
          `history: ${name} events were written in ${filled.seconds.toFixed(0)} s; ` +
            `the data file has ${(filled.storeBytes / events / 1_000).toFixed(1)} kB for each`,
        ],
      };
    } finally {
      await server.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startOnce(data: string): Promise<number> {
  const server = await startOwnServer({ data });
  await server.stop();
  return server.readyMs;
}

async function timeQueries(server: OwnServer, events: number, asks: number): Promise<Measurement[]> {
  const echo = await startEcho();
  const [ours, theirs] = [server.url, echo.url].map((url) =>
    createClient({ url, token: undefined, keepAlive: true, deadlineMs: 30_000 }),
  ) as [ReturnType<typeof createClient>, ReturnType<typeof createClient>];
  const lines: Measurement[] = [];
  try {
    for (const [name, { path }] of Object.entries(queries(events))) {
      const times: number[] = [];
      const echoed: number[] = [];
      for (let i = 0; i < asks; i++) {
        const answer = await ours.call('GET', path(i));
        if (!answer.ok) throw new Error(`GET ${path(i)} was answered with ${answer.status}`);
        times.push(answer.ms);
        echoed.push((await theirs.call('POST', '/', answer.text)).ms);
      }
      const line = latencyLine(`${name}, over HTTP`, times);
      lines.push({ ...line, ofBaseline: median(times) / median(echoed) });
      lines.push(latencyLine(`  baseline: Koa echo of the same answer`, echoed));
    }
    return lines;
  } finally {
    ours.close();
    theirs.close();
    echo.close();
  }
}

function latencyLine(name: string, times: readonly number[]): Measurement {
  const [p50Ms, p99Ms] = percentilesOf(times, [50, 99]) as [number, number];
  return { benchmark: 'history', case: name, n: times.length, unit: '', values: [], p50Ms, p99Ms };
}

function startLine(name: string, starts: readonly number[], baseline: readonly number[] | null): Measurement {
  return {
    benchmark: 'history',
    case: name,
    n: starts.length,
    unit: 'ms',
    values: [median(starts)],
    range: [Math.min(...starts), Math.max(...starts)],
    ...(baseline === null ? {} : { ofBaseline: median(starts.map((ms, i) => ms / baseline[i]!)) }),
  };
}

/** How much larger the process is after every signal was awake once and left memory again, for each of them. */
async function weighSignals(server: OwnServer, signals: number, say: (line: string) => void): Promise<Measurement[]> {
  // The first ones bring the program to its size: compiled code, caches with bounds.
  const few = Math.ceil(signals / 10);
  say(`waking ${few} signals`);
  await wake({ url: server.url, from: 0, to: few });
  const before = await settled(server);
  say(`waking ${signals} signals`);
  await wake({ url: server.url, from: 0, to: signals });
  const after = await settled(server);
  const each = (a: number, b: number) => (b - a) / signals;
  const line = (name: string, bytes: number): Measurement => ({
    benchmark: 'history',
    case: name,
    n: signals,
    unit: 'bytes each',
    values: [bytes],
  });
  const { anonymousBytes } = before;
  return [
    line('idle signals, JS heap', each(before.heapBytes, after.heapBytes)),
    ...(anonymousBytes === null || after.anonymousBytes === null
      ? []
      : [line('idle signals, RSS without the mapped store', each(anonymousBytes, after.anonymousBytes))]),
  ];
}

async function settled(server: OwnServer): Promise<Sample> {
  const until = performance.now() + GONE_MS;
  for (;;) {
    const { sample, live } = await server.settle();
    if (live === 0) return sample;
    if (performance.now() > until) throw new Error(`${live} signals stay in memory`);
  }
}

/** Posts one event to each signal from `from` up to `to`, from a process of its own. */
function wake(orders: Orders): Promise<void> {
  const script = fileURLToPath(new URL('./events/waker.js', import.meta.url));
  const child = spawn(process.execPath, [script, JSON.stringify(orders)], { stdio: ['ignore', 'ignore', 'inherit'] });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`waking ended with code ${code}`))));
  });
}

/** All signals in one answer, and how long the event loop was held meanwhile. */
async function listSignals(server: OwnServer, say: (line: string) => void): Promise<Measurement[]> {
  say('listing all signals');
  const client = createClient({ url: server.url, token: undefined, keepAlive: true, deadlineMs: 60_000 });
  const times: number[] = [];
  let count = 0;
  try {
    // What came before is in the first sample.
    await pause();
    const from = server.samples.length;
    for (let i = 0; i < LISTS; i++) {
      const answer = await client.call('GET', '/api/signals');
      if (!answer.ok) throw new Error(`GET /api/signals was answered with ${answer.status}`);
      count = (JSON.parse(answer.text) as unknown[]).length;
      times.push(answer.ms);
    }
    await pause();
    const held = Math.max(...server.samples.slice(from).map(({ loopMaxMs }) => loopMaxMs));
    const name = `all ${count.toLocaleString('en-US')} signals, over HTTP`;
    return [
      latencyLine(name, times),
      { benchmark: 'history', case: '  longest event loop delay meanwhile', n: LISTS, unit: 'ms', values: [held] },
    ];
  } finally {
    client.close();
  }
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 2 * SAMPLE_MS));
