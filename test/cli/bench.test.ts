import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { drive, median, percentile, ratioOf, summarise } from '../../bench/rounds.ts';
import { synod, tempDir } from './synod.ts';

interface Report {
  environment: Record<string, string>;
  measurements: { benchmark: string; case: string; n: number; values: number[]; ofBaseline?: number }[];
  notes: string[];
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

  it('reads LoCoMo and finds the evidence', async () => {
    const dir = join(await tempDir(), 'locomo-small');
    await mkdir(dir);
    const turn = (id: string, text: string) => ({ speaker: 'Ann', dia_id: id, text });
    const sample = {
      sample_id: 'conv-1',
      conversation: {
        session_1_date_time: '1:56 pm on 8 May, 2023',
        session_1: [turn('D1:1', 'I adopted a red kitten'), turn('D1:2', 'The train was late again')],
      },
      qa: [
        { question: 'Who adopted a kitten?', evidence: ['D1:1'], category: 4 },
        { question: 'Nobody knows?', evidence: [], category: 5 },
      ],
    };
    await writeFile(join(dir, 'locomo-one.json'), JSON.stringify([sample]));
    const { measurements } = await bench('recall', '--data', dir);
    expect(measurements[0]).toMatchObject({ benchmark: 'recall', case: 'full', n: 1, values: [100, 100, 100, 100] });
  });

  it('skips what it has no data for, and says so', async () => {
    const { measurements, notes } = await bench('recall');
    expect(measurements).toEqual([]);
    expect(notes).toEqual([expect.stringContaining('recall: skipped, no LoCoMo data')]);
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
