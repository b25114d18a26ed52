/**
 * Aggregation: many vectors to one, inline and through the pool.
 *
 * Measures weighted mean, attention and geometric median over 1,000 × 384 float32, each time other rows of a slab far
 * larger than the caches, beside the time one thread takes to read the same bytes (copied block by block to where they fit
 * into the first-level cache). Then 100,000 × 384 in shared memory through the pool, with the
 * worst delay of the event loop meanwhile, beside its worst delay while nothing runs. Does not measure: collecting the
 * members' vectors, actors, HTTP.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Compute, KernelArgs } from '../actors/compute.ts';
import { createSlab } from '../actors/compute.ts';
import type { BenchOptions, Measurement } from '../src/cli/bench.ts';
import { SystemClock } from '../src/clock.ts';
import { createCompute } from '../src/compute/index.ts';
import { loadConfig } from '../src/settings.ts';
import type { Outcome } from './index.ts';
import { drive, ROUNDS, type Round, ratioOf, summarise } from './rounds.ts';

const DIMENSION = 384;
const FEW = 1_000;
const MANY = 100_000;
const BLOCK_FLOATS = 8_192;
const TEMPERATURE = 0.1;

/** What one run aggregates. */
interface Slab {
  readonly rows: Float32Array;
  readonly weights: Float64Array;
  readonly query: Float64Array;
}

type Aggregate = 'weightedMean' | 'attentionMean' | 'geometricMedian';
const AGGREGATES: readonly Aggregate[] = ['weightedMean', 'attentionMean', 'geometricMedian'];

export async function measureAggregate({ seconds = 1, progress }: BenchOptions): Promise<Outcome> {
  const compute = createCompute({ ...loadConfig({}, {}).compute, deadlineMs: 120_000, clock: new SystemClock() });
  try {
    const few = await measureFew(compute, seconds, progress);
    const many = await measureMany(compute, seconds, progress);
    return {
      measurements: [...few, ...many],
      notes: [
        'aggregate: ÷ baseline is the share of the reading rate; 0.67 is 1.5 times the reading time',
        'aggregate: delays are the worst over all rounds, measured every ms (one ms of them is the timer itself)',
      ],
    };
  } finally {
    await compute.close();
  }
}

async function measureFew(
  compute: Compute,
  seconds: number,
  progress: BenchOptions['progress'],
): Promise<Measurement[]> {
  const slab = fill({ rows: createSlab(MANY, DIMENSION), ...besides(MANY) });
  // Not shared: copying out of it is as fast as reading gets.
  const ordinary = fill({ rows: new Float32Array(MANY * DIMENSION), ...besides(MANY) });
  const windows = MANY / FEW;
  let turn = 0;
  const next = ({ rows, weights, query }: Slab): Slab => {
    const first = (turn++ % windows) * FEW;
    return {
      rows: rows.subarray(first * DIMENSION, (first + FEW) * DIMENSION),
      weights: weights.subarray(first, first + FEW),
      query,
    };
  };
  const runs: readonly [string, () => Promise<unknown>][] = [
    ...AGGREGATES.map((name): [string, () => Promise<unknown>] => [
      `${name}, 1,000 × 384, inline, slab`,
      () => aggregate(compute, name, next(slab), 'inline'),
    ]),
    [
      'weightedMean, 1,000 × 384, inline, ordinary memory',
      () => aggregate(compute, 'weightedMean', next(ordinary), 'inline'),
    ],
    ['weightedMean, 1,000 × 384, pool, slab', () => aggregate(compute, 'weightedMean', next(slab), 'pool')],
  ];
  const scratch = new Float32Array(BLOCK_FLOATS);
  const read = async () => readThrough(next(ordinary).rows, scratch);
  const rounds = new Map<string, Round[]>(runs.map(([name]) => [name, []]));
  const reads: Round[] = [];
  for (const [, operate] of runs) await drive(1, Math.min(seconds, 0.2), operate);
  for (let round = 1; round <= ROUNDS; round++) {
    progress(`aggregate: 1,000 × 384, round ${round} of ${ROUNDS}`);
    reads.push(await drive(1, seconds, read));
    for (const [name, operate] of runs) rounds.get(name)!.push(await drive(1, seconds, operate));
  }
  return [
    ...runs.map(([name]) => ({
      ...line(name, rounds.get(name)!),
      ofBaseline: ratioOf(rounds.get(name)!, reads),
    })),
    line('baseline: reading 1,000 × 384', reads),
  ];
}

async function measureMany(
  compute: Compute,
  seconds: number,
  progress: BenchOptions['progress'],
): Promise<Measurement[]> {
  const slab = fill({ rows: createSlab(MANY, DIMENSION), ...besides(MANY) });
  const measurements: Measurement[] = [];
  const stalls = new Map<string, number[]>();
  const note = (name: string, ms: number) => stalls.set(name, [...(stalls.get(name) ?? []), ms]);
  let handOver = 0;
  const timed = (run: () => Promise<unknown>): Promise<unknown> => {
    const started = performance.now();
    const done = run();
    handOver = Math.max(handOver, performance.now() - started);
    return done;
  };
  // The thread's start is not part of it.
  await compute.run('norm', [slab.query], { where: 'pool' });
  for (const name of AGGREGATES) {
    const rounds: Round[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      progress(`aggregate: ${name}, 100,000 × 384, round ${round} of ${ROUNDS}`);
      note(
        'idle',
        await worstDelayMs(async () => void (await new Promise((wake) => setTimeout(wake, seconds * 1_000)))),
      );
      const stall = await worstDelayMs(async () => {
        rounds.push(await drive(1, seconds, () => timed(() => aggregate(compute, name, slab, 'pool'))));
      });
      note(name, stall);
      note('hand-over', handOver);
      handOver = 0;
    }
    measurements.push(line(`${name}, 100,000 × 384, pool`, rounds));
    measurements.push(delayLine(`${name}, worst delay of the event loop`, stalls.get(name)!));
  }
  return [
    ...measurements,
    delayLine('longest hand-over of a task to its thread', stalls.get('hand-over')!),
    delayLine('baseline: worst delay while idle', stalls.get('idle')!),
  ];
}

function aggregate(compute: Compute, name: Aggregate, slab: Slab, where: 'inline' | 'pool'): Promise<unknown> {
  const { rows, weights, query } = slab;
  const args: { readonly [K in Aggregate]: KernelArgs<K> } = {
    weightedMean: [rows, DIMENSION, weights],
    attentionMean: [rows, DIMENSION, query, TEMPERATURE],
    geometricMedian: [rows, DIMENSION, { weights }],
  };
  return compute.run(name, args[name], { where });
}

/** Brings every number of the rows near to the processor, and nothing else. */
function readThrough(rows: Float32Array, scratch: Float32Array): void {
  for (let at = 0; at < rows.length; at += scratch.length) {
    scratch.set(rows.subarray(at, Math.min(rows.length, at + scratch.length)));
  }
}

async function worstDelayMs(run: () => Promise<void>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await run();
  delay.disable();
  return delay.max / 1e6;
}

const besides = (n: number) => ({
  weights: new Float64Array(new SharedArrayBuffer(8 * n)).fill(1),
  query: new Float64Array(DIMENSION).fill(1),
});

/** Noise around one direction, so that a median has something to find; a prime number of floats, so that rows differ. */
function fill(slab: Slab): Slab {
  const { rows } = slab;
  const noise = Float32Array.from({ length: 100_003 }, (_, i) => 0.05 + ((i * 2_654_435_761) % 1_000) / 1_000 - 0.5);
  for (let at = 0; at < rows.length; at += noise.length) rows.set(noise.subarray(0, rows.length - at), at);
  return slab;
}

function line(name: string, rounds: readonly Round[]): Measurement {
  const { n, median, range, p50Ms, p99Ms } = summarise(rounds);
  return { benchmark: 'aggregate', case: name, n, unit: '/s', values: [median], range, p50Ms, p99Ms };
}

function delayLine(name: string, worst: readonly number[]): Measurement {
  const range = [Math.min(...worst), Math.max(...worst)] as const;
  return { benchmark: 'aggregate', case: name, n: worst.length, unit: 'ms', values: [Math.max(...worst)], range };
}
