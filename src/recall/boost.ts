/** What triggers and anchors add to a memory's score. */
import type { Memory, Trigger } from '../../actors/kinds/session/model.ts';
import { dot, type Vector } from '../../workers/vector.ts';
import type { Query } from './ranker.ts';

/** A trigger of weight 1 gives a memory this share of the way from its score to 1. */
export const TRIGGER_BOOST = 0.2;
/** All triggers together give at most this, so that triggers steer recall but never replace it. */
export const TRIGGER_LIMIT = 0.5;
/** Cosine 1 to the nearest anchor gives this: enough to order equals, too little to outrank a real match. */
export const ANCHOR_BOOST = 0.05;

/** Cosine of unit (or zero) vectors; 0 where they cannot be compared: other length, or a number that is not finite. */
export function compare(a: Vector, b: Vector): number {
  if (a.length !== b.length) return 0;
  const product = dot(a, b);
  return Number.isFinite(product) ? Math.max(-1, Math.min(1, product)) : 0;
}

/**
 * Makes the function that says what a memory gains, for one query.
 *
 * @returns a share in [0, TRIGGER_LIMIT + ANCHOR_BOOST] of the way from the memory's score to 1; null when nothing
 * can gain
 */
export function makeBoost(query: Query): ((memory: Memory) => number) | null {
  const anchors = query.anchors ?? [];
  const hits = (query.triggers ?? []).filter((trigger) => trigger.weight > 0).flatMap((trigger) => hit(trigger, query));
  if (hits.length === 0 && anchors.length === 0) return null;
  return (memory) => {
    let fromTriggers = 0;
    for (const { matches, weight } of hits) if (matches(memory)) fromTriggers += TRIGGER_BOOST * weight;
    let nearest = 0;
    for (const anchor of anchors) nearest = Math.max(nearest, compare(memory.embedding, anchor));
    return Math.min(TRIGGER_LIMIT, fromTriggers) + ANCHOR_BOOST * nearest;
  };
}

interface TriggerHit {
  readonly weight: number;
  readonly matches: (memory: Memory) => boolean;
}

/** A trigger hits by keyword when the query contains it, by embedding when the query is near it; either is enough. */
function hit({ keyword, embedding, threshold, weight }: Trigger, query: Query): TriggerHit[] {
  const wanted = keyword === undefined ? '' : fold(keyword).trim();
  if (wanted !== '' && query.text !== undefined && fold(query.text).includes(wanted)) {
    return [{ weight, matches: (memory) => fold(memory.text).includes(wanted) }];
  }
  if (embedding !== undefined && query.vector !== undefined && compare(query.vector, embedding) >= threshold) {
    return [{ weight, matches: (memory) => compare(memory.embedding, embedding) >= threshold }];
  }
  return [];
}

function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}
