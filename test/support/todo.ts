/** A kind in two versions, for the tests of migrations. */
import { assign, setup } from 'xstate';
import { effects } from '../../actors/effects.ts';
import { defineKind } from '../../actors/kind.ts';

const commands = { put: { summary: 'Adds an item.' } };
const example = { input: {}, events: [{ type: 'put', text: 'milk' }] };

/** Items are texts. */
export const todo1 = defineKind({
  name: 'todo',
  version: 1,
  machine: setup({
    types: {} as { context: { items: string[] }; events: { type: 'put'; text: string } },
    actions: { ...effects },
  }).createMachine({
    context: { items: [] },
    on: { put: { actions: assign({ items: ({ context, event }) => [...context.items, event.text] }) } },
  }),
  commands,
  example,
});

/** Items are objects, and may be ticked off. */
export const todo2 = defineKind({
  name: 'todo',
  version: 2,
  machine: setup({
    types: {} as {
      context: { items: { text: string; done: boolean }[] };
      events: { type: 'put'; text: string } | { type: 'tick'; index: number };
    },
    actions: { ...effects },
  }).createMachine({
    context: { items: [] },
    on: {
      put: {
        actions: assign({ items: ({ context, event }) => [...context.items, { text: event.text, done: false }] }),
      },
      tick: {
        actions: assign({
          items: ({ context, event }) =>
            context.items.map((item, index) => (index === event.index ? { ...item, done: true } : item)),
        }),
      },
    },
  }),
  commands,
  migrations: {
    1: (state) => {
      const { items } = state.context as { items: string[] };
      return { ...state, context: { items: items.map((text) => ({ text, done: false })) } };
    },
  },
  example,
});
