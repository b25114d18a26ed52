/** Two of these never stop writing to each other. */
import { setup } from 'xstate';
import { effects } from '../../actors/effects.ts';
import { defineKind } from '../../actors/kind.ts';

export const endless = defineKind({
  name: 'endless',
  version: 1,
  machine: setup({
    types: {} as { context: { other: string }; input: { other: string }; events: { type: 'ping' } },
    actions: { ...effects },
  }).createMachine({
    context: ({ input }) => ({ other: input.other }),
    on: {
      ping: {
        actions: {
          type: 'send',
          params: ({ context }) => ({ to: { kind: 'endless', id: context.other }, event: { type: 'ping' } }),
        },
      },
    },
  }),
  commands: { ping: { summary: 'Pings the other.' } },
  example: { input: { other: 'b' }, events: [{ type: 'ping' }] },
});
