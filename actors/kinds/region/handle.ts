/** From a command's name to what carries it out. */
import { publish, refused, reply, type Step, send } from '../wishes.ts';
import { type CommandName, type Done, type Payload, type RegionEventIn, schemas } from './events.ts';
import { claimAnswered, clusterAdd, clusterGone, clusterRemove } from './members.ts';
import { type RealignmentEvent, type RegionContext, remember } from './model.ts';
import { castVote, endVote, settleVotes, spendVotes } from './votes.ts';

type Handlers = { readonly [N in CommandName]: (context: RegionContext, event: Payload<N>) => Step<RegionContext> };

const handlers: Handlers = {
  'cluster.add': clusterAdd,
  'cluster.remove': clusterRemove,
  'cluster.gone': clusterGone,
  drift: castVote,
  observe: (context, { observed }) => ({ context: { ...context, observed }, wishes: [reply(null)] }),
};

/** Handles one command, or what another actor, a timer or a promise answered. The context passed in is never changed. */
export function handle(before: RegionContext, event: RegionEventIn): Step<RegionContext> {
  const { context, wishes } = settleVotes(before, event.at);
  const step = handleSettled(context, event);
  return { ...step, wishes: [...wishes, ...step.wishes] };
}

function handleSettled(context: RegionContext, event: RegionEventIn): Step<RegionContext> {
  const { type } = event;
  if (type === 'vote.ended') return { context: endVote(context, event.cluster), wishes: [] };
  if (type === 'xstate.done.actor.realign') return realigned(context, event);
  if (!isCommand(type)) return claimAnswered(context, event as Parameters<typeof claimAnswered>[1]);
  const checked = schemas[type].safeParse(event);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    return refused(context, 'INVALID', `${type}: ${issue?.path.join('.')} ${issue?.message}`);
  }
  return (handlers[type] as (context: RegionContext, event: unknown) => Step<RegionContext>)(context, checked.data);
}

function isCommand(type: string): type is CommandName {
  return Object.hasOwn(handlers, type);
}

/** The vector goes to the region's own session in the same commit that spends the votes: once, whatever crashes. */
function realigned(context: RegionContext, { at, output: { vector } }: Done): Step<RegionContext> {
  const { voters, share, drift } = context.reached!;
  const updated = vector !== null;
  const event: RealignmentEvent = { ...drift, type: 'realignment', at, voters, share, updated };
  return {
    context: {
      ...spendVotes(context),
      events: remember(context, event),
      reached: null,
      failures: 0,
      lastRealignment: at,
      realignments: context.realignments + 1,
    },
    wishes: [
      ...(vector === null ? [] : [send('session', context.id, { type: 'vector.set', state: vector })]),
      publish('realignment', { voters, share, threshold: context.threshold, updated }),
    ],
  };
}
