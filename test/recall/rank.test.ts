/** What a client sees of recall. */
import { describe, expect, it } from 'vitest';
import { createHashEmbedder } from '../../src/embedding/hash.ts';
import { createRanker } from '../../src/recall/rank.ts';
import { at, remember, textsOf } from './fixture.ts';

const conversation = [
  remember(1, 'Q: Which database holds the orders? A: PostgreSQL sixteen.', { embedding: at(0), episode: 0 }),
  remember(2, 'Q: And the cache? A: Redis.', { embedding: at(30), episode: 0 }),
  remember(3, 'Q: Who plans the holiday? A: Melanie goes camping in June.', { embedding: at(60), episode: 1 }),
  remember(4, 'Q: Where does she camp? A: In the mountains.', { embedding: at(90), episode: 1 }),
];

describe('with a text and a vector', () => {
  it('puts the memory first that has the words and the meaning', () => {
    const { hits, degraded } = createRanker().rank('s', conversation, {
      text: 'database of orders',
      vector: at(0),
      topK: 2,
    });
    expect(hits[0]!.memory.seq).toBe(1);
    expect(hits[0]!.cosine).toBe(1);
    expect(hits[0]!.score).toBeCloseTo(1, 12);
    expect(degraded).toBe(false);
  });

  it('finds the answer next to the words of the question', () => {
    const memories = [
      remember(1, 'Did you ever find out who repaired the telescope?', { embedding: at(0) }),
      remember(2, 'It was Quentin.', { embedding: at(0) }),
      remember(3, 'Lovely weather.', { embedding: at(0), episode: 1 }),
    ];
    const { hits } = createRanker().rank('s', memories, {
      text: 'Who repaired the telescope?',
      vector: at(90),
      topK: 3,
    });
    expect(textsOf(hits)).toEqual([memories[0]!.text, memories[1]!.text, memories[2]!.text]);
    expect(hits[1]!.parts.lexical).toBe(0);
    expect(hits[1]!.parts.structure).toBeGreaterThan(0);
  });

  it('leaves the decision to the vector when nobody used the words', () => {
    const { hits } = createRanker().rank('s', conversation, { text: 'xylophone', vector: at(90), topK: 1 });
    expect(hits[0]).toMatchObject({ memory: { seq: 4 }, parts: { lexical: 0, structure: 0 } });
    expect(hits[0]!.score).toBeCloseTo(1, 6);
  });

  it('explains every score by parts that add up to it', () => {
    const query = {
      text: 'when does melanie camp',
      vector: at(70),
      anchors: [at(80)],
      triggers: [{ keyword: 'camp', threshold: 0.7, weight: 1 }],
      topK: 9,
    };
    for (const { score, parts } of createRanker().rank('s', conversation, query).hits) {
      const sum = parts.lexical + parts.structure + parts.vector + parts.boost + parts.recency;
      expect(sum).toBeCloseTo(score, 12);
      for (const part of Object.values(parts)) expect(part).toBeGreaterThanOrEqual(0);
      expect(score).toBeLessThanOrEqual(1);
    }
  });

  it('reports the nearest memory of all, also one that is not among the hits', () => {
    const recalled = createRanker().rank('s', conversation, { text: 'camping in June', vector: at(30), topK: 1 });
    expect(recalled.hits[0]!.memory.seq).toBe(3);
    expect(recalled.topSimilarity).toBeCloseTo(1, 6);
  });

  it('scores a chance word of a long question low', () => {
    const text = 'please explain quantum chromodynamics gluon confinement lattice simulation results from june';
    const [hit] = createRanker().rank('s', conversation, { text, topK: 1 }).hits;
    expect(hit!.memory.seq).toBe(3);
    expect(hit!.score).toBeLessThan(0.4);
  });
});

describe('when something is missing', () => {
  it('goes on by words alone without a vector, and says so', () => {
    const recalled = createRanker().rank('s', conversation, { text: 'orders database', topK: 1 });
    expect(recalled).toMatchObject({ degraded: true, topSimilarity: 0, hits: [{ memory: { seq: 1 }, cosine: null }] });
  });

  it('ranks by the vector alone without a text, and is not degraded', () => {
    const recalled = createRanker().rank('s', conversation, { vector: at(90), topK: 4 });
    expect(recalled.hits.map(({ memory }) => memory.seq)).toEqual([4, 3, 2, 1]);
    expect(recalled.hits[1]!.score).toBeCloseTo(Math.cos(Math.PI / 6), 6);
    expect(recalled.degraded).toBe(false);
  });

  it('ranks by the vector alone when the text has only grammar in it', () => {
    expect(
      createRanker().rank('s', conversation, { text: 'who is it?', vector: at(90), topK: 1 }).hits[0],
    ).toMatchObject({
      memory: { seq: 4 },
    });
  });

  it('gives the newest first with neither, by use and then by arrival', () => {
    const memories = [remember(1, 'a', { used: 9 }), remember(2, 'b', { used: 3 }), remember(3, 'c', { used: 3 })];
    const { hits } = createRanker().rank('s', memories, { topK: 3 });
    expect(hits.map(({ memory }) => memory.seq)).toEqual([1, 3, 2]);
    expect(hits.map(({ score }) => score)).toEqual([1, 2 / 3, 1 / 3]);
    expect(hits[0]!.parts.recency).toBe(1);
  });

  it('uses recency only between equals', () => {
    const memories = [
      remember(1, 'red apple', { used: 1, episode: 1 }),
      remember(2, 'red apple', { used: 5, episode: 2 }),
      remember(3, 'green pear', { used: 9, episode: 3 }),
    ];
    const { hits } = createRanker().rank('s', memories, { text: 'red apple', topK: 3 });
    expect(hits.map(({ memory }) => memory.seq)).toEqual([2, 1, 3]);
    expect(hits[0]!.score).toBe(hits[1]!.score);
  });
});

describe('with the built-in embedder', () => {
  it('finds the memory a paraphrase asks for', async () => {
    const embedder = createHashEmbedder();
    const texts = [
      'Q: Which embedder should we use for German content? A: We picked mpnet 768d for German.',
      'Q: What port does the gateway listen on? A: 8080, behind the proxy.',
      'Q: Who owns the billing service? A: The payments team in Porto.',
    ];
    const vectors = await embedder.embed(texts, 'document');
    const memories = texts.map((text, index) => remember(index + 1, text, { embedding: vectors[index]! }));
    const text = 'Which embedder do we use for German text?';
    const [vector] = await embedder.embed([text], 'query');
    const recalled = createRanker().rank('s', memories, { text, vector: vector!, topK: 3 });
    expect(recalled.hits[0]!.memory.seq).toBe(1);
    expect(recalled.hits[0]!.score).toBeGreaterThan(0.75);
    expect(recalled.topSimilarity).toBeGreaterThan(0.5);
  });
});
