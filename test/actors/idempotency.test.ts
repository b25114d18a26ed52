import { describe, expect, it } from 'vitest';
import { settle } from '../support/clock.ts';
import { asker, counter } from '../support/kinds.ts';
import { controlledStore } from '../support/stores.ts';
import { at, testSystem } from '../support/system.ts';

const a = at('counter', 'a');
const keyed = { idempotencyKey: 'k' };

describe('an idempotency key', () => {
  it('makes one effect of many calls at once, and gives all of them the same reply', async () => {
    const { system, stop } = await testSystem([counter]);
    await system.spawn(a, {});
    const answers = await Promise.all([1, 2, 3].map(() => system.ask(a, { type: 'add' }, keyed)));
    expect(answers.map(({ reply }) => reply)).toEqual([1, 1, 1]);
    expect(await system.ask(a, { type: 'add' }, keyed)).toMatchObject({ reply: 1, repeated: true, revision: 2 });
    await stop();
  });

  it('is remembered over a restart, and over the end of the actor', async () => {
    const first = await testSystem([counter]);
    await first.system.spawn(a, {}, { idempotencyKey: 'birth' });
    await first.system.ask(a, { type: 'add' }, keyed);
    await first.stop();
    const second = await testSystem([counter], { store: first.store });
    expect(await second.system.ask(a, { type: 'add' }, keyed)).toMatchObject({ reply: 1, repeated: true });
    expect(await second.system.spawn(a, {}, { idempotencyKey: 'birth' })).toMatchObject({ repeated: true });
    expect(await second.system.remove(a, { idempotencyKey: 'death' })).toBe(true);
    expect(await second.system.remove(a, { idempotencyKey: 'death' })).toBe(true);
    await second.stop();
  });

  it('belongs to its tenant, whatever spaces tenants and keys hold', async () => {
    const { system, stop } = await testSystem([counter]);
    await system.spawn(at('counter', 'a', 'x'), {});
    await system.spawn(at('counter', 'a', 'x y'), {});
    const answers = await Promise.all([
      system.ask(at('counter', 'a', 'x'), { type: 'add' }, { idempotencyKey: 'y k' }),
      system.ask(at('counter', 'a', 'x y'), { type: 'add', by: 7 }, { idempotencyKey: 'k' }),
    ]);
    expect(answers.map(({ reply }) => reply)).toEqual([1, 7]);
    await stop();
  });

  it('is refused for another actor or event, in flight and later', async () => {
    const { system, stop } = await testSystem([counter]);
    await system.spawn(a, {});
    await system.spawn(at('counter', 'b'), {});
    const reused = { code: 'IDEMPOTENCY_REUSED' };
    const asked = system.ask(a, { type: 'add' }, keyed);
    await expect(system.ask(at('counter', 'b'), { type: 'add' }, keyed)).rejects.toMatchObject(reused);
    await asked;
    await expect(system.ask(at('counter', 'b'), { type: 'add' }, keyed)).rejects.toMatchObject(reused);
    await expect(system.ask(a, { type: 'lock' }, keyed)).rejects.toMatchObject(reused);
    await stop();
  });

  it('is free again when the call had no effect', async () => {
    const control = controlledStore();
    const { system, clock, stop } = await testSystem([counter], { store: control.store });
    await expect(system.ask(a, { type: 'add' }, keyed)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await system.spawn(a, {});
    control.failing = true;
    await expect(system.ask(a, { type: 'add' }, keyed)).rejects.toMatchObject({ code: 'STORE_FAILED' });
    control.failing = false;
    const again = system.ask(a, { type: 'add' }, keyed);
    await clock.advance(500);
    expect(await again).toMatchObject({ reply: 1, repeated: false });
    await stop();
  });

  it('does not let an event take effect twice when its caller gave up before the commit landed', async () => {
    const control = controlledStore();
    const { system, clock, stop } = await testSystem([counter], { store: control.store });
    await system.spawn(a, {});
    control.hold();
    const asked = system.ask(a, { type: 'add' }, { ...keyed, deadlineMs: 50 });
    asked.catch(() => {});
    await clock.advance(200);
    await expect(asked).rejects.toMatchObject({ code: 'DEADLINE' });
    await expect(system.ask(a, { type: 'add' }, keyed)).rejects.toMatchObject({ code: 'IDEMPOTENCY_IN_FLIGHT' });
    control.letGo();
    await settle();
    expect(await system.ask(a, { type: 'add' }, keyed)).toMatchObject({ reply: 1, repeated: true });
    await stop();
  });

  it('holds while the answer comes from another actor, also for a caller that is gone', async () => {
    const { system, clock, stop } = await testSystem([asker, counter]);
    await system.spawn(at('asker', 'a'), { next: { kind: 'late', id: 'b' } });
    const first = system.ask(at('asker', 'a'), { type: 'ask' }, { ...keyed, deadlineMs: 1_000 });
    first.catch(() => {});
    await settle();
    const joined = system.ask(at('asker', 'a'), { type: 'ask' }, keyed);
    joined.catch(() => {});
    await clock.advance(1_100);
    await expect(joined).rejects.toMatchObject({ code: 'DEADLINE' });
    const pending = system.ask(at('asker', 'a'), { type: 'ask' }, keyed);
    await expect(pending).rejects.toMatchObject({ code: 'IDEMPOTENCY_IN_FLIGHT' });
    system.register({ ...asker, name: 'late' });
    await settle();
    expect(await system.ask(at('asker', 'a'), { type: 'ask' }, keyed)).toMatchObject({
      reply: ['NOT_FOUND'],
      repeated: true,
    });
    await stop();
  });
});
