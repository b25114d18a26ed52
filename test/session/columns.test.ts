/** Columns that moved along with the list against columns made from it. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Columns, columnsOf, memoryCosines } from '../../actors/kinds/session/columns.ts';
import { insert, recall, refresh } from '../../actors/kinds/session/memory.ts';
import type { Memory } from '../../actors/kinds/session/model.ts';
import { unitCosines } from '../../workers/vector.ts';

const capacities = { short_term: 5, medium_term: 9, long_term: 20 };

const hexOf = (seq: number, digits: number) => ((seq * 2_654_435_761) >>> 0).toString(16).padStart(digits, '0');

const memory = (seq: number): Memory => ({
  hash: hexOf(seq, 32),
  seq,
  text: `text ${seq}`,
  fingerprint: hexOf(seq % 40, 16),
  embedding: Float32Array.of(Math.sin(seq), Math.cos(seq)),
  importance: (seq % 7) / 5,
  access: 0,
  turn: seq,
  used: seq,
  at: seq,
  episode: seq % 5,
  tier: seq % 11 === 0 ? 'long_term' : 'short_term',
});

function table(columns: Columns) {
  const { count, pack, hashes, prints, tiers, episodes, importance, access, used, rows } = columns;
  const all = [hashes, prints, tiers, episodes, importance, access, used, ...(pack ? [rows] : [])];
  return { pack, columns: all.map((column) => [...column.subarray(0, count)]) };
}

const step = fc.oneof(
  { weight: 5, arbitrary: fc.constant('insert' as const) },
  { weight: 2, arbitrary: fc.constant('recall' as const) },
  { weight: 1, arbitrary: fc.constant('refresh' as const) },
  { weight: 1, arbitrary: fc.constant('rollback' as const) },
);

it('say the same as the list, whatever happened to it', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(step, fc.nat(1_000)), { minLength: 20, maxLength: 120 }), (steps) => {
      let list: readonly Memory[] = [];
      let before = list;
      let seq = 0;
      for (const [what, pick] of steps) {
        const older = list;
        const some = list[pick % Math.max(1, list.length)];
        if (what === 'rollback') list = before;
        else if (what === 'insert' || !some) list = insert(list, memory(++seq), capacities, seq).memories;
        else if (what === 'recall') list = recall(list, [some.hash, some.hash, list[0]!.hash, 'unknown'], seq);
        else list = refresh(list, pick % list.length, 0.9, seq);
        before = older;
        expect(table(columnsOf(list))).toEqual(table(new Columns(list)));
        const query = Float32Array.of(0.6, 0.8);
        const plain = unitCosines(
          list.map(({ embedding }) => embedding),
          query,
        );
        expect([...memoryCosines(list, query)]).toEqual([...plain]);
      }
      const last = list.at(-1)!;
      expect(columnsOf(list).named(list, last.hash)).toEqual([list.length - 1]);
      const same = list.flatMap(({ fingerprint }, at) => (fingerprint === last.fingerprint ? [at] : []));
      expect(columnsOf(list).saying(list, last.fingerprint)).toEqual(same);
    }),
    { numRuns: 100 },
  );
});
