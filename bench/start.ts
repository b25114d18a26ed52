/**
 * Starting with sessions on disk: how long until the server listens, and until it has answered one of them.
 *
 * Measures from the start of the process; the second figure ends with the answer to a `run` of a session that was on
 * disk. Baseline: the same start with nothing on disk, most of which is Node loading the program. The page cache is warm,
 * since the sessions were written a moment ago. Does not measure: a machine that was just booted, a log to be verified.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchOptions, Measurement } from '../src/cli/bench.ts';
import type { Outcome } from './index.ts';
import { createClient } from './load/client.ts';
import { median, ROUNDS } from './rounds.ts';
import { fillStore } from './server/fill.ts';
import { startOwnServer } from './server/own.ts';

/** Memories of each: what a start reads must not depend on them, and 100,000 full ones are 130 GB. */
const MEMORIES = 1;
const WORDS = 20;
/** On disk, when nothing else is said. */
const SESSIONS = 2_000;

interface Start {
  readonly readyMs: number;
  readonly answeredMs: number;
}

export async function measureStart({ sessions = SESSIONS, progress }: BenchOptions): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'synod-bench-'));
  try {
    const [data, bare] = [join(folder, 'data'), join(folder, 'bare')];
    const say = (line: string) => progress(`start: ${line}`);
    const began = performance.now();
    const ids = await fillStore({ data, sessions, memories: MEMORIES, wordsPerMessage: WORDS, progress: say });
    const filledSeconds = (performance.now() - began) / 1_000;
    const full: Start[] = [];
    const empty: Start[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      say(`round ${round} of ${ROUNDS}`);
      empty.push(await start(bare, null));
      full.push(await start(data, ids[Math.floor((ids.length * round) / (ROUNDS + 1))]!));
    }
    const name = `${sessions.toLocaleString('en-US')} sessions`;
    return {
      measurements: [
        line(`ready, ${name}`, full, empty, ({ readyMs }) => readyMs),
        line('  first run answered', full, empty, ({ answeredMs }) => answeredMs),
        line('baseline: ready, nothing on disk', empty, null, ({ readyMs }) => readyMs),
        line('  first run answered', empty, null, ({ answeredMs }) => answeredMs),
      ],
      notes: [`start: the sessions hold ${MEMORIES} memory each and were written in ${filledSeconds.toFixed(1)} s`],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param session one that is on disk; null to make a new one */
async function start(data: string, session: string | null): Promise<Start> {
  const began = performance.now();
  const server = await startOwnServer({ data });
  const client = createClient({ url: server.url, token: undefined, keepAlive: false, deadlineMs: 30_000 });
  try {
    const body = { message: 'Are you there?', ...(session === null ? {} : { session_id: session }) };
    const { ok, status } = await client.call('POST', '/v1/run', JSON.stringify(body));
    if (!ok) throw new Error(`the first run was answered with ${status}`);
    return { readyMs: server.readyMs, answeredMs: performance.now() - began };
  } finally {
    client.close();
    await server.stop();
  }
}

function line(
  name: string,
  starts: readonly Start[],
  baseline: readonly Start[] | null,
  read: (start: Start) => number,
): Measurement {
  const values = starts.map(read);
  return {
    benchmark: 'start',
    case: name,
    n: starts.length,
    unit: 'ms',
    values: [median(values)],
    range: [Math.min(...values), Math.max(...values)],
    ...(baseline === null ? {} : { ofBaseline: median(values.map((value, i) => value / read(baseline[i]!))) }),
  };
}
