/**
 * Events posted to the shared environment: `POST /api/events`, each durable with what it does to signals when it is
 * answered.
 *
 * Measures events per second and their latency over loopback with 64 keep-alive connections: rewards and proposals on 100
 * signals; every event a signal of its own; whole workflows whose events find their signals by trace, by parent and by
 * scope. The server and the generator are processes of their own. Baseline: a bare Koa server that parses the same bodies
 * and sends them back, under the same generator. Does not measure: a network, TLS, tokens and rate limits (anonymous
 * mode), subscribers.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchOptions, Measurement } from '../src/cli/bench.ts';
import { startEcho } from './echo.ts';
import type { Findings, Orders } from './events/generator.ts';
import { WORKLOADS, type Workload } from './events/posts.ts';
import { generate } from './generate.ts';
import type { Outcome } from './index.ts';
import { ROUNDS, type Round, ratioOf, summarise } from './rounds.ts';
import { startOwnServer } from './server/own.ts';

const GENERATOR = new URL('./events/generator.js', import.meta.url);
const CONNECTIONS = 64;
const MAX_REQUESTS = 200_000;
const WARM_UP_SECONDS = 2;

const CASES: Readonly<Record<Workload, string>> = {
  reinforced: '100 signals',
  new: 'each a new signal',
  mixed: 'workflows',
};

export async function measureEvents({ seconds = 2, progress }: BenchOptions): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'synod-bench-'));
  const server = await startOwnServer({ data: join(folder, 'data') });
  const echo = await startEcho();
  let firstAgent = 0;
  const load = (url: string, workload: Workload, length = seconds) => {
    const orders: Orders = {
      url,
      workload,
      connections: CONNECTIONS,
      seconds: length,
      maxRequests: MAX_REQUESTS,
      firstAgent,
    };
    firstAgent += CONNECTIONS;
    return generate<Findings>(GENERATOR, orders);
  };
  try {
    const posts = new Map<Workload, Findings[]>(WORKLOADS.map((workload) => [workload, []]));
    const echoes: Findings[] = [];
    progress('events: warming up');
    await load(server.url, 'mixed', Math.min(seconds, WARM_UP_SECONDS));
    await load(echo.url, 'mixed', Math.min(seconds, WARM_UP_SECONDS / 2));
    for (let round = 1; round <= ROUNDS; round++) {
      progress(`events: ${CONNECTIONS} connections, round ${round} of ${ROUNDS}`);
      echoes.push(await load(echo.url, 'reinforced'));
      for (const workload of WORKLOADS) posts.get(workload)!.push(await load(server.url, workload));
    }
    const refused = [...posts.values()].flat().reduce((sum, one) => sum + one.refused, 0);
    return {
      measurements: report(posts, echoes),
      notes: refused === 0 ? [] : [`events: ${refused} were not answered with 2xx`],
    };
  } finally {
    echo.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function report(posts: ReadonlyMap<Workload, readonly Findings[]>, echoes: readonly Findings[]): Measurement[] {
  const baseline = echoes.map(roundOf);
  const line = (name: string, rounds: readonly Round[]): Measurement => {
    const { n, median, range, p50Ms, p99Ms } = summarise(rounds);
    return { benchmark: 'events', case: name, n, unit: 'events/s', values: [median], range, p50Ms, p99Ms };
  };
  const lines = [...posts].map(([workload, findings]) => {
    const rounds = findings.map(roundOf);
    const name = `${CASES[workload]}, ${CONNECTIONS} connections`;
    return { ...line(name, rounds), ofBaseline: ratioOf(rounds, baseline) };
  });
  return [...lines, { ...line('baseline: bare Koa echo', baseline), unit: 'req/s' }];
}

function roundOf({ seconds, latenciesMs }: Findings): Round {
  return { operations: latenciesMs.length, seconds, latenciesMs };
}
