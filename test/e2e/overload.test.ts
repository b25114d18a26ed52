/** Many times more work than the server can do: it refuses, stays small, and is itself again right afterwards. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { Client, type Reply } from '../support/client.ts';
import { spawnServer } from '../support/process.ts';
import { marker, tempDir } from '../support/server.ts';

/** A minute by flag; long enough by default for a queue without bounds to show. */
const SECONDS = Number(process.env.SYNOD_OVERLOAD_SECONDS ?? 4);
const SESSIONS = 4;
/** Requests the server may answer at once, and ten times as many callers. */
const MAX_REQUESTS = 64;
const CALLERS = 10 * MAX_REQUESTS;
/** What the process may grow by. Unbounded queues would pass it within the first second. */
const GROWTH_MIB = 400;

const words = Array.from({ length: 200 }, (_, i) => `word${i}`).join(' ');

/**
 * Memory the process has of its own. Not its resident size: that has the pages of the data file in it, which grows with
 * all that is stored and is the system's to take back.
 */
function ownMiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)![1]) / 1_024;
}

function median(times: number[]): number {
  return times.sort((a, b) => a - b)[times.length >> 1]!;
}

/** How long a fixed piece of work takes here, in ms: others use this machine too, and not always as much. */
function machinePace(): number {
  const block = Buffer.alloc(2 ** 18);
  return median(
    Array.from({ length: 9 }, () => {
      const started = performance.now();
      for (let i = 0; i < 4; i++) createHash('sha256').update(block).digest();
      return performance.now() - started;
    }),
  );
}

interface Paces {
  readonly machine: number;
  /** Median of each call, ms. */
  readonly calls: Readonly<Record<string, number>>;
}

/** A round of everything a caller does with a session. */
async function paces(client: Client, id: string): Promise<Paces> {
  const calls: Record<string, () => Promise<unknown>> = {
    run: () => client.run({ session_id: id, message: words }),
    store: () => client.store({ session_id: id, response: words }),
    metrics: () => client.metrics(id),
    create: () => client.create(),
  };
  const medians: Record<string, number> = {};
  for (const [name, call] of Object.entries(calls)) {
    const times: number[] = [];
    for (let i = 0; i < 15; i++) {
      const started = performance.now();
      await call();
      times.push(performance.now() - started);
    }
    medians[name] = median(times);
  }
  return { machine: machinePace(), calls: medians };
}

/** Times of a shared machine wander; a queue that is still being worked off would be off by far more than this. */
const AS_FAST = 2;
/** Below this a ratio says nothing. */
const FLOOR_MS = 2;

/** How much slower than before the slowest call is, for a machine as busy as before. */
function slowdown(now: Paces, before: Paces): number {
  const slowest = Math.max(
    ...Object.keys(before.calls).map((name) => now.calls[name]! / Math.max(FLOOR_MS, before.calls[name]!)),
  );
  return slowest / Math.max(1, now.machine / before.machine);
}

it('bounds its memory, refuses with Retry-After, and is as fast as before within five seconds', {
  timeout: 60_000 + SECONDS * 2_000,
}, async () => {
  const server = await spawnServer(await tempDir(), ['--max-requests', String(MAX_REQUESTS)]);
  const client = new Client(server.url, {});
  const ids = await Promise.all(Array.from({ length: SESSIONS }, () => client.create()));
  // A session of its own for the paces, warm and with its tiers as full before as afterwards.
  const own = await client.create({ memory: { short_term: 15, medium_term: 15, long_term: 15 } });
  for (let i = 0; i < 4; i++) await paces(client, own);
  const calm = await paces(client, own);
  const before = ownMiB(server.pid);

  const seen = new Map<number, number>();
  const wrong: Reply[] = [];
  let stored = 0;
  const started = performance.now();
  const until = started + SECONDS * 1_000;
  /** Largest size in each half: what grows without bounds is larger in the second, however slowly. */
  const peaks = [before, before];
  const caller = async (n: number) => {
    const session_id = ids[n % SESSIONS];
    while (performance.now() < until) {
      const stores = n % 8 === 0;
      const reply = stores
        ? await client.post('/v1/store', { session_id, message: words, response: marker() })
        : await client.post('/v1/run', { session_id, message: words });
      if (stores && reply.status === 200) stored++;
      seen.set(reply.status, (seen.get(reply.status) ?? 0) + 1);
      const refused = reply.status === 503 || reply.status === 429;
      if (reply.status !== 200 && !(refused && Number(reply.headers.get('retry-after')) >= 1)) wrong.push(reply);
    }
  };
  /** Whether it lives is answered all the while; whoever asks restarts a server that does not say so. */
  const watch = async () => {
    while (performance.now() < until) {
      const health = await client.get('/healthz');
      if (health.status !== 200) wrong.push(health);
      const half = performance.now() - started < SECONDS * 500 ? 0 : 1;
      peaks[half] = Math.max(peaks[half]!, ownMiB(server.pid));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  await Promise.all([watch(), ...Array.from({ length: CALLERS }, (_, n) => caller(n))]);
  const ended = performance.now();

  expect(wrong).toEqual([]);
  expect(seen.get(200) ?? 0).toBeGreaterThan(0);
  // The callers share the machine with the server: where it is busy, they come to less than ten times its capacity.
  expect(seen.get(503) ?? 0).toBeGreaterThan(0.2 * seen.get(200)!);
  expect(Math.max(...peaks) - before).toBeLessThan(GROWTH_MIB);
  // A minute is long enough to see it level off.
  if (SECONDS >= 30) expect(peaks[1]! - before).toBeLessThan(1.5 * (peaks[0]! - before) + 50);
  await expect
    .poll(async () => slowdown(await paces(client, own), calm), { timeout: 5_000 - (performance.now() - ended) })
    .toBeLessThan(AS_FAST);
  // What was answered with 200 took effect, and what was refused did not.
  expect(stored).toBeGreaterThan(0);
  const counts = await Promise.all(ids.map(async (id) => (await client.metrics(id)).interaction_count));
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(stored);
  expect(await server.stop()).toBe(0);
});
