import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Kind, PersistedState } from '../../actors/kind.ts';
import type { StoredSnapshot } from '../../actors/ports.ts';
import { adopt, migrate, snapshotDue } from '../../actors/snapshots.ts';
import { Statechart } from '../../actors/statechart.ts';
import { encode, unseal } from '../../src/host/codec.ts';
import { readEvent } from '../../src/host/log.ts';
import type { Store } from '../../src/store/store.ts';
import { alarm, asker, counter, jobs, peer, relay, worker } from '../support/kinds.ts';
import { at, testSystem } from '../support/system.ts';
import { todo1, todo2 } from '../support/todo.ts';

/** The state of an actor, folded from its first event on, as bytes. */
function replayed(store: Store, kind: Kind, id: string): { bytes: Uint8Array; revision: number } {
  const chart = new Statechart(kind.machine);
  const tail = [...store.range('event', { prefix: ['t1', kind.name, id] })].map(({ key, value }) =>
    readEvent(key[3] as number, value),
  );
  const life = adopt({ kind, chart }, { revision: 0, snapshot: null, tail });
  return { bytes: encode(chart.persist(life.snapshot!)), revision: life.revision };
}

const lives: readonly { kind: Kind; input: object; events: readonly object[] }[] = [
  {
    kind: counter,
    input: {},
    events: [{ type: 'add', by: 0.1 }, { type: 'lock' }, { type: 'unlock' }, { type: 'add' }],
  },
  {
    kind: relay,
    input: { next: 'x' },
    events: [
      { type: 'keep', n: 1 },
      { type: 'pass', n: 2 },
    ],
  },
  {
    kind: peer,
    input: { other: 'x' },
    events: [
      { type: 'tell', n: 1 },
      { type: 'take', n: 2 },
    ],
  },
  {
    kind: asker,
    input: { next: { kind: 'asker', id: 'x' } },
    events: [{ type: 'ask' }, { type: 'next.reply', value: [] }],
  },
  {
    kind: alarm,
    input: {},
    events: [{ type: 'lease' }, { type: 'set', id: 'x', delayMs: 5 }, { type: 'free' }, { type: 'note' }],
  },
  { kind: worker, input: {}, events: [{ type: 'work', what: 'x' }, { type: 'leave' }, { type: 'count' }] },
];

describe('a replay of the log from its beginning', () => {
  it.each(lives.map((life) => [life.kind.name, life] as const))(
    'gives %s the very bytes of its state, through restarts at any point',
    async (_name, { kind, input, events }) => {
      jobs.run = async () => ({ done: 1 });
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.oneof({ weight: 12, arbitrary: fc.nat(events.length - 1) }, fc.constant('restart')), {
            minLength: 1,
            maxLength: 120,
          }),
          async (steps) => {
            let test = await testSystem([kind]);
            const address = at(kind.name, 'x1');
            await test.system.spawn(address, input);
            for (const step of steps) {
              if (step === 'restart') {
                await test.stop();
                test = await testSystem([kind], { store: test.store, clock: test.clock });
              } else {
                await test.system.ask(address, events[step as number] as { type: string }).catch(() => {});
                await test.clock.advance(1);
              }
            }
            await test.stop();
            const last = await testSystem([kind], { store: test.store, clock: test.clock });
            const view = (await last.system.read(address))!;
            const again = replayed(test.store, kind, 'x1');
            expect(again.revision).toBe(view.revision);
            const chart = new Statechart(kind.machine);
            const state = chart.persist(chart.restore({ ...view, historyValue: null } as PersistedState));
            expect(Buffer.compare(again.bytes, encode({ ...state, historyValue: null }))).toBe(0);
            await last.stop();
          },
        ),
        { numRuns: 8 },
      );
    },
  );
});

describe('a snapshot', () => {
  it('is written after 64 events, however they come in turns', async () => {
    const { system, store, stop } = await testSystem([counter]);
    const a = at('counter', 'a');
    await system.spawn(a, {});
    for (let i = 0; i < 5; i++) await Promise.all(Array.from({ length: 15 }, () => system.ask(a, { type: 'add' })));
    const row = store.get('snapshot', ['t1', 'counter', 'a'])!;
    expect(unseal<StoredSnapshot>(row, 'it').revision).toBeGreaterThanOrEqual(64);
    await stop();
  });

  it.each([
    ['a small tail', 63, 1, 1e9, false],
    ['a tail past the first look', 64, 1, 1e9, true],
    ['a tail past it in one leap', 70, 20, 1e9, true],
    ['between two looks', 70, 1, 1e9, false],
    ['a tail lighter than the state', 128, 1, 10, false],
    ['a tail that is too long whatever it weighs', 1_024, 1, 0, true],
  ])('is due or not: %s', (_name, events, turn, bytes, due) => {
    const state = { value: 'x'.repeat(100), context: {}, status: 'active' } as const;
    expect(snapshotDue(events, turn, bytes, () => state)).toBe(due);
  });
});

describe('a kind that grew older', () => {
  const golden = JSON.parse(readFileSync(new URL('../golden/todo.json', import.meta.url), 'utf8')) as {
    v1: StoredSnapshot;
    v2: StoredSnapshot;
  };

  it('migrates what former versions stored into what this one stores', () => {
    const runtime = { kind: todo2, chart: new Statechart(todo2.machine) };
    expect(migrate(runtime, golden.v1)).toEqual(golden.v2.state);
    expect(migrate(runtime, golden.v2)).toEqual(golden.v2.state);
  });

  it('goes on with its actors, from a snapshot and from events alone', async () => {
    for (const many of [3, 100]) {
      const old = await testSystem([todo1]);
      const a = at('todo', 'a');
      await old.system.spawn(a, {});
      for (let i = 0; i < many; i++) await old.system.ask(a, { type: 'put', text: `t${i}` });
      await old.stop();
      const { system, stop } = await testSystem([todo2], { store: old.store });
      await system.ask(a, { type: 'tick', index: 1 });
      const { items } = (await system.read<{ items: { text: string; done: boolean }[] }>(a))!.context;
      expect(items.length).toBe(many);
      expect(items.slice(0, 2)).toEqual([
        { text: 't0', done: false },
        { text: 't1', done: true },
      ]);
      await stop();
      // The old program must not touch it any more.
      await expect(testSystem([todo1], { store: old.store })).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        message: expect.stringMatching(/version 2.*upgrade/),
      });
    }
  });

  it('of a newer version is refused, naming both versions', () => {
    const runtime = { kind: todo1, chart: new Statechart(todo1.machine) };
    expect(() => migrate(runtime, golden.v2)).toThrow(/version 2, this program reads up to 1/);
  });

  it("that this program lacks stops the start when it shipped with synod, and waits when it was an application's", async () => {
    const first = await testSystem([{ ...counter, origin: 'builtin' }, todo1]);
    await first.system.spawn(at('todo', 'a'), {});
    await first.stop();
    await expect(testSystem([todo1], { store: first.store })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    const { system, stop } = await testSystem([{ ...counter, origin: 'builtin' }], { store: first.store });
    await expect(system.ask(at('todo', 'a'), { type: 'put', text: 'x' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    system.register(todo1);
    expect((await system.read<{ items: string[] }>(at('todo', 'a')))?.context.items).toEqual([]);
    expect(() => system.register(todo2)).toThrow(/already defined/);
    await stop();
  });
});
