/**
 * A webhook: an address outside that is told of the tenant's events. The log is its queue; it keeps how far it has come
 * (`cursor`), how often the next event was tried, its secrets as they are sealed, and what came of the last attempts.
 * Whoever delivers (`src/webhooks`) tells it the outcome of each attempt, and it says when the next one is due.
 */
import { setup } from 'xstate';
import { effects } from '../effects.ts';
import { defineKind } from '../kind.ts';
import { type CommandName, schemas, type WebhookEvent } from './webhook/events.ts';
import { handle } from './webhook/handle.ts';
import { createWebhook, type WebhookContext, type WebhookInput } from './webhook/model.ts';

const chart = setup({
  types: {} as { context: WebhookContext; events: WebhookEvent; input: WebhookInput },
  actions: { ...effects },
  guards: {
    isDisabled: ({ context }) => context.disabled !== null,
    isWaiting: ({ context }) => context.disabled === null && context.pending !== null,
    isActive: ({ context }) => context.disabled === null && context.pending === null,
  },
});

const turn = chart.enqueueActions(({ context, event, enqueue }) => {
  const { context: next, wishes } = handle(context, event);
  enqueue.assign(() => next);
  for (const wish of wishes) enqueue(wish);
});

const taken = { actions: turn } as const;

/** An attempt may be under way when the webhook is disabled: its outcome counts all the same. */
const always = { attempted: taken, update: taken, rotate: taken } as const;

const toActive = { guard: 'isActive', target: 'active' } as const;
const toWaiting = { guard: 'isWaiting', target: 'waiting' } as const;
const toDisabled = { guard: 'isDisabled', target: 'disabled' } as const;

export const machine = chart.createMachine({
  id: 'webhook',
  context: ({ input }) => createWebhook(input),
  initial: 'active',
  states: {
    active: { always: [toWaiting, toDisabled], on: { ...always, skip: taken } },
    /** The next event was tried and failed; it is tried again at `pending.dueAt`. */
    waiting: { always: [toActive, toDisabled], on: { ...always, skip: taken } },
    disabled: { always: [toActive, toWaiting], on: always },
  },
});

const summaries: Readonly<Record<CommandName, string>> = {
  attempted: 'Takes the outcome of an attempt to deliver the next event',
  skip: 'Passes over events nobody asked for',
  update: 'Changes receiver or filters, stops delivering, or goes on from where it stopped or a later place in the log',
  rotate: 'Takes a new secret; the one before it stays valid for a while',
};

const START = Date.UTC(2026, 0, 1);
const tried = (seconds: number, seq: number, status: number, jitter = 0.5) =>
  ({
    type: 'attempted',
    at: START + seconds * 1_000,
    seq,
    delivery: `msg_${seq}`,
    event: `event-${seq}`,
    event_type: 'proposal',
    status,
    error: status === 204 ? null : `answered ${status}`,
    ms: 12,
    jitter,
  }) as const;

const events: readonly WebhookEvent[] = [
  tried(1, 11, 204),
  { type: 'skip', at: START + 2_000, cursor: 20 },
  { type: 'rotate', at: START + 3_000, sealed: 'sealed-2', graceMs: 86_400_000 },
  { type: 'update', at: START + 4_000, active: false },
  { type: 'update', at: START + 5_000, url: 'https://hooks.example.com/v2', scopes: ['ui.*', 'api.**'], active: true },
  tried(7, 21, 503),
  tried(9, 21, 500, 0),
];

export const webhook = defineKind({
  name: 'webhook',
  version: 2,
  migrations: {
    1: (state) => ({ ...state, context: { ...(state.context as WebhookContext), configuration: 0 } }),
  },
  origin: 'builtin',
  machine,
  commands: Object.fromEntries(
    (Object.keys(schemas) as CommandName[]).map((name) => [name, { summary: summaries[name], schema: schemas[name] }]),
  ),
  example: {
    input: {
      id: 'example',
      url: 'https://hooks.example.com/v1',
      events: ['proposal', 'reward'],
      scopes: ['ui.*'],
      cursor: 10,
      sealed: 'sealed-1',
      active: true,
      at: START,
    } satisfies WebhookInput,
    events,
  },
});
