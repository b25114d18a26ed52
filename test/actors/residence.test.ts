import { describe, expect, it } from 'vitest';
import { settle } from '../support/clock.ts';
import { counter } from '../support/kinds.ts';
import { controlledStore, storeOf } from '../support/stores.ts';
import { at, testSystem } from '../support/system.ts';

const a = at('counter', 'a');

describe('reads', () => {
  it('do not queue: they answer while the actor is busy, from what is durable', async () => {
    const control = controlledStore();
    const { system, stop } = await testSystem([counter], { store: control.store });
    await system.spawn(a, {});
    control.hold();
    const asked = Array.from({ length: 100 }, () => system.ask(a, { type: 'add' }));
    expect(await system.read(a)).toMatchObject({ revision: 1, context: { n: 0 }, status: 'active' });
    control.letGo();
    await Promise.all(asked);
    expect(await system.read(a)).toMatchObject({ revision: 101, context: { n: 100 } });
    await stop();
  });

  it('answer while the actor waits to be restarted', async () => {
    const { system, clock, stop } = await testSystem([counter]);
    await system.spawn(a, {});
    const boom = system.ask(a, { type: 'boom' }).catch(() => {});
    await settle();
    expect((await system.read(a))?.revision).toBe(1);
    await clock.advance(2_000);
    await boom;
    await stop();
  });

  it('find passive actors, and nothing where nothing is', async () => {
    const first = await testSystem([counter]);
    await first.system.spawn(a, {});
    await first.system.spawn(at('counter', 'gone'), {});
    await first.system.remove(at('counter', 'gone'));
    await first.stop();
    const { system, stop } = await testSystem([counter], { store: first.store });
    expect((await system.read(a))?.revision).toBe(1);
    expect(await system.read(at('counter', 'gone'))).toBeUndefined();
    expect(await system.read(at('counter', 'never'))).toBeUndefined();
    expect(await system.read(at('counter', 'a', 't2'))).toBeUndefined();
    expect(await system.read(at('nothing', 'a'))).toBeUndefined();
    expect(system.inspect().live).toBe(1);
    await stop();
  });

  it('say CORRUPTED when what is stored is damaged, and so does everything else about that actor only', async () => {
    const first = await testSystem([counter]);
    await first.system.spawn(a, {});
    await first.system.spawn(at('counter', 'b'), {});
    await first.stop();
    const row = first.store.get('event', ['t1', 'counter', 'a', 1])!;
    row[row.length - 1]! ^= 1;
    await first.store.commit([{ op: 'put', table: 'event', key: ['t1', 'counter', 'a', 1], value: row }]);
    const { system, stop } = await testSystem([counter], { store: first.store });
    await expect(system.read(a)).rejects.toMatchObject({ code: 'CORRUPTED' });
    await expect(system.ask(a, { type: 'add' })).rejects.toMatchObject({ code: 'CORRUPTED' });
    expect(system.inspect().quarantined).toEqual(['t1/counter/a']);
    expect((await system.ask(at('counter', 'b'), { type: 'add' })).reply).toBe(1);
    row[row.length - 1]! ^= 1;
    await first.store.commit([{ op: 'put', table: 'event', key: ['t1', 'counter', 'a', 1], value: row }]);
    expect(system.release(a)).toBe(true);
    expect((await system.ask(a, { type: 'add' })).reply).toBe(1);
    await stop();
  });
});

describe('memory', () => {
  it('lets idle actors go by one sweep, and brings them back on demand', async () => {
    const left: string[] = [];
    const { system, clock, stop } = await testSystem([counter], {
      idleMs: 1_000,
      onPassivated: (address) => left.push(address.id),
    });
    await system.spawn(a, {});
    await system.spawn(at('counter', 'watched'), {});
    const unwatch = system.watch(at('counter', 'watched'), () => {});
    await clock.advance(10_000);
    expect([system.inspect().live, left]).toEqual([1, ['a']]);
    expect((await system.ask(a, { type: 'add' })).reply).toBe(1);
    unwatch();
    await clock.advance(10_000);
    expect(system.inspect().live).toBe(0);
    await stop();
  });

  it('is bounded: actors that were not used lately make room for others, and hot ones stay', async () => {
    const { system, stop } = await testSystem([counter], { maxLive: 10 });
    const hot = at('counter', 'hot');
    await system.spawn(hot, {});
    for (let i = 0; i < 5; i++) system.watch(at('counter', `watched${i}`), () => {});
    for (let i = 0; i < 200; i++) {
      await system.spawn(at('counter', `c${i}`), {});
      await system.ask(hot, { type: 'add' });
      expect(system.inspect().live).toBeLessThan(20);
    }
    expect((await system.ask(at('counter', 'c0'), { type: 'add' })).reply).toBe(1);
    await stop();
  });

  it('holds nothing of ids that do not exist, and nothing of removed actors', async () => {
    const { system, clock, stop } = await testSystem([counter]);
    const asked = Array.from({ length: 50 }, (_, i) => system.ask(at('counter', `x${i}`), { type: 'add' }));
    expect((await Promise.allSettled(asked)).every(({ status }) => status === 'rejected')).toBe(true);
    expect(system.inspect().live).toBe(0);
    for (let i = 0; i < 20; i++) await system.spawn(at('counter', `y${i}`), {});
    for (let i = 0; i < 20; i++) await system.remove(at('counter', `y${i}`));
    await clock.advance(1);
    expect(system.inspect().live).toBe(0);
    await stop();
  });

  it('is not touched by ten thousand siblings that are passive', async () => {
    const first = await testSystem([counter], { maxLive: 100 });
    for (let i = 0; i < 10_000; i += 500) {
      await Promise.all(Array.from({ length: 500 }, (_, k) => first.system.spawn(at('counter', `c${i + k}`), {})));
    }
    expect(first.system.inspect().live).toBeLessThan(1_000);
    await first.stop();
    const { system, stop } = await testSystem([counter], { store: first.store });
    expect([system.inspect().live, system.count('counter')]).toEqual([0, 10_000]);
    expect((await system.ask(at('counter', 'c7777'), { type: 'add' })).reply).toBe(1);
    expect(system.inspect().live).toBe(1);
    expect(system.list({ tenant: 't1', kind: 'counter', after: 'c9998', limit: 5 })).toEqual(['c9999']);
    await stop();
  });

  it('keeps an application told of departures out of harm when it throws', async () => {
    const { system, clock, stop } = await testSystem([counter], {
      idleMs: 1,
      onPassivated: () => {
        throw new Error('no');
      },
    });
    await system.spawn(a, {});
    await clock.advance(10_000);
    expect((await system.ask(a, { type: 'add' })).reply).toBe(1);
    await stop();
  });
});

describe('relaxed durability', () => {
  it('answers before the data is written', async () => {
    const control = controlledStore();
    const { system, stop } = await testSystem([counter], { store: control.store, durability: 'relaxed' });
    await system.spawn(a, {});
    control.hold();
    expect((await system.ask(a, { type: 'add' })).reply).toBe(1);
    control.letGo();
    await stop();
    const again = await testSystem([counter], { store: await storeOf([]) });
    await again.stop();
  });

  it('takes an actor back to what was written when an acknowledged turn is lost', async () => {
    const control = controlledStore();
    const { system, clock, stop } = await testSystem([counter], { store: control.store, durability: 'relaxed' });
    await system.spawn(a, {});
    await settle();
    control.failing = true;
    expect((await system.ask(a, { type: 'add', by: 7 })).reply).toBe(7);
    await settle();
    control.failing = false;
    await clock.advance(3_000);
    expect((await system.read<{ n: number }>(a))?.context.n).toBe(0);
    expect((await system.ask(a, { type: 'add' })).reply).toBe(1);
    await stop();
  });

  it('does not forget what it acknowledged when an actor leaves memory and comes back before it is written', async () => {
    const control = controlledStore();
    const { system, stop } = await testSystem([counter], {
      store: control.store,
      durability: 'relaxed',
      idleMs: 0,
    });
    await system.spawn(a, {});
    await settle();
    control.hold();
    expect((await system.ask(a, { type: 'add' }, { idempotencyKey: 'k' })).reply).toBe(1);
    system.sweep();
    expect(system.inspect().live).toBe(0);
    const next = system.ask(a, { type: 'add' });
    const again = system.ask(a, { type: 'add' }, { idempotencyKey: 'k' });
    await settle();
    control.letGo();
    expect([(await next).reply, (await again).reply]).toEqual([2, 1]);
    await stop();
  });
});
