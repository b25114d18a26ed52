/** `synod bench ants`: every part of it runs, small; what the ants find at full size is the benchmark's own matter. */
import { expect, it } from 'vitest';
import { measureAnts } from '../../bench/ants.ts';
import { startServer } from '../../src/server.ts';
import { loadConfig } from '../../src/settings.ts';

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

it('measures tours of ants beside those of ants without signals and those to the nearest city', async () => {
  const open = async (data: string) => {
    const options = { host: '127.0.0.1', port: '0', data, 'allow-anonymous': true };
    const server = await startServer(loadConfig(options, {}), SILENT);
    return { url: server.url, stop: () => server.close() };
  };
  const told: string[] = [];
  const size = { searches: 2, tours: 400, toursPerRound: 40 };
  const { measurements, notes } = await measureAnts({ progress: (line) => told.push(line) }, size, open);
  const values = (name: string) => measurements.find((line) => line.case.trim() === name)!.values as number[];
  const [best, middle, worst] = values('10 ants, 400 tours') as [number, number, number];
  expect([426, best, middle, worst]).toEqual([426, best, middle, worst].toSorted((a, b) => a - b));
  expect(values('over the shortest')[0]).toBeCloseTo((best / 426 - 1) * 100, 9);
  // So few tours do not do it.
  expect(values('within 3 % of the shortest')).toEqual([0]);
  expect(measurements.some((line) => line.case.includes('first within'))).toBe(false);
  expect(values('events of one search')[0]).toBeGreaterThan(500);
  expect(values('baseline: the same ants without signals')[0]).toBeGreaterThan(450);
  expect(values('baseline: always to the nearest city')[0]).toBeGreaterThan(450);
  expect(notes!.join('\n')).toMatch(new RegExp(`by seed: (${best}, ${worst}|${worst}, ${best})$`, 'm'));
  expect(told.some((line) => line.startsWith('ants: search 2, best '))).toBe(true);
});
