/** From a command's name to what carries it out. */
import { cancelTimer, refused, reply, type Step, send, timer } from '../wishes.ts';
import { book, clearBook } from './anomalies.ts';
import { type CommandName, type ObserverEvent, type Payload, schemas } from './events.ts';
import type { Observation, ObserverContext, SampleReport } from './model.ts';
import { gone, observeAnswered, register, unregister, without } from './regions.ts';
import { findingsIn } from './rules.ts';

const TIMER = 'sample';

type Handlers = { readonly [N in CommandName]: (context: ObserverContext, event: Payload<N>) => Step<ObserverContext> };

const handlers: Handlers = {
  configure: (context, { intervalMs }) => ({ context: { ...context, intervalMs }, wishes: [reply(null)] }),
  'region.register': register,
  'region.unregister': unregister,
  'region.gone': gone,
  sample,
  clear,
};

/** Handles one command, or what a region, a timer or the promise answered. The context passed in is never changed. */
export function handle(context: ObserverContext, event: ObserverEvent): Step<ObserverContext> {
  const step = handleOne(context, event);
  const next = paced(context, step.context, event);
  return { context: next.context, wishes: [...step.wishes, ...next.wishes] };
}

function handleOne(context: ObserverContext, event: ObserverEvent): Step<ObserverContext> {
  const { type } = event;
  if (type === 'sample.due') return { context, wishes: [] };
  if (type === 'xstate.done.actor.look') return taken(context, event.output, event.at);
  if (!isCommand(type)) return observeAnswered(context, event as Parameters<typeof observeAnswered>[1]);
  const checked = schemas[type].safeParse(event);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    return refused(context, 'INVALID', `${type}: ${issue?.path.join('.')} ${issue?.message}`);
  }
  return (handlers[type] as (context: ObserverContext, event: unknown) => Step<ObserverContext>)(context, checked.data);
}

function isCommand(type: string): type is CommandName {
  return Object.hasOwn(handlers, type);
}

/**
 * The timer runs while there are regions: it starts with the first and ends with the last. It starts anew with another
 * interval, and when the clock was set back: else the next sample would be as far away as the clock went.
 */
function paced(before: ObserverContext, after: ObserverContext, { type, at }: ObserverEvent): Step<ObserverContext> {
  const { regions, intervalMs, dueAt } = after;
  if (regions.length === 0) {
    return dueAt === null
      ? { context: after, wishes: [] }
      : { context: { ...after, dueAt: null }, wishes: [cancelTimer(TIMER)] };
  }
  const runs = dueAt !== null && dueAt - at <= intervalMs;
  if (runs && type !== 'sample.due' && before.intervalMs === intervalMs) return { context: after, wishes: [] };
  return {
    context: { ...after, dueAt: at + intervalMs },
    wishes: [timer(TIMER, intervalMs, { type: 'sample.due' })],
  };
}

/** Takes a sample in: what it shows of regions that are registered still. */
function taken(before: ObserverContext, observation: Observation, at: number): Step<ObserverContext> {
  const { context, wishes } = without(before, observation.gone, at);
  const regions = observation.regions.filter(({ id }) => context.regions.includes(id));
  const booked = book(context, findingsIn(regions), at);
  const clusters = regions.reduce((sum, region) => sum + region.clusters.length, 0);
  const { opened, closed, anomalies, nextAnomaly } = booked;
  const report: SampleReport = {
    at,
    regions: regions.length,
    clusters,
    durationMs: observation.durationMs,
    opened,
    closed,
  };
  const { pattern } = observation;
  const set = pattern === null ? [] : [send('session', context.session, { type: 'vector.set', state: pattern })];
  return {
    context: { ...context, anomalies, nextAnomaly, sample: report, samples: context.samples + 1 },
    wishes: [...wishes, ...booked.wishes, ...set],
  };
}

function sample(before: ObserverContext, { observation, at }: Payload<'sample'>): Step<ObserverContext> {
  const { context, wishes } = taken(before, observation, at);
  return { context, wishes: [...wishes, reply({ ...context.sample, total: context.anomalies.length })] };
}

function clear(context: ObserverContext): Step<ObserverContext> {
  const { cleared, wishes } = clearBook(context);
  return { context: { ...context, anomalies: [] }, wishes: [...wishes, reply({ cleared })] };
}
