/** What a memory earns from the conversation around it: the turns next to it and the episode it belongs to. */
import { columnsOf } from '../../actors/kinds/session/columns.ts';
import type { Memory } from '../../actors/kinds/session/model.ts';

export interface StructureSettings {
  /** Share of the score of the turn before: an answer seldom repeats the words of its question. */
  readonly previous: number;
  /** Share of the score of the turn two before. */
  readonly beforePrevious: number;
  /** Share of the score of the turn after. */
  readonly next: number;
  /** Share of what the episode scores above the least matching one. */
  readonly episode: number;
}

/** Who is next to whom, by position in the snapshot. */
export interface Links {
  /** Position of the turn before in the same episode, −1 when there is none; shape [n]. */
  readonly previous: Int32Array;
  /** Position of the turn after in the same episode, −1 when there is none; shape [n]. */
  readonly next: Int32Array;
  /** Number of the episode, counted from 0 in order of appearance; shape [n]. */
  readonly episode: Int32Array;
  readonly episodes: number;
}

/**
 * Finds the neighbours of every memory: the nearest one left on each side in the same episode, so that an evicted
 * turn does not tear its neighbours apart.
 *
 * @param memories oldest first by `seq`
 */
export function linkMemories(memories: readonly Memory[]): Links {
  const { episodes, count: n } = columnsOf(memories);
  const links = { previous: new Int32Array(n), next: new Int32Array(n).fill(-1), episode: new Int32Array(n) };
  const numberOf = new Map<number, number>();
  const latest: number[] = [];
  for (let position = 0; position < n; position++) {
    const label = episodes[position]!;
    const episode = numberOf.get(label) ?? numberOf.size;
    numberOf.set(label, episode);
    const previous = latest[episode] ?? -1;
    links.episode[position] = episode;
    links.previous[position] = previous;
    if (previous >= 0) links.next[previous] = position;
    latest[episode] = position;
  }
  return { ...links, episodes: numberOf.size };
}

/**
 * What each memory earns from its surroundings, in the unit of its own score.
 *
 * An episode scores the Euclidean norm of its members' scores: one strong hit counts, many weak ones do not add up to
 * it. Only the lead over the least matching episode is handed out, so that a session of one episode, where this
 * cannot tell memories apart, does not lift them all.
 *
 * @param own score of each memory, shape [n], 0 or more
 * @param links neighbours of the same n memories
 * @returns shape [n], 0 or more
 */
export function earnFromStructure(own: Float64Array, links: Links, settings: StructureSettings): Float64Array {
  const strength = new Float64Array(links.episodes);
  for (let i = 0; i < own.length; i++) strength[links.episode[i]!]! += own[i]! * own[i]!;
  let least = Number.POSITIVE_INFINITY;
  for (let e = 0; e < strength.length; e++) {
    strength[e] = Math.sqrt(strength[e]!);
    least = Math.min(least, strength[e]!);
  }
  const earned = new Float64Array(own.length);
  for (let i = 0; i < own.length; i++) {
    const previous = links.previous[i]!;
    const beforePrevious = previous < 0 ? -1 : links.previous[previous]!;
    const next = links.next[i]!;
    earned[i] =
      settings.episode * (strength[links.episode[i]!]! - least) +
      (previous < 0 ? 0 : settings.previous * own[previous]!) +
      (beforePrevious < 0 ? 0 : settings.beforePrevious * own[beforePrevious]!) +
      (next < 0 ? 0 : settings.next * own[next]!);
  }
  return earned;
}
