/**
 * What an event does to a signal.
 *
 * @see the three published models: the architecture page (`arch`), protocol draft 0.1 (`proto`), the later site (`site`)
 */
import { accountedUntil, GONE_BELOW, isAlive, strengthAt } from './decay.ts';
import type { Deposit } from './events.ts';
import type { LivingSignal } from './model.ts';
import { START } from './rules.ts';

/**
 * The signal after an event. Its rules are those of the event from here on; up to now it decayed by those it had.
 *
 * @param at Unix ms
 * @returns null when there is none: a penalty on nothing, or one that took everything
 */
export function touch(before: LivingSignal | null, deposit: Deposit, at: number): LivingSignal | null {
  const { type, rules } = deposit;
  const present = before && isAlive(before, at) ? before : null;
  if (!present && type === 'penalty') return null;
  if (present && type !== 'reward' && type !== 'penalty' && rules.profile !== 'site') {
    return type === 'proposal' ? ruled(present, strengthAt(present, at), deposit, at) : present;
  }
  const start = present ? strengthAt(present, at) : startOf(deposit);
  const fresh: LivingSignal = present ?? {
    id: deposit.signal_id,
    strength: start,
    since: at,
    lastUpdated: at,
    burden: 0,
    alpha: rules.alpha,
    lambda: rules.lambda,
    intervalMs: rules.intervalMs,
    decay: rules.decay,
  };
  const strength = strengthened(start, present !== null, deposit);
  const signal = ruled(fresh, strength, deposit, at);
  const burdened =
    type === 'penalty' && rules.profile === 'site' ? { ...signal, burden: signal.burden + deposit.value } : signal;
  return burdened.strength < GONE_BELOW ? null : burdened;
}

function strengthened(strength: number, present: boolean, deposit: Deposit): number {
  const { type, value, rules } = deposit;
  const alpha = deposit.alpha ?? rules.alpha;
  if (type === 'reward') return Math.min(1, rules.profile === 'arch' ? strength + value * alpha : strength * alpha);
  if (type === 'penalty') return rules.profile === 'site' ? strength : Math.max(0, strength - value);
  // Only `site` gets here with a signal: what is laid on top never makes it weaker.
  return present ? Math.max(strength, startOf(deposit)) : strength;
}

function startOf({ rules, strength }: Deposit): number {
  return rules.profile === 'site' && strength !== null ? strength : START[rules.profile];
}

function ruled(signal: LivingSignal, strength: number, deposit: Deposit, at: number): LivingSignal {
  const { alpha, lambda, intervalMs, decay } = deposit.rules;
  return {
    id: signal.id,
    strength,
    since: accountedUntil(signal, at),
    // Under a clock that was set back the last change stays the last.
    lastUpdated: Math.max(at, signal.lastUpdated),
    burden: signal.burden,
    alpha,
    lambda,
    intervalMs,
    decay,
  };
}
