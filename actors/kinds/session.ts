/**
 * The session: one conversation's memory. It takes in question and answer pairs, keeps a vector of what the conversation
 * is about, notices when it drifts, and keeps what was said in three tiers.
 *
 * The chart's states are the isolation levels. Every command answers with its outcome; one that cannot be done is refused
 * with its code and leaves no trace. In LOCKDOWN a release is refused while anything waits in the quarantine buffer.
 */
import { setup } from 'xstate';
import { effects } from '../effects.ts';
import { defineKind } from '../kind.ts';
import { DEFAULT_USER } from './partition.ts';
import { farewell, tidings } from './session/circle.ts';
import { createSession, type SessionInput } from './session/create.ts';
import { type CommandName, type SessionEvent, schemas } from './session/events.ts';
import { handle } from './session/handle.ts';
import type { IsolationLevel, SessionContext } from './session/model.ts';
import { isFailure } from './session/outcomes.ts';
import { packed } from './session/packs.ts';

const chart = setup({
  types: {} as { context: SessionContext; events: SessionEvent; input: SessionInput },
  actions: { ...effects },
  guards: {
    isolated: ({ context }, level: IsolationLevel) => context.isolation.level === level,
    nothingWaits: ({ context }) => context.quarantine.length === 0,
  },
});

const turn = chart.enqueueActions(({ context, event, enqueue }) => {
  const { context: next, outcome, facts } = handle(context, event);
  enqueue.assign(() => ({ ...next, outcome }));
  if (isFailure(outcome)) enqueue({ type: 'refuse', params: outcome.error });
  for (const fact of facts) enqueue({ type: 'publish', params: fact });
  for (const message of tidings(next, facts)) enqueue({ type: 'send', params: message });
});

const reply = { type: 'reply', params: ({ context }: { context: SessionContext }) => context.outcome } as const;

const answered = { actions: [turn, reply] } as const;

/** The level is a field of the context too, as both `isolate` and `import` set it; the chart follows. */
const to = (level: IsolationLevel) => ({ guard: { type: 'isolated', params: level }, target: level }) as const;

export const machine = chart.createMachine({
  id: 'session',
  context: ({ input }) => createSession(input),
  initial: 'OPEN',
  on: {
    run: answered,
    store: answered,
    'trigger.add': answered,
    'trigger.clear': answered,
    'anchor.add': answered,
    isolate: answered,
    'memory.inject': answered,
    'entity.put': answered,
    'entity.remove': answered,
    'entity.touch': answered,
    import: answered,
    'vector.set': answered,
    'vector.blend': answered,
    'cluster.join': answered,
    'cluster.leave': answered,
  },
  states: {
    OPEN: { on: { release: answered }, always: [to('FILTER'), to('QUARANTINE'), to('LOCKDOWN')] },
    FILTER: { on: { release: answered }, always: [to('OPEN'), to('QUARANTINE'), to('LOCKDOWN')] },
    QUARANTINE: { on: { release: answered }, always: [to('OPEN'), to('FILTER'), to('LOCKDOWN')] },
    LOCKDOWN: {
      on: { release: { ...answered, guard: 'nothingWaits' } },
      always: [to('OPEN'), to('FILTER'), to('QUARANTINE')],
    },
  },
});

const summaries: Readonly<Record<CommandName, string>> = {
  run: 'Stores the answer to the last message, measures this one and buffers it until its answer comes',
  store: 'Takes in an answer, with the message that waits for it or the one it brings along',
  'trigger.add': 'Adds a keyword or a direction whose appearance makes a turn count',
  'trigger.clear': 'Removes all triggers',
  'anchor.add': 'Adds a direction the session should not lose',
  isolate: 'Sets which inputs are let in',
  release: 'Stores what isolation set aside, in order',
  'memory.inject': 'Puts a memory straight into a tier',
  'entity.put': 'Writes an exact name and value into the literal cache',
  'entity.remove': 'Removes an entry of the literal cache',
  'entity.touch': 'Counts that entries of the literal cache were shown',
  import: 'Takes over an exported state',
  'vector.set': "Replaces the session's vector",
  'vector.blend': 'Moves the vector a share of the way to another one',
  'cluster.join': 'Becomes a member of a cluster, of one at a time',
  'cluster.leave': 'Stops being a member',
};

const START = Date.UTC(2026, 0, 1);
const north = Float32Array.of(1, 0, 0, 0);
const northEast = Float32Array.of(0.8, 0.6, 0, 0);

const events: readonly SessionEvent[] = [
  {
    type: 'run',
    at: START + 1_000,
    message: 'Which port does the server use?',
    embedding: north,
    recalled: [],
    response: null,
    reset: false,
    timestamp: null,
    episode: null,
  },
  {
    type: 'store',
    at: START + 2_000,
    response: 'Port 8080.',
    embedding: northEast,
    pendingId: 1,
    message: null,
    messageEmbedding: null,
    timestamp: null,
    episode: null,
  },
  {
    type: 'entity.put',
    at: START + 3_000,
    key: 'PORT',
    kind: 'constant',
    value: '8080',
    context: null,
    importance: 1,
  },
];

export const session = defineKind({
  name: 'session',
  version: 3,
  migrations: {
    1: (state) => {
      const { outcome, ...rest } = state.context as SessionContext;
      return { ...state, context: { ...rest, cluster: null, outcome } };
    },
    // What was made before there were users belongs to the one everybody begins as; a cluster's own session to nobody.
    2: (state) => {
      const { outcome, ...rest } = state.context as SessionContext;
      return { ...state, context: { ...rest, user: rest.cluster === rest.id ? null : DEFAULT_USER, outcome } };
    },
  },
  origin: 'builtin',
  machine,
  arrange: (context: SessionContext): SessionContext => ({ ...context, memories: packed(context.memories) }),
  farewell,
  commands: Object.fromEntries(
    (Object.keys(schemas) as CommandName[]).map((name) => [name, { summary: summaries[name], schema: schemas[name] }]),
  ),
  example: {
    input: {
      id: 'example',
      config: { dimension: 4 },
      template: null,
      policies: [],
      user: DEFAULT_USER,
      at: START,
    } satisfies SessionInput,
    events,
  },
});
