/** `synod bench coordination`: every part of it runs, small, and what it counts as lost would be seen. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { createAudit } from '../../bench/coordination/audit.ts';
import { surpriseOf, turnOf } from '../../bench/coordination/turns.ts';
import { sizeOf } from '../../bench/coordination/world.ts';
import { TENANT } from '../../bench/server/fill.ts';
import { createRuntime } from '../../src/runtime.ts';
import { synod } from '../cli/synod.ts';
import { memoryLogger, testConfig } from '../support/server.ts';

interface Line {
  readonly case: string;
  readonly n: number;
  readonly values: readonly number[];
}

describe('synod bench coordination', () => {
  it('measures feedback, drifts and everybody at work, and loses nothing', { timeout: 120_000 }, async () => {
    const { code, stdout, stderr } = await synod([
      ...['bench', 'coordination', '--json', '--sessions', '60', '--seconds', '1.5'],
    ]);
    expect(code, stderr).toBe(0);
    const { measurements, notes } = JSON.parse(stdout) as { measurements: Line[]; notes: string[] };
    const line = (name: string) => measurements.find((one) => one.case.trim() === name)!;
    expect(line('feedback to 6 members, durable').values[0]).toBeGreaterThan(0);
    expect(line('visible at the region').n).toBeGreaterThan(0);
    for (const name of ['visible at the region', 'on a WebSocket']) {
      const [p50, p99] = line(name).values as [number, number];
      expect(p50).toBeGreaterThan(0);
      expect(p99).toBeGreaterThanOrEqual(p50);
    }
    expect(line('everybody at work').n).toBeGreaterThan(0);
    expect(line('lost drifts, session to region').n).toBeGreaterThan(0);
    const lost = ['members not blended exactly once', 'never seen', 'answers other than 2xx', 'lost turns'];
    for (const name of [...lost, 'lost drifts, session to region', 'lost on an event stream']) {
      expect(new Set(line(name).values), name).toEqual(new Set([0]));
    }
    expect(line('RSS by thirds').values).toHaveLength(3);
    expect(notes.join('\n')).toContain('60 sessions, 2 clusters, 1 regions, one observer');
  });

  it('has the shape of the issue at its full size', () => {
    expect(sizeOf(10_000)).toEqual({ sessions: 10_000, clusters: 100, regions: 10, members: 1_000 });
  });
});

describe('the audit', () => {
  it('counts what the log gained, a happening once', async () => {
    const runtime = await createRuntime({ config: testConfig(), logger: memoryLogger([]) });
    onTestFinished(runtime.close);
    const audit = createAudit(runtime);
    const address = { tenant: TENANT, kind: 'region', id: 'r' };
    const { system } = runtime;
    await system.spawn(address, { name: 'r', session: 'meta', threshold: 1, windowMs: 1_000 });
    expect(await audit()).toMatchObject({ records: 1, runs: 0, drifts: { session: 0, cluster: 0, region: 0 } });
    const drift = {
      type: 'drift',
      cluster: 'c',
      session: 's',
      drift_score: 1,
      drift_phase: 'drifted',
      confirmed: false,
    };
    await system.ask(address, drift);
    await system.ask(address, drift);
    expect((await audit()).drifts).toEqual({ session: 0, cluster: 0, region: 2 });
  });
});

it('turns are about one thing, surprises about others', () => {
  const words = (json: string) => new Set((JSON.parse(json) as { message: string }).message.split(/\W+/));
  const [one, other, odd] = [words(turnOf('s', 1)), words(turnOf('s', 2)), words(surpriseOf('s', 1))];
  expect([...one].filter((word) => other.has(word)).length).toBeGreaterThan(5);
  expect([...odd].filter((word) => one.has(word))).toEqual([]);
});
