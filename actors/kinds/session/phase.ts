/**
 * The phase of a session, from public observables only; the first line that holds wins:
 *
 * | phase | when |
 * |---|---|
 * | initialization | fewer than 10 stored turns |
 * | instability | σ > 0.25, or two of the last three messages drifted (score ≥ 0.5) |
 * | stability | μ ≥ 0.5 and σ ≤ 0.15 on each of the last ten stored turns |
 * | resonance | μ ≥ 0.5 and σ ≤ 0.15 |
 * | convergence | g > 0 and μ ≥ 0.35 |
 * | exploration | else |
 *
 * μ, σ (population) and g (least-squares slope per turn) are taken over the last eight similarities of stored turns.
 */
import { DRIFTED_FROM } from './drift.ts';
import type { Phase } from './model.ts';

const WINDOW = 8;
const FIRST_TURNS = 10;
const STABLE_TURNS = 10;
/** Similarities the rule looks back on: ten windows of eight, each a turn further back. */
export const PHASE_REACH = STABLE_TURNS + WINDOW - 1;

export interface Trend {
  readonly mean: number;
  readonly deviation: number;
  readonly slope: number;
}

/**
 * Mean, population standard deviation and least-squares slope of the window that ends before index `end`.
 *
 * @param values similarities, oldest first
 */
export function trendOf(values: readonly number[], end: number = values.length): Trend {
  const window = values.slice(Math.max(0, end - WINDOW), end);
  const n = window.length;
  if (n === 0) return { mean: 0, deviation: 0, slope: 0 };
  let sum = 0;
  for (const value of window) sum += value;
  const mean = sum / n;
  const middle = (n - 1) / 2;
  let squares = 0;
  let rise = 0;
  let run = 0;
  window.forEach((value, i) => {
    squares += (value - mean) * (value - mean);
    rise += (i - middle) * (value - mean);
    run += (i - middle) * (i - middle);
  });
  return { mean, deviation: Math.sqrt(squares / n), slope: run === 0 ? 0 : rise / run };
}

const settled = ({ mean, deviation }: Trend): boolean => mean >= 0.5 && deviation <= 0.15;

function settledFor(similarities: readonly number[], turns: number): boolean {
  if (similarities.length < turns) return false;
  for (let back = 0; back < turns; back++) {
    if (!settled(trendOf(similarities, similarities.length - back))) return false;
  }
  return true;
}

/**
 * @param turns stored turns, the present one included
 * @param similarities of stored turns, the present one last; more than {@link PHASE_REACH} make no difference
 * @param driftScores of messages, the latest last
 */
export function phaseOf(turns: number, similarities: readonly number[], driftScores: readonly number[]): Phase {
  if (turns < FIRST_TURNS) return 'initialization';
  const trend = trendOf(similarities);
  const drifts = driftScores.slice(-3).filter((score) => score >= DRIFTED_FROM).length;
  if (trend.deviation > 0.25 || drifts >= 2) return 'instability';
  if (settled(trend)) return settledFor(similarities, STABLE_TURNS) ? 'stability' : 'resonance';
  return trend.slope > 0 && trend.mean >= 0.35 ? 'convergence' : 'exploration';
}
