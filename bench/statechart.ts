/**
 * Folding an event into a state: our `Statechart` beside XState's own actor with the same machine.
 *
 * Measures events per second of `fold` (the next state, and what the event wants from the world as data) with a machine of
 * two states, and with the session: `store` into one whose tiers are full. The baseline is `createActor().send` of that
 * very machine, which also runs its actions and keeps the state. The two take turns in one process. Does not measure:
 * mailboxes, commits, replies, snapshots, embedding.
 */
import { type AnyStateMachine, assign, createActor, type EventObject, setup } from 'xstate';
import { createSession } from '../actors/kinds/session/create.ts';
import { chunkText } from '../actors/kinds/session/store.ts';
import { machine as session } from '../actors/kinds/session.ts';
import { Statechart } from '../actors/statechart.ts';
import type { BenchOptions, Measurement } from '../src/cli/bench.ts';
import { createHashEmbedder } from '../src/embedding/hash.ts';
import type { Outcome } from './index.ts';
import { createRandom, messageOf } from './load/words.ts';
import { ROUNDS, type Round, rangeOf, ratioOf, spin } from './rounds.ts';

/** Two states, a guard and an assignment: the least a statechart is good for. */
const door = setup({
  types: {} as { context: { opened: number }; events: { type: 'push' } },
  guards: { notWornOut: ({ context }) => context.opened < Number.MAX_SAFE_INTEGER },
}).createMachine({
  id: 'door',
  context: { opened: 0 },
  initial: 'closed',
  states: {
    closed: {
      on: {
        push: {
          guard: 'notWornOut',
          target: 'open',
          actions: assign({ opened: ({ context }) => context.opened + 1 }),
        },
      },
    },
    open: { on: { push: 'closed' } },
  },
});

interface Subject {
  readonly name: string;
  readonly machine: AnyStateMachine;
  readonly input: unknown;
  /** What both are told before the clock begins. */
  readonly before: readonly EventObject[];
  /** The event number `i`; making it is part of both times. */
  readonly event: (i: number) => EventObject;
}

export async function measureStatechart({ seconds = 1, fill, progress }: BenchOptions): Promise<Outcome> {
  const push = { type: 'push' };
  const small: Subject = {
    name: 'a machine of two states',
    machine: door,
    input: undefined,
    before: [],
    event: () => push,
  };
  const measurements: Measurement[] = [];
  for (const subject of [small, await fullSession(fill)]) {
    measurements.push(...compare(subject, seconds, (line) => progress(`statechart: ${subject.name}, ${line}`)));
    await new Promise(setImmediate);
  }
  return { measurements, notes: [`statechart: the session holds ${fill} memories when the clock begins`] };
}

function compare({ name, machine, input, before, event }: Subject, seconds: number, say: (line: string) => void) {
  const chart = new Statechart(machine);
  let { snapshot } = chart.initial(input);
  const actor = createActor(machine, { input });
  actor.start();
  for (const told of before) {
    snapshot = chart.fold(snapshot, told).snapshot;
    actor.send(told);
  }
  let folded = 0;
  let sent = 0;
  const fold = () => {
    snapshot = chart.fold(snapshot, event(folded++)).snapshot;
  };
  const send = () => actor.send(event(sent++));
  spin(Math.min(seconds, 0.3), fold);
  spin(Math.min(seconds, 0.3), send);
  const folds: Round[] = [];
  const sends: Round[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    say(`round ${round} of ${ROUNDS}`);
    sends.push(spin(seconds, send));
    folds.push(spin(seconds, fold));
  }
  actor.stop();
  return [
    { ...line(`fold, ${name}`, folds), ofBaseline: ratioOf(folds, sends) },
    line(`baseline: actor.send, ${name}`, sends),
  ];
}

function line(name: string, rounds: readonly Round[]): Measurement {
  return { benchmark: 'statechart', case: name, unit: 'events/s', ...rangeOf(rounds) };
}

/** Vectors that come again and again; the texts are new each time, or they would be known already. */
const VECTORS = 256;

async function fullSession(memories: number): Promise<Subject> {
  const embedder = createHashEmbedder();
  const random = createRandom(1);
  const texts = Array.from({ length: VECTORS }, () => messageOf(random));
  const vectors = await embedder.embed(
    texts.map((text) => chunkText(null, text)),
    'document',
  );
  const at = Date.UTC(2026, 0, 1);
  const config = { dimension: embedder.dimension, embedder: embedder.id };
  const input = { id: 'bench', config, template: null, policies: [], at };
  // Refuses what does not fit before a machine swallows it.
  createSession(input);
  const event = (i: number) => ({
    type: 'store',
    at: at + i,
    response: `${texts[i % VECTORS]} ${i}`,
    embedding: vectors[i % VECTORS]!,
    pendingId: null,
    message: null,
    messageEmbedding: null,
    timestamp: null,
    episode: null,
  });
  const before = Array.from({ length: memories }, (_, i) => event(-1 - i + VECTORS * memories));
  return { name: 'store into a full session', machine: session, input, before, event };
}
