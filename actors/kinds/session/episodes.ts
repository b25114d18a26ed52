/** Episodes: the separate conversations within a session. */
import type { SessionContext } from './model.ts';

/** A pause after which the next input begins a new conversation. */
export const EPISODE_GAP_MS = 30 * 60 * 1_000;

export interface Arrival {
  /** The client's name for the conversation; null when it does not say. */
  readonly label: string | null;
  /** Unix ms; may lie before the last one. */
  readonly at: number;
  /** Whether a pause counts: not between a question and its own answer. */
  readonly pauses: boolean;
  /** Whether this input confirmed a drift. */
  readonly confirmed: boolean;
}

type Episode = Pick<SessionContext, 'episode' | 'episodeLabel' | 'lastAt'>;

/**
 * Finds the conversation an input belongs to. A label decides alone: a new one begins a conversation, the same one goes
 * on whatever the clock says. Without a label a pause of more than 30 minutes or a confirmed drift begins one. Time that
 * runs backwards is no pause; the next one is counted from there.
 */
export function enterEpisode({ episode, episodeLabel, lastAt }: Episode, arrival: Arrival): Episode {
  const { label, at, pauses, confirmed } = arrival;
  if (lastAt === null) return { episode, episodeLabel: label, lastAt: at };
  const begins = label === null ? confirmed || (pauses && at - lastAt > EPISODE_GAP_MS) : label !== episodeLabel;
  if (!begins) return { episode, episodeLabel, lastAt: at };
  return { episode: episode + 1, episodeLabel: label, lastAt: at };
}
