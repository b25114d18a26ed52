/**
 * Isolation: which inputs a session lets in. An input matches when it comes close to an exclusion; under QUARANTINE
 * without exclusions, when it is far from every anchor. What the allowlist covers never matches.
 */
import { AppError } from '../../errors.ts';
import type { Isolation, IsolationLevel, Quarantined } from './model.ts';
import type { Fact } from './outcomes.ts';
import { similarity, takeVector } from './vectors.ts';

/** Inputs the shadow buffer holds; then the oldest leaves. */
export const QUARANTINE_CAPACITY = 1_000;
/** Vectors of one list. */
export const MAX_ISOLATION_VECTORS = 1_000;

/** What became of an input. */
export type IsolationAction = 'pass' | 'dropped' | 'quarantined' | 'blocked';

const ON_MATCH: Readonly<Record<IsolationLevel, IsolationAction>> = {
  OPEN: 'pass',
  FILTER: 'dropped',
  QUARANTINE: 'quarantined',
  LOCKDOWN: 'blocked',
};

export const OPEN: Isolation = { level: 'OPEN', exclusions: [], allowlist: [], threshold: 0.8 };

/** The vectors of one input, unit length: a question, an answer (with its question), or both. */
export interface Judged {
  readonly message: Float32Array | null;
  readonly chunk: Float32Array | null;
}

/**
 * Judges an input. Exclusions look at everything that would be kept, so a harmless question does not carry an excluded
 * answer in. Anchors look at the question where there is one: a long answer may wander.
 */
export function judge(isolation: Isolation, anchors: readonly Float32Array[], input: Judged): IsolationAction {
  const { level, exclusions, allowlist, threshold } = isolation;
  const near = (vector: Float32Array, list: readonly Float32Array[]) =>
    list.some((other) => similarity(vector, other) >= threshold);
  const excluded = (vector: Float32Array | null) =>
    vector !== null && near(vector, exclusions) && !near(vector, allowlist);
  const astray = (vector: Float32Array | null) => vector !== null && !near(vector, anchors) && !near(vector, allowlist);
  const byAnchors = level === 'QUARANTINE' && exclusions.length === 0 && anchors.length > 0;
  const matches =
    level === 'LOCKDOWN' ||
    excluded(input.message) ||
    excluded(input.chunk) ||
    (byAnchors && astray(input.message ?? input.chunk));
  return matches ? ON_MATCH[level] : 'pass';
}

/** @throws AppError INVALID for vectors that do not fit, or too many */
export function makeIsolation(wanted: Isolation, dimension: number): Isolation {
  const take = (list: readonly Float32Array[], what: string) => {
    if (list.length > MAX_ISOLATION_VECTORS) {
      throw new AppError('INVALID', `${list.length} ${what} embeddings, at most ${MAX_ISOLATION_VECTORS} are allowed`);
    }
    return list.map((vector, i) => takeVector(vector, dimension, `${what} ${i}`));
  };
  return {
    level: wanted.level,
    exclusions: take(wanted.exclusions, 'exclusion'),
    allowlist: take(wanted.allowlist, 'allowlist'),
    threshold: wanted.threshold,
  };
}

/** Sets an input aside; when the buffer is full, its oldest leaves and the log learns how many went. */
export function setAside(
  buffer: readonly Quarantined[],
  input: Quarantined,
): { readonly buffer: readonly Quarantined[]; readonly facts: readonly Fact[] } {
  const lost = Math.max(0, buffer.length + 1 - QUARANTINE_CAPACITY);
  return {
    buffer: [...buffer.slice(lost), input],
    facts: lost === 0 ? [] : [{ type: 'quarantine.overflow', payload: { lost } }],
  };
}
