/**
 * A crash at every commit of a day in the network: sessions, a switch of users and back, transfers, proposals and votes.
 * Each commit is a point before which and after which the machine dies; then it comes back with the disk of that moment,
 * and the client repeats, under the same keys, what it had no answer to. The end must be the same to the bit.
 */
import { expect, it } from 'vitest';
import type { ConsensusContext } from '../../actors/kinds/consensus/model.ts';
import { verifyChain } from '../../src/host/chain.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { FakeClock } from '../support/clock.ts';
import { type Dump, dump } from '../support/stores.ts';
import { type Life, live } from './lives.ts';
import { vec } from './vectors.ts';

interface Moment {
  readonly content: Dump;
  readonly now: number;
  readonly answers: ReadonlyMap<string, unknown>;
}

const BEGINNING: Moment = { content: [], now: 1_700_000_000_000, answers: new Map() };

type Step = readonly [operation: string, input: object];

const session = (session_id: string, ...state: number[]): Step => [
  'session.create',
  { body: { session_id, template_embedding: vec(...state) } },
];
const user = (user_id: string): Step => ['network.users.switch', { body: { user_id } }];

const DAY: readonly Step[] = [
  session('a', 1, 0),
  session('b', 0, 1),
  ['session.store', { body: { session_id: 'a', message: 'a question', response: 'an answer' } }],
  ['network.transfer', { body: { source_session_id: 'a', target_session_id: 'b', max_weight: 0.5 } }],
  user('grace'),
  session('g', 0, 0, 1),
  [
    'network.transfer',
    {
      body: {
        source_instance: 'afar',
        target_instance: 'g',
        transfer_type: 'MEMORY_FRAGMENT',
        state_vector: vec(0, 1),
        text: 'a fact',
      },
    },
  ],
  [
    'network.transfer',
    {
      body: { source_instance: 'afar', target_instance: 'g', transfer_type: 'SEMANTIC_DELTA', state_vector: vec(0, 3) },
    },
  ],
  ['network.consensus.propose', { body: { target_embedding: vec(0, 0, 1) } }],
  user('default'),
  ['network.consensus.propose', { body: { target_embedding: vec(0, 1), proposer_session_id: 'a' } }],
  ['network.consensus.propose', { body: { target_embedding: vec(1), voting_timeout: 60, voters: ['a', 'b'] } }],
];

/** Sends what has no answer yet. A vote needs the id of its proposal, which follows from the key it was made under. */
async function play({ call }: Life, answers: Map<string, unknown>): Promise<void> {
  const once = async (key: string, [operation, input]: Step) => {
    if (!answers.has(key)) answers.set(key, await call(operation, input, { idempotencyKey: key }));
    return answers.get(key);
  };
  let last: unknown;
  for (const [index, step] of DAY.entries()) last = await once(`step-${index}`, step);
  const { proposal_id: id } = last as { proposal_id: string };
  await once('vote', ['network.consensus.vote', { path: { id }, body: { session_id: 'b', vote: true } }]);
}

/** Everything the day left behind. */
async function outcome({ call, runtime }: Life): Promise<object> {
  const sessions = async (id: string) =>
    (await call<{ state: object }>('network.users.serialize', { path: { id } })).state;
  const network = await runtime.system.read<ConsensusContext>({ tenant: 'ada', kind: 'consensus', id: 'network' });
  const { trust, proposals, accepted, rejected } = network!.context;
  return {
    mine: await sessions('default'),
    grace: await sessions('grace'),
    active: await call('network.users.active'),
    trust,
    proposals: proposals.map(({ id, status, ratio, votes }) => ({ id, status, ratio, votes })),
    decided: [accepted, rejected],
  };
}

/** Lives from a moment to the end of the day, and gives back its end and every moment on the way. */
async function lifeFrom(from: Moment): Promise<{ end: object; moments: Moment[] }> {
  const inner = createMemoryStore();
  await inner.commit(from.content);
  const clock = new FakeClock(from.now);
  const answers = new Map(from.answers);
  const moments: Moment[] = [];
  const look = () => moments.push({ content: dump(inner), now: clock.now(), answers: new Map(answers) });
  const store: Store = {
    name: inner.name,
    get: (table, key) => inner.get(table, key),
    range: (table, options) => inner.range(table, options),
    count: (table) => inner.count(table),
    sizeBytes: () => inner.sizeBytes(),
    close: () => inner.close(),
    commit: async (ops) => {
      look();
      await inner.commit(ops);
      // Durable, and nobody was told yet.
      look();
    },
  };
  const life = await live(store, clock);
  await play(life, answers);
  await clock.advance(120_000);
  const end = await outcome(life);
  expect([inner.count('outbox'), inner.count('timer')]).toEqual([0, 0]);
  expect(verifyChain(inner, 'ada').faults).toEqual([]);
  await life.close();
  return { end, moments };
}

it('a day in the network ends the same, whichever commit the crash comes before or after', {
  timeout: 240_000,
}, async () => {
  const { end, moments } = await lifeFrom(BEGINNING);
  expect(end).toMatchObject({
    active: { active_user: 'default' },
    // By g alone; by a and b; by the vote of b, at its deadline.
    proposals: [{ status: 'accepted' }, { status: 'accepted' }, { status: 'accepted', votes: [{ instance: 'b' }] }],
    decided: [3, 0],
    grace: { sessions: [{ session_id: 'g', turns: 0, memories: [{ text: 'a fact' }] }] },
    mine: {
      sessions: [
        { session_id: 'a', turns: 1 },
        { session_id: 'b', turns: 0 },
      ],
    },
  });
  const { state } = (end as { grace: { sessions: { state: number[] }[] } }).grace.sessions[0]!;
  // (0,0,1) + 0.15·(0,3,0), once: the second number over the third is 0.45.
  expect(state[1]! / state[2]!).toBeCloseTo(0.45, 12);

  expect(moments.length).toBeGreaterThan(25);
  for (const moment of moments) expect((await lifeFrom(moment)).end).toEqual(end);
});
