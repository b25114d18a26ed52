import { describe, expect, it } from 'vitest';
import { assign, setup } from 'xstate';
import { effects } from '../../actors/effects.ts';
import { defineKind } from '../../actors/kind.ts';
import { settle } from '../support/clock.ts';
import { alarm, counter, peer } from '../support/kinds.ts';
import { controlledStore } from '../support/stores.ts';
import { at, testSystem } from '../support/system.ts';

const a = at('counter', 'a');

async function setUp() {
  const control = controlledStore();
  const test = await testSystem([counter, peer, alarm], { store: control.store });
  await test.system.spawn(a, {});
  await test.system.spawn(at('peer', 'a'), { other: 'b' });
  await test.system.spawn(at('peer', 'b'), { other: 'a' });
  return { control, ...test };
}

describe('a turn', () => {
  it('shows nothing to anybody before it is durable', async () => {
    const { control, system, stop } = await setUp();
    const seen: string[] = [];
    system.watch(a, () => seen.push('watcher'));
    const stream = system.subscribe({ tenant: 't1' })[Symbol.asyncIterator]();
    void stream.next().then(() => seen.push('record'));
    control.hold();
    const answer = system.ask(a, { type: 'add' }).then(() => seen.push('answer'));
    const told = system.ask(at('peer', 'a'), { type: 'tell', n: 1 });
    await settle();
    expect(seen).toEqual([]);
    expect((await system.read<{ n: number }>(a))?.context.n).toBe(0);
    expect((await system.read<{ got: number[] }>(at('peer', 'b')))?.context.got).toEqual([]);
    control.letGo();
    await Promise.all([answer, told]);
    await settle();
    expect(seen.sort()).toEqual(['answer', 'record', 'watcher']);
    expect((await system.read<{ got: number[] }>(at('peer', 'b')))?.context.got).toEqual([1]);
    await stop();
  });

  it('does not even tell a refusal that rests on a state which is not durable', async () => {
    const { control, system, clock, stop } = await setUp();
    control.hold();
    const locked = system.ask(a, { type: 'lock' });
    await settle();
    const refused = system.ask(a, { type: 'add' });
    const seen: string[] = [];
    refused.catch((error) => seen.push(error.code));
    locked.catch((error) => seen.push(error.code));
    await settle();
    expect(seen).toEqual([]);
    control.failing = true;
    control.letGo();
    await settle();
    expect(seen).toEqual(['STORE_FAILED', 'STORE_FAILED']);
    control.failing = false;
    await clock.advance(2_000);
    expect((await system.ask(a, { type: 'add' })).reply).toBe(1);
    await stop();
  });

  it('lets later turns of the same actor run while a commit is in flight', async () => {
    const { control, system, stop } = await setUp();
    control.hold();
    const answers = [system.ask(a, { type: 'add' })];
    await settle();
    answers.push(system.ask(a, { type: 'add' }));
    await settle();
    expect(system.inspect().queued).toBe(0);
    control.letGo();
    expect((await Promise.all(answers)).map((answer) => answer.reply)).toEqual([1, 2]);
    await stop();
  });

  it('shares its commit with the turns of all actors of the same moment', async () => {
    const { control, system, stop } = await setUp();
    const many = Array.from({ length: 100 }, (_, i) => at('counter', `c${i}`));
    const before = control.committed;
    await Promise.all(many.map((address) => system.spawn(address, {})));
    // More than one only because the event loop gets a chance every 2 ms.
    expect(control.committed - before).toBeLessThan(20);
    await stop();
  });

  it('is void when its commit fails: every caller hears STORE_FAILED, the actor is as before, and later calls work', async () => {
    const { control, system, host, clock, stop } = await setUp();
    await system.ask(a, { type: 'add' });
    control.hold();
    const gated = [system.ask(a, { type: 'add' })];
    await settle();
    gated.push(system.ask(a, { type: 'add' }), system.spawn(at('counter', 'new'), {}));
    await settle();
    control.failing = true;
    control.letGo();
    const outcomes = await Promise.allSettled(gated);
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.code)).toEqual([
      'STORE_FAILED',
      'STORE_FAILED',
      'STORE_FAILED',
    ]);
    expect(host.healthy()).toBe(false);
    expect(system.exists(at('counter', 'new'))).toBe(false);
    expect((await system.read<{ n: number }>(a))?.context.n).toBe(1);
    control.failing = false;
    const later = system.ask(a, { type: 'add' });
    await clock.advance(200);
    expect((await later).reply).toBe(2);
    expect(host.healthy()).toBe(true);
    expect(system.records({ tenant: 't1', after: 0, limit: 100 }).map((record) => record.seq)).toEqual([1, 2, 3, 4, 5]);
    await stop();
  });

  it('makes readiness recover by itself once the store works, without traffic', async () => {
    const { control, system, host, clock, stop } = await setUp();
    control.failing = true;
    await expect(system.ask(a, { type: 'add' })).rejects.toMatchObject({ code: 'STORE_FAILED', retry: true });
    await clock.advance(5_000);
    expect(host.healthy()).toBe(false);
    control.failing = false;
    await clock.advance(1_100);
    expect(host.healthy()).toBe(true);
    await stop();
  });

  it('gives back the messages and timers a voided turn had consumed, in order and before newer ones', async () => {
    const { control, system, clock, stop } = await setUp();
    await system.spawn(at('alarm', 'a'), {});
    await system.ask(at('alarm', 'a'), { type: 'set', id: 'wake', delayMs: 50 });
    for (let n = 0; n < 5; n++) await system.ask(at('peer', 'a'), { type: 'tell', n });
    // Those commits are durable; what is made of the messages and the timer is not.
    control.failing = true;
    await clock.advance(60);
    for (let n = 5; n < 10; n++) {
      control.failing = false;
      const told = system.ask(at('peer', 'a'), { type: 'tell', n });
      await clock.advance(300);
      await told;
      control.failing = true;
      await clock.advance(300);
    }
    control.failing = false;
    await clock.advance(5_000);
    const got = (await system.read<{ got: number[] }>(at('peer', 'b')))?.context.got;
    expect(got).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect((await system.read<{ rang: string[] }>(at('alarm', 'a')))?.context.rang).toEqual(['wake']);
    await stop();
  });

  it('does not try over and over while the store is down', async () => {
    const { control, system, clock, logged, stop } = await setUp();
    control.hold();
    const told = system.ask(at('peer', 'a'), { type: 'tell', n: 1 });
    await settle();
    control.letGo();
    await told;
    control.failing = true;
    await clock.advance(60_000);
    expect(logged.length).toBeLessThan(5);
    control.failing = false;
    await clock.advance(3_000);
    expect((await system.read<{ got: number[] }>(at('peer', 'b')))?.context.got).toEqual([1]);
    await stop();
  });
});

describe('what cannot be stored', () => {
  const leaky = defineKind({
    name: 'leaky',
    version: 1,
    machine: setup({ types: {} as { context: { f: unknown } }, actions: { ...effects } }).createMachine({
      context: { f: null },
      on: {
        ok: { actions: { type: 'reply', params: () => 'ok' } },
        sendFunction: {
          actions: {
            type: 'send',
            params: () => ({ to: { kind: 'leaky', id: 'x' }, event: { type: 'ok', f: () => 1 } }),
          },
        },
        publishMap: { actions: { type: 'publish', params: () => ({ type: 'fact', payload: new Map() }) } },
        longId: {
          actions: {
            type: 'send',
            params: () => ({ to: { kind: 'leaky', id: 'x'.repeat(301) }, event: { type: 'ok' } }),
          },
        },
        reserved: {
          actions: {
            type: 'send',
            params: () => ({ to: { kind: 'leaky', id: 'x' }, event: { type: 'xstate.done.actor.x' } }),
          },
        },
        noDelay: {
          actions: { type: 'timer', params: () => ({ id: 't', delayMs: Number.NaN, event: { type: 'ok' } }) },
        },
        keepFunction: { actions: assign({ f: () => () => 1 }) },
      },
    }),
    commands: {},
    example: { input: {}, events: [] },
  });

  it.each(['sendFunction', 'publishMap', 'longId', 'reserved', 'noDelay'])(
    'makes the event poison when a statechart wants it (%s), and the others of the same turn go through',
    async (type) => {
      const { system, clock, stop } = await testSystem([leaky]);
      await system.spawn(at('leaky', 'a'), {});
      const before = system.ask(at('leaky', 'a'), { type: 'ok' });
      const bad = system.ask(at('leaky', 'a'), { type });
      bad.catch(() => {});
      const after = system.ask(at('leaky', 'a'), { type: 'ok' });
      await clock.advance(1_000);
      await expect(bad).rejects.toMatchObject({ code: 'INTERNAL' });
      expect([(await before).reply, (await after).reply]).toEqual(['ok', 'ok']);
      await stop();
    },
  );

  it('quarantines an actor whose state is no plain data when it is time for a snapshot, and nobody else', async () => {
    const { system, clock, stop } = await testSystem([leaky, counter]);
    await system.spawn(at('leaky', 'a'), {});
    await system.spawn(a, {});
    await system.ask(at('leaky', 'a'), { type: 'keepFunction' });
    const codes = new Set<string>();
    for (let i = 0; i < 100; i++) {
      const asked = system.ask(at('leaky', 'a'), { type: 'ok' }).catch((error) => codes.add(error.code));
      await clock.advance(1_000);
      await asked;
      expect((await system.ask(a, { type: 'add' })).reply).toBe(i + 1);
    }
    expect([...codes]).toContain('INVALID');
    await stop();
  });
});
