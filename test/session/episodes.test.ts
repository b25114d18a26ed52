import { describe, expect, it } from 'vitest';
import { enterEpisode } from '../../actors/kinds/session/episodes.ts';
import { Driven, MINUTE, START, v } from './drive.ts';

describe('the episode of an input', () => {
  const here = { episode: 4, episodeLabel: null, lastAt: START };
  const input = { label: null, at: START, pauses: true, confirmed: false };

  it.each([
    { why: 'right after', arrival: {}, episode: 4 },
    { why: 'after 30 minutes', arrival: { at: START + 30 * MINUTE }, episode: 4 },
    { why: 'after more than 30 minutes', arrival: { at: START + 30 * MINUTE + 1 }, episode: 5 },
    { why: 'late, as an answer to its question', arrival: { at: START + 90 * MINUTE, pauses: false }, episode: 4 },
    { why: 'a year back', arrival: { at: START - 525_600 * MINUTE }, episode: 4 },
    { why: 'after a confirmed drift', arrival: { confirmed: true }, episode: 5 },
    { why: 'with a label', arrival: { label: 'b' }, episode: 5 },
  ])('$why is $episode after 4', ({ arrival, episode }) => {
    expect(enterEpisode(here, { ...input, ...arrival }).episode).toBe(episode);
  });

  it('goes by the label alone when there is one', () => {
    const labelled = { ...here, episodeLabel: 'a' };
    expect(enterEpisode(labelled, { ...input, label: 'a', at: START + 90 * MINUTE, confirmed: true }).episode).toBe(4);
    expect(enterEpisode(labelled, { ...input, label: 'b' })).toEqual({ episode: 5, episodeLabel: 'b', lastAt: START });
  });

  it('is the first for the first input, whatever its label', () => {
    const fresh = { episode: 0, episodeLabel: null, lastAt: null };
    expect(enterEpisode(fresh, { ...input, label: 'a' })).toEqual({ episode: 0, episodeLabel: 'a', lastAt: START });
  });
});

describe('in a session', () => {
  it('gives a memory the episode its message opened', () => {
    const session = new Driven();
    session.exchange('q', 'a', v(1, 0));
    session.at += 60 * MINUTE;
    expect(session.send('run', { message: 'later' }).episode).toBe(1);
    session.at += 60 * MINUTE;
    session.send('store', { response: 'slow', pendingId: 2 });
    expect(session.context.memories.map((m) => m.episode)).toEqual([0, 1]);
  });

  it('sees the pause before a message that brings the last answer along', () => {
    const session = new Driven();
    session.send('run');
    session.at += 60 * MINUTE;
    expect(session.send('run', { response: { text: 'a', embedding: v(1, 0), pendingId: 1 } }).episode).toBe(1);
    expect(session.context.memories[0]?.episode).toBe(0);
  });

  it('separates conversations that are imported with their own time stamps', () => {
    const session = new Driven();
    for (const timestamp of [1_000, 2_000, 100 * MINUTE, 100 * MINUTE + 1]) {
      const { pendingId } = session.send('run', { timestamp });
      session.send('store', { response: `at ${timestamp}`, pendingId });
    }
    expect(session.context.memories.map((m) => m.episode)).toEqual([0, 0, 1, 1]);
  });

  it('begins one with the message that confirms a drift', () => {
    const session = new Driven({ config: { dimension: 3 } });
    for (let i = 0; i < 4; i++) session.exchange(`q${i}`, `a${i}`, v(1, 0, 0));
    expect(session.send('run', { embedding: v(0, 0, 1) }).episode).toBe(0);
    expect(session.send('run', { embedding: v(0, 1, 1) }).episode).toBe(1);
  });
});
