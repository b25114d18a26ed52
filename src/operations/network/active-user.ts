/**
 * Which user of the caller's tenant is active. Asked on every request about a session, so a tenant that never switched
 * pays one look whether it has a partition at all, and others a read of a snapshot that is in memory. Nothing is cached
 * here: what counts is the last durable switch, whoever made it.
 */
import type { Address } from '../../../actors/address.ts';
import { DEFAULT_USER, PARTITION_ID, type PartitionContext } from '../../../actors/kinds/partition.ts';
import type { Context } from '../operation.ts';

export function partitionAddress({ caller }: Context): Address {
  return { tenant: caller.tenant, kind: 'partition', id: PARTITION_ID };
}

/** Whether the tenant ever switched users. */
export function hasUsers(context: Context): boolean {
  return context.services.system.exists(partitionAddress(context));
}

/** @returns undefined for a tenant that never switched */
export async function readPartition(context: Context): Promise<PartitionContext | undefined> {
  if (!hasUsers(context)) return undefined;
  return (await context.services.system.read<PartitionContext>(partitionAddress(context)))?.context;
}

export async function activeUser(context: Context): Promise<string> {
  return (await readPartition(context))?.active ?? DEFAULT_USER;
}
