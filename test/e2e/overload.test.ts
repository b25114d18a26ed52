/** Many times more work than the server can do: it refuses, stays small, and is itself again right afterwards. */
import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { Client, type Reply } from '../support/client.ts';
import { spawnServer } from '../support/process.ts';
import { tempDir } from '../support/server.ts';

/** A minute by flag; long enough by default for a queue without bounds to show. */
const SECONDS = Number(process.env.SYNOD_OVERLOAD_SECONDS ?? 4);
const SESSIONS = 4;
/** Requests the server may answer at once, and ten times as many callers. */
const MAX_REQUESTS = 64;
const CALLERS = 10 * MAX_REQUESTS;
/** What the process may grow by. Unbounded queues would pass it within the first second. */
const GROWTH_MIB = 400;

const words = Array.from({ length: 200 }, (_, i) => `word${i}`).join(' ');

function rssMiB(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1_024;
}

async function medianMs(client: Client, id: string): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 15; i++) {
    const started = performance.now();
    await client.run({ session_id: id, message: words });
    times.push(performance.now() - started);
  }
  return times.sort((a, b) => a - b)[times.length >> 1]!;
}

it('bounds its memory, refuses with Retry-After, and is as fast as before within seconds', async () => {
  const server = await spawnServer(await tempDir(), ['--max-requests', String(MAX_REQUESTS)]);
  const client = new Client(server.url, {});
  const ids = await Promise.all(Array.from({ length: SESSIONS }, () => client.create()));
  await medianMs(client, ids[0]!);
  const calm = await medianMs(client, ids[0]!);
  const before = rssMiB(server.pid);

  const seen = new Map<number, number>();
  const wrong: Reply[] = [];
  let peak = before;
  const until = performance.now() + SECONDS * 1_000;
  const caller = async (n: number) => {
    while (performance.now() < until) {
      const reply = await client.post('/v1/run', { session_id: ids[n % SESSIONS], message: words });
      seen.set(reply.status, (seen.get(reply.status) ?? 0) + 1);
      const refused = reply.status === 503 || reply.status === 429;
      if (reply.status !== 200 && !(refused && Number(reply.headers.get('retry-after')) >= 1)) wrong.push(reply);
      if (n === 0) peak = Math.max(peak, rssMiB(server.pid));
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, (_, n) => caller(n)));

  expect(wrong).toEqual([]);
  expect(seen.get(200) ?? 0).toBeGreaterThan(0);
  expect(seen.get(503) ?? 0).toBeGreaterThan(0);
  expect(peak - before).toBeLessThan(GROWTH_MIB);
  // Times of a shared machine wander; a queue that is still being worked off would be off by far more than this.
  await expect.poll(() => medianMs(client, ids[0]!), { timeout: 10_000 }).toBeLessThan(5 * calm + 5);
  expect(await server.stop()).toBe(0);
});
