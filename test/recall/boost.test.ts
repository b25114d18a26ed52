/** What triggers and anchors do to recall. */
import { expect, it } from 'vitest';
import { ANCHOR_BOOST, TRIGGER_BOOST, TRIGGER_LIMIT } from '../../src/recall/boost.ts';
import { createRanker } from '../../src/recall/rank.ts';
import { at, remember } from './fixture.ts';

const memories = [
  remember(1, 'The ACME contract ends soon.', { embedding: at(0), episode: 1 }),
  remember(2, 'The other contract ends soon.', { embedding: at(0), episode: 2 }),
  remember(3, 'Nothing to see.', { embedding: at(90), episode: 3 }),
];
const boosts = (query: Parameters<ReturnType<typeof createRanker>['rank']>[2]) => {
  const { hits } = createRanker().rank('s', memories, query);
  return hits.toSorted((a, b) => a.memory.seq - b.memory.seq).map(({ parts }) => parts.boost);
};

it('lifts memories that contain a keyword the query contains, whatever the case', () => {
  // Vector alone: cosine 0.5 for the first two, so half the way to 1 is left: TRIGGER_BOOST · 0.5.
  const triggers = [{ keyword: 'Acme', threshold: 0.7, weight: 1 }];
  const [first, second, third] = boosts({ text: 'is it acme?', vector: at(60), triggers, topK: 3 });
  expect(first).toBeGreaterThan(0);
  expect([second, third]).toEqual([0, 0]);
});

it('leaves everything as it is when the query does not contain the keyword', () => {
  const triggers = [{ keyword: 'acme', threshold: 0.7, weight: 1 }];
  expect(boosts({ text: 'which contract?', vector: at(60), triggers, topK: 3 })).toEqual([0, 0, 0]);
});

it('lifts memories near an embedding the query is near to', () => {
  const triggers = [{ embedding: at(90), threshold: 0.8, weight: 1 }];
  // cos 30° = 0.866 ≥ 0.8, and only the third memory is near 90°. What is left above its cosine is 1 − 0.866.
  const [first, second, third] = boosts({ vector: at(60), triggers, topK: 3 });
  expect([first, second]).toEqual([0, 0]);
  expect(third).toBeCloseTo(TRIGGER_BOOST * (1 - Math.sqrt(3) / 2), 6);
  expect(boosts({ vector: at(45), triggers, topK: 3 })).toEqual([0, 0, 0]);
});

it('weighs triggers, up to a limit', () => {
  const triggers = [{ embedding: at(90), threshold: 0.8, weight: 1000 }];
  expect(boosts({ vector: at(60), triggers, topK: 3 })[2]).toBeCloseTo(TRIGGER_LIMIT * (1 - Math.sqrt(3) / 2), 6);
  const without = [{ embedding: at(90), threshold: 0.8, weight: 0 }];
  expect(boosts({ vector: at(60), triggers: without, topK: 3 })).toEqual([0, 0, 0]);
});

it('pulls towards the nearest anchor, and never pushes away', () => {
  const [first, , third] = boosts({ vector: at(45), anchors: [at(90), at(270)], topK: 3 });
  expect(first).toBeCloseTo(0, 6);
  expect(third).toBeCloseTo(ANCHOR_BOOST * (1 - Math.SQRT1_2), 6);
});

it('ignores an empty keyword, which every text contains', () => {
  const triggers = [{ keyword: ' ', threshold: 0.7, weight: 1 }];
  expect(boosts({ text: 'contract', vector: at(60), triggers, topK: 3 })).toEqual([0, 0, 0]);
});
