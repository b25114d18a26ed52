import { describe, expect, it } from 'vitest';
import { afterCrash, type CrashRecord, NO_CRASHES, type RestartPolicy } from '../../actors/restarts.ts';

const policy: RestartPolicy = { intensity: 3, withinMs: 5_000, backoffMs: 100, maxBackoffMs: 30_000, jitter: 0 };

/** Delays, or "out", of crashes at these moments. */
function play(moments: readonly number[], change: Partial<RestartPolicy> = {}, random = 0.5): (number | 'out')[] {
  let record: CrashRecord = NO_CRASHES;
  return moments.map((now) => {
    const verdict = afterCrash({ ...policy, ...change }, record, now, random);
    record = verdict.record;
    return verdict.restart ? verdict.delayMs : 'out';
  });
}

describe('restarts', () => {
  it.each([
    ['doubles the delay', [0, 2_000, 4_000, 6_000, 8_000], {}, [100, 200, 400, 800, 1_600]],
    ['gives up at one crash more than the intensity within the window', [0, 1, 2, 3], {}, [100, 200, 400, 'out']],
    ['forgets crashes that left the window', [0, 1, 2, 5_003], {}, [100, 200, 400, 800]],
    [
      'does not go beyond the longest delay',
      [0, 9e3, 18e3, 27e3],
      { backoffMs: 20_000 },
      [20_000, 30_000, 30_000, 30_000],
    ],
    ['begins anew after a healthy spell', [0, 10_000, 40_001], {}, [100, 200, 100]],
    ['does not begin anew just before it', [0, 10_000, 40_000], {}, [100, 200, 400]],
    ['allows none with an intensity of zero', [0], { intensity: 0 }, ['out']],
  ] as const)('%s', (_name, moments, change, delays) => {
    expect(play(moments, change)).toEqual(delays);
  });

  it('spreads the delay by the jitter, evenly around it', () => {
    expect(play([0], { jitter: 0.2 }, 0)).toEqual([80]);
    expect(play([0], { jitter: 0.2 }, 0.5)).toEqual([100]);
    expect(play([0], { jitter: 0.2 }, 0.999)[0]).toBeCloseTo(120, 0);
  });
});
