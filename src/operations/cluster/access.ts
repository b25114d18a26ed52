/** How operations reach a cluster: by the caller's own address, so a foreign id is simply not there. */
import { z } from 'zod';
import type { Address } from '../../../actors/address.ts';
import { AppError } from '../../../actors/errors.ts';
import type { CommandEvent, CommandName, Outcomes } from '../../../actors/kinds/cluster/events.ts';
import type { ClusterContext } from '../../../actors/kinds/cluster/model.ts';
import { keyed } from '../keyed.ts';
import type { Context } from '../operation.ts';
import { id } from '../schemas.ts';

export const clusterPath = z.object({ id: id.describe('Cluster id.') });

export function clusterAddress({ caller }: Context, id: string): Address {
  return { tenant: caller.tenant, kind: 'cluster', id };
}

/** The one wording for a cluster that is not there, or not the caller's: it must not tell which. */
export function noCluster(): AppError {
  return new AppError('NOT_FOUND', 'Cluster not found');
}

/** @throws AppError NOT_FOUND */
export async function readCluster(context: Context, id: string): Promise<ClusterContext> {
  const view = await context.services.system.read<ClusterContext>(clusterAddress(context, id));
  if (!view) throw noCluster();
  return view.context;
}

export interface Told<N extends CommandName> {
  readonly outcome: Outcomes[N];
  /** Of the turn that took the command. */
  readonly revision: number;
  /** The answer was remembered from an earlier request with the same key. */
  readonly repeated: boolean;
}

/**
 * Sends a command and waits until it is durable.
 *
 * @throws AppError NOT_FOUND for an absent cluster, and whatever code the cluster refuses with
 */
export async function tellCluster<N extends CommandName>(
  context: Context,
  id: string,
  event: Omit<CommandEvent<N>, 'at'>,
): Promise<Told<N>> {
  const { services } = context;
  const address = clusterAddress(context, id);
  const { reply, revision, repeated } = await services.system
    .ask<ClusterContext>(address, event as { type: N }, keyed(context, event.type))
    .catch((error: unknown) => {
      const missing = error instanceof AppError && error.code === 'NOT_FOUND';
      // A cluster can be there and refuse because a member is not.
      throw missing && !services.system.exists(address) ? noCluster() : error;
    });
  return { outcome: reply as Outcomes[N], revision, repeated };
}
