/**
 * A crash at every commit point there is. The points are not chosen: the scenario is run once and every commit it makes
 * is one, with the disk as it was before it (and so after the one before). Then the machine dies there, comes back, and
 * the client repeats what it has no answer to; and dies again in the middle of that.
 */
import { describe, expect, it } from 'vitest';
import { verifyChain } from '../../src/host/chain.ts';
import { FakeClock } from '../support/clock.ts';
import { type Answers, OUTCOME, outcome, pair, play } from '../support/pair.ts';
import { controlledStore, type Dump, dump } from '../support/stores.ts';
import { testSystem } from '../support/system.ts';

/** Of the second crashes every so many-th; 1, as in CI, for all pairs of points. */
const STRIDE = Number(process.env.SYNOD_CRASH_STRIDE ?? 4);

/** The disk, the clock and what the client knew, at one moment. */
interface Moment {
  readonly content: Dump;
  readonly now: number;
  readonly answers: Answers;
}

const BEGINNING: Moment = { content: [], now: 1_700_000_000_000, answers: new Map() };

/** Lives from a moment to the end of the scenario, checks it, and gives back every commit point on the way. */
async function live(from: Moment, failAt?: number): Promise<Moment[]> {
  const control = controlledStore();
  await control.store.commit(from.content);
  const clock = new FakeClock(from.now);
  const answers: Answers = new Map(from.answers);
  const moments: Moment[] = [];
  const look = () => moments.push({ content: dump(control.store), now: clock.now(), answers: new Map(answers) });
  control.onCommit = () => {
    look();
    if (moments.length - 1 === failAt) throw new Error('input/output error');
  };
  const start = () => testSystem([pair], { store: control.store, clock });
  // The first commit is that of the start itself; a start that fails is tried again.
  const { system, store, stop } = await start().catch(start);
  await play(system, answers, () => clock.advance(40));
  await clock.advance(20_000);
  expect(await outcome(system)).toEqual(OUTCOME);
  expect([store.count('outbox'), store.count('timer')]).toEqual([0, 0]);
  expect(system.deadLetters({ tenant: 't1', limit: 10 })).toEqual([]);
  expect(verifyChain(store, 't1').faults).toEqual([]);
  await stop();
  look();
  return moments;
}

describe('two actors with everything in flight', () => {
  it('lose nothing and do nothing twice, whichever commit the crash comes before, at or after', {
    timeout: 240_000,
  }, async () => {
    const points = await live(BEGINNING);
    expect(points.length).toBeGreaterThan(15);
    let pairs = 0;
    for (const point of points) {
      for (const second of await live(point)) {
        if (pairs++ % STRIDE === 0) await live(second);
      }
    }
    expect(pairs).toBeGreaterThan(5 * points.length);
  });

  it('lose nothing and do nothing twice, whichever commit fails while they live on', { timeout: 120_000 }, async () => {
    const { length } = await live(BEGINNING);
    for (let commit = 0; commit < length - 1; commit++) await live(BEGINNING, commit);
  });
});
