/** The built-in embedder: what a client may rely on. */
import { describe, expect, it } from 'vitest';
import { createHashEmbedder } from '../../src/embedding/hash.ts';
import { dot, norm } from '../../workers/vector.ts';

const embedder = createHashEmbedder();

async function embed(text: string): Promise<Float32Array> {
  const [vector] = await embedder.embed([text], 'document');
  return vector!;
}

async function similarity(a: string, b: string): Promise<number> {
  return dot(await embed(a), await embed(b));
}

describe('vectors', () => {
  it('have the promised dimension and unit length, one per text in order', async () => {
    expect(embedder.id).toBe('hash-v1-384');
    const [first, second] = await embedder.embed(['alpha', 'beta'], 'document');
    expect(first).toHaveLength(384);
    expect(norm(first!)).toBeCloseTo(1, 6);
    expect(second).toEqual(await embed('beta'));
    expect(await embedder.embed([], 'query')).toEqual([]);
  });

  it('come in other dimensions under another id', async () => {
    const wide = createHashEmbedder({ dimension: 768 });
    expect(wide.id).toBe('hash-v1-768');
    expect((await wide.embed(['alpha'], 'query'))[0]).toHaveLength(768);
  });

  it('are the same in every process and release, as stored ones must stay comparable', async () => {
    // From an independent program: FNV-1a with MurmurHash3's last steps over the stem (weight 1) and the 3- and 4-grams
    // of the word in angle brackets (0.8/√7 each for "<cats>", 0.8/√5 for "<für>"), scaled to unit length.
    const cats = {
      10: 0.236113,
      14: 0.236113,
      80: -0.236113,
      106: 0.236113,
      107: -0.236113,
      155: 0.236113,
      231: 0.236113,
      361: 0.780869,
    };
    const fuer = { 72: 0.279372, 89: -0.279372, 114: -0.279372, 220: -0.279372, 252: -0.279372, 332: -0.780869 };
    for (const [word, wanted] of [
      ['cats', cats],
      ['für', fuer],
    ] as const) {
      const vector = await embed(word);
      const filled = [...vector].flatMap((number, place) => (number === 0 ? [] : [[place, number] as const]));
      expect(filled.map(([place]) => String(place))).toEqual(Object.keys(wanted));
      filled.forEach(([, number], index) => {
        expect(number).toBeCloseTo(Object.values(wanted)[index]!, 6);
      });
    }
  });

  it('do not depend on what was embedded before', async () => {
    const fresh = createHashEmbedder();
    await embedder.embed(['constructor alpha', 'other words entirely'], 'document');
    expect(await fresh.embed(['alpha beta'], 'document')).toEqual(await embedder.embed(['alpha beta'], 'query'));
  });

  it('are zero for a text without content', async () => {
    for (const text of ['', '   ', '?!…', '\u0000']) expect(norm(await embed(text))).toBe(0);
  });

  it.each([0, -1, 1.5, Number.NaN, 65_537])('cannot have %s numbers', (dimension) => {
    expect(() => createHashEmbedder({ dimension })).toThrow(TypeError);
  });
});

describe('similarity', () => {
  const near: [a: string, b: string, least: number][] = [
    [
      'Which embedder do we use for German text?',
      'Q: Which embedder should we use for German content? A: We picked mpnet 768d for German.',
      0.5,
    ],
    ['How do I deploy the billing service?', 'Q: How is the billing service deployed? A: With Helm.', 0.5],
    [
      'Welche Datenbank benutzen wir für Bestellungen?',
      'Q: Welche Datenbanken nutzen wir für Bestellungen? A: PostgreSQL.',
      0.5,
    ],
    ['Какую базу данных мы используем?', 'Мы используем базу данных PostgreSQL', 0.5],
    ['我们用什么数据库?', '我们的数据库是什么?', 0.5],
    ['launch 🚀', '🚀 launch day', 0.5],
    ['deployment', 'deployments', 0.9],
    ['ＣＡＦＥ', 'cafe', 0.999],
  ];
  it.each(near)('is high for texts that share words: %s | %s', async (a, b, least) => {
    expect(await similarity(a, b)).toBeGreaterThanOrEqual(least);
  });

  const far: [a: string, b: string][] = [
    [
      'What is the weather in Berlin?',
      'Q: Which embedder should we use for German content? A: We picked mpnet 768d for German.',
    ],
    ['The invoice was paid', 'Elephants walk slowly'],
    ['🚀', '🎂'],
  ];
  it.each(far)('is low for texts that share only grammar: %s | %s', async (a, b) => {
    expect(Math.abs(await similarity(a, b))).toBeLessThan(0.2);
  });

  it('is not zero for a misspelt word', async () => {
    expect(await similarity('educaton', 'education')).toBeGreaterThan(0.2);
  });

  it('does not care how often grammar is repeated', async () => {
    expect(await similarity('the red apple', 'the the of the red apple and the')).toBeGreaterThan(0.95);
  });
});

it('takes huge texts and strange words', async () => {
  for (const text of ['word '.repeat(50_000), 'x'.repeat(200_000), '__proto__ constructor toString', '\ud800 alone']) {
    expect(norm(await embed(text))).toBeCloseTo(1, 6);
  }
});
