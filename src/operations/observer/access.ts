/** How operations reach the caller's observer: there is one, or none yet. */
import type { Address } from '../../../actors/address.ts';
import { AppError } from '../../../actors/errors.ts';
import type { CommandEvent, CommandName, Outcomes } from '../../../actors/kinds/observer/events.ts';
import { OBSERVER_ID, type ObserverContext } from '../../../actors/kinds/observer/model.ts';
import { keyed } from '../keyed.ts';
import type { Context } from '../operation.ts';
import { noRegion, regionAddress } from '../region/access.ts';

export function observerAddress({ caller }: Context): Address {
  return { tenant: caller.tenant, kind: 'observer', id: OBSERVER_ID };
}

function noObserver(): AppError {
  return new AppError('NOT_FOUND', 'Observer not found; create it with POST /v1/observer/');
}

/** @throws AppError NOT_FOUND */
export async function readObserver(context: Context): Promise<ObserverContext> {
  const view = await context.services.system.read<ObserverContext>(observerAddress(context));
  if (!view) throw noObserver();
  return view.context;
}

/**
 * Sends a command and waits until it is durable.
 *
 * @param step tells commands of one type apart that a request sends several of
 * @throws AppError NOT_FOUND without an observer, and whatever code it refuses with
 */
export async function tellObserver<N extends CommandName>(
  context: Context,
  event: Omit<CommandEvent<N>, 'at'>,
  step = '',
): Promise<Outcomes[N]> {
  const { services } = context;
  const { reply } = await services.system
    .ask(observerAddress(context), event as { type: N }, keyed(context, `${event.type}${step}`))
    .catch((error: unknown) => {
      throw error instanceof AppError && error.code === 'NOT_FOUND' ? noObserver() : error;
    });
  return reply as Outcomes[N];
}

/** Registered regions that are there: one deleted a moment ago is on its way out of the observer's list. */
export function presentRegions(context: Context, { regions }: ObserverContext): readonly string[] {
  return regions.filter((region) => context.services.system.exists(regionAddress(context, region)));
}

/** @throws AppError NOT_FOUND when one of them is not there */
export function requireRegions(context: Context, regions: readonly string[]): void {
  if (!regions.every((region) => context.services.system.exists(regionAddress(context, region)))) throw noRegion();
}
