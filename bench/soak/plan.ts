/** When a soak does what: how many sessions begin, how long each lives, how long it rests. */

export interface SoakPlan {
  /** From the first session to the last deletion. */
  readonly seconds: number;
  readonly sessions: number;
  /** New sessions begin at even distances until then; the rest of the time the last ones live to their end. */
  readonly beginUntilSeconds: number;
  /** Between two uses of a session, and after the last one. */
  readonly restSeconds: number;
  /** From create to delete, as far as the rests go. */
  readonly lifeSeconds: number;
  /** The server's setting; well below the rest, so that a resting session leaves memory. */
  readonly idleMs: number;
  /** Sessions under way at once; new ones wait when the server falls that far behind. */
  readonly maxAtOnce: number;
  readonly sampleMs: number;
}

/** The server looks for idle actors every 5 s; a shorter rest would often be over before it did. */
const SHORTEST_REST_SECONDS = 7;
const LONGEST_REST_SECONDS = 60;
const MIN_IDLE_MS = 100;
const SLACK_SESSIONS = 64;

/**
 * @param minutes how long it takes
 * @param sessions how many come and go in that time
 */
export function planOf(minutes: number, sessions: number): SoakPlan {
  const seconds = minutes * 60;
  // Two rests are a life, and most of the time is to see as many lives end as begin.
  const shortest = Math.min(SHORTEST_REST_SECONDS, seconds / 6);
  const restSeconds = Math.min(LONGEST_REST_SECONDS, Math.max(seconds / 24, shortest));
  const lifeSeconds = 2 * restSeconds;
  const beginUntilSeconds = seconds - lifeSeconds;
  const together = (sessions * lifeSeconds) / beginUntilSeconds;
  return {
    seconds,
    sessions,
    beginUntilSeconds,
    restSeconds,
    lifeSeconds,
    idleMs: Math.max(MIN_IDLE_MS, Math.round((restSeconds * 1_000) / 6)),
    maxAtOnce: Math.ceil(2 * together) + SLACK_SESSIONS,
    sampleMs: Math.min(1_000, Math.round(seconds * 10)),
  };
}

/** The three thirds of the time in which as many sessions end as begin, in seconds from the start. */
export function thirdsOf({ lifeSeconds, beginUntilSeconds }: SoakPlan): { from: number; to: number }[] {
  const length = (beginUntilSeconds - lifeSeconds) / 3;
  return [0, 1, 2].map((i) => ({ from: lifeSeconds + i * length, to: lifeSeconds + (i + 1) * length }));
}

/** Where the thirds begin and end: four moments at which the server should look alike. */
export function boundariesOf(plan: SoakPlan): number[] {
  const thirds = thirdsOf(plan);
  return [thirds[0]!.from, ...thirds.map(({ to }) => to)];
}
