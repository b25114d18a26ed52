import { describe, expect, it } from 'vitest';
import { measureDrift } from '../../bench/drift.ts';
import { f1Of, qualityOf, windowErrors, windowOf } from '../../bench/segmentation.ts';
import { OPTIONS } from './options.ts';

/** Ten utterances in segments of 4, 3 and 3. */
const truth = { length: 10, boundaries: new Set([4, 7]) };

describe('the measures of a segmentation', () => {
  it('take windows of half the mean segment, at least two', () => {
    expect(windowOf(truth)).toBe(2); // 10/3/2 = 1.67
    expect(windowOf({ length: 16, boundaries: new Set([8]) })).toBe(4);
    expect(windowOf({ length: 16, boundaries: new Set() })).toBe(8);
    expect(windowOf({ length: 4, boundaries: new Set([1, 2, 3]) })).toBe(2);
  });

  it.each([
    { why: 'all right', predicted: [4, 7], f1: 1, pk: 0, wd: 0 },
    // Windows i of {i+1, i+2}: the truth has one boundary for i = 2, 3, 5, 6.
    { why: 'none', predicted: [], f1: 0, pk: 4 / 8, wd: 4 / 8 },
    // 5 lies in i = 3, 4, and 7 in i = 5, 6: wrong at 2 and 4. One hit of two and two: 2·1/4.
    { why: 'one off by one', predicted: [5, 7], f1: 0.5, pk: 2 / 8, wd: 2 / 8 },
    // 4 and 5: i = 2 has one, 3 two, 4 one. Pk wrong at 4, 5, 6; WD at 3 as well.
    { why: 'two at one place', predicted: [4, 5], f1: 0.5, pk: 3 / 8, wd: 4 / 8 },
    // Every window has both. Pk wrong at 0, 1, 4, 7; WD everywhere. 2·2/(9 + 2).
    { why: 'everywhere', predicted: [1, 2, 3, 4, 5, 6, 7, 8, 9], f1: 4 / 11, pk: 4 / 8, wd: 1 },
  ])('are right for $why', ({ predicted, f1, pk, wd }) => {
    expect(f1Of(truth, new Set(predicted))).toBeCloseTo(f1, 14);
    expect(windowErrors(truth, new Set(predicted), 2)).toEqual({ pk, wd });
  });

  it('call it 0 to find nothing where there is nothing', () => {
    expect(f1Of({ length: 5, boundaries: new Set() }, new Set())).toBe(0);
  });

  it('average over dialogues, but count precision, recall and density over all of them', () => {
    const quality = qualityOf([truth, truth], [new Set([4, 7]), new Set([5])]);
    // The second: no hit; 5 lies in i = 3, 4, wrong at 2, 4, 5, 6: 4/8.
    expect(quality).toEqual({
      score: 0.5 * 0.5 + 0.25 * 0.75 + 0.25 * 0.75,
      f1: 0.5,
      pk: 0.25,
      wd: 0.25,
      precision: 2 / 3,
      recall: 2 / 4,
      density: 3 / 4,
    });
  });
});

describe('the benchmark', () => {
  it('says that it is skipped when there is no data', async () => {
    const outcome = await measureDrift({ ...OPTIONS, names: ['drift'], data: '/nowhere/tiage' });
    expect(outcome.measurements).toEqual([]);
    expect(outcome.notes).toEqual([
      'drift: skipped, no TIAGE data at /nowhere/tiage; give its folder with --data PATH',
    ]);
  });
});
