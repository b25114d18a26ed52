/** A log that was cut off at its end: the chain that is left holds, and yet something is missing. */
import { describe, expect, it } from 'vitest';
import { verifyChain } from '../../src/host/chain.ts';
import { encode } from '../../src/host/codec.ts';
import { EmbeddedHost } from '../../src/host/embedded.ts';
import { readHead } from '../../src/host/log.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { commit, folded, turn } from '../contract/host.ts';
import { FakeClock } from '../support/clock.ts';

const thing = (id: string) => ({ tenant: 't1', kind: 'thing', id });
const facts = [
  { type: 'first', payload: 1 },
  { type: 'second', payload: 2 },
];

/** Three actors: one lives with facts in its last event, one is removed, one has a snapshot. */
async function filled(): Promise<Store> {
  const store = createMemoryStore();
  const host = new EmbeddedHost({ store, clock: new FakeClock() });
  await commit(host, turn(thing('gone'), 0));
  await commit(host, turn(thing('kept'), 0));
  const state = { value: 'idle', context: {}, status: 'active' as const, output: null };
  const snapshot = { kind: 'thing', version: 1, revision: 2, state, timers: [], invocations: [] };
  await commit(host, turn(thing('kept'), 1, { snapshot }));
  await commit(host, turn(thing('told'), 0, { events: [folded(1, { facts })] }));
  await commit(host, turn(thing('gone'), 1, { removed: true }));
  await host.close();
  return store;
}

/** Takes the newest records away. */
async function cut(store: Store, count: number): Promise<void> {
  const head = readHead(store, 't1').seq;
  for (let n = 0; n < count; n++) await store.commit([{ op: 'del', table: 'log', key: ['t1', head - n] }]);
}

describe('a log', () => {
  it('that is whole has no fault', async () => {
    expect(verifyChain(await filled(), 't1')).toEqual({ records: 7, erased: 2, faults: [] });
  });

  it.each([
    [1, ['the end is missing: thing "gone" is at revision 2, the log ends with its revision 1']],
    [
      2,
      [
        'the end is missing: thing "gone" is at revision 2, the log ends with its revision 1',
        'the end is missing: revision 1 of thing "told" has more facts than the log',
      ],
    ],
    [
      4,
      [
        'the end is missing: thing "gone" is at revision 2, the log ends with its revision 1',
        'the end is missing: thing "told" is at revision 1, the log does not know it',
      ],
    ],
  ])('that lacks its last %i records is not', async (count, faults) => {
    const store = await filled();
    await cut(store, count);
    expect(verifyChain(store, 't1').faults).toEqual(faults);
  });

  it('that lacks its end together with the events is betrayed by a snapshot', async () => {
    const store = await filled();
    await cut(store, 5);
    await store.commit([{ op: 'del', table: 'event', key: ['t1', 'thing', 'kept', 2] }]);
    expect(verifyChain(store, 't1').faults).toContain(
      'the end is missing: thing "kept" is at revision 2, the log ends with its revision 1',
    );
  });

  it('is not vouched for by a snapshot that rotted', async () => {
    const store = await filled();
    const row = store.get('snapshot', ['t1', 'thing', 'kept'])!;
    row[40]! ^= 1;
    await store.commit([{ op: 'put', table: 'snapshot', key: ['t1', 'thing', 'kept'], value: row }]);
    expect(verifyChain(store, 't1').faults).toEqual([
      'snapshot of thing "kept": the checksum does not match what is stored',
    ]);
  });

  it('is not held to what an actor row of another tenant says', async () => {
    const store = await filled();
    const row = encode({ revision: 9, removed: true, born: 10 });
    await store.commit([{ op: 'put', table: 'actor', key: ['t2', 'thing', 'gone'], value: row }]);
    expect(verifyChain(store, 't1').faults).toEqual([]);
  });
});
