import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { NAMES, ON_REQUEST } from '../../bench/index.ts';
import { drive, median, percentile, rangeOf, ratioOf, spin, summarise } from '../../bench/rounds.ts';
import { chosen } from '../../src/cli/bench.ts';
import { serve, synod, tempDir } from './synod.ts';

interface Report {
  environment: Record<string, string>;
  measurements: { benchmark: string; case: string; n: number; values: number[]; ofBaseline?: number }[];
  notes: string[];
  runs: {
    workload: string;
    turns: number;
    latency: Record<string, Record<'n' | 'p50Ms' | 'p90Ms' | 'p95Ms' | 'p99Ms', number>>;
    errors: Record<string, number>;
    server: object | null;
    timeline: object[];
    bytes: number;
    published: { turnsPerSecond: number };
  }[];
}

const bench = async (...args: string[]): Promise<Report> => {
  const { code, stdout } = await synod(['bench', '--json', '--seconds', '0.05', ...args]);
  expect(code).toBe(0);
  return JSON.parse(stdout) as Report;
};

describe('synod bench', () => {
  it('measures asks and turns beside their baselines, and says on what machine', async () => {
    const { environment, measurements } = await bench('asks', 'http');
    expect(environment).toMatchObject({
      node: process.version,
      libraries: expect.stringMatching(/lmdb \d.*xstate \d/),
    });
    const compared = measurements.filter(({ ofBaseline }) => ofBaseline !== undefined);
    expect(compared.map((line) => line.case)).toEqual([
      'durable asks, 1 caller',
      'durable asks, 32 callers',
      'durable asks, 256 callers',
      'durable asks, 2048 callers',
      'run + store, 32 connections',
    ]);
    for (const { n, values, ofBaseline } of compared) {
      expect(n).toBeGreaterThan(0);
      expect(values[0]).toBeGreaterThan(0);
      expect(ofBaseline).toBeGreaterThan(0);
    }
  });

  it('reads LoCoMo and finds the evidence, over HTTP as in process', async () => {
    const dir = join(await tempDir(), 'locomo-small');
    await mkdir(dir);
    const turn = (id: string, text: string) => ({ speaker: 'Ann', dia_id: id, text });
    const sample = {
      sample_id: 'conv-1',
      conversation: {
        session_1_date_time: '1:56 pm on 8 May, 2023',
        session_1: [turn('D1:1', 'I adopted a red kitten'), turn('D1:2', 'The train was late again')],
        session_2_date_time: '2:10 pm on 9 May, 2023',
        session_2: [turn('D2:1', 'The train was late again')],
      },
      qa: [
        { question: 'Who adopted a kitten?', evidence: ['D1:1'], category: 4 },
        // One memory over HTTP, since the two turns say the same.
        { question: 'What was late?', evidence: ['D1:2', 'D2:1'], category: 1 },
        { question: 'Nobody knows?', evidence: [], category: 5 },
      ],
    };
    await writeFile(join(dir, 'locomo-one.json'), JSON.stringify([sample]));
    const { measurements, notes } = await bench('recall', '--data', dir);
    const line = (name: string) => measurements.find((measurement) => measurement.case === name);
    for (const name of ['through HTTP', 'in process', 'baseline: plain BM25']) {
      expect(line(name), name).toMatchObject({ benchmark: 'recall', n: 2, values: [100, 100, 100, 100] });
    }
    expect(line('  multi-hop')).toMatchObject({ n: 1 });
    expect(notes.join('\n')).toContain('1 turns repeat another');
  });

  it('skips what it has no data for, and says so', async () => {
    const { measurements, notes } = await bench('recall');
    expect(measurements).toEqual([]);
    expect(notes).toEqual([expect.stringContaining('recall: skipped, no LoCoMo data')]);
  });
});

describe('synod bench events and history', () => {
  it('posts every workload beside a bare echo, and all are taken', async () => {
    const { measurements, notes } = await bench('events');
    expect(measurements.map((line) => line.case)).toEqual([
      '100 signals, 64 connections',
      'each a new signal, 64 connections',
      'workflows, 64 connections',
      'baseline: bare Koa echo',
    ]);
    for (const { n } of measurements) expect(n).toBeGreaterThan(0);
    for (const { ofBaseline } of measurements.slice(0, 3)) expect(ofBaseline).toBeGreaterThan(0);
    expect(notes).toEqual([]);
  });

  it('finds events of a log again, starts with it, and lists the signals it left', { timeout: 120_000 }, async () => {
    const { measurements, notes } = await bench('history', '--events', '400');
    const line = (name: RegExp) => measurements.find((measurement) => name.test(measurement.case));
    for (const query of ['newest 100', 'a scope, 100', 'a trace, 20']) {
      expect(line(new RegExp(`^${query}, over HTTP`)), query).toMatchObject({ n: 400 });
      expect(line(new RegExp(`${query}, in process`)), query).toMatchObject({ n: 400 });
    }
    expect(line(/^ready, 400 events/)!.values[0]).toBeGreaterThan(0);
    expect(line(/^idle signals, JS heap/)).toMatchObject({ n: 40 });
    expect(line(/^all 40 signals, over HTTP/)).toBeDefined();
    expect(notes).toEqual([expect.stringContaining('400 events were written')]);
  });
});

describe('synod bench statechart and kernels', () => {
  it('folds and multiplies beside the plain way to do it', async () => {
    const { measurements } = await bench('statechart', 'kernels', '--fill', '5');
    const compared = measurements.filter(({ ofBaseline }) => ofBaseline !== undefined);
    expect(compared.map((line) => line.case)).toEqual([
      'fold, a machine of two states',
      'fold, store into a full session',
      'dot, 1 × 384',
      ...['1', '265', '10,000'].flatMap((n) => [`cosines, ${n} × 384`, `unitCosines, ${n} × 384`]),
    ]);
    expect(measurements).toHaveLength(2 * compared.length);
    for (const { n, values } of measurements) {
      expect(n).toBeGreaterThanOrEqual(3);
      expect(values[0]).toBeGreaterThan(0);
    }
    for (const { ofBaseline } of compared) expect(ofBaseline).toBeGreaterThan(0);
  });
});

describe('synod bench load', () => {
  it('loads a server of its own with empty and with full sessions, and draws what it saw', async () => {
    const file = join(await tempDir(), 'report.html');
    const args = ['load', '--shape', '30', '--seconds', '1', '--fill', '20', '--html', file];
    const { measurements, notes, runs } = await bench(...args);
    expect(runs.map(({ workload }) => workload)).toEqual(['empty', 'populated']);
    for (const { workload, turns, latency, errors, server, timeline, bytes, published } of runs) {
      expect(turns).toBeGreaterThan(0);
      const operations = workload === 'empty' ? ['create', 'run', 'delete'] : ['create', 'run', 'store', 'delete'];
      expect(Object.keys(latency).sort()).toEqual(operations.sort());
      for (const { n, p50Ms, p90Ms, p95Ms, p99Ms } of Object.values(latency)) {
        expect(n).toBeGreaterThan(0);
        expect([p50Ms, p90Ms, p95Ms, p99Ms]).toEqual([p50Ms, p90Ms, p95Ms, p99Ms].sort((a, b) => a! - b!));
      }
      expect(errors).toEqual({});
      expect(server).toMatchObject({ rssPeakBytes: expect.any(Number), cpuPercent: expect.any(Number) });
      expect(timeline.length).toBeGreaterThan(1);
      expect(bytes).toBeGreaterThan(0);
      expect(published.turnsPerSecond).toBe(62.4);
    }
    expect(measurements[0]).toMatchObject({ benchmark: 'load', case: '30 users, empty', reference: '62.4' });
    expect(notes.join('\n')).toMatch(/scaled in time \(30: ×0\.02/);
    expect(notes.join('\n')).toMatch(/PUBLISHED is .*24 cores/);
    expect(await readFile(file, 'utf8')).toMatch(/^<!doctype html>.*30 users, populated.*<\/html>\n$/s);
  });

  it('loads a running server with full sessions, and leaves none behind', async () => {
    const data = join(await tempDir(), 'data');
    const server = await serve(['--data', data, '--allow-anonymous']);
    const args = ['--target', server.url, '--shape', '30', '--workload', 'populated', '--fill', '3'];
    const { runs } = await bench(...args, '--seconds', '1', '--new-connections');
    expect(runs[0]).toMatchObject({ workload: 'populated', errors: {}, server: null });
    expect(runs[0]!.turns).toBeGreaterThan(0);
    await server.stop();
    const { kinds } = JSON.parse((await synod(['inspect', '--data', data, '--json'])).stdout) as { kinds: object[] };
    expect(kinds).toContainEqual(expect.objectContaining({ kind: 'session', actors: 0 }));
  });

  it.each([
    { why: 'a target elsewhere', args: ['load', '--target', 'http://192.0.2.1'], says: '--yes' },
    { why: 'a target for what measures this machine', args: ['asks', '--target', 'http://[::1]'], says: 'asks' },
    { why: 'an unknown shape', args: ['load', '--shape', '31'], says: '30,60,200,400,1000' },
    { why: 'an unknown workload', args: ['load', '--workload', 'full'], says: 'empty, populated, both' },
    { why: 'a report in no folder', args: ['load', '--html', '/nowhere/at/all.html'], says: '--html' },
  ])('refuses $why before it begins', async ({ args, says }) => {
    const { code, stderr, stdout } = await synod(['bench', ...args]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(says);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});

describe('synod bench start', () => {
  it('starts with sessions on disk, beside a start with none', async () => {
    const { measurements } = await bench('start', '--sessions', '30');
    expect(measurements.map((line) => line.case)).toEqual([
      'ready, 30 sessions',
      '  first run answered',
      'baseline: ready, nothing on disk',
      '  first run answered',
    ]);
    for (const { values } of measurements) expect(values[0]).toBeGreaterThan(0);
  });
});

describe('synod bench memory', () => {
  it('weighs live and passive sessions', { timeout: 180_000 }, async () => {
    const { measurements } = await bench('memory', '--fill', '2');
    const cases = measurements.map((line) => line.case).filter((name) => name.startsWith('RSS'));
    expect(cases).toEqual([
      'RSS, live, 400 words a memory',
      'RSS, passive, 400 words a memory',
      'RSS, live, 40 words a memory',
      'RSS, passive, 40 words a memory',
    ]);
    for (const { values } of measurements) expect(values[0]).toEqual(expect.any(Number));
  });
});

describe('synod bench soak', () => {
  it('lets sessions come and go, finds every turn again, and draws the curves', async () => {
    const file = join(await tempDir(), 'report.html');
    const { measurements, notes } = await bench('soak', '--minutes', '0.1', '--sessions', '20', '--html', file);
    const line = (name: string) => measurements.find((measurement) => measurement.case.trim() === name);
    expect(line('sessions created')!.n).toBe(20);
    expect(line('deleted')!.n).toBe(20);
    expect(line('errors')!.n).toBe(0);
    expect(line('acknowledged turns looked for')!.n).toBeGreaterThanOrEqual(20 * (2 + 3));
    expect(line('acknowledged turns looked for')!.values).toEqual([0, 0]);
    expect(line('deleted sessions still there')!.n).toBe(0);
    expect(line('rows left in log at the end')!.n).toBeGreaterThan(0);
    expect(line('JS heap, garbage collected')!.values).toHaveLength(4);
    expect(notes.join('\n')).toContain('at the end 0 sessions are there, 0 of them in memory');
    expect(await readFile(file, 'utf8')).toMatch(/<h2>Soak<.*Store file, MB.*Event loop delay, ms/s);
  });

  it('runs when it is named and not otherwise', () => {
    const benchmarks = { NAMES, ON_REQUEST };
    expect(NAMES).toContain('soak');
    expect(chosen([], undefined, benchmarks)).toEqual(
      NAMES.filter((name) => !/^(soak|coordination|history|ants)$/.test(name)),
    );
    expect(chosen(['soak'], undefined, benchmarks)).toEqual(['soak']);
    expect(chosen([], 'http://127.0.0.1:1', benchmarks)).toEqual(['load']);
  });

  it('names every benchmark in its help', async () => {
    const { stdout } = await synod(['bench', '--help']);
    for (const name of NAMES) expect(stdout).toContain(`[${name}]`);
  });
});

describe('a summary of rounds', () => {
  it('takes percentiles by nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect([percentile(hundred, 50), percentile(hundred, 99), percentile(hundred, 100)]).toEqual([50, 99, 100]);
    expect([median([3, 1, 2]), median([7])]).toEqual([2, 7]);
  });

  it('gives the median rate with its spread, and the ratio round by round', () => {
    const round = (operations: number) => ({ operations, seconds: 2, latenciesMs: [operations] });
    const rounds = [round(10), round(40), round(20)];
    expect(summarise(rounds)).toEqual({ n: 70, median: 10, range: [5, 20], p50Ms: 20, p99Ms: 40 });
    expect(ratioOf(rounds, [round(20), round(40), round(80)])).toBe(0.5);
  });

  it('gives the rates alone for what is too fast to be timed one by one', () => {
    const round = (operations: number) => ({ operations, seconds: 2, latenciesMs: [] });
    expect(rangeOf([round(10), round(40), round(20)])).toEqual({ n: 70, values: [10], range: [5, 20] });
  });

  it('counts every burst of what goes without a pause, and does even the longest thing once', () => {
    let done = 0;
    const quick = spin(0.01, () => done++);
    expect(quick.operations).toBe(done);
    expect(quick.seconds).toBeGreaterThanOrEqual(0.01);
    expect(spin(0.000_001, () => {}).operations).toBeGreaterThan(0);
  });

  it('lets every caller do one thing at a time', async () => {
    const busy = new Set<number>();
    const { operations, latenciesMs } = await drive(3, 0.02, async (caller) => {
      expect(busy.has(caller)).toBe(false);
      busy.add(caller);
      await new Promise(setImmediate);
      busy.delete(caller);
    });
    expect(latenciesMs).toHaveLength(operations);
  });
});
