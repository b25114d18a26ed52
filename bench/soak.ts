/**
 * A soak: sessions are created, used, leave memory, come back, are used again, leave again and are deleted, for as long
 * and as many as asked for; runs when it is named, and never otherwise.
 *
 * Measures whether memory, the data file and the event loop delay of our own server, a child process, level off, and
 * whether everything it acknowledged is there. The load is even and far below what the server can do. Does not measure:
 * speed, sessions full of memories, a network, TLS, tokens, a trained embedder.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { BenchOptions } from '../src/cli/bench.ts';
import type { Outcome } from './index.ts';
import { createClient } from './load/client.ts';
import type { Sample } from './server/child.ts';
import { type OwnServer, startOwnServer } from './server/own.ts';
import { measurementsOf } from './soak/lines.ts';
import { liveAll } from './soak/lives.ts';
import { boundariesOf, planOf } from './soak/plan.ts';
import { figuresOf, isEven, type SoakRun } from './soak/run.ts';

const SESSIONS = 50_000;
const DEADLINE_MS = 30_000;
/** What is still under way so long after the end is cut off. */
const GRACE_SECONDS = 60;

export async function measureSoak({ minutes, sessions = SESSIONS, progress }: BenchOptions): Promise<Outcome> {
  const plan = planOf(minutes, sessions);
  const folder = mkdtempSync(join(tmpdir(), 'synod-bench-'));
  try {
    const server = await startOwnServer({
      data: join(folder, 'data'),
      settings: { 'idle-ms': String(plan.idleMs) },
      everyMs: plan.sampleMs,
      collectable: true,
    });
    const client = createClient({ url: server.url, token: undefined, keepAlive: true, deadlineMs: DEADLINE_MS });
    const cut = setTimeout(() => client.close(), (plan.seconds + GRACE_SECONDS) * 1_000);
    try {
      const before = (await server.settle()).sample;
      const at = Date.now();
      const [lives, collected] = await Promise.all([
        liveAll(client, plan, (line) => progress(`soak: ${line}`)),
        collectAt(server, boundariesOf(plan)),
      ]);
      progress('soak: looking at what is left');
      const samples = [...server.samples];
      const after = (await server.settle()).sample;
      const left = await server.weigh();
      const soak = figuresOf({ plan, at, lives, before, samples, collected, after, left });
      return { measurements: measurementsOf(soak), notes: notesOf(soak), soak };
    } finally {
      clearTimeout(cut);
      client.close();
      await server.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param moments seconds from now, ascending */
async function collectAt(server: OwnServer, moments: readonly number[]): Promise<Sample[]> {
  const began = performance.now();
  const samples: Sample[] = [];
  for (const second of moments) {
    await wait(Math.max(0, second * 1_000 - (performance.now() - began)));
    samples.push((await server.settle()).sample);
  }
  return samples;
}

function notesOf(run: SoakRun): string[] {
  const { plan, seconds, after, late, requests } = run;
  const { restSeconds, idleMs, lifeSeconds, beginUntilSeconds } = plan;
  const short = (value: number) => value.toLocaleString('en-US', { maximumFractionDigits: 1 });
  return [
    `soak: ${short(seconds)} s, ${short(requests)} requests; a session lives about ${short(lifeSeconds)} s and rests ${short(restSeconds)} s after each of its two uses; idle actors leave memory after ${short(idleMs / 1_000)} s`,
    `soak: by thirds = medians over the first, second and last third of the time from ${short(lifeSeconds)} to ${short(beginUntilSeconds)} s, when as many sessions end as begin; where they begin and end garbage is collected on purpose`,
    `soak: at the end ${after.sessions} sessions are there, ${after.live} of them in memory; the log has ${short(after.logRecords)} records, which are never deleted`,
    ...(isEven(run)
      ? []
      : ['soak: the number of sessions was not even, as on a busy machine; so growth between thirds says little']),
    ...(late === 0 ? [] : [`soak: ${late} sessions began late, because too many were under way`]),
  ];
}
