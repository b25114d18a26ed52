/** How operations reach the network's actors, which a tenant has from its first need on. */
import type { Address } from '../../../actors/address.ts';
import { AppError } from '../../../actors/errors.ts';
import type { Context } from '../operation.ts';

/** Makes the actor unless it is there. */
export async function ensure({ caller, services }: Context, address: Address): Promise<void> {
  if (services.system.exists(address)) return;
  await services.system.spawn(address, {}, { correlationId: caller.requestId }).catch((error: unknown) => {
    // Somebody else made it a moment ago: then it is there, which is all that was wanted.
    if (!(error instanceof AppError && error.code === 'CONFLICT')) throw error;
  });
}
