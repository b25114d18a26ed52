/** BM25 against numbers worked out by hand. */
import { expect, it } from 'vitest';
import { Bm25 } from '../../src/recall/bm25.ts';
import { readText } from '../../src/recall/words.ts';

const settings = { k1: 1, b: 0.5 };

function scores(index: Bm25, query: string, slots: number): number[] {
  const result = new Float64Array(slots);
  index.score(readText(query).terms, result);
  return [...result];
}

it('follows the formula', () => {
  const index = new Bm25(settings);
  index.add(0, 'red red blue');
  index.add(1, 'red');
  // N = 2, average length 2. "blue": df 1, idf ln(1 + 1.5/1.5) = ln 2. Text 0 has length 3:
  // held = 1·(0.5 + 0.5·3/2) = 1.25, so ln 2 · 1·2/(1 + 1.25) = 0.616130827…
  const blue = scores(index, 'blue', 2);
  expect(blue[0]).toBeCloseTo(0.6161308271643958, 12);
  expect(blue[1]).toBe(0);
  // "red": df 2, idf ln(1 + 0.5/2.5) = ln 1.2. Text 0: 2·2/(2 + 1.25); text 1: held = 0.5 + 0.5/2 = 0.75, 2/1.75.
  const red = scores(index, 'red', 2);
  expect(red[0]).toBeCloseTo((Math.log(1.2) * 4) / 3.25, 12);
  expect(red[1]).toBeCloseTo((Math.log(1.2) * 2) / 1.75, 12);
});

it('says what a text with every asked word would get, unknown words included', () => {
  const index = new Bm25(settings);
  index.add(0, 'red');
  // N = 1: "red" ln(1 + 0.5/1.5), "green" ln(1 + 1.5/0.5)
  expect(index.score(readText('red green').terms, new Float64Array(1))).toBeCloseTo(Math.log(4 / 3) + Math.log(4), 12);
});

it('counts a word of the query once however often it is asked', () => {
  const index = new Bm25(settings);
  index.add(0, 'red blue');
  expect(scores(index, 'red red red', 1)).toEqual(scores(index, 'red', 1));
});

it('scores as if a removed text had never been there', () => {
  const index = new Bm25(settings);
  index.add(0, 'red apple');
  index.add(1, 'green apple on the red table');
  index.add(2, 'apple');
  index.remove(1);
  index.add(1, 'blue apple');
  const fresh = new Bm25(settings);
  fresh.add(0, 'red apple');
  fresh.add(1, 'blue apple');
  fresh.add(2, 'apple');
  for (const query of ['red', 'green', 'blue', 'apple', 'table']) {
    expect(scores(index, query, 3)).toEqual(scores(fresh, query, 3));
  }
});

it('is empty again when the last text has left', () => {
  const index = new Bm25(settings);
  index.add(0, 'red');
  index.remove(0);
  expect(scores(index, 'red', 1)).toEqual([0]);
});

it('stays right for words JavaScript objects have', () => {
  const index = new Bm25(settings);
  index.add(0, 'constructor toString');
  index.add(1, 'ordinary words');
  expect(scores(index, 'constructor', 2)[0]).toBeGreaterThan(0);
  expect(scores(index, 'valueOf __proto__', 2)).toEqual([0, 0]);
});

it('keeps a text apart from its neighbours when a word occurs hundreds of times', () => {
  const index = new Bm25(settings);
  index.add(0, 'spam '.repeat(1000));
  index.add(1, 'ham');
  const [spam, ham] = scores(index, 'spam', 2);
  expect(spam).toBeGreaterThan(0);
  expect(ham).toBe(0);
});
