/** Measuring the drift of one admitted message against the session. */
import { stepDrift } from './drift.ts';
import type { Drift, SessionContext } from './model.ts';
import type { Fact } from './outcomes.ts';

export interface Measured {
  readonly context: SessionContext;
  readonly drift: Drift;
  readonly facts: readonly Fact[];
}

/**
 * @param message shape [d], unit length or all zeros
 * @param text of the message; without it questions are not seen
 */
export function measure(context: SessionContext, message: Float32Array, text = ''): Measured {
  const { state: driftState, drift } = stepDrift(context.driftState, { vector: message, text }, context.state);
  const payload = { drift_score: drift.score, drift_phase: drift.phase, confirmed: drift.confirmed };
  return {
    context: { ...context, drift, driftState },
    drift,
    facts: drift.detected ? [{ type: 'drift', payload }] : [],
  };
}
