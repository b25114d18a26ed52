/**
 * Which user of the caller's tenant is active, asked on every request about a session. It is the last durable switch,
 * whoever made it, as the request first finds it: looked up once a request, so one request never speaks for two users. A
 * tenant that never switched pays for one look whether it has a partition at all.
 */
import type { Address } from '../../../actors/address.ts';
import { DEFAULT_USER, PARTITION_ID, type PartitionContext } from '../../../actors/kinds/partition.ts';
import type { Context } from '../operation.ts';

const looked = new WeakMap<Context, Promise<PartitionContext | undefined> | null>();

export function partitionAddress({ caller }: Context): Address {
  return { tenant: caller.tenant, kind: 'partition', id: PARTITION_ID };
}

/** @returns null for a tenant that never switched, without waiting for anything */
function look(context: Context): Promise<PartitionContext | undefined> | null {
  const known = looked.get(context);
  if (known !== undefined) return known;
  const { system } = context.services;
  const address = partitionAddress(context);
  const found = system.exists(address) ? system.read<PartitionContext>(address).then((view) => view?.context) : null;
  // Whoever waits for it hears of trouble; a request that ends before it has to know does not.
  found?.catch(() => {});
  looked.set(context, found);
  return found;
}

/** Whether the tenant ever switched users. */
export function hasUsers(context: Context): boolean {
  return look(context) !== null;
}

/** @returns undefined for a tenant that never switched */
export async function readPartition(context: Context): Promise<PartitionContext | undefined> {
  return (await look(context)) ?? undefined;
}

export async function activeUser(context: Context): Promise<string> {
  return (await readPartition(context))?.active ?? DEFAULT_USER;
}
