/** A wall clock that jumps by hours, forth and back: what is counted in durations does not notice, and nothing is lost. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { loadOrCreateKey } from '../../src/auth/keys.ts';
import { mintToken } from '../../src/auth/token.ts';
import { SystemClock } from '../../src/clock.ts';
import type { Config } from '../../src/config.ts';
import { openFronts } from '../../src/fronts.ts';
import { verifyChain } from '../../src/host/chain.ts';
import { createRuntime } from '../../src/runtime.ts';
import { at, Client } from '../support/client.ts';
import { type LogLine, memoryLogger, testConfig } from '../support/server.ts';

const HOUR = 3_600_000;
/** Where the clock goes, relative to the truth. */
const JUMPS = [0, 5 * HOUR, -7 * HOUR, 2 * HOUR, -30 * HOUR, 11 * HOUR, 0];

/** The machine's clock, when somebody sets it. */
class JumpingClock extends SystemClock {
  offset = 0;
  override now(): number {
    return super.now() + this.offset;
  }
}

async function serveWith(changes: Partial<Config>) {
  const clock = new JumpingClock();
  const log: LogLine[] = [];
  const logger = memoryLogger(log);
  const keys = await mkdtemp(join(tmpdir(), 'synod-key-'));
  const key = await loadOrCreateKey(join(keys, 'key.json'));
  const config = testConfig(changes);
  const runtime = await createRuntime({ config, logger, clock });
  const onFailure = (error: Error) => {
    throw error;
  };
  const fronts = await openFronts(runtime, { config, keys: key.verification, logger, onFailure });
  onTestFinished(async () => {
    await fronts.close();
    await runtime.close();
    await rm(keys, { recursive: true });
  });
  // Not valid before a moment ago: set back, the clock would refuse it, as it must.
  const minted = { now: () => Date.now() - 48 * HOUR };
  const token = await mintToken({ key, subject: 'ada', tier: 'community', ttlSeconds: 7 * 86_400, clock: minted });
  return { clock, log, runtime, client: new Client(fronts.url, { authorization: `Bearer ${token}` }) };
}

it('a session keeps every turn once and in order, and all its figures finite', async () => {
  const { clock, log, runtime, client } = await serveWith({ rateLimit: 'off' });
  const id = await client.create();
  const told: string[] = [];
  for (const [round, offset] of [...JUMPS, ...JUMPS].entries()) {
    clock.offset = offset;
    const { drift_score, recalled } = await client.run({ session_id: id, message: `Which port has service ${round}?` });
    expect(Number.isFinite(drift_score)).toBe(true);
    for (const { score } of recalled) expect(Number.isFinite(score)).toBe(true);
    await client.store({ session_id: id, response: `Service ${round} has port ${8_000 + round}.` });
    told.push(`Q: Which port has service ${round}? A: Service ${round} has port ${8_000 + round}.`);
    for (const [name, value] of Object.entries(await client.metrics(id))) {
      if (typeof value === 'number') expect(Number.isFinite(value), name).toBe(true);
    }
  }
  const { state_dict } = await client.export(id);
  expect((state_dict.memories as { text: string }[]).map(({ text }) => text)).toEqual(told);
  expect((await client.context(id, { q: 'service 3 port' })).memories[0]!.text).toBe(told[3]);
  await client.ok('POST', at(id, 'import'), { state_dict });
  expect(verifyChain(runtime.store, 'ada').faults).toEqual([]);
  expect(log.filter(({ level }) => level !== 'info' && level !== 'debug')).toEqual([]);
});

it('a repeated request under its key has one effect, whatever the clock says in between', async () => {
  const { clock, client } = await serveWith({ rateLimit: 'off' });
  const id = await client.create();
  const turn = { session_id: id, message: 'a question', response: 'an answer' };
  const first = await client.store(turn, { 'idempotency-key': 'k' });
  for (const offset of [5 * HOUR, -7 * HOUR, 20 * HOUR, -20 * HOUR, 0]) {
    clock.offset = offset;
    expect(await client.store(turn, { 'idempotency-key': 'k' })).toEqual(first);
  }
  expect((await client.metrics(id)).interaction_count).toBe(1);
});

it('a rate limit neither opens nor closes', async () => {
  const { clock, client } = await serveWith({ rateLimit: 'on' });
  const id = await client.create();
  const ask = () => client.get(at(id, 'export'));
  const exhaust = async () => {
    for (;;) {
      const reply = await ask();
      if (reply.status === 429) return reply;
    }
  };
  for (const offset of [0, 5 * HOUR, -5 * HOUR]) {
    clock.offset = offset;
    // As if by a refill, hours would have let fifty in at once; set back, it would be closed for hours.
    let letIn = 0;
    const until = performance.now() + 1_500;
    for (let n = 0; n < 200 && performance.now() < until; n++) letIn += (await ask()).status === 200 ? 1 : 0;
    if (offset !== 0) expect(letIn).toBeLessThan(25);
    const refused = await exhaust();
    expect(Number(refused.headers.get('retry-after'))).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect((await ask()).status).toBe(200);
    await exhaust();
  }
});
