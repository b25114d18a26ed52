/** Votes by hand: how many there are, how long they last, and what they lead to. */
import { expect, it } from 'vitest';
import { MAX_EVENTS } from '../../actors/kinds/region/model.ts';
import { Driven, MINUTE, START } from './drive.ts';

const HOUR = 60 * MINUTE;

it('realigns when the share of voting clusters reaches the threshold, and not before', () => {
  const region = new Driven({ threshold: 0.6 }).with('a', 'b', 'c', 'd', 'e');
  for (const cluster of ['a', 'b']) region.drift(cluster);
  expect([region.state, region.context.reached]).toEqual(['watching', null]);
  region.at += 5;
  region.drift('d', 0.9);
  expect(region.state).toBe('realigning');
  const drift = { cluster: 'd', session: 'd-1', score: 0.9, phase: 'drifted', at: START + 5 };
  expect(region.context.reached).toEqual({ at: START + 5, voters: ['a', 'b', 'd'], share: 0.6, drift });
  expect(region.wished('invoke')).toMatchObject([
    { src: 'realignment', input: { session: 'r', clusters: ['a', 'b', 'c', 'd', 'e'] } },
  ]);
});

it.each([
  [0, ['a']],
  [1 / 3, ['a']],
  [0.34, ['a', 'b']],
  [2 / 3, ['a', 'b']],
  [0.67, ['a', 'b', 'c']],
  [1, ['a', 'b', 'c']],
])('with a threshold of %d of three clusters it takes the votes of %j', (threshold, voters) => {
  const region = new Driven({ threshold }).with('a', 'b', 'c');
  for (const cluster of voters) {
    expect(region.state).toBe('watching');
    region.drift(cluster);
  }
  expect(region.state).toBe('realigning');
});

it('counts one vote of a cluster, however often it drifts', () => {
  const region = new Driven({ threshold: 1 }).with('a', 'b');
  for (let i = 0; i < 10; i++) region.drift('a');
  expect([region.state, region.voters]).toEqual(['watching', ['a']]);
  expect(region.drift('b').state).toBe('realigning');
});

it('ends a vote a window after the newest drift it stands for', () => {
  const region = new Driven({ threshold: 1 }).with('a', 'b').drift('a');
  region.at += MINUTE - 1;
  region.drift('a');
  expect(region.wished('timer')).toEqual([
    { id: 'vote.a', delayMs: MINUTE, event: { type: 'vote.ended', cluster: 'a' } },
  ]);
  region.at += MINUTE;
  region.send('vote.ended', { cluster: 'a' });
  expect([region.voters, region.drift('b').state]).toEqual([[], 'watching']);
});

it('does not count a vote that has ended, even when its timer is late', () => {
  const region = new Driven({ threshold: 1 }).with('a', 'b').drift('a');
  region.at += MINUTE;
  region.drift('b');
  expect([region.state, region.voters]).toEqual(['watching', ['b']]);
  expect(region.wished('cancelTimer')).toEqual([{ id: 'vote.a' }]);
});

it('hears the votes that come while it realigns together with the others', () => {
  const region = new Driven().with('a', 'b', 'c', 'd').drift('a').drift('b');
  expect(region.state).toBe('realigning');
  region.drift('c').drift('d').done();
  expect([region.state, region.voters, region.context.realignments]).toEqual(['watching', [], 1]);
});

it('has no second vote of a cluster in the window of one that was heard', () => {
  const region = new Driven().with('a', 'b').drift('a').done();
  region.at += MINUTE - 1;
  expect(region.drift('a').state).toBe('watching');
  region.at += 1;
  expect(region.drift('a').state).toBe('realigning');
  expect(region.done().context.realignments).toBe(2);
});

it('realigns again when others reach the threshold', () => {
  const region = new Driven().with('a', 'b').drift('a').done().drift('b');
  expect(region.state).toBe('realigning');
  expect(region.context.reached?.voters).toEqual(['b']);
});

it('after a jump of the clock backwards keeps a heard vote for one window, and starts nothing', () => {
  const region = new Driven().with('a', 'b').drift('a').done();
  region.at -= 5 * HOUR;
  expect(region.drift('a').state).toBe('watching');
  expect(region.wished('timer')).toMatchObject([{ id: 'vote.a', delayMs: MINUTE }]);
  region.at += MINUTE;
  expect(region.drift('a').state).toBe('realigning');
});

it('after a jump forwards has no votes left', () => {
  const region = new Driven({ threshold: 1 }).with('a', 'b').drift('a');
  region.at += 5 * HOUR;
  expect([region.drift('b').state, region.voters]).toEqual(['watching', ['b']]);
});

it('realigns when the threshold is reached because a cluster leaves', () => {
  const region = new Driven({ threshold: 0.5 }).with('a', 'b', 'c').drift('a');
  expect(region.state).toBe('watching');
  region.send('cluster.remove', { cluster: 'c' });
  expect([region.state, region.facts]).toEqual(['realigning', ['cluster.removed']]);
  expect(region.wished('send')).toEqual([
    { to: { kind: 'cluster', id: 'c' }, event: { type: 'region.release', region: 'r' } },
  ]);
});

it('forgets the vote of a cluster that goes', () => {
  const region = new Driven({ threshold: 0.6 }).with('a', 'b', 'c').drift('a');
  region.send('cluster.gone', { cluster: 'a' });
  expect(region.wished('cancelTimer')).toEqual([{ id: 'vote.a' }]);
  expect([region.voters, region.drift('b').state]).toEqual([[], 'watching']);
});

it('hears nothing from clusters that are not its own', () => {
  const region = new Driven().with('a').drift('x');
  expect([region.state, region.facts, region.context.events]).toEqual(['watching', [], []]);
});

it('sends the new vector once, with the fact and the time', () => {
  const region = new Driven().with('a', 'b').drift('a', 0.8);
  region.at += 20;
  region.done(Float64Array.of(0.6, 0.8));
  expect(region.wished('send')).toEqual([
    { to: { kind: 'session', id: 'r' }, event: { type: 'vector.set', state: Float64Array.of(0.6, 0.8) } },
  ]);
  expect(region.wished('publish')).toEqual([
    { type: 'realignment', payload: { voters: ['a'], share: 0.5, threshold: 0.5, updated: true } },
  ]);
  expect(region.context).toMatchObject({ lastRealignment: START + 20, realignments: 1, reached: null });
  expect(region.context.events).toEqual([
    { type: 'drift', cluster: 'a', session: 'a-1', score: 0.8, phase: 'drifted', at: START },
    {
      ...{ type: 'realignment', cluster: 'a', session: 'a-1', score: 0.8, phase: 'drifted', at: START + 20 },
      ...{ voters: ['a'], share: 0.5, updated: true },
    },
  ]);
});

it('leaves its session alone when the clusters have no direction', () => {
  const region = new Driven().with('a').drift('a').done(null);
  expect(region.wished('send')).toEqual([]);
  expect(region.context).toMatchObject({ realignments: 1, lastRealignment: START });
});

it('tries a realignment that failed again, after longer and longer pauses', () => {
  const region = new Driven().with('a').drift('a');
  const pauses = Array.from({ length: 8 }, () => {
    const [{ delayMs, event }] = region.failed().wished('after') as [{ delayMs: number; event: { type: string } }];
    expect(region.state).toBe('waiting');
    region.send(event.type);
    expect(region.state).toBe('realigning');
    return delayMs;
  });
  expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  expect(region.done().context).toMatchObject({ realignments: 1, failures: 0 });
});

it('is woken by a timer as long as it realigns', () => {
  const region = new Driven().with('a').drift('a');
  const resume = { id: 'resume', delayMs: 2_000, event: { type: 'resume' } };
  expect(region.wished('timer')).toContainEqual(resume);
  expect(region.send('resume').wished('timer')).toEqual([resume]);
  expect(region.done().wished('cancelTimer')).toEqual([{ id: 'resume' }]);
});

it('remembers the newest events only', () => {
  const region = new Driven({ threshold: 1 }).with('a', 'b');
  for (let i = 0; i < MAX_EVENTS + 5; i++) region.drift('a', i / 1_000);
  expect(region.context.events).toHaveLength(MAX_EVENTS);
  expect([region.context.events[0]?.score, region.context.events.at(-1)?.score]).toEqual([0.005, 0.504]);
});
