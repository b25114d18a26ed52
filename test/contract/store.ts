/** What every store must do: rules S1-S4 of `src/store/store.ts`, and the order of keys. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Key, Op, RangeOptions, Store, Table } from '../../src/store/store.ts';
import { keyContract } from './store-keys.ts';

export interface OpenedStore {
  readonly store: Store;
  /** Closes the store and opens what it kept; absent when it keeps nothing. */
  readonly reopen?: () => Promise<Store>;
  destroy(): Promise<void>;
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const put = (key: Key, value: Uint8Array = bytes(1), table: Table = 'log'): Op => ({ op: 'put', table, key, value });
const del = (key: Key, table: Table = 'log'): Op => ({ op: 'del', table, key });
const clear = (prefix: Key, table: Table = 'log'): Op => ({ op: 'clear', table, prefix });

export function storeContract(name: string, open: () => Promise<OpenedStore>): void {
  describe(`${name} keeps the store contract`, () => {
    let opened: OpenedStore;
    let store: Store;
    beforeEach(async () => {
      opened = await open();
      store = opened.store;
    });
    afterEach(() => opened.destroy());

    const keys = (options: Partial<RangeOptions> = {}, table: Table = 'log'): Key[] =>
      [...store.range(table, { prefix: [], ...options })].map((row) => row.key);

    describe('values', () => {
      it('come back as plain arrays that start at offset 0, bit for bit', async () => {
        // Signalling and quiet NaNs with payloads, -0, infinities, denormals: a copy through numbers would lose them.
        const vector = new Float32Array(
          Uint32Array.of(0x7f800001, 0x7fc12345, 0xffffffff, 0x80000000, 0x7f800000, 0x00000001, 0x3f800000).buffer,
        );
        const wide = new Uint8Array(vector.byteLength + 3);
        wide.set(new Uint8Array(vector.buffer), 3);
        await store.commit([put(['v'], wide.subarray(3)), put(['w', 1], wide)]);
        const [fromGet, fromRange] = [store.get('log', ['v'])!, [...store.range('log', { prefix: ['v'] })][0]!.value];
        for (const value of [fromGet, fromRange]) {
          expect(Object.getPrototypeOf(value)).toBe(Uint8Array.prototype);
          expect(value.byteOffset).toBe(0);
          expect(new Uint32Array(value.buffer, 0, 7)).toEqual(new Uint32Array(vector.buffer));
        }
        expect(store.get('log', ['w', 1])).toEqual(wide);
      });

      it.each([0, 1, 300, 32_767, 32_768, 40_000, 1_000_000])('of %i bytes come back whole', async (size) => {
        const value = Uint8Array.from({ length: size }, (_, i) => (i * 31) % 251);
        await store.commit([put(['v'], value)]);
        expect(Buffer.compare(store.get('log', ['v'])!, value)).toBe(0);
        expect(Buffer.compare([...store.range('log', { prefix: [] })][0]!.value, value)).toBe(0);
      });

      it('are what they were when commit was called, whatever the caller does to his buffer', async () => {
        const value = bytes(1, 2, 3);
        const ops = [put(['v'], value)];
        const committed = store.commit(ops);
        value.fill(9);
        ops.push(put(['late']));
        await committed;
        expect(store.get('log', ['v'])).toEqual(bytes(1, 2, 3));
        expect(store.get('log', ['late'])).toBeUndefined();
      });

      it('that were handed out stay as they are (S4)', async () => {
        const big = new Uint8Array(50_000).fill(1);
        await store.commit([put(['small'], bytes(1, 1)), put(['big'], big)]);
        const before = [store.get('log', ['small'])!, store.get('log', ['big'])!];
        const rows = [...store.range('log', { prefix: [] })];
        await store.commit([put(['small'], bytes(2, 2)), put(['big'], new Uint8Array(50_000).fill(2))]);
        for (let i = 0; i < 50; i++) await store.commit([put(['other', i], new Uint8Array(50_000).fill(3))]);
        store.get('log', ['big']);
        expect(before[0]).toEqual(bytes(1, 1));
        expect(Buffer.compare(before[1]!, big)).toBe(0);
        expect(rows.map((row) => row.value[0])).toEqual([1, 1]);
      });

      it('cannot be changed through what a reader was handed', async () => {
        await store.commit([put(['v'], bytes(1))]);
        store.get('log', ['v'])!.fill(9);
        for (const row of store.range('log', { prefix: [] })) row.value.fill(9);
        expect(store.get('log', ['v'])).toEqual(bytes(1));
      });
    });

    describe('keys', () => keyContract(() => store));

    describe('ranges', () => {
      beforeEach(async () => {
        const rows = [1, 2, 3, 4, 5].flatMap((n) => ['a', 'ab', 'b'].map((tenant) => put([tenant, n], bytes(n))));
        await store.commit(rows);
      });
      const numbers = (options: Partial<RangeOptions>) => keys({ prefix: ['ab'], ...options }).map((key) => key[1]);

      it.each<[string, Partial<RangeOptions>, number[]]>([
        ['a prefix', {}, [1, 2, 3, 4, 5]],
        ['from, inclusive', { from: ['ab', 3] }, [3, 4, 5]],
        ['from, between keys', { from: ['ab', 2.5] }, [3, 4, 5]],
        ['to, exclusive', { to: ['ab', 3] }, [1, 2]],
        ['from and to', { from: ['ab', 2], to: ['ab', 4] }, [2, 3]],
        ['from behind to', { from: ['ab', 4], to: ['ab', 2] }, []],
        ['from equal to to', { from: ['ab', 2], to: ['ab', 2] }, []],
        ['from before the prefix', { from: ['a', 3] }, [1, 2, 3, 4, 5]],
        ['to behind the prefix', { to: ['b', 3] }, [1, 2, 3, 4, 5]],
        ['from behind the prefix', { from: ['b'] }, []],
        ['to before the prefix', { to: ['a'] }, []],
        ['limit', { limit: 2 }, [1, 2]],
        ['limit 0', { limit: 0 }, []],
        ['limit above the number', { limit: 9 }, [1, 2, 3, 4, 5]],
        ['reverse', { reverse: true }, [5, 4, 3, 2, 1]],
        ['reverse and limit', { reverse: true, limit: 2 }, [5, 4]],
        ['reverse from and to', { reverse: true, from: ['ab', 2], to: ['ab', 4] }, [3, 2]],
        ['reverse with absent bounds', { reverse: true, from: ['ab', 1.5], to: ['ab', 4.5] }, [4, 3, 2]],
        ['the whole key as prefix', { prefix: ['ab', 3] }, [3]],
        ['a prefix nothing has', { prefix: ['ab', 3, 'x'] }, []],
      ])('by %s', (_, options, expected) => {
        expect(numbers(options)).toEqual(expected);
      });

      it('of all rows and of an empty table', () => {
        expect(keys()).toHaveLength(15);
        expect(keys({}, 'timer')).toEqual([]);
        expect(keys({ reverse: true }, 'timer')).toEqual([]);
      });

      it('may be left early, any number of times', async () => {
        for (let i = 0; i < 500; i++) for (const _ of store.range('log', { prefix: ['a'] })) break;
        await store.commit([del(['a', 1])]);
        expect(keys({ prefix: ['a'], limit: 1 })).toEqual([['a', 2]]);
      });
    });

    describe('commits', () => {
      it('overwrite, delete, and forgive the deletion of what is not there', async () => {
        await store.commit([put(['a'], bytes(1)), put(['b'], bytes(1)), put(['b'], bytes(2)), del(['a']), del(['x'])]);
        expect(store.get('log', ['a'])).toBeUndefined();
        expect(store.get('log', ['b'])).toEqual(bytes(2));
        expect(store.count('log')).toBe(1);
      });

      it('keep tables apart', async () => {
        await store.commit([put(['k'], bytes(1), 'actor'), put(['k'], bytes(2), 'outbox'), clear([], 'log')]);
        expect([store.get('actor', ['k']), store.get('outbox', ['k'])]).toEqual([bytes(1), bytes(2)]);
        expect([store.count('actor'), store.count('log')]).toEqual([1, 0]);
      });

      it('may be empty', async () => {
        await store.commit([]);
        await Promise.all([store.commit([put(['a'])]), store.commit([]), store.commit([])]);
        expect(keys()).toEqual([['a']]);
      });

      it('clear a prefix and nothing beside it', async () => {
        await store.commit(
          [['a'], ['a', 1], ['a', 'x', 2], ['ab', 1], ['a\0', 1], ['b'], ['\0']].map((key) => put(key)),
        );
        await store.commit([clear(['a']), clear([''])]);
        expect(keys()).toEqual([['\0'], ['a\0', 1], ['ab', 1], ['b']]);
        await store.commit([clear([])]);
        expect(keys()).toEqual([]);
      });

      it('clear in the order of the operations: what was put before goes, what comes after stays', async () => {
        await store.commit([put(['a', 1])]);
        await store.commit([put(['a', 2]), clear(['a']), put(['a', 3]), put(['a', 1])]);
        expect(keys()).toEqual([
          ['a', 1],
          ['a', 3],
        ]);
      });

      it('clear what commits still under way have put', async () => {
        const puts = Array.from({ length: 50 }, (_, i) => store.commit([put(['a', i])]));
        const all = [...puts, store.commit([clear(['a'])]), store.commit([put(['a', 99])])];
        await Promise.all(all);
        expect(keys()).toEqual([['a', 99]]);
      });

      it('take effect and resolve in the order of the calls (S3)', async () => {
        const resolved: number[] = [];
        const all: Promise<unknown>[] = [];
        for (let i = 0; i < 300; i++) {
          const ops = [
            put(['last'], Uint8Array.of(i >> 8, i & 255)),
            put(['n', i]),
            ...(i > 0 ? [del(['n', i - 1])] : []),
          ];
          all.push(store.commit(ops).then(() => resolved.push(i)));
          // Some of them in the same turn, some while a commit is under way.
          if (i % 7 === 0) await new Promise(setImmediate);
        }
        await Promise.all(all);
        expect(resolved).toEqual(Array.from({ length: 300 }, (_, i) => i));
        expect(store.get('log', ['last'])).toEqual(bytes(299 >> 8, 299 & 255));
        expect(keys({ prefix: ['n'] })).toEqual([['n', 299]]);
      });

      it('are seen by every read once they are resolved (S2, S4)', async () => {
        for (let i = 0; i < 100; i++) {
          store.get('log', ['counter']);
          await store.commit([put(['counter'], bytes(i)), put(['row', i])]);
          expect(store.get('log', ['counter'])).toEqual(bytes(i));
          expect(store.count('log')).toBe(i + 2);
          expect(keys({ prefix: ['row'], reverse: true, limit: 1 })).toEqual([['row', i]]);
        }
      });

      it('of 20,000 puts are one commit', async () => {
        const value = new Uint8Array(100).fill(5);
        const big = store.commit(Array.from({ length: 20_000 }, (_, i) => put(['k', i], value)));
        const next = store.commit([put(['k', 20_000]), del(['k', 0])]);
        // Never half there, at any moment a reader can look.
        let pending = true;
        const done = Promise.all([big, next]).finally(() => {
          pending = false;
        });
        while (pending) {
          expect([0, 20_000]).toContain(store.count('log'));
          await new Promise(setImmediate);
        }
        await done;
        expect(keys({ limit: 2 })).toEqual([
          ['k', 1],
          ['k', 2],
        ]);
        expect(keys({ reverse: true, limit: 1 })).toEqual([['k', 20_000]]);
      });

      it('that are refused do not hold up the others', async () => {
        const all = [store.commit([put(['a'])]), store.commit([put([])]), store.commit([put(['b'])])];
        const outcomes = await Promise.allSettled(all);
        expect(outcomes.map((outcome) => outcome.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
        expect(keys()).toEqual([['a'], ['b']]);
      });
    });

    describe('close', () => {
      it('waits for commits under way, refuses everything afterwards, and may be called again', async () => {
        const committed = store.commit([put(['a'])]);
        const closing = store.close();
        await expect(store.commit([put(['b'])])).rejects.toMatchObject({ code: 'UNAVAILABLE' });
        await Promise.all([committed, closing, store.close()]);
        const closed = expect.objectContaining({ code: 'UNAVAILABLE', message: 'the store is closed' });
        expect(() => store.get('log', ['a'])).toThrow(closed);
        expect(() => store.count('log')).toThrow(closed);
        expect(() => keys()).toThrow(closed);
        await expect(store.commit([])).rejects.toEqual(closed);
        await store.close();
      });

      it('keeps everything for the next time, where the store keeps anything', async () => {
        await store.commit([put(['a', 1], bytes(1)), put(['b'], bytes(2), 'meta')]);
        await store.commit([put(['a', 2], bytes(3)), del(['a', 1])]);
        expect(store.sizeBytes() > 0).toBe(opened.reopen !== undefined);
        if (opened.reopen === undefined) return;
        store = await opened.reopen();
        expect(keys()).toEqual([['a', 2]]);
        expect(store.get('meta', ['b'])).toEqual(bytes(2));
        await store.commit([put(['c'])]);
        expect(store.count('log')).toBe(2);
      });
    });
  });
}
