/** The world as a statechart's promise sees it, for operations that read with the same functions. */
import type { View } from '../../actors/ports.ts';
import type { World } from '../../actors/world.ts';
import type { Context } from './operation.ts';

/** The caller's own actors, and kernels. */
export function worldFor({ caller, services }: Context): World {
  const { tenant } = caller;
  return {
    tenant,
    read: <C>(kind: string, id: string): Promise<View<C> | undefined> => services.system.read<C>({ tenant, kind, id }),
    compute: services.compute,
  };
}
