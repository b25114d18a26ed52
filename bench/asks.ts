/**
 * Durable asks in process: one event to an actor, answered after the fsync of its turn.
 *
 * Measures asks per second and their latency with 1 to 2,048 callers, each asking an actor of its own, one ask after the
 * other; beside a bare LMDB loop that commits two records of the same sizes per ask in groups. The two take turns in one
 * process on one disk. Does not measure: HTTP, embedding, recall, large states, waking actors from disk.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchOptions, Measurement } from '../src/cli/bench.ts';
import { createRuntime, type Runtime } from '../src/runtime.ts';
import { loadConfig } from '../src/settings.ts';
import { counter } from './counter.ts';
import type { Outcome } from './index.ts';
import { createLmdbLoop, type RecordSizes } from './lmdb-loop.ts';
import { drive, ROUNDS, type Round, ratioOf, summarise } from './rounds.ts';

const CALLERS = [1, 32, 256, 2_048] as const;
const TENANT = 'anonymous';

const SILENT = { warn: () => {}, error: () => {} };

export async function measureAsks({ seconds = 1, progress }: BenchOptions): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'synod-bench-'));
  const runtime = await createRuntime({
    config: loadConfig({ data: join(folder, 'synod') }, {}),
    logger: SILENT,
    kinds: [counter],
  });
  try {
    const sizes = await prepare(runtime);
    const loop = createLmdbLoop(join(folder, 'lmdb'), sizes);
    const ask = (caller: number) => runtime.system.ask(addressOf(caller), { type: 'add' });
    await drive(32, Math.min(seconds, 0.5), ask);
    await drive(32, Math.min(seconds, 0.5), loop.write);
    const measurements: Measurement[] = [];
    for (const callers of CALLERS) measurements.push(...(await compare(callers, seconds, ask, loop.write, progress)));
    await loop.close();
    return {
      measurements,
      notes: [`asks: an ask leaves an event of ${sizes.event} and a log record of ${sizes.log} bytes`],
    };
  } finally {
    await runtime.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compare(
  callers: number,
  seconds: number,
  ask: (caller: number) => Promise<unknown>,
  write: (caller: number) => Promise<unknown>,
  progress: BenchOptions['progress'],
): Promise<Measurement[]> {
  const asks: Round[] = [];
  const writes: Round[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    progress(`asks: ${callers} callers, round ${round} of ${ROUNDS}`);
    writes.push(await drive(callers, seconds, write));
    asks.push(await drive(callers, seconds, ask));
  }
  const line = (name: string, rounds: readonly Round[]): Measurement => {
    const { n, median, range, p50Ms, p99Ms } = summarise(rounds);
    return {
      benchmark: 'asks',
      case: `${name}, ${callers} ${callers === 1 ? 'caller' : 'callers'}`,
      n,
      unit: '/s',
      values: [median],
      range,
      p50Ms,
      p99Ms,
    };
  };
  return [{ ...line('durable asks', asks), ofBaseline: ratioOf(asks, writes) }, line('baseline: bare LMDB', writes)];
}

function addressOf(caller: number) {
  return { tenant: TENANT, kind: counter.name, id: `counter-${caller}` };
}

/** Makes the actors. @returns what an ask of one writes */
async function prepare({ system, store }: Runtime): Promise<RecordSizes> {
  const callers = Array.from({ length: Math.max(...CALLERS) }, (_, caller) => caller);
  await Promise.all(callers.map((caller) => system.spawn(addressOf(caller), {})));
  await system.ask(addressOf(0), { type: 'add' });
  const newest = (table: 'event' | 'log', prefix: readonly string[]): number => {
    for (const { value } of store.range(table, { prefix, reverse: true, limit: 1 })) return value.length;
    throw new Error(`an ask left no ${table}`);
  };
  return { event: newest('event', [TENANT, counter.name, 'counter-0']), log: newest('log', [TENANT]) };
}
