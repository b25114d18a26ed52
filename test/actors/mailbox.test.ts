import { describe, expect, it } from 'vitest';
import { Mailbox } from '../../actors/mailbox.ts';
import { settle } from '../support/clock.ts';
import { alarm, counter } from '../support/kinds.ts';
import { controlledStore } from '../support/stores.ts';
import { at, testSystem } from '../support/system.ts';

const a = at('counter', 'a');

describe('a mailbox', () => {
  it('is first in, first out, with the system lane ahead', () => {
    const mailbox = new Mailbox<{ n: number; bytes: number }>(1_000);
    for (let n = 0; n < 500; n++) mailbox.push({ n, bytes: 1 }, n % 5 === 0 ? 'system' : 'user');
    const order: number[] = [];
    for (let item = mailbox.shift(); item; item = mailbox.shift()) order.push(item.n);
    const all = Array.from({ length: 500 }, (_, n) => n);
    expect(order).toEqual([...all.filter((n) => n % 5 === 0), ...all.filter((n) => n % 5 !== 0)]);
    expect([mailbox.length, mailbox.bytes]).toEqual([0, 0]);
  });

  it('refuses callers when it is full, tells them when to come again, and writes a letter', async () => {
    const { system, stop } = await testSystem([counter], { mailbox: 3 });
    await system.spawn(a, {});
    const asked = Array.from({ length: 5 }, () => system.ask(a, { type: 'add' }));
    const outcomes = await Promise.allSettled(asked);
    expect(outcomes.map((outcome) => outcome.status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
      'rejected',
    ]);
    await expect(asked[4]).rejects.toMatchObject({ code: 'MAILBOX_FULL', retry: true, retryAfterMs: 1_000 });
    await settle();
    expect(system.deadLetters({ tenant: 't1', limit: 5 }).map((letter) => letter.reason)).toEqual([
      'mailbox-full',
      'mailbox-full',
    ]);
    await stop();
  });

  it('refuses callers of all actors when what waits is more than the memory set aside', async () => {
    const control = controlledStore();
    const { system, stop } = await testSystem([counter], { store: control.store, budgetBytes: 20_000 });
    await system.spawn(a, {});
    control.hold();
    const first = system.ask(a, { type: 'add', note: 'x'.repeat(15_000) });
    await settle();
    await expect(system.ask(at('counter', 'b'), { type: 'add', note: 'x'.repeat(10_000) })).rejects.toMatchObject({
      code: 'OVERLOADED',
      retry: true,
    });
    control.letGo();
    await first;
    expect(system.inspect().queuedBytes).toBe(0);
    await stop();
  });

  it('lets an event whose caller gave up have no effect, and says so in a letter', async () => {
    const control = controlledStore();
    const { system, clock, stop } = await testSystem([counter], { store: control.store });
    await system.spawn(a, {});
    const boom = system.ask(a, { type: 'boom' }).catch(() => {});
    await settle();
    const waiting = system.ask(a, { type: 'add', by: 100 }, { deadlineMs: 40 });
    waiting.catch(() => {});
    await clock.advance(95);
    await expect(waiting).rejects.toMatchObject({ code: 'DEADLINE' });
    await clock.advance(2_000);
    await boom;
    expect((await system.ask(a, { type: 'add' })).reply).toBe(1);
    const reasons = system.deadLetters({ tenant: 't1', limit: 5 }).map((letter) => letter.reason);
    expect(reasons).toContain('expired');
    await stop();
  });

  it('tells a caller DEADLINE while a commit hangs, and lets the event take effect when it lands', async () => {
    const control = controlledStore();
    const { system, clock, stop } = await testSystem([counter], { store: control.store });
    await system.spawn(a, {});
    control.hold();
    const asked = system.ask(a, { type: 'add' }, { deadlineMs: 100 });
    asked.catch(() => {});
    await clock.advance(200);
    await expect(asked).rejects.toMatchObject({ code: 'DEADLINE', retry: true });
    control.letGo();
    await settle();
    expect((await system.read<{ n: number }>(a))?.context.n).toBe(1);
    await stop();
  });

  it('lets timers in although callers filled it', async () => {
    const { system, clock, stop } = await testSystem([alarm], { mailbox: 1 });
    const b = at('alarm', 'b');
    await system.spawn(b, {});
    await system.ask(b, { type: 'set', id: 'x', delayMs: 10 });
    const asked = system.ask(b, { type: 'note' });
    await clock.advance(20);
    await asked;
    expect((await system.read<{ rang: string[] }>(b))?.context.rang).toEqual(['x']);
    await stop();
  });
});

describe('what is no call', () => {
  it.each([
    ['an empty id', { ...a, id: '' }],
    ['an id that is too long', { ...a, id: 'é'.repeat(151) }],
    ['an id whose key would be too long', { ...a, id: '\u0001'.repeat(151) }],
    ['half a surrogate pair', { ...a, id: '\ud800' }],
    ['a NUL', { ...a, tenant: 'a\0b' }],
    ['a number', { ...a, id: 5 as never }],
  ])('is refused at the door: %s', async (_name, address) => {
    const { system, stop } = await testSystem([counter]);
    await expect(system.ask(address, { type: 'add' })).rejects.toMatchObject({ code: 'INVALID' });
    await expect(system.spawn(address, {})).rejects.toMatchObject({ code: 'INVALID' });
    expect(await system.read(address)).toBeUndefined();
    expect([system.exists(address), system.release(address)]).toEqual([false, false]);
    await stop();
  });

  it.each([
    ['no type', {}],
    ['the runtime itself', { type: 'synod.removed' }],
    ['XState itself', { type: 'xstate.done.actor.x' }],
    ['a function', { type: 'add', by: () => 1 }],
  ])('is refused at the door: an event of %s', async (_name, event) => {
    const { system, stop } = await testSystem([counter]);
    await system.spawn(a, {});
    const good = system.ask(a, { type: 'add' });
    await expect(system.ask(a, event as never)).rejects.toMatchObject({ code: 'INVALID' });
    expect((await good).reply).toBe(1);
    await stop();
  });

  it('is refused at the door: a deadline or a key that is none', async () => {
    const { system, stop } = await testSystem([counter]);
    await system.spawn(a, {});
    await expect(system.ask(a, { type: 'add' }, { deadlineMs: Number.NaN })).rejects.toThrow(TypeError);
    await expect(system.ask(a, { type: 'add' }, { idempotencyKey: 'k'.repeat(1_025) })).rejects.toMatchObject({
      code: 'INVALID',
    });
    await expect(system.ask(at('nothing', 'a'), { type: 'add' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await stop();
  });

  it('stays as it was when the caller changes the event afterwards', async () => {
    const { system, stop } = await testSystem([counter]);
    await system.spawn(a, {});
    const event = { type: 'add', by: 5 };
    const asked = system.ask(a, event);
    event.by = 7;
    expect((await asked).reply).toBe(5);
    await stop();
  });
});
