/** Looking into a session: ranking its memories and the literal cache for one question. */
import { formatAddress } from '../../../actors/address.ts';
import type { Entity, SessionContext } from '../../../actors/kinds/session/model.ts';
import type { Recalled } from '../../recall/ranker.ts';
import { splitWords } from '../../recall/tokens.ts';
import type { Context } from '../operation.ts';
import { sessionAddress } from './access.ts';

/** Entities appended to a context block at most. */
const MAX_ENTITIES_SHOWN = 10;

export interface Question {
  readonly text?: string;
  readonly vector: Float32Array | Float64Array | null;
  readonly topK: number;
}

export function recall(context: Context, session: SessionContext, question: Question): Recalled {
  const { ranker } = context.services;
  const key = formatAddress(sessionAddress(context, session.id));
  return ranker.rank(key, session.memories, {
    topK: question.topK,
    anchors: session.anchors,
    triggers: session.triggers,
    ...(question.text === undefined ? {} : { text: question.text }),
    ...(question.vector === null ? {} : { vector: question.vector }),
  });
}

/** Entities sharing words with a text: most words first, then importance, then key. */
export function matchEntities(entities: readonly Entity[], text: string, limit = MAX_ENTITIES_SHOWN): Entity[] {
  if (entities.length === 0) return [];
  const wanted = new Set(splitWords(text));
  return entities
    .map((entity) => ({ entity, overlap: overlapOf(entity, wanted) }))
    .filter(({ overlap }) => overlap > 0)
    .sort((a, b) => b.overlap - a.overlap || byImportance(a.entity, b.entity))
    .slice(0, limit)
    .map(({ entity }) => entity);
}

export function byImportance(a: Entity, b: Entity): number {
  return b.importance - a.importance || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
}

/** Words of entities already split; an entity never changes, a new value is a new object. */
const split = new WeakMap<Entity, ReadonlySet<string>>();

function wordsOf(entity: Entity): ReadonlySet<string> {
  const known = split.get(entity);
  if (known) return known;
  // `maxRetries` and `max_retries` are both asked for as "max retries".
  const spelled = `${entity.key} ${entity.key.replace(/([a-z0-9])([A-Z])/g, '$1 $2').replace(/[_\W]+/g, ' ')}`;
  const words = new Set(splitWords(`${spelled} ${entity.value}`));
  split.set(entity, words);
  return words;
}

function overlapOf(entity: Entity, wanted: ReadonlySet<string>): number {
  let overlap = 0;
  for (const word of wordsOf(entity)) if (wanted.has(word)) overlap++;
  return overlap;
}
