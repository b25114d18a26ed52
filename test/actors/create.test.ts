/** `ask` with `create`: an actor that is made by the first event it gets, in one turn. */

import { describe, expect, it } from 'vitest';
import { assign, setup } from 'xstate';
import { effects } from '../../actors/effects.ts';
import { defineKind } from '../../actors/kind.ts';
import { at, testSystem } from '../support/system.ts';

interface BoxContext {
  readonly label: string;
  readonly items: readonly string[];
}

/** Holds items; can refuse one, and crash over one. Its birth wants a message out, and a timer. */
const box = defineKind({
  name: 'box',
  version: 1,
  machine: setup({
    types: {} as {
      context: BoxContext;
      input: { label: string };
      events: { type: 'put'; item: string } | { type: 'ring' };
    },
    actions: { ...effects },
    guards: {
      bad: ({ event }) => (event as { item?: string }).item === 'bad',
      fatal: ({ event }) => (event as { item?: string }).item === 'fatal',
    },
  }).createMachine({
    context: ({ input }) => ({ label: input.label, items: [] }),
    entry: [
      { type: 'publish', params: { type: 'born', payload: {} } },
      { type: 'timer', params: { id: 'ring', delayMs: 1_000, event: { type: 'ring' } } },
    ],
    on: {
      put: [
        { guard: 'bad', actions: { type: 'refuse', params: { code: 'CONFLICT', message: 'not that' } } },
        {
          guard: 'fatal',
          actions: assign(() => {
            throw new Error('boom');
          }),
        },
        {
          actions: [
            assign({ items: ({ context, event }) => [...context.items, event.item] }),
            { type: 'reply', params: ({ context }) => context },
          ],
        },
      ],
      ring: {},
    },
  }),
  commands: { put: { summary: 'Adds.' }, ring: { summary: 'Rings.' } },
  example: { input: { label: 'x' }, events: [{ type: 'ring' }] },
});

const b = at('box', 'b');
const create = { label: 'first' };

describe('an event that brings the creation of its actor along', () => {
  it('makes it in the same turn, once', async () => {
    const { system, store, stop } = await testSystem([box]);
    const [first, second] = await Promise.all([
      system.ask(b, { type: 'put', item: 'x' }, { create }),
      system.ask(b, { type: 'put', item: 'y' }, { create: { label: 'second' } }),
    ]);
    expect(first.reply).toEqual({ label: 'first', items: ['x'] });
    expect(second.reply).toEqual({ label: 'first', items: ['x', 'y'] });
    const types = system.records({ tenant: 't1', after: 0, limit: 10 }).map(({ type }) => type);
    expect(types).toEqual(['synod.created', 'born', 'put', 'put']);
    expect(system.count('box')).toBe(1);
    await stop();

    const again = await testSystem([box], { store });
    expect((await again.system.read(b))?.context).toEqual({ label: 'first', items: ['x', 'y'] });
    await again.stop();
  });

  it('makes none when it is refused: no actor, no record, no timer', async () => {
    const { system, store, clock, stop } = await testSystem([box]);
    await expect(system.ask(b, { type: 'put', item: 'bad' }, { create })).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(system.exists(b)).toBe(false);
    expect(system.head('t1')).toBe(0);
    expect(store.count('timer')).toBe(0);
    await clock.advance(2_000);
    expect(system.deadLetters({ tenant: 't1', limit: 10 })).toEqual([]);
    expect((await system.ask(b, { type: 'put', item: 'good' }, { create })).revision).toBe(2);
    await stop();
  });

  it('makes none when it crashes, whatever came with it in the same turn', async () => {
    const { system, clock, stop } = await testSystem([box]);
    const crashed = system.ask(b, { type: 'put', item: 'fatal' }, { create });
    const behind = system.ask(b, { type: 'put', item: 'x' }, { create: { label: 'behind' } });
    const outcome = expect(crashed).rejects.toMatchObject({ code: 'INTERNAL' });
    for (let i = 0; i < 20; i++) await clock.advance(1_000);
    await outcome;
    expect((await behind).reply).toEqual({ label: 'behind', items: ['x'] });
    await stop();
  });

  it('makes it anew after it was removed', async () => {
    const { system, stop } = await testSystem([box]);
    await system.ask(b, { type: 'put', item: 'x' }, { create });
    await system.remove(b);
    const { reply } = await system.ask(b, { type: 'put', item: 'y' }, { create: { label: 'next' } });
    expect(reply).toEqual({ label: 'next', items: ['y'] });
    await stop();
  });

  it('without it finds nobody', async () => {
    const { system, stop } = await testSystem([box]);
    await expect(system.ask(b, { type: 'put', item: 'x' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await stop();
  });

  it('takes effect once under its key', async () => {
    const { system, stop } = await testSystem([box]);
    const options = { create, idempotencyKey: 'k' };
    const asks = [1, 2].map(() => system.ask(b, { type: 'put', item: 'x' }, options));
    for (const { reply } of await Promise.all(asks)) expect(reply).toEqual({ label: 'first', items: ['x'] });
    expect(await system.ask(b, { type: 'put', item: 'x' }, options)).toMatchObject({ repeated: true, revision: 2 });
    await stop();
  });
});
