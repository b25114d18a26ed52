/** What memories earn from their surroundings, worked out by hand. */
import { expect, it } from 'vitest';
import { earnFromStructure, linkMemories } from '../../src/recall/structure.ts';
import { remember } from './fixture.ts';

const settings = { previous: 0.5, beforePrevious: 0.25, next: 0.125, episode: 0 };

it('gives the turns around a hit their shares, and nothing across the border of an episode', () => {
  // The hit is the second of four turns of episode 7; the fifth memory belongs to episode 8.
  const memories = [7, 7, 7, 7, 8].map((episode, index) => remember(index + 1, '', { episode }));
  const earned = earnFromStructure(Float64Array.of(0, 8, 0, 0, 0), linkMemories(memories), settings);
  expect([...earned]).toEqual([1, 0, 4, 2, 0]);
});

it('takes interleaved episodes apart', () => {
  const memories = [1, 2, 1, 2].map((episode, index) => remember(index + 1, '', { episode }));
  const earned = earnFromStructure(Float64Array.of(8, 0, 0, 0), linkMemories(memories), settings);
  expect([...earned]).toEqual([0, 0, 4, 0]);
});

it('takes the nearest turn that is left for the neighbour of an evicted one', () => {
  const memories = [remember(1, ''), remember(9, '')];
  expect([...earnFromStructure(Float64Array.of(8, 0), linkMemories(memories), settings)]).toEqual([0, 4]);
});

it('lifts the episode that matches best, by its lead over the least matching one', () => {
  // Episode 1: √(3² + 4²) = 5; episode 2: 1. The lead is 4, half of it is handed out.
  const memories = [1, 1, 2].map((episode, index) => remember(index + 1, '', { episode }));
  const alone = { previous: 0, beforePrevious: 0, next: 0, episode: 0.5 };
  expect([...earnFromStructure(Float64Array.of(3, 4, 1), linkMemories(memories), alone)]).toEqual([2, 2, 0]);
});

it('gives nothing for an episode when there is only one', () => {
  const memories = [remember(1, ''), remember(2, '')];
  const alone = { previous: 0, beforePrevious: 0, next: 0, episode: 0.5 };
  expect([...earnFromStructure(Float64Array.of(3, 4), linkMemories(memories), alone)]).toEqual([0, 0]);
});

it('is empty for nobody', () => {
  expect([...earnFromStructure(new Float64Array(0), linkMemories([]), settings)]).toEqual([]);
});
