import { describe, expect, it } from 'vitest';
import { verifyChain } from '../../src/host/chain.ts';
import { type Store, TABLES } from '../../src/store/store.ts';
import { alarm, counter, peer } from '../support/kinds.ts';
import { controlledStore } from '../support/stores.ts';
import { at, testSystem } from '../support/system.ts';

const a = at('counter', 'a');

/** Rows of a table that belong to an actor. */
function rowsOf(store: Store, id: string): string[] {
  return TABLES.filter((table) => table !== 'actor' && table !== 'log').flatMap((table) =>
    [...store.range(table, { prefix: [] })].filter(({ key }) => key.includes(id)).map(() => table),
  );
}

describe('removal', () => {
  it('takes away everything but the headers in the log, whose chain still verifies', async () => {
    const { system, store, stop } = await testSystem([counter, alarm, peer]);
    const b = at('alarm', 'doomed');
    await system.spawn(b, {});
    await system.ask(b, { type: 'set', id: 'x', delayMs: 1_000 });
    for (let i = 0; i < 70; i++) await system.ask(b, { type: 'note' });
    await system.spawn(at('peer', 'p'), { other: 'q' });
    await system.spawn(at('peer', 'q'), { other: 'p' });
    await system.ask(at('peer', 'p'), { type: 'tell', n: 1 });
    expect(rowsOf(store, 'doomed').sort()).toEqual(expect.arrayContaining(['event', 'snapshot', 'timer']));
    expect(await system.remove(b)).toBe(true);
    expect(await system.remove(b)).toBe(false);
    expect(await system.remove(at('peer', 'q'))).toBe(true);
    expect([...rowsOf(store, 'doomed'), ...rowsOf(store, 'q').filter((table) => table === 'dedup')]).toEqual([]);
    expect([system.exists(b), await system.read(b), system.count('alarm')]).toEqual([false, undefined, 0]);
    const report = verifyChain(store, 't1');
    expect(report.faults).toEqual([]);
    expect(report.erased).toBeGreaterThan(70);
    const erased = system.records({ tenant: 't1', after: 0, limit: 1_000 }).filter((r) => r.address.id === 'doomed');
    expect(erased.every((record) => record.payload === null && record.contentHash.length === 64)).toBe(true);
    await stop();
  });

  it('lets the next life of the same id go on counting, also after a restart', async () => {
    const first = await testSystem([counter]);
    await first.system.spawn(a, {});
    await first.system.ask(a, { type: 'add' });
    await first.system.remove(a);
    expect((await first.system.spawn(a, {})).revision).toBe(4);
    await first.system.remove(a);
    await first.stop();
    const { system, store, stop } = await testSystem([counter], { store: first.store });
    expect(await system.spawn(a, {})).toMatchObject({ revision: 6, context: { n: 0 } });
    expect((await system.ask(a, { type: 'add' })).reply).toBe(1);
    expect(verifyChain(store, 't1')).toMatchObject({ records: 7, erased: 5, faults: [] });
    await stop();
  });

  it('sends what the kind has to say to others, with the removal or not at all', async () => {
    const farewell = ({ n }: { n: number }) => [{ to: { kind: 'counter', id: 'heir' }, event: { type: 'add', by: n } }];
    const control = controlledStore();
    const { system, clock, stop } = await testSystem([{ ...counter, farewell }], { store: control.store });
    await system.spawn(a, {});
    await system.spawn(at('counter', 'heir'), {});
    await system.ask(a, { type: 'add', by: 7 });
    control.failing = true;
    await expect(system.remove(a)).rejects.toMatchObject({ code: 'STORE_FAILED' });
    control.failing = false;
    await clock.advance(1_000);
    const heir = async () => (await system.read(at('counter', 'heir')))?.context;
    expect(await heir()).toMatchObject({ n: 0 });
    expect(await system.remove(a)).toBe(true);
    expect(await system.remove(a)).toBe(false);
    await clock.advance(100);
    expect(await heir()).toMatchObject({ n: 7 });
    await stop();
  });

  it('and creation in one breath leave the last word', async () => {
    const { system, store, stop } = await testSystem([counter]);
    const all = await Promise.all([
      system.spawn(a, {}),
      system.ask(a, { type: 'add' }),
      system.remove(a),
      system.spawn(a, {}),
      system.remove(a),
      system.spawn(a, {}),
      system.ask(a, { type: 'add', by: 5 }),
    ]);
    expect((all[6] as { reply: unknown }).reply).toBe(5);
    expect(system.count('counter')).toBe(1);
    expect(verifyChain(store, 't1').faults).toEqual([]);
    await stop();
  });
});

describe('a tampered row', () => {
  async function stored() {
    const { system, store, stop } = await testSystem([counter]);
    await system.spawn(a, {});
    for (let i = 0; i < 70; i++) await system.ask(a, { type: 'add' });
    await system.spawn(at('counter', 'b'), {});
    await stop();
    const spoil = async (table: 'log' | 'event' | 'snapshot', key: (string | number)[], at = -1) => {
      const row = store.get(table, key)!;
      row[at < 0 ? row.length + at : at]! ^= 0x40;
      await store.commit([{ op: 'put', table, key, value: row }]);
    };
    return { store, spoil };
  }

  it('of the log is found by walking the chain: changed header, changed hash, missing record', async () => {
    for (const offset of [-1, 0, 33]) {
      const { store, spoil } = await stored();
      await spoil('log', ['t1', 5], offset);
      expect(verifyChain(store, 't1').faults.length).toBeGreaterThan(0);
    }
    const { store } = await stored();
    await store.commit([{ op: 'del', table: 'log', key: ['t1', 5] }]);
    expect(verifyChain(store, 't1').faults[0]).toMatch(/5 is missing/);
  });

  it('of an event is found by the chain and when the actor is activated', async () => {
    for (const offset of [-1, 0]) {
      const { store, spoil } = await stored();
      await spoil('event', ['t1', 'counter', 'a', 71], offset);
      expect(verifyChain(store, 't1').faults).toEqual(['record 71: content does not match its hash']);
      const { system, stop } = await testSystem([counter], { store });
      await expect(system.read(a)).rejects.toMatchObject({ code: 'CORRUPTED' });
      expect((await system.read(at('counter', 'b')))?.revision).toBe(1);
      await stop();
    }
  });

  it('of a missing event is found by both', async () => {
    const { store } = await stored();
    await store.commit([{ op: 'del', table: 'event', key: ['t1', 'counter', 'a', 70] }]);
    expect(verifyChain(store, 't1').faults[0]).toMatch(/revision 70 is missing/);
    const { system, stop } = await testSystem([counter], { store });
    await expect(system.read(a)).rejects.toMatchObject({ code: 'CORRUPTED' });
    await stop();
  });

  it('of a snapshot is found when the actor is activated', async () => {
    const { store, spoil } = await stored();
    await spoil('snapshot', ['t1', 'counter', 'a']);
    const { system, stop } = await testSystem([counter], { store });
    await expect(system.ask(a, { type: 'add' })).rejects.toMatchObject({ code: 'CORRUPTED' });
    await stop();
  });
});
