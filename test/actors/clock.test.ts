/** Durations are measured by the monotonic clock: a wall clock that is set anew moves none of them. */
import { expect, it } from 'vitest';
import { KEPT_MS } from '../../src/host/reply-sweep.ts';
import { settle } from '../support/clock.ts';
import { counter } from '../support/kinds.ts';
import { controlledStore } from '../support/stores.ts';
import { at, testSystem } from '../support/system.ts';

const HOUR = 3_600_000;
const a = at('counter', 'a');

it.each([5 * HOUR, -5 * HOUR])('a deadline comes when it is due although the clock jumps by %i ms', async (jump) => {
  const control = controlledStore();
  const { system, clock, stop } = await testSystem([counter], { store: control.store });
  await system.spawn(a, {});
  control.hold();
  let outcome = 'waits';
  const asked = system.ask(a, { type: 'add' }, { deadlineMs: 1_000 }).catch(({ code }) => {
    outcome = code;
  });
  await clock.advance(500);
  clock.jump(jump);
  await clock.advance(400);
  expect(outcome).toBe('waits');
  await clock.advance(200);
  expect(outcome).toBe('DEADLINE');
  control.letGo();
  await asked;
  await stop();
});

it.each([5 * HOUR, -5 * HOUR])(
  'a crashed actor is back after its pause although the clock jumps by %i ms',
  async (jump) => {
    const { system, clock, stop } = await testSystem([counter]);
    await system.spawn(a, {});
    const boom = system.ask(a, { type: 'boom' }, { deadlineMs: 5_000 }).catch(() => {});
    await settle();
    clock.jump(jump);
    await clock.advance(1_000);
    await boom;
    expect((await system.ask(a, { type: 'add' })).reply).toBe(1);
    await stop();
  },
);

it.each([5 * HOUR, -5 * HOUR])(
  'an actor leaves memory when it was idle, not when the clock jumps by %i ms',
  async (jump) => {
    const { system, clock, stop } = await testSystem([counter], { idleMs: 60_000 });
    await system.spawn(a, {});
    clock.jump(jump);
    system.sweep();
    await settle();
    expect(system.inspect().live).toBe(1);
    await clock.advance(61_000);
    system.sweep();
    await settle();
    expect(system.inspect().live).toBe(0);
    await stop();
  },
);

it('what a key has done is still known after the clock was hours ahead while old replies are swept', async () => {
  const { system, store, clock, stop } = await testSystem([counter]);
  await system.spawn(a, {});
  await system.ask(a, { type: 'add' }, { idempotencyKey: 'k' });
  clock.jump(KEPT_MS - HOUR);
  await clock.advance(1_300_000);
  clock.jump(-KEPT_MS);
  await clock.advance(1_300_000);
  expect(store.count('replay')).toBe(1);
  expect(await system.ask(a, { type: 'add' }, { idempotencyKey: 'k' })).toMatchObject({ reply: 1, repeated: true });
  await stop();
});
