import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { setup } from 'xstate';
import { effects } from '../../src/index.ts';
import { FakeClock, settle } from '../support/clock.ts';
import { counter, openSynod, order, reaches, temporaryDirectory } from './machines.ts';

describe('a restart', () => {
  it('goes on with the state, and watching works', async () => {
    const data = temporaryDirectory();
    const before = await openSynod({ data });
    await (await before.spawn(counter, { id: 'c' })).tell({ type: 'increment' });
    await before.close();

    const after = await openSynod({ data });
    const ref = await after.spawn(counter, { id: 'c' });
    const second = reaches(ref, ({ context }) => context.count === 2);
    await ref.tell({ type: 'increment' });
    expect((await second).revision).toBe(3);
  });

  it('fires timers that came due meanwhile', async () => {
    const data = temporaryDirectory();
    const clock = new FakeClock();
    const before = await openSynod({ data, clock });
    await before.spawn(order, { id: 'o', input: { customer: 'Ada' } });
    await before.close();

    const later = new FakeClock(clock.now() + 2 * 3_600_000);
    const after = await openSynod({ data, clock: later, machines: [order] });
    const ref = await after.get(order, 'o');
    const expired = reaches(ref!, ({ value }) => value === 'expired');
    await later.advance(10);
    await expired;
  });

  it('keeps timers and messages of a machine waiting until it is known', async () => {
    const data = temporaryDirectory();
    const clock = new FakeClock();
    const before = await openSynod({ data, clock });
    await before.spawn(order, { id: 'o', input: { customer: 'Ada' } });
    await before.close();

    const later = new FakeClock(clock.now() + 2 * 3_600_000);
    const after = await openSynod({ data, clock: later });
    await later.advance(60_000);
    const ref = await after.spawn(order, { id: 'o', input: { customer: 'nobody' } });
    expect((await ref.getSnapshot()).value).toBe('open');
    await later.advance(10);
    await reaches(ref, ({ value }) => value === 'expired');
  });

  it('delivers a message whose receiver is registered later', async () => {
    const data = temporaryDirectory();
    const { tally } = await import('./tally.ts');
    const synod = await openSynod({ data });
    const receiver = await synod.spawn(tally, { id: 't' });
    await receiver.tell({ type: 'increment' });
    await synod.close();

    const after = await openSynod({ data });
    const sender = await after.spawn(counter, { id: 'c' });
    await sender.tell({ type: 'forward', kind: 'tally', to: 't' });
    const late = await after.spawn(tally, { id: 't' });
    await reaches(late, ({ context }) => context.count === 2);
  });

  it('goes on when an actor is released while it is watched', async () => {
    const synod = await openSynod();
    const ref = await synod.spawn(counter, { id: 'c' });
    const next = reaches(ref, ({ context }) => context.count === 1);
    expect(synod.release('counter', 'c')).toBe(false);
    await ref.tell({ type: 'increment' });
    await next;
  });
});

describe('close', () => {
  it('works off what was asked before, and takes nothing after', async () => {
    const data = temporaryDirectory();
    const synod = await openSynod({ data });
    const ref = await synod.spawn(counter, { id: 'c' });
    const asked = Promise.all(Array.from({ length: 100 }, () => ref.ask({ type: 'increment' })));
    const closing = synod.close();
    await expect(ref.ask({ type: 'increment' })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(ref.getSnapshot()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect((await asked).at(-1)?.snapshot.context.count).toBe(100);
    await closing;
    await synod.close();
    await expect(synod.spawn(counter, { id: 'd' })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(synod.call('health')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(() => synod.door()).toThrow(/closed/);
  });

  it('ends subscriptions', async () => {
    const synod = await openSynod();
    const ref = await synod.spawn(counter, { id: 'c' });
    const read = (async () => {
      const types: string[] = [];
      for await (const record of synod.subscribe({ kinds: ['counter'] }, { since: 0 })) types.push(record.type);
      return types;
    })();
    await ref.tell({ type: 'increment' });
    await settle();
    await synod.close();
    expect((await read).at(-1)).toBe('increment');
  });

  it('tells who waits for an answer that will not come any more', async () => {
    const waiter = setup({ types: {} as { events: { type: 'wait' } }, actions: { ...effects } }).createMachine({
      id: 'waiter',
      on: {
        wait: {
          actions: { type: 'ask', params: { to: { kind: 'not-yet', id: 'x' }, event: { type: 'go' }, as: 'answer' } },
        },
      },
    });
    const synod = await openSynod();
    const ref = await synod.spawn(waiter, { id: 'w' });
    const told = expect(ref.ask({ type: 'wait' })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await reaches(ref, ({ revision }) => revision === 2);
    await synod.close();
    await told;
  }, 5_000);

  it('comes by itself at the end of a block', async () => {
    const data = temporaryDirectory();
    const synod = await openSynod({ data });
    await synod[Symbol.asyncDispose]();
    expect(existsSync(join(data, 'lock.json'))).toBe(false);
  });
});

describe('the data', () => {
  it('belongs to one system at a time', async () => {
    const data = temporaryDirectory();
    await openSynod({ data });
    await expect(openSynod({ data })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/is in use by process \d+/),
    });
  });

  it('is free again when a system could not start', async () => {
    const data = temporaryDirectory();
    await expect(openSynod({ data, machines: [counter, counter.provide({})] })).rejects.toThrow(TypeError);
    await openSynod({ data });
  });

  it('is nowhere in memory mode', async () => {
    const first = await openSynod({ data: ':memory:' });
    await first.spawn(counter, { id: 'c' });
    const second = await openSynod({ data: ':memory:' });
    expect(await second.get(counter, 'c')).toBeUndefined();
  });
});
