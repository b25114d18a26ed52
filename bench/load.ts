/**
 * The published load shapes against a server: ours, started as a child process on an empty directory, or somebody's
 * running one.
 *
 * Measures turns per second and the latency of create, run, store and delete while virtual users come and go, with empty
 * sessions (as published) and with full ones; beside a bare Koa echo under the same shape. Does not measure: a network,
 * TLS, tokens, a language model, a trained embedder; where one of them is there (--target), it is part of the figures.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchOptions, Measurement } from '../src/cli/bench.ts';
import { startEcho } from './echo.ts';
import type { Outcome } from './index.ts';
import { measurementsOf } from './load/lines.ts';
import { PUBLISHED, PUBLISHED_ON } from './load/published.ts';
import { figuresOf, generate, type LoadRun, type Raw, type Workload } from './load/run.ts';
import { lengthOf, parseShapes, SHAPE_NAMES, type Shape, type Stage, scaleTo } from './load/shapes.ts';
import { checkTarget } from './load/target.ts';
import type { Sample } from './server/child.ts';
import { fillStore } from './server/fill.ts';
import { startOwnServer } from './server/own.ts';

/** Of a run, when nothing else is said. */
const SECONDS = 10;
/** The echo needs less: it has no state that would change. */
const ECHO_SHARE = 0.25;
const MIN_ECHO_SECONDS = 0.5;
const MAX_REQUESTS = 1_000_000;
const SAMPLE_MS = 200;

interface Setup {
  readonly shape: Shape;
  readonly workload: Workload;
  readonly seconds: number;
  readonly options: BenchOptions;
  readonly say: (line: string) => void;
}

export async function measureLoad(options: BenchOptions): Promise<Outcome> {
  const { seconds = SECONDS, shape: names = SHAPE_NAMES.join(','), progress } = options;
  const workloads: readonly Workload[] = options.workload === 'both' ? ['empty', 'populated'] : [options.workload];
  const runs: LoadRun[] = [];
  for (const shape of parseShapes(names)) {
    for (const workload of workloads) {
      const say = (line: string) => progress(`load: ${shape.name} users, ${workload}: ${line}`);
      runs.push(await measure({ shape, workload, seconds, options, say }));
    }
  }
  return { measurements: runs.flatMap(measurementsOf) satisfies Measurement[], notes: notesOf(runs, options), runs };
}

async function measure(setup: Setup): Promise<LoadRun> {
  const { shape, workload, seconds, options, say } = setup;
  const stages = scaleTo(shape.stages, seconds);
  const echo = options.target === undefined ? await loadEcho(setup) : null;
  const { raw, samples } = await (options.target === undefined ? loadOwn : loadTarget)(setup, stages);
  say(`${raw.findings.requests} requests, done`);
  const scale = seconds / lengthOf(shape.stages);
  const published = PUBLISHED[shape.name] ?? null;
  const echoPerSecond = echo === null ? null : echo.findings.requests / echo.findings.seconds;
  return figuresOf({ shape, stages, scale, workload, raw, samples, published, echoPerSecond });
}

interface Loaded {
  readonly raw: Raw;
  readonly samples: readonly Sample[];
}

async function loadOwn(setup: Setup, stages: readonly Stage[]): Promise<Loaded> {
  const { shape, workload, options, say } = setup;
  const folder = mkdtempSync(join(tmpdir(), 'synod-bench-'));
  try {
    const data = join(folder, 'data');
    const sessions =
      workload === 'empty'
        ? null
        : await fillStore({ data, sessions: shape.users, memories: options.fill, progress: say });
    const server = await startOwnServer({ data, everyMs: SAMPLE_MS });
    try {
      const orders = { ...ordersOf(setup, stages, sessions), url: server.url };
      return { raw: await generate(orders, say), samples: server.samples };
    } finally {
      await server.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function loadTarget(setup: Setup, stages: readonly Stage[]): Promise<Loaded> {
  const { workload, options, say } = setup;
  const orders = {
    ...ordersOf(setup, stages, null),
    url: checkTarget(options.target!, options.yes),
    token: options.token,
    anywhere: options.yes,
    prefill: workload === 'populated' ? options.fill : null,
  };
  return { raw: await generate(orders, say), samples: [] };
}

async function loadEcho(setup: Setup): Promise<Raw> {
  const seconds = Math.max(MIN_ECHO_SECONDS, setup.seconds * ECHO_SHARE);
  const stages = scaleTo(setup.shape.stages, seconds);
  const echo = await startEcho();
  try {
    const sessions = setup.workload === 'empty' ? null : Array.from({ length: setup.shape.users }, () => 'echo');
    const { plan, ...orders } = ordersOf(setup, stages, sessions);
    return await generate({ ...orders, url: echo.url, plan: { ...plan, seconds } }, (line) =>
      setup.say(`baseline, ${line}`),
    );
  } finally {
    echo.close();
  }
}

function ordersOf({ shape, seconds, options }: Setup, stages: readonly Stage[], sessions: readonly string[] | null) {
  const { turns, thinkMs, users } = shape;
  return {
    token: undefined,
    anywhere: false,
    keepAlive: !options.newConnections,
    prefill: null,
    plan: { stages, turns, thinkMs, users, seconds, maxRequests: MAX_REQUESTS, sessions },
  };
}

function notesOf(runs: readonly LoadRun[], options: BenchOptions): string[] {
  const [first] = runs;
  if (!first) return [];
  const scales = runs.filter(({ workload }) => workload === first.workload);
  const times = scales.map(({ shape, scale }) => `${shape}: ×${scale.toFixed(2)}`).join(', ');
  const assumed = runs.some(({ shape }) => shape === '400' || shape === '1000');
  const short = scales.filter(({ thinkMs, seconds }) => thinkMs > (seconds * 1_000) / 4);
  const where =
    options.target === undefined ? 'own server, durable, as a child process' : `server at ${options.target}`;
  return [
    `load: ${where}; ${options.newConnections ? 'a new TCP connection per request' : 'keep-alive connections'}; 200-word messages from 26 words`,
    `load: ramps and plateaus scaled in time (${times} of the published length); turns per session and think times as published`,
    ...(assumed ? ['load: of 400 and 1000 users only results were published; stages and turns are those of 200'] : []),
    ...(runs.some(({ workload }) => workload === 'populated')
      ? [
          `load: populated = run + store per turn in sessions of ${options.fill} memories; all awake before the clock begins; create and delete beside it`,
        ]
      : []),
    ...short.map(
      ({ shape, thinkMs, seconds, scale }) =>
        `load: ${shape} users think ${thinkMs / 1_000} s after a turn, most of this run: --seconds ${Math.round(seconds / scale)} gives it the published length`,
    ),
    `load: PUBLISHED is ${PUBLISHED_ON}`,
  ];
}
