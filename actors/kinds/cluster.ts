/**
 * The cluster: sessions that work on one thing. It has a session of its own (same id) for what they share, knows its
 * members, passes their drift on to its region, and sends them its aggregate. Vectors stay with the sessions.
 */
import { setup } from 'xstate';
import { effects } from '../effects.ts';
import { defineKind } from '../kind.ts';
import { farewell } from './cluster/circle.ts';
import { type ClusterEvent, type CommandName, schemas } from './cluster/events.ts';
import { handle } from './cluster/handle.ts';
import { type ClusterContext, type ClusterInput, createCluster } from './cluster/model.ts';

const chart = setup({
  types: {} as { context: ClusterContext; events: ClusterEvent; input: ClusterInput },
  actions: { ...effects },
});

const turn = chart.enqueueActions(({ context, event, enqueue }) => {
  const { context: next, wishes } = handle(context, event);
  enqueue.assign(() => next);
  for (const wish of wishes) enqueue(wish);
});

const taken = { actions: turn } as const;

export const machine = chart.createMachine({
  id: 'cluster',
  context: ({ input }) => createCluster(input),
  initial: 'active',
  states: {
    active: {
      on: {
        'member.add': taken,
        'member.remove': taken,
        'member.gone': taken,
        'region.claim': taken,
        'region.release': taken,
        drift: taken,
        'feedback.send': taken,
        'join.*': taken,
      },
    },
  },
});

const summaries: Readonly<Record<CommandName, string>> = {
  'member.add': 'Asks a session to become a member',
  'member.remove': 'Lets a member go',
  'member.gone': 'Forgets a member that was deleted',
  'region.claim': 'Becomes part of a region, of one at a time',
  'region.release': 'Stops being part of a region',
  drift: 'Takes word that a member, or the own session, drifts, and tells the region',
  'feedback.send': 'Sends the aggregate to members, each of which moves towards it',
};

const START = Date.UTC(2026, 0, 1);

const events: readonly ClusterEvent[] = [
  { type: 'member.add', at: START + 1_000, session: 'ada' },
  { type: 'join.ada.reply' },
  { type: 'member.add', at: START + 2_000, session: 'bob' },
  { type: 'region.claim', at: START + 3_000, region: 'north' },
  { type: 'drift', at: START + 4_000, session: 'ada', drift_score: 0.7, drift_phase: 'drifted', confirmed: false },
  { type: 'feedback.send', at: START + 5_000, vector: Float64Array.of(0.6, 0.8, 0, 0), sessions: ['ada'] },
];

export const cluster = defineKind({
  name: 'cluster',
  version: 1,
  origin: 'builtin',
  machine,
  farewell,
  commands: Object.fromEntries(
    (Object.keys(schemas) as CommandName[]).map((name) => [name, { summary: summaries[name], schema: schemas[name] }]),
  ),
  example: {
    input: {
      id: 'example',
      name: 'analysts',
      mode: 'attention',
      coupling: 0.3,
      dimension: 4,
      embedder: 'hash',
      at: START,
    } satisfies ClusterInput,
    events,
  },
});
