/** The robustness the documentation claims, on few trials: nothing here depends on time. */
import { describe, expect, it } from 'vitest';
import { measureRobust } from '../../bench/robust.ts';

describe('aggregation of 15 participants under attack', () => {
  it('keeps to what is claimed with a third attacking, and breaks where it is said to', async () => {
    const { measurements } = await measureRobust({ progress: () => {} }, 4);
    const line = (name: string) => measurements.find((measurement) => measurement.case === name)!;
    const third = (name: string) => line(name).values[4]!;
    const flipped = 'the honest mean flipped, ×10';
    const colluding = 'collusion, worst of 5 angles';
    expect(third(`${flipped}: baseline: plain mean`)).toBeLessThan(-99.9);
    expect(third(`${flipped}: geometric median`)).toBeGreaterThan(99);
    expect(third('each its own flipped, ×10: geometric median')).toBeGreaterThan(98.5);
    expect(third(`${colluding}: geometric median`)).toBeGreaterThan(78);
    expect(third(`${colluding}: median, learned trust`)).toBeGreaterThan(90);
    // Seven of fifteen that were trusted first.
    expect(line(`${colluding}: median, trust in sleepers`).values[6]).toBeLessThan(50);
  });
});
