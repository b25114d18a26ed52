/**
 * A signal of the shared environment: a strength in [0, 1] that agents leave for each other, identified by scope and
 * pattern. It also records the events that touch it first, so that an event and what it does are one commit.
 *
 * `dormant → active` when an event brings it up, back when a penalty takes all of it. A signal that merely decayed stays
 * `active` until the next event: nothing runs to find out, and whoever looks works it out (`signal/decay.ts`).
 */
import { setup } from 'xstate';
import { effects } from '../effects.ts';
import { defineKind } from '../kind.ts';
import { type SignalEventIn, schemas } from './signal/events.ts';
import { handle } from './signal/handle.ts';
import type { SignalContext, SignalInput } from './signal/model.ts';
import { PUBLISHED } from './signal/rules.ts';

const chart = setup({
  types: {} as { context: SignalContext; events: SignalEventIn; input: SignalInput },
  actions: { ...effects },
  guards: {
    alive: ({ context }) => context.living !== null,
    gone: ({ context }) => context.living === null,
  },
});

const turn = chart.enqueueActions(({ context, event, enqueue }) => {
  const { context: next, wishes } = handle(context, event);
  enqueue.assign(() => next);
  for (const wish of wishes) enqueue(wish);
});

const taken = { actions: 'turn' } as const;

export const machine = chart.extend({ actions: { turn } }).createMachine({
  id: 'signal',
  context: ({ input: { id, scope, pattern, at } }) => ({
    id,
    scope,
    pattern,
    living: null,
    waiting: {},
    createdAt: at,
  }),
  initial: 'dormant',
  on: { post: taken, share: taken, 'shared.*': taken },
  states: {
    dormant: { always: { guard: 'alive', target: 'active' } },
    active: { always: { guard: 'gone', target: 'dormant' } },
  },
});

const BIRTH = Date.UTC(2026, 0, 1);

const deposit = {
  type: 'proposal',
  value: 1,
  alpha: null,
  strength: null,
  rules: PUBLISHED.arch,
  signal_id: '6d0f0c5e-1f2c-4b60-9d55-0f6f0f6f0001',
} as const;

const semp = {
  id: '6d0f0c5e-1f2c-4b60-9d55-0f6f0f6f0002',
  type: 'proposal',
  scope: 'ui.login',
  trace_id: 'trace-001',
  agent_id: 'agent-1',
  parent_ids: [],
  payload: { action: 'improve_ux' },
} satisfies Extract<SignalEventIn, { type: 'post' }>['semp'];

const events: readonly SignalEventIn[] = [
  { type: 'post', at: BIRTH, semp, deposit, others: [] },
  { type: 'share', at: BIRTH + 60_000, event_id: semp.id, deposit: { ...deposit, type: 'reward', value: 0.5 } },
  { type: 'share', at: BIRTH + 120_000, event_id: semp.id, deposit: { ...deposit, type: 'penalty', value: 0.2 } },
];

export const signal = defineKind({
  name: 'signal',
  version: 1,
  origin: 'builtin',
  machine,
  commands: {
    post: { summary: 'Records an event and takes what it does to this signal', schema: schemas.post },
    share: { summary: 'Takes what an event recorded by another signal does to this one', schema: schemas.share },
  },
  example: {
    input: { id: 'example', scope: 'ui.login', pattern: 'improve_ux', at: BIRTH } satisfies SignalInput,
    events,
  },
});
