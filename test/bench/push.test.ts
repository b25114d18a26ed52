/** `synod bench push`: every part of it runs, small, and nothing comes twice. */
import { describe, expect, it } from 'vitest';
import { synod } from '../cli/synod.ts';

interface Line {
  readonly case: string;
  readonly n: number;
  readonly values: readonly number[];
  readonly p99Ms?: number;
  readonly ofBaseline?: number;
}

describe('synod bench push', () => {
  it('measures receipts, deliveries, idle subscribers and their leaving', { timeout: 120_000 }, async () => {
    const { code, stdout, stderr } = await synod([
      ...['bench', 'push', '--json', '--sessions', '200', '--seconds', '0.3'],
    ]);
    expect(code, stderr).toBe(0);
    const { measurements } = JSON.parse(stdout) as { measurements: Line[] };
    const line = (name: string) => measurements.find((one) => one.case.trim() === name)!;
    for (const which of ['event to 20 subscribers', 'event to 20 subscribers and one stalled']) {
      expect(line(`${which}: each after the 201`).n).toBe(3 * 40 * 20);
      expect(line(`${which}: the last after the 201`).n).toBe(3 * 40);
      expect(line(`${which}: the last after the 201`).p99Ms).toBeGreaterThanOrEqual(0);
    }
    expect(line('baseline: bare ws loop to 20: the last after it began').p99Ms).toBeGreaterThan(0);
    expect(line('deliveries to 20 subscribers').values[0]).toBeGreaterThan(0);
    expect(line('deliveries to 20 subscribers').ofBaseline).toBeGreaterThan(0);
    expect(line('delivered more than once').values).toEqual([0]);
    expect(line('an idle subscriber of 200, JS heap and buffers').values).toHaveLength(1);
    expect(line('posting while 100 subscribers disconnect at once').n).toBeGreaterThan(0);
  });
});
