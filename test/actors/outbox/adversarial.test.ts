import { describe, expect, it } from 'vitest';
import { settle } from '../../support/clock.ts';
import { peer } from '../../support/kinds.ts';
import { controlledStore, type Dump, dump, storeOf } from '../../support/stores.ts';
import { at, testSystem } from '../../support/system.ts';

interface Peer {
  sent: number[];
  got: number[];
}

const a = at('peer', 'a');
const b = at('peer', 'b');

describe('messages across crashes', () => {
  it('arrive once and in order, whichever commit the crash comes at', async () => {
    const control = controlledStore();
    const { system, stop } = await testSystem([peer], { store: control.store });
    /** What is on disk just before each commit, and who was answered by then. */
    const moments: { content: Dump; acknowledged: number[] }[] = [];
    const acknowledged: number[] = [];
    await system.spawn(a, { other: 'b' });
    await system.spawn(b, { other: 'a' });
    control.onCommit = () => moments.push({ content: dump(control.store), acknowledged: [...acknowledged] });
    for (let n = 0; n < 12; n++) {
      const told = system.ask(n % 2 ? a : b, { type: 'tell', n });
      void told.then((answer) => acknowledged.push(answer.reply as number));
      // Some one after the other, some at once.
      if (n % 3 > 0) await told;
    }
    await settle();
    control.onCommit = null;
    moments.push({ content: dump(control.store), acknowledged: [...acknowledged] });
    expect(acknowledged.length).toBe(12);
    expect(moments.length).toBeGreaterThanOrEqual(10);
    await stop();

    for (const { content, acknowledged } of moments) {
      const revived = await testSystem([peer], { store: await storeOf(content) });
      await settle();
      const [one, two] = (await Promise.all([revived.system.read<Peer>(a), revived.system.read<Peer>(b)])).map(
        (view) => view!.context,
      ) as [Peer, Peer];
      expect(two.got).toEqual(one.sent);
      expect(one.got).toEqual(two.sent);
      expect([...one.sent, ...two.sent]).toEqual(expect.arrayContaining(acknowledged));
      expect(revived.store.count('outbox')).toBe(0);
      await revived.stop();
    }
  });

  it('wait for a receiver with a full mailbox; nothing is lost, nothing comes twice', async () => {
    const { system, store, stop } = await testSystem([peer], { mailbox: 4 });
    await system.spawn(a, { other: 'b' });
    await system.spawn(b, { other: 'a' });
    for (let round = 0; round < 20; round++) {
      await Promise.all([0, 1, 2, 3].map((i) => system.ask(a, { type: 'tell', n: round * 4 + i })));
    }
    await settle(50);
    const all = Array.from({ length: 80 }, (_, n) => n);
    expect((await system.read<Peer>(b))?.context.got).toEqual(all);
    expect(store.count('outbox')).toBe(0);
    await stop();
  });

  it('do not change their order when the receiver is held up by a full mailbox and by failing commits', async () => {
    const control = controlledStore();
    const { system, clock, stop } = await testSystem([peer], { store: control.store, mailbox: 8 });
    await system.spawn(a, { other: 'b' });
    await system.spawn(b, { other: 'a' });
    const sent: number[] = [];
    for (let n = 0; n < 60; n++) {
      const asked = system.ask(a, { type: 'tell', n }).then(
        () => sent.push(n),
        () => {},
      );
      control.failing = n % 7 === 3;
      await clock.advance(n % 5 === 0 ? 150 : 1);
      control.failing = false;
      await clock.advance(150);
      await asked;
    }
    await clock.advance(10_000);
    const got = (await system.read<Peer>(b))!.context.got;
    const told = (await system.read<Peer>(a))!.context.sent;
    expect(got).toEqual(told);
    expect(told).toEqual(sent);
    await stop();
  });

  it('wait on disk while memory is short', async () => {
    const { system, store, stop } = await testSystem([peer], { budgetBytes: 2_000 });
    for (let i = 0; i < 30; i++) await system.spawn(at('peer', `r${i}`), { other: 'x' });
    for (let i = 0; i < 30; i++) {
      await system.spawn(at('peer', `s${i}`), { other: `r${i}` });
    }
    await Promise.all(
      Array.from({ length: 30 }, async (_, i) => {
        for (let n = 0; n < 5; n++) {
          await system.ask(at('peer', `s${i}`), { type: 'tell', n }).catch(async (error) => {
            expect(error.code).toBe('OVERLOADED');
            n--;
            await settle(1);
          });
        }
      }),
    );
    await settle(100);
    for (let i = 0; i < 30; i++) {
      expect((await system.read<Peer>(at('peer', `r${i}`)))?.context.got).toEqual([0, 1, 2, 3, 4]);
    }
    expect(store.count('outbox')).toBe(0);
    await stop();
  });

  it('to an actor that does not exist, or does not want them, become dead letters and leave the outbox', async () => {
    const { system, store, stop } = await testSystem([peer]);
    await system.spawn(a, { other: 'nobody' });
    await system.ask(a, { type: 'tell', n: 1 });
    await settle();
    expect(system.deadLetters({ tenant: 't1', limit: 10 })).toMatchObject([
      { reason: 'orphaned', type: 'take', address: at('peer', 'nobody'), from: a },
    ]);
    expect(store.count('outbox')).toBe(0);
    expect(system.inspect().live).toBe(1);
    await stop();
  });

  it('do not keep a system from shutting down when two actors answer each other without end', async () => {
    const { endless } = await import('../../support/endless.ts');
    const { system, store, stop } = await testSystem([endless]);
    await system.spawn(at('endless', 'a'), { other: 'b' });
    await system.spawn(at('endless', 'b'), { other: 'a' });
    await system.ask(at('endless', 'a'), { type: 'ping' });
    await settle(5);
    await stop();
    expect(store.count('outbox')).toBe(1);
    const again = await testSystem([endless], { store });
    const before = (await again.system.read(at('endless', 'a')))!.revision;
    await settle(5);
    expect((await again.system.read(at('endless', 'a')))!.revision).toBeGreaterThan(before);
    await again.stop();
  });
});
