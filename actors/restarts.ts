/** When a crashed actor may live again: restart intensity and backoff, as pure arithmetic. */

export interface RestartPolicy {
  /** Restarts allowed within `withinMs`; one more and the actor is quarantined. */
  readonly intensity: number;
  readonly withinMs: number;
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  /** Part of the delay that is random, so that actors felled together do not rise together. */
  readonly jitter: number;
}

export const DEFAULT_RESTARTS: RestartPolicy = {
  intensity: 3,
  withinMs: 5_000,
  backoffMs: 100,
  maxBackoffMs: 30_000,
  jitter: 0.2,
};

export interface CrashRecord {
  /** Monotonic ms of the crashes still within the window, oldest first. */
  readonly recent: readonly number[];
  /** Crashes without a healthy spell of `maxBackoffMs` between them: the backoff's exponent. */
  readonly streak: number;
  readonly last: number;
}

export const NO_CRASHES: CrashRecord = { recent: [], streak: 0, last: Number.NEGATIVE_INFINITY };

export type Verdict =
  | { readonly restart: true; readonly delayMs: number; readonly record: CrashRecord }
  | { readonly restart: false; readonly record: CrashRecord };

/**
 * Decides after a crash.
 *
 * @param now monotonic ms
 * @param random uniform in [0, 1)
 */
export function afterCrash(policy: RestartPolicy, before: CrashRecord, now: number, random: number): Verdict {
  const recent = [...before.recent.filter((at) => now - at < policy.withinMs), now];
  const streak = now - before.last > policy.maxBackoffMs ? 1 : before.streak + 1;
  const record = { recent, streak, last: now };
  if (recent.length > policy.intensity) return { restart: false, record };
  const delay = Math.min(policy.maxBackoffMs, policy.backoffMs * 2 ** (streak - 1));
  return { restart: true, delayMs: delay * (1 - policy.jitter + 2 * policy.jitter * random), record };
}
