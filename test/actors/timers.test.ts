import { describe, expect, it } from 'vitest';
import { alarm } from '../support/kinds.ts';
import { at, type TestSystem, testSystem } from '../support/system.ts';

const a = at('alarm', 'a');

async function setUp(): Promise<TestSystem> {
  const test = await testSystem([alarm]);
  await test.system.spawn(a, {});
  return test;
}

async function rang({ system }: TestSystem, address = a): Promise<string[]> {
  return (await system.read<{ rang: string[] }>(address))!.context.rang;
}

/** Stops a system and opens a new one on its store, with its clock. */
async function restart(test: TestSystem): Promise<TestSystem> {
  await test.stop();
  return testSystem([alarm], { store: test.store, clock: test.clock });
}

describe('durable timers', () => {
  it('fire once, those of `after` and those of the timer effect', async () => {
    const test = await setUp();
    await test.system.ask(a, { type: 'set', id: 'x', delayMs: 1_000 });
    await test.system.ask(a, { type: 'lease' });
    await test.clock.advance(999);
    expect(await rang(test)).toEqual([]);
    await test.clock.advance(60_000);
    expect(await rang(test)).toEqual(['x', 'term']);
    expect(test.store.count('timer')).toBe(0);
    await test.stop();
  });

  it('survive a restart, also when they come due while nothing runs', async () => {
    let test = await setUp();
    await test.system.ask(a, { type: 'set', id: 'soon', delayMs: 1_000 });
    await test.system.ask(a, { type: 'set', id: 'late', delayMs: 100_000 });
    await test.system.ask(a, { type: 'lease' });
    test = await restart(test);
    await test.clock.advance(2_000);
    expect(await rang(test)).toEqual(['soon']);
    await test.stop();
    test.clock.jump(50_000);
    test = await testSystem([alarm], { store: test.store, clock: test.clock });
    await test.clock.advance(0);
    expect(await rang(test)).toEqual(['soon', 'term']);
    test = await restart(test);
    await test.clock.advance(100_000);
    expect(await rang(test)).toEqual(['soon', 'term', 'late']);
    await test.stop();
  });

  it('fire beside one whose row rots while they wait, and it fires once the row is put back', async () => {
    const faults: unknown[] = [];
    const test = await testSystem([alarm], { onFault: (error) => faults.push(error) });
    await test.system.spawn(a, {});
    await test.system.ask(a, { type: 'set', id: 'rotten', delayMs: 1_000 });
    await test.system.ask(a, { type: 'set', id: 'sound', delayMs: 2_000 });
    const [row] = [...test.store.range('timer', { prefix: [], limit: 1 })];
    const put = (value: Uint8Array) => test.store.commit([{ op: 'put', table: 'timer', key: row!.key, value }]);
    await put(row!.value.map((byte, i) => (i === 0 ? 0xc1 : byte)));
    await test.clock.advance(60_000);
    expect(await rang(test)).toEqual(['sound']);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatchObject({ code: 'CORRUPTED', message: expect.stringContaining('of the table "timer"') });
    await put(row!.value);
    const again = await restart(test);
    await again.clock.advance(0);
    expect(await rang(again)).toEqual(['sound', 'rotten']);
    await again.stop();
  });

  it('do not fire when cancelled or set anew, before a restart or after it', async () => {
    let test = await setUp();
    const { system } = test;
    await system.ask(a, { type: 'set', id: 'gone', delayMs: 1_000 });
    await system.ask(a, { type: 'set', id: 'moved', delayMs: 1_000 });
    await system.ask(a, { type: 'lease' });
    await system.ask(a, { type: 'unset', id: 'gone' });
    await system.ask(a, { type: 'set', id: 'moved', delayMs: 9_000 });
    test = await restart(test);
    await test.system.ask(a, { type: 'free' });
    await test.clock.advance(8_000);
    expect(await rang(test)).toEqual([]);
    await test.clock.advance(2_000);
    expect(await rang(test)).toEqual(['moved']);
    await test.stop();
  });

  it('fire late by no more than half a minute when the clock jumps forward, and wait when it jumps back', async () => {
    const test = await setUp();
    await test.system.ask(a, { type: 'set', id: 'day', delayMs: 86_400_000 });
    await test.clock.advance(1);
    test.clock.jump(90_000_000);
    await test.clock.advance(30_001);
    expect(await rang(test)).toEqual(['day']);
    await test.system.ask(a, { type: 'set', id: 'hour', delayMs: 3_600_000 });
    test.clock.jump(-3_600_000);
    await test.clock.advance(3_600_000);
    expect(await rang(test)).toEqual(['day']);
    await test.clock.advance(3_600_100);
    expect(await rang(test)).toEqual(['day', 'hour']);
    await test.stop();
  });

  it('survive being set anew for the very moment at which they fire', async () => {
    const test = await setUp();
    await test.system.ask(a, { type: 'set', id: 'x', delayMs: 0 });
    await test.system.ask(a, { type: 'set', id: 'x', delayMs: 0 });
    await test.clock.advance(10);
    const times = (await rang(test)).length;
    expect(times).toBeGreaterThan(0);
    expect(test.store.count('timer')).toBe(0);
    await test.stop();
  });

  it('cannot be made to be forgotten by an event that pretends to be their firing', async () => {
    let test = await setUp();
    await test.system.ask(a, { type: 'set', id: 'x', delayMs: 1_000 });
    await test.system.ask(a, { type: 'note', timerId: 'x' });
    await expect(test.system.ask(a, { type: 'note' }, { causationId: 'timer:x' })).rejects.toMatchObject({
      code: 'INVALID',
    });
    test = await restart(test);
    await test.clock.advance(2_000);
    expect(await rang(test)).toEqual(['x']);
    await test.stop();
  });

  it('wait for a kind that is not defined yet, and do not keep those of others from firing', async () => {
    const { counter } = await import('../support/kinds.ts');
    const first = await setUp();
    for (let i = 0; i < 700; i++) await first.system.ask(a, { type: 'set', id: `t${i}`, delayMs: 10 });
    await first.stop();
    const second = await testSystem([counter], { store: first.store, clock: first.clock });
    await second.clock.advance(60_000);
    second.system.register(alarm);
    await second.system.spawn(at('alarm', 'b'), {});
    await second.system.ask(at('alarm', 'b'), { type: 'set', id: 'mine', delayMs: 10 });
    await second.clock.advance(1_000);
    expect(await rang(second, at('alarm', 'b'))).toEqual(['mine']);
    expect((await rang(second)).length).toBe(700);
    await second.stop();
  });
});
