/**
 * How a signal weakens: S(t) = S₀ · λ^(Δt / interval), worked out whenever somebody looks. Nothing runs in between, so
 * the strength is the same on every machine and after every restart.
 *
 * With `continuous` decay the exponent is a real number; with `stepped` only whole intervals count, which is what the
 * published job does that multiplies every signal by λ once a minute.
 */

/** Below it a signal is gone. */
export const GONE_BELOW = 0.01;

export type Decay = 'continuous' | 'stepped';

/** What a signal's strength follows from, at any later time. */
export interface Strength {
  /** At `since`, [0, 1]. */
  readonly strength: number;
  /** Unix ms from which decay is counted. */
  readonly since: number;
  /** Share that is left after one interval, (0, 1]. */
  readonly lambda: number;
  readonly intervalMs: number;
  readonly decay: Decay;
  /** Penalties that make it decay faster (profile `site`): λ counts as λ^(1 + burden). From 0. */
  readonly burden: number;
}

function steps({ since, intervalMs, decay }: Strength, at: number): number {
  // A clock that was set back must not make anything stronger.
  const passed = Math.max(0, at - since) / intervalMs;
  return decay === 'stepped' ? Math.floor(passed) : passed;
}

/** @param at Unix ms @returns [0, 1] */
export function strengthAt(signal: Strength, at: number): number {
  return signal.strength * signal.lambda ** ((1 + signal.burden) * steps(signal, at));
}

/** Up to when decay is accounted for once `strengthAt(signal, at)` is written down: a part of a step is not lost. */
export function accountedUntil(signal: Strength, at: number): number {
  if (signal.decay === 'continuous') return Math.max(at, signal.since);
  return signal.since + steps(signal, at) * signal.intervalMs;
}

export function isAlive(signal: Strength, at: number): boolean {
  return strengthAt(signal, at) >= GONE_BELOW;
}

/** Unix ms from which on the signal is gone for sure; Infinity for one that does not decay. At most 1 ms late, or a step. */
export function endOf(signal: Strength): number {
  if (signal.strength < GONE_BELOW) return signal.since;
  if (signal.lambda === 1) return Number.POSITIVE_INFINITY;
  const left = Math.log(GONE_BELOW / signal.strength) / (Math.log(signal.lambda) * (1 + signal.burden));
  const whole = signal.decay === 'stepped' ? Math.floor(left) + 1 : left;
  return Math.ceil(signal.since + whole * signal.intervalMs) + 1;
}
