import { describe, expect, it } from 'vitest';
import { settle } from '../support/clock.ts';
import { asker } from '../support/kinds.ts';
import { controlledStore } from '../support/stores.ts';
import { at, testSystem } from '../support/system.ts';

const to = (id: string) => ({ next: { kind: 'asker', id } });

describe('a question between actors', () => {
  it('is answered through a chain of three, with the outside caller waiting for the end of it', async () => {
    const { system, stop } = await testSystem([asker]);
    await system.spawn(at('asker', 'c'), {});
    await system.spawn(at('asker', 'b'), to('c'));
    await system.spawn(at('asker', 'a'), to('b'));
    expect((await system.ask(at('asker', 'a'), { type: 'ask' })).reply).toEqual(['via', 'via', 'end']);
    await stop();
  });

  it('is answered with an error when it would come back to somebody who waits for it', async () => {
    const { system, stop } = await testSystem([asker]);
    await system.spawn(at('asker', 'a'), to('b'));
    await system.spawn(at('asker', 'b'), to('a'));
    expect((await system.ask(at('asker', 'a'), { type: 'ask' })).reply).toEqual(['via', 'CALL_CYCLE']);
    await settle();
    expect((await system.read<{ trouble: string }>(at('asker', 'b')))?.context.trouble).toBe('CALL_CYCLE');
    expect(system.deadLetters({ tenant: 't1', limit: 5 })).toMatchObject([
      { reason: 'call-cycle', address: at('asker', 'a') },
    ]);
    await stop();
  });

  it('is answered with an error when nobody is there, or the one asked does not take it', async () => {
    const { system, store, stop } = await testSystem([asker]);
    await system.spawn(at('asker', 'a'), to('nobody'));
    expect((await system.ask(at('asker', 'a'), { type: 'ask' })).reply).toEqual(['NOT_FOUND']);
    await system.spawn(at('asker', 'shut'), {});
    await system.ask(at('asker', 'shut'), { type: 'close' });
    await system.spawn(at('asker', 'b'), to('shut'));
    expect((await system.ask(at('asker', 'b'), { type: 'ask' })).reply).toEqual(['REFUSED']);
    // The runtime's own answers leave no marks behind.
    await settle();
    expect([...store.range('dedup', { prefix: [] })].filter(({ key }) => key.includes('synod'))).toEqual([]);
    await stop();
  });

  it('leaves no caller waiting when the actor that asked does not take the answer', async () => {
    const control = controlledStore();
    const { system, stop } = await testSystem([asker], { store: control.store });
    await system.spawn(at('asker', 'b'), {});
    await system.spawn(at('asker', 'a'), to('b'));
    const asked = system.ask(at('asker', 'a'), { type: 'ask' });
    const closed = system.ask(at('asker', 'a'), { type: 'close' });
    await expect(asked).rejects.toMatchObject({ code: 'REFUSED' });
    await closed;
    await stop();
  });

  it('fails its outside caller when the turn that asked is void', async () => {
    const control = controlledStore();
    const { system, clock, stop } = await testSystem([asker], { store: control.store });
    await system.spawn(at('asker', 'b'), {});
    await system.spawn(at('asker', 'a'), to('b'));
    control.failing = true;
    await expect(system.ask(at('asker', 'a'), { type: 'ask' })).rejects.toMatchObject({ code: 'STORE_FAILED' });
    control.failing = false;
    const again = system.ask(at('asker', 'a'), { type: 'ask' });
    await clock.advance(3_000);
    expect((await again).reply).toEqual(['via', 'end']);
    await stop();
  });

  it('does not leave outside callers waiting when the system shuts down', async () => {
    const { system, store, stop } = await testSystem([asker]);
    await system.spawn(at('asker', 'a'), { next: { kind: 'unknown', id: 'x' } });
    const asked = system.ask(at('asker', 'a'), { type: 'ask' });
    asked.catch(() => {});
    await settle();
    await stop();
    await expect(asked).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(store.count('outbox')).toBe(1);
  });

  it("never gives another process's answer to a caller of this one", async () => {
    const control = controlledStore();
    const first = await testSystem([asker], { store: control.store });
    await first.system.spawn(at('asker', 'a'), to('b'));
    await first.system.spawn(at('asker', 'b'), { next: { kind: 'unknown', id: 'x' } });
    const old = first.system.ask(at('asker', 'a'), { type: 'ask' });
    old.catch(() => {});
    await settle();
    await first.stop();
    const second = await testSystem([asker], { store: control.store });
    const mine = second.system.ask(at('asker', 'a'), { type: 'ask' }, { deadlineMs: 1_000 });
    mine.catch(() => {});
    await settle();
    const { Calls } = await import('../../actors/calls.ts');
    const names = [1, 2].map(() => new Calls(second.clock, () => {}).park({ settled: true } as never));
    expect(names[0]).not.toBe(names[1]);
    await second.clock.advance(2_000);
    await expect(mine).rejects.toMatchObject({ code: 'DEADLINE' });
    await second.stop();
  });
});
