/**
 * The observer: one per tenant. Every so often it looks at the regions it was given and reports what is unusual in them,
 * once, until the cause is gone. It changes nothing but its own session, whose vector is what the regions have in common.
 *
 * `idle → looking` when the timer fires, back with what was seen. A look that fails is left out; the next one comes. A
 * sample somebody takes by hand is looked at by the operation, and judged here like any other.
 */
import { setup } from 'xstate';
import { effects } from '../effects.ts';
import { defineKind } from '../kind.ts';
import { type CommandName, type ObserverEvent, schemas } from './observer/events.ts';
import { handle } from './observer/handle.ts';
import { looking } from './observer/look.ts';
import { createObserver, OBSERVER_ID, type ObserverContext, type ObserverInput } from './observer/model.ts';

const chart = setup({
  types: {} as { context: ObserverContext; events: ObserverEvent; input: ObserverInput },
  actions: { ...effects },
  actors: { looking },
  guards: { hasRegions: ({ context }) => context.regions.length > 0 },
});

const turn = chart.enqueueActions(({ context, event, enqueue }) => {
  const { context: next, wishes } = handle(context, event);
  enqueue.assign(() => next);
  for (const wish of wishes) enqueue(wish);
});

const failed = chart.assign({ failures: ({ context }) => context.failures + 1 });

const taken = { actions: 'turn' } as const;

export const machine = chart.extend({ actions: { turn, failed } }).createMachine({
  id: 'observer',
  context: ({ input }) => createObserver(input),
  initial: 'idle',
  on: {
    configure: taken,
    'region.register': taken,
    'region.unregister': taken,
    'region.gone': taken,
    sample: taken,
    clear: taken,
    'observe.*': taken,
    'sample.due': taken,
  },
  states: {
    idle: { on: { 'sample.due': [{ guard: 'hasRegions', target: 'looking', actions: 'turn' }, taken] } },
    looking: {
      invoke: {
        id: 'look',
        src: 'looking',
        input: ({ context, event }) => ({
          session: context.session,
          regions: context.regions,
          at: event.at,
          intervalMs: context.intervalMs,
        }),
        onDone: { target: 'idle', actions: 'turn' },
        onError: { target: 'idle', actions: 'failed' },
      },
    },
  },
});

const summaries: Readonly<Record<CommandName, string>> = {
  configure: 'Sets the time between two samples',
  'region.register': 'Looks at a region from now on',
  'region.unregister': 'Looks at a region no longer',
  'region.gone': 'Forgets a region that was deleted',
  sample: 'Judges a sample taken by hand',
  clear: 'Empties the book of anomalies',
};

const START = Date.UTC(2026, 0, 1);
const drifting = { phase: 'initialization', interactions: 4, drifting: true } as const;

const events: readonly ObserverEvent[] = [
  { type: 'region.register', at: START + 1_000, region: 'eu-west' },
  { type: 'observe.eu-west.reply', at: START + 1_001 },
  { type: 'sample.due', at: START + 31_001 },
  {
    type: 'xstate.done.actor.look',
    at: START + 31_004,
    output: {
      regions: [{ id: 'eu-west', clusters: [{ id: 'north', ...drifting }] }],
      gone: [],
      pattern: null,
      durationMs: 2.5,
    },
  },
];

export const observer = defineKind({
  name: 'observer',
  version: 1,
  origin: 'builtin',
  machine,
  commands: Object.fromEntries(
    (Object.keys(schemas) as CommandName[]).map((name) => [name, { summary: summaries[name], schema: schemas[name] }]),
  ),
  example: {
    input: { id: OBSERVER_ID, session: 'example', intervalMs: 30_000, at: START } satisfies ObserverInput,
    events,
  },
});
