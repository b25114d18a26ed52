/**
 * The region: clusters that vote. A drift anywhere in a cluster is a vote; when the share of voting clusters reaches the
 * threshold, the region's own session (same id) takes their common direction. Nobody's turn waits for that: the vote is a
 * message, and the work a promise.
 *
 * `watching → realigning` when the votes reach the threshold, back when it is done; `waiting` before it is tried again.
 * Votes that come in between are heard with the others: each threshold reached leads to one realignment.
 */
import { setup } from 'xstate';
import { effects } from '../effects.ts';
import { defineKind } from '../kind.ts';
import { type CommandName, type RegionEventIn, schemas } from './region/events.ts';
import { handle } from './region/handle.ts';
import { farewell } from './region/members.ts';
import { createRegion, type RegionContext, type RegionInput } from './region/model.ts';
import { realignment } from './region/realign.ts';
import { reachedBy } from './region/votes.ts';

/** Before a failed realignment is tried again; doubles up to a minute. */
const RETRY_MS = 1_000;
const RETRY_MAX_MS = 60_000;
/** After which a realignment that a crash cut off goes on. */
const RESUME_MS = 2_000;
const RESUME = 'resume';

const chart = setup({
  types: {} as { context: RegionContext; events: RegionEventIn; input: RegionInput },
  actions: { ...effects },
  actors: { realignment },
  guards: { reached: ({ context }) => reachedBy(context, 0) !== null },
  delays: { retry: ({ context }) => Math.min(RETRY_MAX_MS, RETRY_MS * 2 ** (context.failures - 1)) },
});

const turn = chart.enqueueActions(({ context, event, enqueue }) => {
  const { context: next, wishes } = handle(context, event);
  enqueue.assign(() => next);
  for (const wish of wishes) enqueue(wish);
});

const begin = chart.assign({ reached: ({ context, event }) => reachedBy(context, event.at) });

const failed = chart.assign({ failures: ({ context }) => context.failures + 1 });

/**
 * A promise under way when the machine died runs again once its actor is needed. This timer needs it, so that the votes do
 * not wait for the next drift.
 */
const resumeLater = {
  type: 'timer',
  params: { id: RESUME, delayMs: RESUME_MS, event: { type: 'resume' } },
} as const;

const taken = { actions: 'turn' } as const;

export const machine = chart.extend({ actions: { turn, begin, failed } }).createMachine({
  id: 'region',
  context: ({ input }) => createRegion(input),
  initial: 'watching',
  on: {
    'cluster.add': taken,
    'cluster.remove': taken,
    'cluster.gone': taken,
    drift: taken,
    observe: taken,
    'claim.*': taken,
    'vote.ended': taken,
  },
  states: {
    watching: {
      always: {
        guard: 'reached',
        target: 'realigning',
        actions: 'begin',
      },
    },
    realigning: {
      entry: resumeLater,
      exit: { type: 'cancelTimer', params: { id: RESUME } },
      on: { resume: { actions: resumeLater } },
      invoke: {
        id: 'realign',
        src: 'realignment',
        input: ({ context }) => ({ session: context.id, clusters: context.clusters.map(({ id }) => id) }),
        onDone: { target: 'watching', actions: 'turn' },
        onError: { target: 'waiting', actions: 'failed' },
      },
    },
    waiting: { after: { retry: 'realigning' } },
  },
});

const summaries: Readonly<Record<CommandName, string>> = {
  'cluster.add': 'Asks a cluster to become part of the region',
  'cluster.remove': 'Lets a cluster go',
  'cluster.gone': 'Forgets a cluster that was deleted',
  drift: 'Takes word that a cluster drifts, as a vote',
  observe: 'Sets whether the observer looks at it',
};

const START = Date.UTC(2026, 0, 1);
const drift = { session: 'ada', drift_score: 0.7, drift_phase: 'drifted' } as const;

const events: readonly RegionEventIn[] = [
  { type: 'cluster.add', at: START + 1_000, cluster: 'north' },
  { type: 'claim.north.reply', at: START + 1_001 },
  { type: 'cluster.add', at: START + 2_000, cluster: 'south' },
  { type: 'claim.south.reply', at: START + 2_001 },
  { type: 'drift', at: START + 3_000, cluster: 'north', ...drift },
  { type: 'drift', at: START + 4_000, cluster: 'south', ...drift, session: 'bob' },
  { type: 'xstate.done.actor.realign', at: START + 4_005, output: { vector: Float64Array.of(0.6, 0.8, 0, 0) } },
];

export const region = defineKind({
  name: 'region',
  version: 1,
  origin: 'builtin',
  machine,
  farewell,
  commands: Object.fromEntries(
    (Object.keys(schemas) as CommandName[]).map((name) => [name, { summary: summaries[name], schema: schemas[name] }]),
  ),
  example: {
    input: { id: 'example', name: 'eu-west', threshold: 0.6, windowMs: 300_000, at: START } satisfies RegionInput,
    events,
  },
});
