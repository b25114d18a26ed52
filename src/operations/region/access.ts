/** How operations reach a region: by the caller's own address, so a foreign id is simply not there. */
import { z } from 'zod';
import type { Address } from '../../../actors/address.ts';
import { AppError } from '../../../actors/errors.ts';
import type { CommandEvent, CommandName, Outcomes } from '../../../actors/kinds/region/events.ts';
import type { RegionContext } from '../../../actors/kinds/region/model.ts';
import { keyed } from '../keyed.ts';
import type { Context } from '../operation.ts';
import { id } from '../schemas.ts';

export const regionPath = z.object({ id: id.describe('Region id.') });

export function regionAddress({ caller }: Context, id: string): Address {
  return { tenant: caller.tenant, kind: 'region', id };
}

/** The one wording for a region that is not there, or not the caller's: it must not tell which. */
export function noRegion(): AppError {
  return new AppError('NOT_FOUND', 'Region not found');
}

/** @throws AppError NOT_FOUND */
export async function readRegion(context: Context, id: string): Promise<RegionContext> {
  const view = await context.services.system.read<RegionContext>(regionAddress(context, id));
  if (!view) throw noRegion();
  return view.context;
}

/**
 * Sends a command and waits until it is durable.
 *
 * @throws AppError NOT_FOUND for an absent region, and whatever code the region refuses with
 */
export async function tellRegion<N extends CommandName>(
  context: Context,
  id: string,
  event: Omit<CommandEvent<N>, 'at'>,
): Promise<Outcomes[N]> {
  const { services } = context;
  const { reply } = await services.system
    .ask(regionAddress(context, id), event as { type: N }, keyed(context, event.type))
    .catch((error: unknown) => {
      throw error instanceof AppError && error.code === 'NOT_FOUND' ? noRegion() : error;
    });
  return reply as Outcomes[N];
}
