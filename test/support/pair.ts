/**
 * Two actors that have everything in flight with each other: messages, questions, durable timers, timed states and
 * promises; and a client that repeats each call under its key until it is answered. However often it all crashes, the
 * end must be the same.
 */
import { assign, fromPromise, setup } from 'xstate';
import type { Address } from '../../actors/address.ts';
import { effects } from '../../actors/effects.ts';
import { defineKind } from '../../actors/kind.ts';
import type { Answered } from '../../actors/ports.ts';
import type { System } from '../../actors/system.ts';

export interface Pair {
  readonly other: string;
  /** What it told the other, and was told. */
  readonly told: number[];
  readonly took: number[];
  /** Its timers that fired, and those of the other. */
  readonly rang: number[];
  readonly heard: number[];
  /** Questions it was to ask, those it answered, and the answers it had. */
  readonly asked: number[];
  readonly answered: number[];
  readonly answers: number[];
  /** Outcomes of its promises, and of the other's. */
  readonly worked: number[];
  readonly seen: number[];
  /** Naps it ended. */
  readonly naps: number;
}

type Event =
  | { type: 'tell' | 'take' | 'ring' | 'hear' | 'question' | 'answer' | 'work' | 'see'; n: number }
  | { type: 'nap' }
  | { type: 'said.reply'; value: unknown }
  | { type: 'said.error'; code: string };

type Lists = { [K in keyof Pair]: Pair[K] extends number[] ? K : never }[keyof Pair];

const send = (type: Event['type']) => ({
  type: 'send' as const,
  params: ({ context, event }: { context: Pair; event: Event }) => ({
    to: { kind: 'pair', id: context.other },
    event: { type, n: (event as { n: number }).n },
  }),
});

const machine = setup({
  types: {} as { context: Pair; input: { other: string }; events: Event },
  actions: {
    ...effects,
    note: assign(({ context, event }, list: Lists) => ({ [list]: [...context[list], (event as { n: number }).n] })),
  },
  actors: { job: fromPromise<number, number>(async ({ input }) => input * 100) },
  delays: { nap: 40 },
}).createMachine({
  context: ({ input }) => ({
    other: input.other,
    told: [],
    took: [],
    rang: [],
    heard: [],
    asked: [],
    answered: [],
    answers: [],
    worked: [],
    seen: [],
    naps: 0,
  }),
  type: 'parallel',
  on: {
    tell: {
      actions: [
        { type: 'note', params: 'told' },
        send('take'),
        {
          type: 'timer',
          params: ({ event }) => ({ id: `t${event.n}`, delayMs: 30, event: { type: 'ring', n: event.n } }),
        },
        { type: 'publish', params: ({ event }) => ({ type: 'telling', payload: event.n }) },
        { type: 'reply', params: ({ event }) => event.n },
      ],
    },
    take: { actions: { type: 'note', params: 'took' } },
    ring: { actions: [{ type: 'note', params: 'rang' }, send('hear')] },
    hear: { actions: { type: 'note', params: 'heard' } },
    question: {
      actions: [
        { type: 'note', params: 'asked' },
        {
          type: 'ask',
          params: ({ context, event }) => ({
            to: { kind: 'pair', id: context.other },
            event: { type: 'answer', n: event.n },
            as: 'said',
          }),
        },
      ],
    },
    answer: {
      actions: [
        { type: 'note', params: 'answered' },
        { type: 'reply', params: ({ event }) => event.n * 10 },
      ],
    },
    'said.reply': {
      actions: [
        assign({ answers: ({ context, event }) => [...context.answers, Number(event.value)] }),
        { type: 'reply', params: ({ event }) => Number(event.value) },
      ],
    },
    'said.error': {
      actions: [
        assign({ answers: ({ context }) => [...context.answers, -1] }),
        { type: 'reply', params: ({ event }) => event.code },
      ],
    },
    see: { actions: { type: 'note', params: 'seen' } },
  },
  states: {
    job: {
      initial: 'idle',
      states: {
        idle: { on: { work: { target: 'busy', actions: { type: 'reply', params: ({ event }) => event.n } } } },
        busy: {
          invoke: {
            id: 'job',
            src: 'job',
            input: ({ event }) => (event.type === 'work' ? event.n : -1),
            onDone: {
              target: 'idle',
              actions: [
                assign({ worked: ({ context, event }) => [...context.worked, event.output] }),
                {
                  type: 'send',
                  params: ({ context, event }) => ({
                    to: { kind: 'pair', id: context.other },
                    event: { type: 'see', n: event.output },
                  }),
                },
              ],
            },
          },
        },
      },
    },
    rest: {
      initial: 'awake',
      states: {
        awake: { on: { nap: { target: 'napping', actions: { type: 'reply', params: () => 'napping' } } } },
        napping: {
          after: { nap: { target: 'awake', actions: assign({ naps: ({ context }) => context.naps + 1 }) } },
        },
      },
    },
  },
});

export const pair = defineKind({
  name: 'pair',
  version: 1,
  machine,
  commands: { tell: { summary: 'Tells the other.' } },
  example: { input: { other: 'b' }, events: [{ type: 'nap' }] },
});

export const who = (id: string): Address => ({ tenant: 't1', kind: 'pair', id });

type Call = readonly [
  id: 'a' | 'b',
  event: { readonly type: 'nap' } | { readonly type: 'tell' | 'question' | 'work'; readonly n: number },
];

/** What the client wants; those in one row at once. */
const SCENARIO: readonly (readonly Call[])[] = [
  [
    ['a', { type: 'tell', n: 1 }],
    ['b', { type: 'tell', n: 2 }],
  ],
  [['a', { type: 'question', n: 3 }]],
  [
    ['a', { type: 'work', n: 4 }],
    ['b', { type: 'nap' }],
    ['b', { type: 'tell', n: 5 }],
  ],
  [
    ['b', { type: 'question', n: 6 }],
    ['a', { type: 'tell', n: 7 }],
    ['b', { type: 'work', n: 8 }],
    ['a', { type: 'nap' }],
  ],
];

/** Answers by the call's key. */
export type Answers = Map<string, unknown>;

/** How the client passes the time between two tries. */
export type Pause = () => Promise<unknown>;

/**
 * Makes both actors and every call, each under its key, until all are answered.
 *
 * @param answers what was answered before: asked again it must be a repetition and give the same
 * @throws Error for an answer that differs, and when the end does not come
 */
export async function play(system: System, answers: Answers, pause: Pause): Promise<void> {
  const made = (id: string, other: string) => () => system.spawn(who(id), { other }, { idempotencyKey: `make ${id}` });
  await settleAll([['make a', made('a', 'b')]], answers, pause);
  await settleAll([['make b', made('b', 'a')]], answers, pause);
  for (const row of SCENARIO) {
    const calls = row.map(([id, event]): [string, () => Promise<Answered>] => {
      const key = `${id} ${JSON.stringify(event)}`;
      return [key, () => system.ask(who(id), event, { idempotencyKey: key, deadlineMs: 5_000 })];
    });
    await settleAll(calls, answers, pause);
  }
}

/**
 * Makes calls at once, each again until it is answered.
 *
 * @param calls by key
 * @throws Error for an answer that differs from the one before, or took effect again
 */
export async function settleAll(
  calls: readonly (readonly [string, () => Promise<Pick<Answered, 'reply' | 'repeated'>>])[],
  answers: Answers,
  pause: Pause,
): Promise<void> {
  let open = [...calls];
  for (let tries = 0; open.length > 0; tries++) {
    if (tries > 100) throw new Error(`no answer to ${open.map(([key]) => key)}`);
    const done = new Set<string>();
    const failures: unknown[] = [];
    const asked = open.map(([key, ask]) =>
      ask().then(
        ({ reply: given, repeated }) => {
          // A reply that is none is remembered as null.
          const reply = given ?? null;
          if (answers.has(key) && !repeated) throw new Error(`${key} took effect again`);
          if (answers.has(key) && answers.get(key) !== reply) throw new Error(`${key} was answered differently`);
          answers.set(key, reply);
          done.add(key);
        },
        (error: { retry?: boolean }) => {
          if (error.retry !== true) throw error;
        },
      ),
    );
    let waiting = true;
    void Promise.all(asked.map((one) => one.catch((error: unknown) => failures.push(error)))).then(() => {
      waiting = false;
    });
    do await pause();
    while (waiting);
    if (failures.length > 0) throw failures[0];
    open = open.filter(([key]) => !done.has(key));
  }
}

/** What the two must have come to, order aside where several things were under way. */
export const OUTCOME = {
  a: {
    told: [1, 7],
    took: [2, 5],
    rang: [1, 7],
    heard: [2, 5],
    asked: [3],
    answered: [6],
    answers: [30],
    worked: [400],
    seen: [800],
    naps: 1,
  },
  b: {
    told: [2, 5],
    took: [1, 7],
    rang: [2, 5],
    heard: [1, 7],
    asked: [6],
    answered: [3],
    answers: [60],
    worked: [800],
    seen: [400],
    naps: 1,
  },
} as const;

/** What they came to. */
export async function outcome(system: System): Promise<object> {
  const [a, b] = await Promise.all(['a', 'b'].map((id) => system.read<Pair>(who(id))));
  const facts = ({ other: _other, ...rest }: Pair) => rest;
  return { a: a && facts(a.context), b: b && facts(b.context) };
}
