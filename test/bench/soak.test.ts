import { describe, expect, it } from 'vitest';
import type { Client } from '../../bench/load/client.ts';
import { soakSection } from '../../bench/report/soak.ts';
import type { Sample } from '../../bench/server/child.ts';
import { measurementsOf } from '../../bench/soak/lines.ts';
import { compare, type Lives, liveAll, markOf, marksIn } from '../../bench/soak/lives.ts';
import { boundariesOf, planOf, type SoakPlan, thirdsOf } from '../../bench/soak/plan.ts';
import { figuresOf, growthOf, heapGrowthOf, isEven, type SoakRun } from '../../bench/soak/run.ts';

describe('the plan of a soak', () => {
  it('lets all sessions begin and end within its time, and rest for longer than the server waits', () => {
    for (const [minutes, sessions] of [
      [30, 50_000],
      [2, 3_000],
      [0.1, 10],
    ] as const) {
      const plan = planOf(minutes, sessions);
      expect(plan.beginUntilSeconds + plan.lifeSeconds).toBeCloseTo(minutes * 60, 9);
      expect(plan.beginUntilSeconds).toBeGreaterThan(plan.lifeSeconds);
      expect(plan.idleMs).toBeLessThan(plan.restSeconds * 1_000);
      expect(plan.maxAtOnce).toBeGreaterThan((sessions * plan.lifeSeconds) / plan.beginUntilSeconds);
    }
    // The server looks for idle actors every 5 s.
    const { restSeconds, idleMs } = planOf(30, 50_000);
    expect(restSeconds * 1_000).toBeGreaterThan(idleMs + 5_000);
  });

  it('compares thirds in which as many sessions end as begin', () => {
    // 24 minutes: rests of 60 s, so lives of 120 s, the last begins at 1,320 s; 1,200 s in three.
    const plan = planOf(24, 1_000);
    expect(plan).toMatchObject({ seconds: 1_440, restSeconds: 60, lifeSeconds: 120, beginUntilSeconds: 1_320 });
    expect(thirdsOf(plan)).toEqual([
      { from: 120, to: 520 },
      { from: 520, to: 920 },
      { from: 920, to: 1_320 },
    ]);
    expect(boundariesOf(plan)).toEqual([120, 520, 920, 1_320]);
  });
});

describe('what was acknowledged', () => {
  it('is recognised by its mark in front of the memory', () => {
    const texts = [`Q: ${markOf(3, 0)} alpha A: bravo`, `Q: ${markOf(3, 12)} …`, 'nothing of ours'];
    expect(marksIn(texts)).toEqual(['mark-3-0', 'mark-3-12']);
  });

  it.each([
    { why: 'all is there', acknowledged: ['a', 'b'], found: ['b', 'a'], lost: 0, doubled: 0 },
    { why: 'one is missing', acknowledged: ['a', 'b'], found: ['b'], lost: 1, doubled: 0 },
    { why: 'one is there twice', acknowledged: ['a'], found: ['a', 'a'], lost: 0, doubled: 1 },
    { why: 'one without an answer arrived after all', acknowledged: ['a'], found: ['a', 'b'], lost: 0, doubled: 0 },
    { why: 'everything is gone', acknowledged: ['a', 'b'], found: [], lost: 2, doubled: 0 },
  ])('is judged when $why', ({ acknowledged, found, lost, doubled }) => {
    expect(compare(acknowledged, found)).toEqual({ lost, doubled });
  });
});

/** Short enough to wait for. */
const QUICK: SoakPlan = {
  seconds: 0.2,
  sessions: 4,
  beginUntilSeconds: 0.1,
  restSeconds: 0.02,
  lifeSeconds: 0.04,
  idleMs: 100,
  maxAtOnce: 10,
  sampleMs: 10,
};

interface Faults {
  /** Forgets what it acknowledged first. */
  readonly forgets?: boolean;
  /** Acknowledges deletions it does not carry out. */
  readonly keeps?: boolean;
  readonly refusesStores?: boolean;
}

/** A server in memory that can be made to misbehave. */
function serverWith({ forgets = false, keeps = false, refusesStores = false }: Faults): Client {
  const sessions = new Map<string, { memories: string[]; pending: string }>();
  let made = 0;
  const answer = (status: number, body: object = {}) => ({
    status: String(status),
    ok: status < 300,
    bytes: 0,
    ms: 1,
    text: JSON.stringify(body),
    retryMs: null,
  });
  return {
    close: () => {},
    call: async (method, path, body) => {
      const sent = JSON.parse(body ?? '{}') as { session_id: string; message: string; response: string };
      if (path === '/v1/session/create') {
        const session_id = `s${made++}`;
        sessions.set(session_id, { memories: [], pending: '' });
        return answer(200, { session_id });
      }
      if (method === 'DELETE') return answer(keeps || sessions.delete(path.split('/').at(-1)!) ? 200 : 404);
      const id = sent.session_id ?? new URLSearchParams(path.split('?')[1]).get('session_id');
      const session = sessions.get(id);
      if (!session) return answer(404);
      if (method === 'GET') {
        const kept = forgets ? session.memories.slice(1) : session.memories;
        return answer(200, { memories: kept.map((text) => ({ text })) });
      }
      if (path === '/v1/run') session.pending = sent.message;
      else if (refusesStores) return answer(503);
      else session.memories.push(`Q: ${session.pending} A: ${sent.response}`);
      return answer(200);
    },
  };
}

describe('the sessions of a soak', () => {
  it('are created, used, used again, read and deleted', async () => {
    const lives = await liveAll(serverWith({}), QUICK);
    expect(lives).toMatchObject({ created: 4, usedAgain: 4, deleted: 4, errors: {} });
    expect(lives.checks).toMatchObject({ readings: 8, lost: 0, doubled: 0, undead: 0 });
    expect(lives.checks.turns).toBeGreaterThanOrEqual(4 * (2 + 3));
    const answered = Object.values(lives.samples).reduce((sum, { ms }) => sum + ms.length, 0);
    expect(answered).toBe(lives.requests);
  });

  it('notice what was acknowledged and is gone, and what was deleted and is not', async () => {
    expect((await liveAll(serverWith({ forgets: true }), QUICK)).checks.lost).toBe(8);
    expect((await liveAll(serverWith({ keeps: true }), QUICK)).checks.undead).toBe(4);
  });

  it('take nothing for lost that was refused, and count the refusals', async () => {
    const { checks, errors } = await liveAll(serverWith({ refusesStores: true }), { ...QUICK, sessions: 1 });
    expect(checks).toMatchObject({ turns: 0, lost: 0 });
    expect(errors['store 503']).toBeGreaterThanOrEqual(3);
  });
});

const sample = (second: number, bytes: number): Sample => ({
  at: 10_000 + second * 1_000,
  rssBytes: bytes,
  anonymousBytes: bytes / 2,
  heapBytes: bytes / 4,
  cpuMs: 0,
  loopP99Ms: 1,
  loopMaxMs: second,
  live: 5,
  sessions: 9,
  storeBytes: 2 * bytes,
  logRecords: second,
});

const none = { atMs: [], ms: [] };

const lives: Lives = {
  seconds: 1_440,
  created: 1_320,
  usedAgain: 1_320,
  deleted: 1_319,
  late: 0,
  requests: 10,
  samples: { create: none, run: { atMs: [130_000, 140_000], ms: [4, 6] }, store: none, read: none, delete: none },
  errors: { 'delete 503': 1 },
  checks: { readings: 2, turns: 3, lost: 1, doubled: 0, undead: 0 },
};

/** 24 minutes with a session a second. */
function soakOf(bytesAt: (second: number) => number): SoakRun {
  const plan = planOf(24, 1_320);
  const samples = Array.from({ length: 1_440 }, (_, second) => sample(second, bytesAt(second)));
  const collected = boundariesOf(plan).map((second) => sample(second, bytesAt(second)));
  const [before, after] = [sample(-1, 7), sample(1_441, 8)];
  const left = [{ table: 'log', rows: 3, bytes: 300 }];
  return figuresOf({ plan, at: 10_000, lives, before, samples, collected, after, left });
}

describe('the report of a soak', () => {
  it('draws memory, file, delay, sessions and latency over time', () => {
    const html = soakSection(soakOf((second) => 1_000_000 + second));
    expect(html.match(/<svg /g)).toHaveLength(5);
    expect(html).not.toMatch(/NaN|Infinity|undefined|null/);
    expect(html).toContain('<div class="tile bad"><span>lost or twice</span><b>1</b>');
    expect(html).toContain('<div class="tile bad"><span>errors</span><b>1</b>');
  });
});

describe('the figures of a soak', () => {
  it('are medians over the thirds', () => {
    const [first, , last] = soakOf((second) => second).thirds;
    // Seconds 120 to 519: nearest rank, the 200th of 400.
    expect(first).toMatchObject({ samples: 400, rssBytes: 319, storeBytes: 638, live: 5, sessions: 9, loopMaxMs: 519 });
    expect(first!.latency.run).toEqual([4, 6]);
    expect(last).toMatchObject({ rssBytes: 1_119, anonymousBytes: 1_119 / 2 });
  });

  it('tell growth per session, and 0 where a curve has levelled off', () => {
    const growing = soakOf((second) => 1_000 + 100 * second);
    expect(growthOf(growing, ({ rssBytes }) => rssBytes)).toBeCloseTo(100, 9);
    expect(heapGrowthOf(growing)).toBeCloseTo(25, 9);
    const level = soakOf((second) => Math.min(second, 520));
    expect(growthOf(level, ({ rssBytes }) => rssBytes)).toBe(0);
    expect(heapGrowthOf(level)).toBe(0);
  });

  it('are called uneven when sessions piled up', () => {
    const run = soakOf(() => 1);
    const [first, ...others] = run.thirds;
    expect(isEven(run)).toBe(true);
    expect(isEven({ ...run, thirds: [{ ...first!, sessions: 10 }, ...others] })).toBe(false);
  });

  it('have curves over the whole time', () => {
    const { moments } = soakOf((second) => second);
    expect(moments).toHaveLength(120);
    // Twelve seconds each; the highest of them is the last.
    expect(moments[0]).toMatchObject({ second: 6, rssBytes: 11, p50Ms: null });
    expect(moments[10]).toMatchObject({ second: 126, p50Ms: 4, p99Ms: 4 });
    expect(moments.at(-1)).toMatchObject({ second: 1_434, rssBytes: 1_439 });
  });

  it('stand in the table with what was refused and what was lost', () => {
    const lines = measurementsOf(soakOf((second) => 1_000 + 100 * second));
    const line = (name: string) => lines.find((one) => one.case.trim() === name);
    expect(line('acknowledged turns looked for')).toMatchObject({ n: 3, values: [1, 0] });
    expect(line('answered delete 503')).toMatchObject({ n: 1 });
    expect(line('rows left in log at the end')).toMatchObject({ n: 3, values: [0.3] });
    expect(line('store file')!.unit).toBe('MB by thirds');
    expect(lines.every(({ values }) => values.every(Number.isFinite))).toBe(true);
  });
});
