/** Rows that rotted: what rests on them says so, nothing is guessed, and with the rows put back all is as it was. */
import { describe, expect, it } from 'vitest';
import { verifyChain } from '../../src/host/chain.ts';
import type { Op, Table } from '../../src/store/store.ts';
import { FakeClock } from '../support/clock.ts';
import { counter } from '../support/kinds.ts';
import { type Answers, OUTCOME, outcome, pair, play, who } from '../support/pair.ts';
import { controlledStore, type Dump, dump, storeOf } from '../support/stores.ts';
import { at, testSystem } from '../support/system.ts';

/** The last moment of the pair's scenario at which a table had a row, and what the client knew then. */
async function lastWith(table: Table): Promise<{ content: Dump; now: number; answers: Answers }> {
  const control = controlledStore();
  const clock = new FakeClock();
  const { system, stop } = await testSystem([pair], { store: control.store, clock });
  const answers: Answers = new Map();
  let found: { content: Dump; now: number; answers: Answers } | undefined;
  control.onCommit = () => {
    if (control.store.count(table) === 0) return;
    found = { content: dump(control.store), now: clock.now(), answers: new Map(answers) };
  };
  await play(system, answers, () => clock.advance(40));
  await stop();
  return found!;
}

const rotten = (op: Op, table: Table): Op =>
  op.table === table && op.op === 'put' ? { ...op, value: op.value.map((byte, i) => (i === 0 ? 0xc1 : byte)) } : op;

describe('a damaged record', () => {
  it.each(['event', 'actor'] as const)('of the table "%s" takes its actor out, with a code', async (table) => {
    const { content, now } = await lastWith(table);
    const store = await storeOf(content.map((op) => rotten(op, table)));
    const { system, clock, host, stop } = await testSystem([pair, counter], { store, clock: new FakeClock(now) });
    const head = host.head('t1');
    for (const id of ['a', 'b']) {
      await expect(system.read(who(id))).rejects.toMatchObject({ code: 'CORRUPTED', retry: false });
      const asked = system.ask(who(id), { type: 'nap' });
      asked.catch(() => {});
      await clock.advance(60_000);
      await expect(asked).rejects.toMatchObject({ code: 'CORRUPTED' });
    }
    // Nothing was written over what is left, and others are well.
    expect(host.head('t1')).toBe(head);
    await system.spawn(at('counter', 'c'), {});
    expect((await system.ask(at('counter', 'c'), { type: 'add' })).reply).toBe(1);
    await stop();
  });

  it.each(['outbox', 'timer', 'meta'] as const)('of the table "%s" keeps it all from starting', async (table) => {
    const { content, now } = await lastWith(table);
    const store = await storeOf(content.map((op) => rotten(op, table)));
    const start = testSystem([pair], { store, clock: new FakeClock(now) });
    const message =
      table === 'meta' ? expect.any(String) : expect.stringMatching(new RegExp(`^row \\[.* of the table "${table}"`));
    await expect(start).rejects.toMatchObject({ code: 'CORRUPTED', message });
  });

  it.each(['event', 'log'] as const)('of the table "%s" is found by a look at the log', async (table) => {
    const { content } = await lastWith(table);
    const store = await storeOf(content.map((op) => rotten(op, table)));
    expect(verifyChain(store, 't1').faults.length).toBeGreaterThan(5);
  });

  it.each(['event', 'actor', 'outbox', 'timer', 'meta'] as const)(
    'of the table "%s" that is put back leaves nothing missing',
    async (table) => {
      const { content, now, answers } = await lastWith(table);
      const store = await storeOf(content.map((op) => rotten(op, table)));
      const clock = new FakeClock(now);
      const start = () => testSystem([pair], { store, clock });
      await start().then(
        async ({ system, stop }) => {
          await system.read(who('a')).catch(() => {});
          await clock.advance(10_000);
          await stop();
        },
        () => {},
      );
      await store.commit(content.filter((op) => op.table === table));
      const { system, stop } = await start();
      await play(system, answers, () => clock.advance(40));
      await clock.advance(20_000);
      expect(await outcome(system)).toEqual(OUTCOME);
      expect(verifyChain(store, 't1').faults).toEqual([]);
      await stop();
    },
  );
});
