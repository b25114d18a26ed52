/** Inputs that try to break recall. */
import { describe, expect, it } from 'vitest';
import { createRanker } from '../../src/recall/rank.ts';
import { at, remember } from './fixture.ts';

const memories = [
  remember(1, 'constructor __proto__ toString', { embedding: at(0) }),
  remember(2, 'x', { embedding: at(45) }),
  remember(3, '', { embedding: at(90) }),
];

it('answers with nothing for a session without memories', () => {
  expect(createRanker().rank('s', [], { text: 'anything', vector: at(0), topK: 5 })).toEqual({
    hits: [],
    topSimilarity: 0,
    degraded: false,
  });
  expect(createRanker().rank('s', [], { topK: 5 }).hits).toEqual([]);
});

describe('whatever the query', () => {
  const queries: [claim: string, query: { text?: string; vector?: Float32Array | Float64Array }][] = [
    ['empty text', { text: '', vector: at(0) }],
    ['empty text and no vector', { text: '' }],
    ['only punctuation', { text: '?!…', vector: at(0) }],
    ['one character', { text: 'x' }],
    ['words JavaScript objects have', { text: '__proto__ constructor valueOf', vector: at(0) }],
    ['a huge text', { text: 'constructor of words '.repeat(5000), vector: at(0) }],
    ['one endless word', { text: 'x'.repeat(100_000), vector: at(0) }],
    ['lone surrogates', { text: '\ud800 x \udfff', vector: at(0) }],
    ['a vector of zeros', { text: 'x', vector: new Float32Array(2) }],
    ['a vector of zeros and no text', { vector: new Float32Array(2) }],
    ['a vector of another length', { text: 'x', vector: new Float32Array(384).fill(0.05) }],
    ['an empty vector', { text: 'x', vector: new Float32Array(0) }],
    ['a vector of NaN', { text: 'x', vector: Float32Array.of(Number.NaN, Number.NaN) }],
    ['a vector that is far too long', { text: 'x', vector: Float64Array.of(1e200, 1e200) }],
    ['an opposite vector', { vector: at(180) }],
  ];
  it.each(queries)('gives every memory once, with finite scores in [0, 1]: %s', (_, query) => {
    const { hits, topSimilarity } = createRanker().rank('s', memories, { ...query, topK: 10 });
    expect(hits.map(({ memory }) => memory.seq).toSorted()).toEqual([1, 2, 3]);
    for (const { score, cosine, parts } of hits) {
      for (const number of [score, ...Object.values(parts)]) {
        expect(number).toBeGreaterThanOrEqual(0);
        expect(number).toBeLessThanOrEqual(1);
      }
      if (cosine !== null) expect(Math.abs(cosine)).toBeLessThanOrEqual(1);
    }
    expect(topSimilarity).toBeGreaterThanOrEqual(0);
    expect(topSimilarity).toBeLessThanOrEqual(1);
  });
});

it('compares only vectors of the same length', () => {
  const mixed = [
    remember(1, 'a', { embedding: new Float32Array(3).fill(0.577) }),
    remember(2, 'b', { embedding: at(90) }),
  ];
  const recalled = createRanker().rank('s', mixed, { vector: at(90), topK: 2 });
  expect(recalled.hits.map(({ cosine }) => cosine)).toEqual([1, 0]);
});

it('is not thrown off by an embedding that is not a number', () => {
  const broken = [
    remember(1, 'a', { embedding: Float32Array.of(Number.NaN, 0) }),
    remember(2, 'b', { embedding: at(0) }),
  ];
  const recalled = createRanker().rank('s', broken, { vector: at(0), topK: 2 });
  expect(recalled.hits.map(({ score }) => score)).toEqual([1, 0]);
  expect(recalled.topSimilarity).toBe(1);
});

it.each([0, -1, Number.NaN])('gives nothing for a topK of %s', (topK) => {
  expect(createRanker().rank('s', memories, { text: 'x', topK }).hits).toEqual([]);
});

it('survives memories that share a hash', () => {
  const twins = [remember(1, 'red apple'), remember(2, 'red apple', { hash: 'h1' })];
  expect(createRanker().rank('s', twins, { text: 'apple', topK: 5 }).hits).toHaveLength(2);
});

it('does not let text and triggers push a score past 1', () => {
  const triggers = Array.from({ length: 50 }, () => ({ keyword: 'x', threshold: 0.5, weight: 1e9 }));
  const [hit] = createRanker().rank('s', memories, {
    text: 'x',
    vector: at(45),
    triggers,
    anchors: [at(45)],
    topK: 1,
  }).hits;
  expect(hit!.memory.seq).toBe(2);
  expect(hit!.score).toBeLessThanOrEqual(1);
});

it('leaves no trace on Object.prototype', () => {
  createRanker().rank('__proto__', memories, { text: '__proto__ constructor', topK: 5 });
  expect(Object.keys(Object.prototype)).toEqual([]);
});
