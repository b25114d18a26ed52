/** Statecharts of an imaginary application, and a system to run them in. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { assign, fromPromise, setup } from 'xstate';
import {
  createSynod,
  effects,
  type Machine,
  type Ref,
  type Snapshot,
  type Synod,
  type SynodOptions,
} from '../../src/index.ts';

type OrderEvent = { type: 'add'; item: string; at: number } | { type: 'pay' } | { type: 'break' };

/** Takes items, answers with their number; what is not paid within an hour expires. */
export const order = setup({
  types: {} as {
    context: { customer: string; items: string[]; addedAt: number };
    events: OrderEvent;
    input: { id: string; at: number; customer: string };
    output: number;
  },
  actions: {
    ...effects,
    breakDown: () => {},
    add: assign({
      items: ({ context, event }) => (event.type === 'add' ? [...context.items, event.item] : context.items),
      addedAt: ({ event }) => (event.type === 'add' ? event.at : 0),
    }),
  },
}).createMachine({
  id: 'order',
  context: ({ input }) => ({ customer: input.customer, items: [], addedAt: 0 }),
  initial: 'open',
  output: ({ context }) => context.items.length,
  states: {
    open: {
      on: {
        add: { actions: ['add', { type: 'reply', params: ({ context }) => context.items.length }] },
        break: {
          actions: assign(() => {
            throw new Error('the machine is broken');
          }),
        },
        pay: 'paid',
      },
      after: { 3600000: 'expired' },
    },
    paid: { type: 'final' },
    expired: {},
  },
});

/** Counts, and tells another counter when asked to. */
export const counter = setup({
  types: {} as {
    context: { count: number };
    events: { type: 'increment' } | { type: 'forward'; to: string; kind?: string };
  },
  actions: { ...effects },
}).createMachine({
  id: 'counter',
  context: { count: 0 },
  on: {
    increment: { actions: assign({ count: ({ context }) => context.count + 1 }) },
    forward: {
      actions: {
        type: 'send',
        params: ({ event }) => {
          const { to, kind = 'counter' } = event as { to: string; kind?: string };
          return { to: { kind, id: to }, event: { type: 'increment' } };
        },
      },
    },
  },
});

/** Asks the world once. */
export const lookup = setup({
  types: {} as { context: { found: string | null }; events: { type: 'search'; word: string } },
  actors: { search: fromPromise<string, string>(async ({ input }) => `found ${input}`) },
}).createMachine({
  id: 'lookup',
  context: { found: null },
  initial: 'idle',
  states: {
    idle: { on: { search: 'searching' } },
    searching: {
      invoke: {
        src: 'search',
        input: ({ event }) => (event as { word: string }).word,
        onDone: { target: 'idle', actions: assign({ found: ({ event }) => event.output }) },
      },
    },
  },
});

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'synod-embedded-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A system that is closed with the test, and logs nothing unless asked. */
export async function openSynod(options: SynodOptions = {}): Promise<Synod> {
  const synod = await createSynod({ data: ':memory:', logLevel: 'silent', ...options });
  onTestFinished(() => synod.close());
  return synod;
}

/** Resolves with the first snapshot that passes, the present one included. */
export async function reaches<M extends Machine>(
  ref: Ref<M>,
  passes: (snapshot: Snapshot<M>) => boolean,
): Promise<Snapshot<M>> {
  return new Promise((resolve, reject) => {
    const look = (snapshot: Snapshot<M>) => {
      if (!passes(snapshot)) return;
      stop();
      resolve(snapshot);
    };
    const stop = ref.watch(look);
    ref.getSnapshot().then(look, reject);
  });
}
