import { afterEach, describe, expect, it } from 'vitest';
import { assign, setup } from 'xstate';
import { effects } from '../../actors/effects.ts';
import { AppError } from '../../actors/errors.ts';
import { defineKind } from '../../actors/kind.ts';
import { at, type TestSystem, testSystem } from '../support/system.ts';

/** Takes what it has money for. */
const purse = defineKind({
  name: 'purse',
  version: 1,
  machine: setup({
    types: {} as { context: { coins: number }; input: { coins: number }; events: { type: 'take'; coins: number } },
    actions: { ...effects },
  }).createMachine({
    context: ({ input }) => {
      if (input.coins < 0) throw new AppError('INVALID', `a purse of ${input.coins} coins`);
      return { coins: input.coins };
    },
    on: {
      take: [
        {
          guard: ({ context, event }) => event.coins > context.coins,
          actions: [
            assign({ coins: 0 }),
            { type: 'publish', params: { type: 'robbed', payload: null } },
            { type: 'refuse', params: ({ event }) => ({ code: 'CONFLICT', message: `no ${event.coins} coins` }) },
          ],
        },
        { actions: assign({ coins: ({ context, event }) => context.coins - event.coins }) },
      ],
    },
  }),
  commands: { take: { summary: 'Takes coins.' } },
  example: { input: { coins: 3 }, events: [] },
});

describe('a command its statechart refuses', () => {
  let run: TestSystem;
  afterEach(() => run.stop());

  it('leaves no trace: neither state, nor record, nor revision', async () => {
    run = await testSystem([purse]);
    await run.system.spawn(at('purse', 'p'), { coins: 3 });
    const refused = run.system.ask(at('purse', 'p'), { type: 'take', coins: 4 }, { idempotencyKey: 'k' });
    await expect(refused).rejects.toMatchObject({ code: 'CONFLICT', message: 'no 4 coins' });
    expect(await run.system.read(at('purse', 'p'))).toMatchObject({ revision: 1, context: { coins: 3 } });
    expect(run.system.records({ tenant: 't1', after: 0, limit: 9 }).map(({ type }) => type)).toEqual(['synod.created']);
  });

  it('may come again under the same idempotency key', async () => {
    run = await testSystem([purse]);
    await run.system.spawn(at('purse', 'p'), { coins: 3 });
    const take = (coins: number) => run.system.ask(at('purse', 'p'), { type: 'take', coins }, { idempotencyKey: 'k' });
    await expect(take(4)).rejects.toMatchObject({ code: 'CONFLICT' });
    await take(2);
    await take(2);
    expect(await run.system.read(at('purse', 'p'))).toMatchObject({ context: { coins: 1 } });
  });

  it('is no crash when it is the creation itself', async () => {
    run = await testSystem([purse]);
    const refused = run.system.spawn(at('purse', 'p'), { coins: -1 });
    await expect(refused).rejects.toMatchObject({ code: 'INVALID', message: 'a purse of -1 coins' });
    expect(run.logged).toEqual([]);
    expect(run.system.exists(at('purse', 'p'))).toBe(false);
  });
});
