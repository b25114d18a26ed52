/** The index of a session follows its snapshots, in any order. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createRanker } from '../../src/recall/rank.ts';
import { remember } from './fixture.ts';

const WORDS = ['red', 'blue', 'green', 'apple', 'pear', 'table', 'constructor', 'chair'];
const pool = Array.from({ length: 24 }, (_, index) =>
  remember(index + 1, `${WORDS[index % 8]} ${WORDS[(index * 3 + 1) % 8]} ${WORDS[(index * index) % 8]}`, {
    episode: Math.floor(index / 5),
  }),
);
const query = { text: 'red apple on a green table', topK: 50 };

it('ranks every snapshot as a new ranker would, whatever was ranked before', () => {
  const snapshot = fc.subarray(pool);
  fc.assert(
    fc.property(fc.array(snapshot, { minLength: 1, maxLength: 8 }), (snapshots) => {
      const ranker = createRanker();
      for (const memories of snapshots) {
        expect(ranker.rank('s', memories, query)).toEqual(createRanker().rank('s', memories, query));
      }
    }),
    { seed: 7, numRuns: 200 },
  );
});

it('returns the memory as it is in the given snapshot, not as it was indexed', () => {
  const ranker = createRanker();
  const before = [remember(1, 'red apple')];
  const after = [{ ...before[0]!, used: 99, access: 5 }];
  ranker.rank('s', before, query);
  expect(ranker.rank('s', after, query).hits[0]!.memory).toBe(after[0]);
  expect(ranker.rank('s', before, query).hits[0]!.memory).toBe(before[0]);
});

it('never mixes two sessions', () => {
  const ranker = createRanker();
  // Same hashes on purpose: only the key tells them apart.
  const mine = [remember(1, 'red apple')];
  const yours = [remember(1, 'blue chair')];
  ranker.rank('mine', mine, query);
  expect(ranker.rank('yours', yours, query).hits[0]!.score).toBe(0);
  expect(ranker.rank('mine', mine, query).hits[0]!.score).toBeGreaterThan(0);
});

it('starts anew after forgetting', () => {
  const ranker = createRanker();
  ranker.rank('s', [remember(1, 'red apple')], query);
  ranker.forget('s');
  ranker.forget('never seen');
  expect(ranker.rank('s', [remember(1, 'blue chair')], query).hits[0]!.score).toBe(0);
});

it('gives the same answers when more sessions are asked than indexes are kept', () => {
  const small = createRanker({ maxMemories: 20 });
  const large = createRanker();
  for (const round of [1, 2]) {
    for (const session of ['a', 'b', 'c']) {
      const memories = pool.slice(0, 8 + ((round * session.charCodeAt(0)) % 7));
      expect(small.rank(session, memories, query)).toEqual(large.rank(session, memories, query));
    }
  }
});
