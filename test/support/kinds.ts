/** Small kinds that show one behaviour each. */
import { assign, setup } from 'xstate';
import { effects } from '../../actors/effects.ts';
import { defineKind } from '../../actors/kind.ts';

/** Counts, and can be told to crash. */
export const counter = defineKind({
  name: 'counter',
  version: 1,
  machine: setup({
    types: {} as {
      context: { n: number; at: number };
      events: { type: 'add'; by?: number; at?: number } | { type: 'boom' } | { type: 'lock' } | { type: 'unlock' };
    },
    actions: { ...effects },
  }).createMachine({
    context: { n: 0, at: 0 },
    initial: 'open',
    states: {
      open: {
        on: {
          add: {
            actions: [
              assign({ n: ({ context, event }) => context.n + (event.by ?? 1), at: ({ event }) => event.at ?? 0 }),
              { type: 'reply', params: ({ context }) => context.n },
            ],
          },
          boom: {
            actions: assign(() => {
              throw new Error('boom');
            }),
          },
          lock: 'locked',
        },
      },
      locked: { on: { unlock: 'open' } },
    },
  }),
  commands: {
    add: { summary: 'Adds.' },
    boom: { summary: 'Crashes.' },
    lock: { summary: 'Locks.' },
    unlock: { summary: 'Unlocks.' },
  },
  example: { input: {}, events: [{ type: 'add' }] },
});

/** Passes every `pass` on to the next actor of a chain and counts what it got. */
export const relay = defineKind({
  name: 'relay',
  version: 1,
  machine: setup({
    types: {} as {
      context: { next: string | null; got: number[] };
      input: { next?: string };
      events: { type: 'pass'; n: number } | { type: 'keep'; n: number };
    },
    actions: { ...effects },
  }).createMachine({
    context: ({ input }) => ({ next: input.next ?? null, got: [] }),
    on: {
      keep: {
        actions: [
          assign({ got: ({ context, event }) => [...context.got, event.n] }),
          { type: 'reply', params: ({ context }) => context.got.length },
        ],
      },
      pass: {
        actions: [
          assign({ got: ({ context, event }) => [...context.got, event.n] }),
          {
            type: 'send',
            params: ({ context, event }) => ({
              to: { kind: 'relay', id: context.next ?? 'nobody' },
              event: { type: 'keep', n: event.n },
            }),
          },
        ],
      },
    },
  }),
  commands: { pass: { summary: 'Passes on.' }, keep: { summary: 'Keeps.' } },
  example: { input: {}, events: [{ type: 'keep' }] },
});
