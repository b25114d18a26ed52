/** Vectors change their place in memory, never their numbers. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryCosines } from '../../actors/kinds/session/columns.ts';
import type { Memory } from '../../actors/kinds/session/model.ts';
import { append, packed } from '../../actors/kinds/session/packs.ts';
import { decode, encode } from '../../src/host/codec.ts';
import { unitCosines } from '../../workers/vector.ts';

const D = 24;

function vectorOf(seed: number, d = D): Float32Array {
  const vector = Float32Array.from({ length: d }, (_, i) => Math.sin(seed * 31 + i * i));
  const length = Math.hypot(...vector);
  return vector.map((x) => x / length);
}

const memory = (seq: number, d = D): Memory => ({
  hash: `h${seq}`,
  seq,
  text: `text ${seq}`,
  fingerprint: `f${seq}`,
  embedding: vectorOf(seq, d),
  importance: 0.5,
  access: 0,
  turn: seq,
  used: seq,
  at: seq,
  episode: 0,
  tier: 'short_term',
});

const numbers = (memories: readonly Memory[]) => memories.map(({ embedding }) => [...embedding]);

/** Appends so many, losing one in `every` as a full session does. */
function live(count: number, every = 3): readonly Memory[] {
  let memories: readonly Memory[] = [];
  for (let seq = 1; seq <= count; seq++) {
    memories = append(memories, memory(seq));
    if (seq % every === 0) memories = memories.toSpliced((seq * 7) % memories.length, 1);
  }
  return memories;
}

describe('packed vectors', () => {
  it('keep their numbers, whatever joins and leaves', () => {
    const memories = live(400);
    expect(numbers(memories)).toEqual(memories.map(({ seq }) => [...vectorOf(seq)]));
  });

  it('lie in one stretch of memory', () => {
    const memories = live(400);
    expect(new Set(memories.map(({ embedding }) => embedding.buffer)).size).toBe(1);
  });

  it('leave an older list as it was when two turns go on from it', () => {
    const before = live(50);
    const kept = numbers(before);
    const one = append(before, memory(1_001));
    const other = append(before, memory(1_002));
    for (let seq = 2_000, list: readonly Memory[] = one; seq < 2_200; seq++) list = append(list, memory(seq));
    expect(numbers(before)).toEqual(kept);
    expect([...one.at(-1)!.embedding]).toEqual([...vectorOf(1_001)]);
    expect([...other.at(-1)!.embedding]).toEqual([...vectorOf(1_002)]);
  });

  it('do not follow the vector they were made from', () => {
    const mine = memory(99);
    const memories = append(live(50), mine);
    mine.embedding.fill(7);
    expect([...memories.at(-1)!.embedding]).toEqual([...vectorOf(99)]);
  });

  it('come back from the store as themselves alone, not as the pack', () => {
    const memories = live(50);
    const bytes = encode(memories);
    expect(bytes.length).toBeLessThan(memories.length * (D * 4 + 200));
    expect(numbers(decode<Memory[]>(bytes))).toEqual(numbers(memories));
  });

  it('are left alone when there are few, or of different dimensions', () => {
    const few = [memory(1), memory(2)];
    expect(packed(few)).toBe(few);
    const mixed = Array.from({ length: 40 }, (_, i) => memory(i, i === 20 ? 8 : D));
    expect(packed(mixed)).toBe(mixed);
    expect(append(mixed, memory(41))).toHaveLength(41);
  });
});

describe('cosines of memories', () => {
  it('are those of their vectors to the bit, wherever they lie', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 2, max: 9 }), (count, every) => {
        const memories = live(count, every);
        const query = vectorOf(12_345);
        const plain = unitCosines(
          memories.map(({ seq }) => vectorOf(seq)),
          query,
        );
        expect([...memoryCosines(memories, query)]).toEqual([...plain]);
        // Out of order, and half of them elsewhere.
        const mixed = memories.toReversed().map((m, i) => (i % 2 ? m : { ...m, embedding: m.embedding.slice() }));
        expect([...memoryCosines(mixed, query)].reverse()).toEqual([...plain]);
      }),
      { numRuns: 60 },
    );
  });

  it('are 0 with a vector of another dimension', () => {
    expect([...memoryCosines(live(40), vectorOf(1, 8))].every((cosine) => cosine === 0)).toBe(true);
    expect([...memoryCosines([], vectorOf(1))]).toEqual([]);
  });
});
