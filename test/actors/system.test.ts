import { describe, expect, it } from 'vitest';
import { settle } from '../support/clock.ts';
import { counter, relay } from '../support/kinds.ts';
import { at, testSystem } from '../support/system.ts';

describe('system', () => {
  it('answers a command after its turn is durable', async () => {
    const { system, stop } = await testSystem([counter]);
    await system.spawn(at('counter', 'a'), {});
    const answers = await Promise.all([1, 2, 3].map(() => system.ask(at('counter', 'a'), { type: 'add' })));
    expect(answers.map((a) => a.reply)).toEqual([1, 2, 3]);
    expect((await system.read(at('counter', 'a')))?.revision).toBe(4);
    await stop();
  });

  it('goes on where it stopped after a restart', async () => {
    const first = await testSystem([counter]);
    await first.system.spawn(at('counter', 'a'), {});
    for (let i = 0; i < 100; i++) await first.system.ask(at('counter', 'a'), { type: 'add' });
    await first.stop();
    const second = await testSystem([counter], { store: first.store });
    expect((await second.system.ask(at('counter', 'a'), { type: 'add' })).reply).toBe(101);
    await second.stop();
  });

  it('delivers a message to another actor exactly once', async () => {
    const { system, stop } = await testSystem([relay]);
    await system.spawn(at('relay', 'b'), {});
    await system.spawn(at('relay', 'a'), { next: 'b' });
    for (let n = 0; n < 50; n++) await system.ask(at('relay', 'a'), { type: 'pass', n });
    await settle();
    const view = await system.read<{ got: number[] }>(at('relay', 'b'));
    expect(view?.context.got).toEqual(Array.from({ length: 50 }, (_, n) => n));
    await stop();
  });

  it('refuses an event the present state does not accept, naming what it accepts', async () => {
    const { system, stop } = await testSystem([counter]);
    await system.spawn(at('counter', 'a'), {});
    await system.ask(at('counter', 'a'), { type: 'lock' });
    await expect(system.ask(at('counter', 'a'), { type: 'add' })).rejects.toMatchObject({
      code: 'REFUSED',
      details: { state: 'locked', accepts: ['unlock'] },
    });
    await stop();
  });

  it('moves an event that crashes an actor twice to the dead letters and goes on', async () => {
    const { system, clock, stop } = await testSystem([counter]);
    await system.spawn(at('counter', 'a'), {});
    await system.ask(at('counter', 'a'), { type: 'add' });
    const boom = system.ask(at('counter', 'a'), { type: 'boom' });
    boom.catch(() => {});
    const after = system.ask(at('counter', 'a'), { type: 'add' });
    await clock.advance(1_000);
    await expect(boom).rejects.toMatchObject({ code: 'INTERNAL', message: 'internal error' });
    expect((await after).reply).toBe(2);
    await settle();
    expect(system.deadLetters({ tenant: 't1', limit: 10 })).toMatchObject([{ reason: 'poison', type: 'boom' }]);
    await stop();
  });
});
