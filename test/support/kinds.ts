/** Small kinds that show one behaviour each. */
import { assign, fromPromise, setup } from 'xstate';
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

/** Two of these write to each other; what one sent, the other must have got: all of it, once, in order. */
export const peer = defineKind({
  name: 'peer',
  version: 1,
  machine: setup({
    types: {} as {
      context: { other: string; sent: number[]; got: number[]; last: number };
      input: { other: string };
      events: { type: 'tell'; n: number } | { type: 'take'; n: number } | { type: 'boom' };
    },
    actions: { ...effects },
  }).createMachine({
    context: ({ input }) => ({ other: input.other, sent: [], got: [], last: 0 }),
    on: {
      tell: {
        actions: [
          assign({ sent: ({ context, event }) => [...context.sent, event.n], last: ({ event }) => event.n }),
          {
            type: 'send',
            params: ({ context, event }) => ({
              to: { kind: 'peer', id: context.other },
              event: { type: 'take', n: event.n },
            }),
          },
          { type: 'reply', params: ({ event }) => event.n },
        ],
      },
      take: { actions: assign({ got: ({ context, event }) => [...context.got, event.n] }) },
      boom: {
        actions: assign(() => {
          throw new Error('boom');
        }),
      },
    },
  }),
  commands: { tell: { summary: 'Tells the other.' }, take: { summary: 'Is told.' } },
  example: { input: { other: 'b' }, events: [{ type: 'tell' }] },
});

/** Asks the next actor of a chain before it answers; the last one answers by itself. */
export const asker = defineKind({
  name: 'asker',
  version: 1,
  machine: setup({
    types: {} as {
      context: { next: { kind: string; id: string } | null; answers: number; trouble: string | null };
      input: { next?: { kind: string; id: string } };
      events:
        | { type: 'ask' }
        | { type: 'close' }
        | { type: 'next.reply'; value: unknown }
        | { type: 'next.error'; code: string; message: string };
    },
    actions: { ...effects },
    guards: { last: ({ context }) => context.next === null },
  }).createMachine({
    context: ({ input }) => ({ next: input.next ?? null, answers: 0, trouble: null }),
    initial: 'open',
    states: {
      open: {
        on: {
          close: 'closed',
          ask: [
            { guard: 'last', actions: { type: 'reply', params: () => ['end'] } },
            {
              actions: {
                type: 'ask',
                params: ({ context }) => ({ to: context.next as never, event: { type: 'ask' }, as: 'next' }),
              },
            },
          ],
          'next.reply': {
            actions: [
              assign({ answers: ({ context }) => context.answers + 1 }),
              { type: 'reply', params: ({ event }) => ['via', ...(event.value as string[])] },
            ],
          },
          'next.error': {
            actions: [
              assign({ trouble: ({ event }) => event.code }),
              { type: 'reply', params: ({ event }) => [event.code] },
            ],
          },
        },
      },
      closed: {},
    },
  }),
  commands: { ask: { summary: 'Asks.' }, close: { summary: 'Takes no answer any more.' } },
  example: { input: {}, events: [{ type: 'ask' }] },
});

/** Sets durable timers, by effect and by `after`. */
export const alarm = defineKind({
  name: 'alarm',
  version: 1,
  machine: setup({
    types: {} as {
      context: { rang: string[] };
      events:
        | { type: 'set'; id: string; delayMs: number }
        | { type: 'unset'; id: string }
        | { type: 'ring'; timerId: string }
        | { type: 'note'; timerId?: string }
        | { type: 'lease' }
        | { type: 'free' };
    },
    actions: { ...effects },
    delays: { term: 5_000 },
  }).createMachine({
    context: { rang: [] },
    on: {
      set: {
        actions: {
          type: 'timer',
          params: ({ event }) => ({ id: event.id, delayMs: event.delayMs, event: { type: 'ring' } }),
        },
      },
      unset: { actions: { type: 'cancelTimer', params: ({ event }) => ({ id: event.id }) } },
      ring: { actions: assign({ rang: ({ context, event }) => [...context.rang, event.timerId] }) },
      note: { actions: { type: 'reply', params: () => 'noted' } },
    },
    initial: 'free',
    states: {
      free: { on: { lease: 'leased' } },
      leased: {
        on: { free: 'free' },
        after: { term: { target: 'free', actions: assign({ rang: ({ context }) => [...context.rang, 'term'] }) } },
      },
    },
  }),
  commands: { set: { summary: 'Sets a timer.' } },
  example: { input: {}, events: [{ type: 'lease' }, { type: 'free' }] },
});

/** Has promises run for it. What they do is up to the test: see {@link jobs}. */
export const jobs: { run: (input: string, signal: AbortSignal) => Promise<unknown> } = { run: async () => null };

export const worker = defineKind({
  name: 'worker',
  version: 1,
  machine: setup({
    types: {} as {
      context: { results: unknown[] };
      events: { type: 'work'; what: string } | { type: 'leave' } | { type: 'count' };
    },
    actions: { ...effects },
    actors: {
      job: fromPromise<unknown, string>(({ input, signal }) => jobs.run(input, signal)),
    },
  }).createMachine({
    context: { results: [] },
    initial: 'idle',
    on: { count: { actions: { type: 'reply', params: ({ context }) => context.results.length } } },
    states: {
      idle: { on: { work: 'busy' } },
      busy: {
        invoke: {
          id: 'job',
          src: 'job',
          input: ({ event }) => (event.type === 'work' ? event.what : ''),
          onDone: {
            target: 'idle',
            actions: assign({ results: ({ context, event }) => [...context.results, event.output] }),
          },
          onError: {
            target: 'idle',
            actions: assign({
              results: ({ context, event }) => [...context.results, `failed: ${(event.error as Error).message}`],
            }),
          },
        },
        on: { leave: 'idle' },
      },
    },
  }),
  commands: { work: { summary: 'Works.' }, leave: { summary: 'Stops working.' } },
  example: { input: {}, events: [{ type: 'work' }, { type: 'leave' }] },
});
