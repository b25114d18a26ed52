/** From a command's name to what carries it out; expected trouble becomes an answer, anything else is a bug and flies. */
import type { z } from 'zod';
import { AppError, type ErrorCode } from '../../errors.ts';
import { entityPut, entityRemove, entityTouch } from './cache.ts';
import { clusterJoin, clusterLeave, vectorBlend } from './circle.ts';
import {
  anchorAdd,
  importSession,
  isolate,
  memoryInject,
  release,
  triggerAdd,
  triggerClear,
  vectorSet,
} from './control.ts';
import { type CommandName, type Payload, type SessionEvent, schemas } from './events.ts';
import type { SessionContext } from './model.ts';
import type { Failure, Outcomes, Step } from './outcomes.ts';
import { run } from './run.ts';
import { store } from './store.ts';

type Handlers = {
  readonly [N in CommandName]: (context: SessionContext, event: Payload<N>) => Step<Outcomes[N]>;
};

const handlers: Handlers = {
  run,
  store,
  'trigger.add': triggerAdd,
  'trigger.clear': triggerClear,
  'anchor.add': anchorAdd,
  isolate,
  release,
  'memory.inject': memoryInject,
  'entity.put': entityPut,
  'entity.remove': entityRemove,
  'entity.touch': entityTouch,
  import: importSession,
  'vector.set': vectorSet,
  'vector.blend': vectorBlend,
  'cluster.join': clusterJoin,
  'cluster.leave': clusterLeave,
};

function failed(context: SessionContext, code: ErrorCode, message: string): Step<Failure> {
  return { context, outcome: { error: { code, message } }, facts: [] };
}

function explain(type: string, issue: z.core.$ZodIssue | undefined): string {
  return `${type}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? 'has the wrong shape'}`;
}

/**
 * Handles one command. The context passed in is never changed; on a failure the one returned is that very context.
 */
export function handle(context: SessionContext, event: SessionEvent): Step<unknown> {
  const { type } = event;
  const checked = schemas[type].safeParse(event);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    // A well-formed request that names a level, tier or kind nobody has: clients are told 400 for that, not 422.
    const code = issue?.code === 'invalid_value' ? 'MALFORMED' : 'INVALID';
    return failed(context, code, explain(type, issue));
  }
  try {
    return (handlers[type] as (context: SessionContext, event: unknown) => Step<unknown>)(context, checked.data);
  } catch (error) {
    if (error instanceof AppError) return failed(context, error.code, error.message);
    throw error;
  }
}
