/** What a stored turn does to the session's vector, and what it measures: spec section 1.9, plain textbook variants. */
import { blend, unit } from '../../../workers/vector.ts';
import { HISTORY_LENGTH, type Histories, type TurnMetrics } from './model.ts';
import { unsigned } from './vectors.ts';

/** Share of an ordinary turn in the new state: a turn's trace halves every 2.4 turns (0.75^2.4 ≈ 0.5). */
export const RATE = 0.25;
/** Share of a turn that hit a trigger: it all but replaces the state. */
export const TRIGGER_RATE = 0.95;
/** fsm before there are two turns to compare. */
export const FIRST_FSM = 0.5;
const FSM_LAMBDA = 0.3;
const PATTERN_SCALE = 1.5;
const PATTERN_COUNT = 5;

/**
 * Fixed-rate exponential moving average on the unit sphere: unit((1 − rate)·state + rate·input). The first input with
 * content becomes the state; an input without content (all zeros) leaves it.
 *
 * @param state shape [d], unit length, or all zeros when not initialised
 * @param input shape [d], unit length or all zeros
 */
export function advance(state: Float64Array, initialised: boolean, input: Float32Array, rate: number): Float64Array {
  return unsigned(initialised ? blend(state, input, rate) : unit(input));
}

/** How little of the input is known: 1 minus the best positive cosine; 1 when there are no memories. */
export function noveltyOf(cosines: Float64Array): number {
  let best = 0;
  for (let i = 0; i < cosines.length; i++) if (cosines[i]! > best) best = cosines[i]!;
  return 1 - best;
}

/** 1.5 × mean of the highest positive cosines, at most five; in [0, 1.5], 0 when none is positive. */
export function patternOf(cosines: Float64Array): number {
  const top: number[] = [];
  for (let i = 0; i < cosines.length; i++) {
    const value = cosines[i]!;
    if (value <= 0 || (top.length === PATTERN_COUNT && value <= top[PATTERN_COUNT - 1]!)) continue;
    let place = top.length < PATTERN_COUNT ? top.length : PATTERN_COUNT - 1;
    for (; place > 0 && top[place - 1]! < value; place--) top[place] = top[place - 1]!;
    top[place] = value;
  }
  let sum = 0;
  for (const value of top) sum += value;
  return top.length === 0 ? 0 : (PATTERN_SCALE * sum) / top.length;
}

/**
 * Field stability: EWMA (λ = 0.3) of 1 − |s_t − s_{t−1}|/2, from 0.5. The first turn has nothing to compare with and
 * keeps 0.5.
 *
 * @param previous similarity of the turn before, null on the first
 */
export function fsmOf(fsm: number, previous: number | null, current: number): number {
  if (previous === null) return fsm;
  return (1 - FSM_LAMBDA) * fsm + FSM_LAMBDA * (1 - Math.abs(current - previous) / 2);
}

function push<T>(history: readonly T[], value: T): readonly T[] {
  const next = history.slice(history.length < HISTORY_LENGTH ? 0 : 1);
  next.push(value);
  return next;
}

/** Adds a turn to the rolling histories. */
export function record(histories: Histories, metrics: TurnMetrics): Histories {
  return {
    beta: push(histories.beta, metrics.beta),
    similarity: push(histories.similarity, metrics.similarity),
    fsm: push(histories.fsm, metrics.fsm),
    norm: push(histories.norm, metrics.norm),
    phase: push(histories.phase, metrics.phase),
  };
}
