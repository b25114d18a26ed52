/** The literal cache: exact names and values of a session, looked up by their words and never blurred by vectors. */
import { AppError } from '../../errors.ts';
import type { Entity } from './model.ts';

export const MAX_ENTITIES = 1_000;

/** What a client says about an entity; the rest is counted here. */
export type EntityFacts = Pick<Entity, 'key' | 'kind' | 'value' | 'context' | 'importance'>;

/** Index of the entity that leaves first: least important, then written longest ago. The newest never leaves. */
function leastValuable(entities: readonly Entity[]): number {
  let least = 0;
  for (let i = 1; i < entities.length - 1; i++) {
    // Entities are in order of their last write, so the first of equals is the oldest.
    if (entities[i]!.importance < entities[least]!.importance) least = i;
  }
  return least;
}

/**
 * Writes an entity; the same key overwrites, and keeps its access count.
 *
 * @param seq number of this write
 * @returns entities in order of their last write, and the key that had to leave
 */
export function putEntity(
  entities: readonly Entity[],
  { key, kind, value, context, importance }: EntityFacts,
  seq: number,
): { readonly entities: readonly Entity[]; readonly evicted: string | null } {
  const known = entities.find((entity) => entity.key === key);
  const others = known === undefined ? entities : entities.filter((entity) => entity !== known);
  const written: Entity = { key, kind, value, context, importance, access: known?.access ?? 0, seq };
  const all = [...others, written];
  if (all.length <= MAX_ENTITIES) return { entities: all, evicted: null };
  const leaving = leastValuable(all);
  return { entities: all.toSpliced(leaving, 1), evicted: all[leaving]!.key };
}

/** @throws AppError NOT_FOUND */
export function removeEntity(entities: readonly Entity[], key: string): readonly Entity[] {
  const rest = entities.filter((entity) => entity.key !== key);
  if (rest.length === entities.length) throw new AppError('NOT_FOUND', `no entity with key "${key}" in this session`);
  return rest;
}

/** Counts the entities that were shown; unknown keys are ignored. */
export function touchEntities(
  entities: readonly Entity[],
  keys: readonly string[],
): { readonly entities: readonly Entity[]; readonly touched: number } {
  const wanted = new Set(keys);
  let touched = 0;
  const counted = entities.map((entity) => {
    if (!wanted.has(entity.key)) return entity;
    touched++;
    return { ...entity, access: entity.access + 1 };
  });
  return touched === 0 ? { entities, touched } : { entities: counted, touched };
}
