/** The least an actor can do: count. So a benchmark over it times the runtime and not the statechart. */
import { assign, setup } from 'xstate';
import { effects } from '../actors/effects.ts';
import { defineKind } from '../actors/kind.ts';

export const counter = defineKind({
  name: 'bench-counter',
  version: 1,
  machine: setup({
    types: {} as { context: { n: number }; events: { type: 'add' } },
    actions: { ...effects },
  }).createMachine({
    context: { n: 0 },
    on: {
      add: {
        actions: [
          assign({ n: ({ context }) => context.n + 1 }),
          { type: 'reply', params: ({ context }: { context: { n: number } }) => context.n },
        ],
      },
    },
  }),
  commands: { add: { summary: 'Adds one.' } },
  example: { input: {}, events: [{ type: 'add' }] },
});
