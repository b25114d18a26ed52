/**
 * Which regions an observer looks at. A region is asked, so that it says so when it is deleted; until it has answered it
 * cannot be unregistered.
 */
import { ask, publish, refused, reply, type Step, send } from '../wishes.ts';
import { book } from './anomalies.ts';
import type { ObserveAnswer, Outcomes, Payload } from './events.ts';
import { MAX_REGIONS, type ObserverContext } from './model.ts';

const OBSERVE = 'observe.';
const YES = '.reply';
const NO = '.error';

const registered = (outcome: Outcomes['region.register']) => reply(outcome);
const unregistered = (outcome: Outcomes['region.unregister']) => reply(outcome);

export function register(context: ObserverContext, { region }: Payload<'region.register'>): Step<ObserverContext> {
  const { regions, registering } = context;
  if (regions.includes(region)) return { context, wishes: [registered({ registered: false })] };
  if (regions.length + registering.length >= MAX_REGIONS) {
    return refused(context, 'CONFLICT', `the observer looks at ${MAX_REGIONS} regions, which is the most`);
  }
  const question = ask('region', region, { type: 'observe', observed: true }, OBSERVE + region);
  return { context: { ...context, registering: [...registering, region] }, wishes: [question] };
}

export function observeAnswered(context: ObserverContext, event: ObserveAnswer): Step<ObserverContext> {
  const { type } = event;
  const yes = type.endsWith(YES);
  const region = type.slice(OBSERVE.length, -(yes ? YES : NO).length);
  const asked = context.registering.indexOf(region);
  if (asked === -1) return refused(context, 'STALE', `region "${region}" was not asked`);
  const next = { ...context, registering: context.registering.toSpliced(asked, 1) };
  if (!yes) {
    const { code = 'INTERNAL', message = '' } = event;
    return { context: next, wishes: [registered({ registered: false, error: { code, message } })] };
  }
  if (context.regions.includes(region)) return { context: next, wishes: [registered({ registered: false })] };
  const regions = [...context.regions, region].sort();
  return {
    context: { ...next, regions },
    wishes: [publish('region.registered', { region }), registered({ registered: true })],
  };
}

export function unregister(context: ObserverContext, event: Payload<'region.unregister'>): Step<ObserverContext> {
  const { region, at } = event;
  if (context.registering.includes(region)) {
    return refused(context, 'STALE', `region "${region}" is being registered; try again`);
  }
  const known = context.regions.includes(region);
  const step = without(context, [region], at);
  const told = known ? [send('region', region, { type: 'observe', observed: false })] : [];
  return { ...step, wishes: [...step.wishes, ...told, unregistered({ unregistered: known })] };
}

export function gone(context: ObserverContext, { region, at }: Payload<'region.gone'>): Step<ObserverContext> {
  const known = context.regions.includes(region);
  const step = without(context, [region], at);
  return { ...step, wishes: [...step.wishes, unregistered({ unregistered: known })] };
}

/** Looks at some regions no longer. When none is left nothing has a cause any more, and no sample would find that out. */
export function without(context: ObserverContext, regions: readonly string[], at: number): Step<ObserverContext> {
  const gone = context.regions.filter((region) => regions.includes(region));
  if (gone.length === 0) return { context, wishes: [] };
  const next = { ...context, regions: context.regions.filter((region) => !gone.includes(region)) };
  const wishes = gone.map((region) => publish('region.unregistered', { region }));
  if (next.regions.length > 0) return { context: next, wishes };
  const { anomalies, nextAnomaly, wishes: closings } = book(next, [], at);
  return { context: { ...next, anomalies, nextAnomaly }, wishes: [...wishes, ...closings] };
}
