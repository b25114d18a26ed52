/**
 * A turn over HTTP: `POST /v1/run`, then `POST /v1/store`, each durable when it is answered.
 *
 * Measures requests per second and their latency over loopback with 32 keep-alive connections, each with a session of its
 * own of at most 64 turns, the generator in a process of its own; beside a bare Koa server in the same process that
 * parses the same bodies and sends them back. Does not measure: a network, TLS, tokens and rate limits (anonymous mode),
 * a language model, a trained embedder, sessions full of memories.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchOptions, Measurement } from '../src/cli/bench.ts';
import { startServer } from '../src/server.ts';
import { loadConfig } from '../src/settings.ts';
import { startEcho } from './echo.ts';
import { generate } from './generate.ts';
import type { Findings, Orders } from './http-load.ts';
import type { Outcome } from './index.ts';
import { percentile, ROUNDS, type Round, ratioOf, summarise } from './rounds.ts';

const GENERATOR = new URL('./http-load.js', import.meta.url);
const CONNECTIONS = 32;
const MAX_REQUESTS = 200_000;
const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

export async function measureHttp({ seconds = 1, progress }: BenchOptions): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'synod-bench-'));
  const options = { data: join(folder, 'data'), port: '0', 'allow-anonymous': true };
  const server = await startServer(loadConfig(options, {}), SILENT);
  const koa = await startEcho();
  const load = (orders: Orders) => generate<Findings>(GENERATOR, orders);
  try {
    const orders = { connections: CONNECTIONS, seconds, maxRequests: MAX_REQUESTS };
    const turns: Findings[] = [];
    const echoes: Findings[] = [];
    await load({ ...orders, seconds: Math.min(seconds, 0.5), url: server.url, script: 'session' });
    for (let round = 1; round <= ROUNDS; round++) {
      progress(`http: ${CONNECTIONS} connections, round ${round} of ${ROUNDS}`);
      echoes.push(await load({ ...orders, url: koa.url, script: 'echo' }));
      turns.push(await load({ ...orders, url: server.url, script: 'session' }));
    }
    return { measurements: report(turns, echoes), notes: refusals(turns) };
  } finally {
    koa.close();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function report(turns: readonly Findings[], echoes: readonly Findings[]): Measurement[] {
  const baseline = echoes.map(roundOf);
  const line = (name: string, rounds: readonly Round[]): Measurement => {
    const { n, median, range, p50Ms, p99Ms } = summarise(rounds);
    return { benchmark: 'http', case: name, n, unit: 'req/s', values: [median], range, p50Ms, p99Ms };
  };
  const part = (path: string): Measurement => {
    const latencies = turns.flatMap(({ latenciesMs }) => latenciesMs[path] ?? []);
    const [p50Ms, p99Ms] = [percentile(latencies, 50), percentile(latencies, 99)];
    return { benchmark: 'http', case: `  POST ${path}`, n: latencies.length, unit: '', values: [], p50Ms, p99Ms };
  };
  const rounds = turns.map(roundOf);
  return [
    { ...line(`run + store, ${CONNECTIONS} connections`, rounds), ofBaseline: ratioOf(rounds, baseline) },
    part('/v1/run'),
    part('/v1/store'),
    line('baseline: bare Koa echo', baseline),
  ];
}

function roundOf({ seconds, latenciesMs }: Findings): Round {
  const all = Object.values(latenciesMs).flat();
  return { operations: all.length, seconds, latenciesMs: all };
}

function refusals(turns: readonly Findings[]): string[] {
  const refused = turns.reduce((sum, round) => sum + round.refused, 0);
  return refused === 0 ? [] : [`http: ${refused} requests were not answered with 2xx`];
}
