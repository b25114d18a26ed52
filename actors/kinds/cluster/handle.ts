/** From a command's name to what carries it out. */

import { refused, type Step } from '../wishes.ts';
import { drift, feedback, regionClaim, regionRelease } from './circle.ts';
import { type ClusterEvent, type CommandName, type Payload, schemas } from './events.ts';
import { joinAnswered, memberAdd, memberGone, memberRemove } from './members.ts';
import type { ClusterContext } from './model.ts';

type Handlers = { readonly [N in CommandName]: (context: ClusterContext, event: Payload<N>) => Step<ClusterContext> };

const handlers: Handlers = {
  'member.add': memberAdd,
  'member.remove': memberRemove,
  'member.gone': memberGone,
  'region.claim': regionClaim,
  'region.release': regionRelease,
  drift,
  'feedback.send': feedback,
};

function isCommand(type: string): type is CommandName {
  return Object.hasOwn(handlers, type);
}

/** Handles one command, or a session's answer. The context passed in is never changed. */
export function handle(context: ClusterContext, event: ClusterEvent): Step<ClusterContext> {
  const { type } = event;
  if (!isCommand(type)) return joinAnswered(context, event as Exclude<ClusterEvent, { type: CommandName }>);
  const checked = schemas[type].safeParse(event);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    return refused(context, 'INVALID', `${type}: ${issue?.path.join('.')} ${issue?.message}`);
  }
  return (handlers[type] as (context: ClusterContext, event: unknown) => Step<ClusterContext>)(context, checked.data);
}
