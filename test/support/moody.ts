/** Kinds that misbehave, for the tests of supervision. */
import { assign, fromPromise, setup } from 'xstate';
import { effects } from '../../actors/effects.ts';
import { defineKind } from '../../actors/kind.ts';

/** While it is bad, `moody` crashes on everything it hears. */
export const mood = { bad: false };

function heed(): void {
  if (mood.bad) throw new Error('not now');
}

export const moody = defineKind({
  name: 'moody',
  version: 1,
  machine: setup({
    types: {} as {
      context: { heard: string[]; friend: string };
      input: { friend?: string };
      events:
        | { type: 'boom' }
        | { type: 'timer'; delayMs: number }
        | { type: 'hear'; what: string }
        | { type: 'greet' };
    },
    actions: { ...effects },
  }).createMachine({
    context: ({ input }) => ({ heard: [], friend: input.friend ?? '' }),
    on: {
      boom: {
        actions: assign(() => {
          heed();
          return {};
        }),
      },
      timer: {
        actions: {
          type: 'timer',
          params: ({ event }) => ({ id: 't', delayMs: event.delayMs, event: { type: 'hear', what: 'timer' } }),
        },
      },
      hear: {
        actions: assign(({ context, event }) => {
          heed();
          return { heard: [...context.heard, event.what] };
        }),
      },
      greet: {
        actions: {
          type: 'send',
          params: ({ context }) => ({
            to: { kind: 'moody', id: context.friend },
            event: { type: 'hear', what: 'greeting' },
          }),
        },
      },
    },
  }),
  commands: { greet: { summary: 'Greets a friend.' } },
  example: { input: {}, events: [{ type: 'boom' }] },
});

/** How often the promise of `brittle` ran. */
export const runs = { count: 0 };

/** Crashes on the result of its own promise. */
export const brittle = defineKind({
  name: 'brittle',
  version: 1,
  machine: setup({
    actions: { ...effects },
    actors: { job: fromPromise(async () => ++runs.count) },
  }).createMachine({
    initial: 'idle',
    states: {
      idle: { on: { work: 'busy' } },
      busy: {
        invoke: {
          id: 'job',
          src: 'job',
          onDone: {
            actions: assign(() => {
              throw new Error('brittle');
            }),
          },
        },
      },
    },
  }),
  commands: { work: { summary: 'Works.' } },
  example: { input: {}, events: [{ type: 'work' }] },
});

/** What `noisy` shouted. */
export const shouts: string[] = [];

/** Has actions with bodies of its own, one of which throws. */
export const noisy = defineKind({
  name: 'noisy',
  version: 1,
  machine: setup({
    types: {} as { context: { n: number }; events: { type: 'shout' } },
    actions: {
      ...effects,
      shout: (_, params: { what: string }) => {
        shouts.push(params.what);
      },
      fail: () => {
        throw new Error('hoarse');
      },
    },
  }).createMachine({
    context: { n: 0 },
    on: {
      shout: {
        actions: [
          assign({ n: ({ context }) => context.n + 1 }),
          'fail',
          { type: 'shout', params: ({ context }) => ({ what: String(context.n) }) },
          { type: 'reply', params: ({ context }) => context.n },
        ],
      },
    },
  }),
  commands: { shout: { summary: 'Shouts.' } },
  example: { input: {}, events: [{ type: 'shout' }] },
});
