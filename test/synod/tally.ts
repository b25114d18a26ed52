/** A receiver that another program version brings along. */
import { assign, setup } from 'xstate';

export const tally = setup({
  types: {} as { context: { count: number }; events: { type: 'increment' } },
}).createMachine({
  id: 'tally',
  context: { count: 0 },
  on: { increment: { actions: assign({ count: ({ context }) => context.count + 1 }) } },
});
