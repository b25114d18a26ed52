/** Proposals to the network: decided at once, or by votes until a durable deadline; and what both do to trust. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CONSENSUS_LEVELS } from '../../actors/kinds/consensus/count.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { FakeClock } from '../support/clock.ts';
import { type Life, live } from './lives.ts';
import { vec } from './vectors.ts';

let store: ReturnType<typeof createMemoryStore>;
let clock: FakeClock;
let life: Life;

beforeEach(async () => {
  store = createMemoryStore();
  clock = new FakeClock();
  life = await live(store, clock);
});
afterEach(() => life.close());

interface Shown {
  readonly proposal_id: string;
  readonly status: string;
  readonly accepted: boolean;
  readonly ratio: number;
  readonly bar: number;
  readonly proposer: string;
  readonly votes: Readonly<Record<string, boolean>>;
  readonly voting_deadline: number | null;
  readonly outcome_cosine: number | null;
  readonly trust_scores: Readonly<Record<string, number>>;
}

const session = (session_id: string, ...state: number[]) =>
  life.call('session.create', { body: { session_id, ...(state.length ? { template_embedding: vec(...state) } : {}) } });
const propose = (body: object) =>
  life.call<Shown>('network.consensus.propose', { body: { target_embedding: vec(1), ...body } });
const vote = (id: string, session_id: string, yes: boolean) =>
  life.call<Shown>('network.consensus.vote', { path: { id }, body: { session_id, vote: yes } });
const proposal = (id: string) => life.call<Shown>('network.consensus.proposal', { path: { id } });
const outcome = (id: string, ...vector: number[]) =>
  life.call<Shown>('network.consensus.outcome', { path: { id }, body: { outcome_embedding: vec(...vector) } });
const trust = async () =>
  (await life.call<{ trust_scores: Record<string, number> }>('network.consensus.trust')).trust_scores;
const restart = async () => {
  await life.close();
  life = await live(store, clock);
};

/** Two for (1,0), one against. */
async function team() {
  await session('a', 1, 0);
  await session('b', 0.8, 0.6);
  await session('c', -1, 0);
}

describe('a proposal without a voting time', () => {
  it('is decided by where every session stands: (1 + cosine) / 2 ≥ 0.6', async () => {
    await team();
    // At a cosine of exactly 0.2 one approves, below it one does not.
    await session('edge', 0.2, Math.sqrt(0.96));
    await session('below', 0.19, Math.sqrt(1 - 0.19 ** 2));
    const reply = await propose({ proposer_session_id: 'a' });
    expect(reply.votes).toEqual({ a: true, b: true, c: false, edge: true, below: false });
    expect(reply).toMatchObject({ accepted: true, status: 'accepted', proposer: 'a', voting_deadline: null });
    expect(reply.ratio).toBeCloseTo(3 / 5, 12);
  });

  it('moves trust: voters by 0.05 as it came out, the proposer a tenth of the way to the ratio', async () => {
    await team();
    const { trust_scores } = await propose({ proposer_session_id: 'a' });
    expect(trust_scores).toEqual({
      a: expect.closeTo(0.5 + 0.1 * (2 / 3 - 0.5), 12),
      b: expect.closeTo(0.55, 12),
      c: expect.closeTo(0.45, 12),
    });
    expect(await trust()).toEqual(trust_scores);
    // Now the votes weigh what their voters are trusted.
    const again = await propose({ proposer_session_id: 'a' });
    const { a, b, c } = trust_scores as { a: number; b: number; c: number };
    expect(again.ratio).toBeCloseTo((a + b) / (a + b + c), 12);
  });

  it.each([undefined, ...CONSENSUS_LEVELS])(
    'with half of the trust for it is accepted at no named level: %s',
    async (consensus_level) => {
      await session('a', 1, 0);
      await session('c', -1, 0);
      expect(await propose({ consensus_level })).toMatchObject({ ratio: 0.5, accepted: consensus_level === undefined });
    },
  );

  it('asks for more of voters who differ: two against one of opposite directions is not enough', async () => {
    await team();
    // Cosines 0.8, −1, −0.8 have the mean −1/3, so the bar is 0.5 + 0.25·4/3.
    const reply = await propose({ consensus_level: 'adaptive_threshold' });
    expect(reply.bar).toBeCloseTo(0.5 + 0.25 * (4 / 3), 6);
    expect(reply).toMatchObject({ accepted: false });
  });

  it('comes from the active user when no session proposes', async () => {
    await session('a', 1, 0);
    expect((await propose({})).proposer).toBe('default');
    await life.call('network.users.switch', { body: { user_id: 'grace' } });
    expect((await propose({})).proposer).toBe('grace');
  });

  it('is voted on by the sessions of the active user alone', async () => {
    await team();
    await life.call('network.users.switch', { body: { user_id: 'grace' } });
    await session('d', 1, 0);
    expect((await propose({})).votes).toEqual({ d: true });
    expect(
      await life
        .call('network.consensus.propose', { body: { target_embedding: vec(1), voters: ['a'] } })
        .catch((error: Error) => error),
    ).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('of a network of nobody is not accepted, and moves no trust', async () => {
    await session('empty');
    expect(await propose({ proposer_session_id: 'empty' })).toMatchObject({ accepted: false, ratio: 0, votes: {} });
    expect(await trust()).toEqual({});
  });

  it('takes effect once under one key', async () => {
    await team();
    const ask = () =>
      life.call<Shown>('network.consensus.propose', { body: { target_embedding: vec(1) } }, { idempotencyKey: 'k' });
    const first = await ask();
    expect(await ask()).toEqual(first);
    await restart();
    expect(await ask()).toEqual(first);
    expect((await trust()).b).toBeCloseTo(0.55, 12);
  });
});

describe('an open proposal', () => {
  const open = (body: object = {}) => propose({ voting_timeout: 300, voters: ['a', 'b', 'c'], ...body });
  beforeEach(team);

  it('is accepted as soon as the others cannot prevent it', async () => {
    const { proposal_id: id, status, voting_deadline } = await open();
    expect([status, voting_deadline]).toEqual(['pending', clock.now() / 1_000 + 300]);
    expect((await vote(id, 'a', true)).status).toBe('pending');
    expect((await vote(id, 'c', false)).status).toBe('pending');
    const last = await vote(id, 'b', true);
    expect(last).toMatchObject({ status: 'accepted', accepted: true });
    expect(last.ratio).toBeCloseTo(2 / 3, 12);
    await expect(vote(id, 'c', true)).rejects.toMatchObject({ code: 'CONFLICT' });
    // The deadline of what is decided moves nothing any more.
    const before = await trust();
    await clock.advance(400_000);
    expect(await trust()).toEqual(before);
  });

  it('stays pending when a unanimous vote failed, until the deadline rejects it', async () => {
    const { proposal_id: id } = await open({ consensus_level: 'unanimous' });
    for (const [who, yes] of [
      ['a', true],
      ['b', true],
      ['c', false],
    ] as const) {
      expect((await vote(id, who, yes)).status).toBe('pending');
    }
    await clock.advance(299_000);
    expect((await proposal(id)).status).toBe('pending');
    await clock.advance(2_000);
    expect(await proposal(id)).toMatchObject({ status: 'rejected', accepted: false });
    expect(await trust()).toMatchObject({ a: expect.closeTo(0.45, 12), c: expect.closeTo(0.55, 12) });
  });

  it('may still be turned by a changed vote', async () => {
    const { proposal_id: id } = await open({ consensus_level: 'unanimous' });
    await vote(id, 'a', true);
    await vote(id, 'c', false);
    await vote(id, 'b', true);
    expect((await vote(id, 'c', true)).status).toBe('accepted');
  });

  it('is counted at its deadline among those who voted, also when the system was down then', async () => {
    const { proposal_id: id } = await open();
    await vote(id, 'a', true);
    await life.close();
    clock = new FakeClock(clock.now() + 3_600_000);
    life = await live(store, clock);
    await clock.advance(1_000);
    expect(await proposal(id)).toMatchObject({ status: 'accepted', ratio: 1, votes: { a: true } });
    expect((await trust()).a).toBeCloseTo(0.55, 12);
  });

  it.each([3_600_000, -3_600_000])('is decided once although the clock jumps by %i ms', async (jump) => {
    const { proposal_id: id } = await open();
    await vote(id, 'a', true);
    clock.jump(jump);
    await clock.advance(2 * 3_600_000);
    expect((await proposal(id)).status).toBe('accepted');
    expect((await trust()).a).toBeCloseTo(0.55, 12);
  });

  it('keeps the vote of a session that is deleted', async () => {
    const { proposal_id: id } = await open();
    await vote(id, 'a', true);
    await life.call('session.delete', { path: { id: 'a' } });
    await expect(vote(id, 'a', false)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await vote(id, 'b', true)).toMatchObject({ status: 'accepted', votes: { a: true, b: true } });
  });

  it('shows the trust of its voters to whoever reads it', async () => {
    const { proposal_id: id } = await open();
    await vote(id, 'a', true);
    expect((await proposal(id)).trust_scores).toEqual({ a: 0.5, default: 0.5 });
  });

  it('that nobody voted on is rejected, and moves no trust', async () => {
    const { proposal_id: id } = await open();
    await clock.advance(301_000);
    expect(await proposal(id)).toMatchObject({ status: 'rejected', ratio: 0 });
    expect(await trust()).toEqual({});
  });

  it('without named voters takes the vote of any session, and waits for its deadline', async () => {
    const { proposal_id: id } = await open({ voters: undefined });
    expect((await vote(id, 'c', true)).status).toBe('pending');
    await clock.advance(301_000);
    expect((await proposal(id)).status).toBe('accepted');
  });

  it('at the adaptive level knows the agreement of those who voted', async () => {
    const { proposal_id: id } = await open({ consensus_level: 'adaptive_threshold' });
    await vote(id, 'a', true);
    await vote(id, 'c', false);
    // A change of mind is still one voice.
    await vote(id, 'c', true);
    await vote(id, 'c', false);
    const all = await vote(id, 'b', true);
    expect(all.bar).toBeCloseTo(0.5 + 0.25 * (4 / 3), 6);
    expect(all.status).toBe('pending');
  });

  it.each([
    ['a proposal there is not', () => vote('p', 'a', true), 'NOT_FOUND'],
    ['a voter who is not asked', async () => vote((await open({ voters: ['a'] })).proposal_id, 'b', true), 'CONFLICT'],
    ['a voter there is not', async () => vote((await open()).proposal_id, 'nobody', true), 'NOT_FOUND'],
    ['an outcome before the decision', async () => outcome((await open()).proposal_id, 1), 'CONFLICT'],
    ['voters there are not', () => open({ voters: ['a', 'nobody'] }), 'NOT_FOUND'],
    ['a proposer there is not', () => open({ proposer_session_id: 'nobody' }), 'NOT_FOUND'],
    ['no direction', () => open({ target_embedding: vec(0) }), 'INVALID'],
    ['another length', () => open({ target_embedding: [1, 2] }), 'INVALID'],
    ['nothing proposed', () => open({ target_embedding: undefined }), 'INVALID'],
    ['a level there is not', () => open({ consensus_level: 'most' }), 'INVALID'],
    ['a week and more', () => open({ voting_timeout: 700_000 }), 'INVALID'],
  ])('with %s is refused', async (_what, act, code) => {
    const before = await trust();
    await expect(act()).rejects.toMatchObject({ code });
    expect(await trust()).toEqual(before);
  });

  it('is one of at most 64 at a time', async () => {
    for (let i = 0; i < 64; i++) await open();
    await expect(open()).rejects.toMatchObject({ code: 'CONFLICT' });
    await clock.advance(301_000);
    expect((await open()).status).toBe('pending');
  });

  it('is forgotten after 127 more, decided ones only', async () => {
    const { proposal_id: pending } = await open({ voting_timeout: 604_800 });
    const { proposal_id: first } = await propose({});
    for (let i = 0; i < 127; i++) await propose({});
    await expect(proposal(first)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect((await proposal(pending)).status).toBe('pending');
  });
});

describe('an outcome', () => {
  beforeEach(team);

  it('that proves the proposal right raises who was for it, and lowers who was against', async () => {
    const { proposal_id: id, trust_scores: before } = await propose({ proposer_session_id: 'a' });
    const { a, b, c } = before as { a: number; b: number; c: number };
    const known = await outcome(id, 0.9, 0.1);
    expect(known.outcome_cosine).toBeCloseTo(0.9 / Math.hypot(0.9, 0.1), 12);
    expect(known.trust_scores).toEqual({
      a: expect.closeTo(a + 0.1 * (1 - a), 12),
      b: expect.closeTo(b + 0.1 * (1 - b), 12),
      c: expect.closeTo(c - 0.2 * c, 12),
    });
  });

  it('that proves it wrong raises the minority that was against', async () => {
    const { proposal_id: id, trust_scores: before } = await propose({ proposer_session_id: 'a' });
    const { b, c } = before as { b: number; c: number };
    const { trust_scores: after } = await outcome(id, -1);
    expect(after).toMatchObject({ b: expect.closeTo(0.8 * b, 12), c: expect.closeTo(c + 0.1 * (1 - c), 12) });
  });

  it('is told once', async () => {
    const { proposal_id: id } = await propose({});
    await outcome(id, 1);
    const before = await trust();
    await expect(outcome(id, -1)).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(outcome(id, 0)).rejects.toMatchObject({ code: 'INVALID' });
    expect(await trust()).toEqual(before);
  });

  it('repeated turns a colluding majority into the weaker side', async () => {
    for (let i = 0; i < 7; i++) await outcome((await propose({})).proposal_id, -1);
    const { a, b, c } = (await trust()) as { a: number; b: number; c: number };
    expect(a + b).toBeLessThan(c);
    expect((await propose({})).accepted).toBe(false);
  });
});

it('trust is there after a restart, of instances with any name', async () => {
  for (const name of ['__proto__', 'constructor', 'a/b', 'ü']) await session(name, 1, 0);
  await propose({});
  const before = await trust();
  expect(Object.keys(before).sort()).toEqual(['__proto__', 'a/b', 'constructor', 'default', 'ü']);
  await restart();
  expect(await trust()).toEqual(before);
});

it('tells what happened in the log', async () => {
  await team();
  await propose({});
  const types = life.runtime.system
    .records({ tenant: 'ada', after: 0, limit: 1_000 })
    .filter(({ address }) => address.kind === 'consensus')
    .map(({ type }) => type);
  expect(types).toEqual(['synod.created', 'decide', 'proposal.opened', 'proposal.decided', 'trust.changed']);
});
