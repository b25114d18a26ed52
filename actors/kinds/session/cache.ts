/** The commands of the literal cache. */
import { putEntity, removeEntity, touchEntities } from './entities.ts';
import type { Payload } from './events.ts';
import type { SessionContext } from './model.ts';
import type { Outcomes, Step } from './outcomes.ts';

export function entityPut(context: SessionContext, event: Payload<'entity.put'>): Step<Outcomes['entity.put']> {
  const { entities, evicted } = putEntity(context.entities, event, context.nextEntitySeq);
  return {
    context: { ...context, entities, nextEntitySeq: context.nextEntitySeq + 1 },
    outcome: { key: event.key, size: entities.length, evicted },
    facts: [],
  };
}

export function entityRemove(
  context: SessionContext,
  { key }: Payload<'entity.remove'>,
): Step<Outcomes['entity.remove']> {
  const entities = removeEntity(context.entities, key);
  return { context: { ...context, entities }, outcome: { key, size: entities.length, removed: true }, facts: [] };
}

export function entityTouch(
  context: SessionContext,
  { keys }: Payload<'entity.touch'>,
): Step<Outcomes['entity.touch']> {
  const { entities, touched } = touchEntities(context.entities, keys);
  return { context: { ...context, entities }, outcome: { touched }, facts: [] };
}
