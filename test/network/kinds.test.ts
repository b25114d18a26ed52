/** The network's charts alone: what they refuse, and that nothing they keep grows without end. */
import { describe, expect, it } from 'vitest';
import { moved, trustOf } from '../../actors/kinds/consensus/ledger.ts';
import { type ConsensusContext, MAX_TRUSTED, type Proposal } from '../../actors/kinds/consensus/model.ts';
import { consensus } from '../../actors/kinds/consensus.ts';
import { MAX_USERS, type PartitionContext, partition } from '../../actors/kinds/partition.ts';
import { Statechart } from '../../actors/statechart.ts';

/** Drives a chart; @returns what it did with each event. */
function driven<C>(kind: { machine: never }, id: string) {
  const chart = new Statechart(kind.machine);
  let { snapshot } = chart.initial({ id, at: 0 });
  return {
    get context(): C {
      return snapshot.context as C;
    },
    send(event: { type: string; [key: string]: unknown }): Record<string, unknown[]> {
      const fold = chart.fold(snapshot, { at: 1, ...event } as { type: string });
      const effects: Record<string, unknown[]> = {};
      for (const effect of fold.effects) {
        const { params } = effect as { params: unknown };
        effects[effect.type] = [...(effects[effect.type] ?? []), params];
      }
      // As the runtime does: a refused event leaves no trace.
      if (!effects.refuse) snapshot = fold.snapshot;
      return effects;
    },
  };
}

describe('the partition', () => {
  const fresh = () => driven<PartitionContext>(partition as never, 'users');

  it('keeps everybody who was active, in order and once', () => {
    const users = fresh();
    for (const user of ['b', 'a', 'b', 'c', 'default']) users.send({ type: 'switch', user });
    expect(users.context).toMatchObject({ active: 'default', users: ['a', 'b', 'c', 'default'], switches: 5 });
  });

  it('publishes a switch to somebody else, and none to the same', () => {
    const users = fresh();
    expect(users.send({ type: 'switch', user: 'a' }).publish).toHaveLength(1);
    expect(users.send({ type: 'switch', user: 'a' }).publish).toBeUndefined();
  });

  it.each([undefined, null, 7, '', 'x'.repeat(301), {}])('refuses %j as a user', (user) => {
    expect(fresh().send({ type: 'switch', user }).refuse).toMatchObject([{ code: 'INVALID' }]);
  });

  it(`has room for ${MAX_USERS} users, and goes on switching among them`, () => {
    const users = fresh();
    for (let i = 1; i < MAX_USERS; i++) users.send({ type: 'switch', user: `u${i}` });
    expect(users.send({ type: 'switch', user: 'one more' }).refuse).toMatchObject([{ code: 'CONFLICT' }]);
    expect(users.context.active).toBe(`u${MAX_USERS - 1}`);
    expect(users.send({ type: 'switch', user: 'u1' }).reply).toHaveLength(1);
  });
});

describe('the consensus', () => {
  const fresh = () => driven<ConsensusContext>(consensus as never, 'network');
  const proposed = Float64Array.of(1, 0);
  const open = {
    type: 'open',
    proposal: 'p',
    proposer: 'a',
    proposed,
    rationale: null,
    level: 'unanimous',
    electors: null,
    votingMs: 60_000,
  };
  const decide = { ...open, type: 'decide', level: null, votes: [], agreement: 1 };

  it('sets a durable timer for an open proposal, and takes it back with an early decision', () => {
    const network = fresh();
    const ringing = { id: 'deadline:p', delayMs: 60_000, event: { type: 'deadline', proposal: 'p' } };
    expect(network.send({ ...open, electors: ['a'] }).timer).toEqual([ringing]);
    const last = network.send({ type: 'vote', proposal: 'p', instance: 'a', approve: true, direction: null });
    expect(last.cancelTimer).toEqual([{ id: 'deadline:p' }]);
    const { proposals } = network.context;
    expect(proposals[0]!.status).toBe('accepted');
    network.send({ type: 'deadline', proposal: 'p' });
    expect(network.context.proposals).toEqual(proposals);
  });

  it('counts a voter once, as it voted last', () => {
    const network = fresh();
    const votes = [true, true, false].map((approve) => ({ instance: 'a', approve }));
    network.send({ ...decide, votes });
    expect(network.context.proposals[0]).toMatchObject({ votes: [{ instance: 'a', approve: false }], ratio: 0 });
  });

  it('takes at most 1,000 votes on an open proposal', () => {
    const network = fresh();
    network.send(open);
    const cast = (i: number) =>
      network.send({ type: 'vote', proposal: 'p', instance: `i${i}`, approve: true, direction: null });
    for (let i = 0; i < 1_000; i++) expect(cast(i).refuse).toBeUndefined();
    expect(cast(1_000).refuse).toMatchObject([{ code: 'CONFLICT' }]);
    expect(cast(7).refuse).toBeUndefined();
  });

  it.each([
    ['a vector of zeros', { ...open, proposed: new Float64Array(2) }],
    ['no vector', { ...open, proposed: [1, 0] }],
    ['numbers that are none', { ...open, proposed: Float64Array.of(Number.NaN, 1) }],
    ['a level there is not', { ...open, level: 'most' }],
    ['an id too long for its timer', { ...open, proposal: 'x'.repeat(65) }],
    ['no time to vote', { ...open, votingMs: 0 }],
    ['endless time', { ...open, votingMs: Number.POSITIVE_INFINITY }],
    ['nobody to vote', { ...open, electors: [] }],
    ['an agreement beyond one', { ...decide, agreement: 1.1 }],
    ['votes of nobody', { ...decide, votes: [{ instance: '', approve: true }] }],
    ['a vote on nothing', { type: 'vote', proposal: 'none', instance: 'a', approve: true, direction: null }],
    ['an outcome of nothing', { type: 'outcome', proposal: 'none', outcome: proposed }],
  ])('refuses %s, and keeps nothing of it', (_what, event) => {
    const network = fresh();
    expect(network.send(event).refuse).toMatchObject([{ code: expect.stringMatching(/^(INVALID|NOT_FOUND)$/) }]);
    expect(network.context).toMatchObject({ trust: [], proposals: [] });
  });

  it('refuses a proposal of the same id twice', () => {
    const network = fresh();
    network.send(decide);
    expect(network.send(decide).refuse).toMatchObject([{ code: 'CONFLICT' }]);
    expect(network.context.proposals.map((it: Proposal) => it.id)).toEqual(['p']);
  });
});

describe('the ledger', () => {
  it('forgets those nearest to the initial trust when it is full', () => {
    const far = new Map(Array.from({ length: MAX_TRUSTED }, (_, i) => [`i${i}`, i % 2 ? 0.9 : 0.1] as const));
    const full = moved(moved([], far), new Map([['plain', 0.51]]));
    expect(full).toHaveLength(MAX_TRUSTED);
    expect(full.some(({ instance }) => instance === 'plain')).toBe(false);
    expect(trustOf(full)('plain')).toBe(0.5);
    expect(moved(full, new Map([['liar', 0.05]])).some(({ instance }) => instance === 'liar')).toBe(true);
  });
});
