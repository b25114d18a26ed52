/** What a promise that a statechart invoked may use: looks at other actors of its tenant, and kernels. It changes nothing. */
import type { Compute } from './compute.ts';
import type { View } from './ports.ts';

export interface World {
  readonly tenant: string;
  /** An actor of the same tenant as of its last durable turn, without queueing; undefined when it is not there. */
  read<C = unknown>(kind: string, id: string): Promise<View<C> | undefined>;
  readonly compute: Pick<Compute, 'run'>;
}

/**
 * The world, inside a promise made by `fromPromise`.
 *
 * @param args what the promise's function was given
 * @throws TypeError outside a running system, where there is no world
 * @example
 * const look = fromPromise(async (args) => (await worldOf(args).read('session', args.input.id))?.context);
 */
export function worldOf(args: object): World {
  const { world } = args as { readonly world?: World };
  if (world === undefined) throw new TypeError('a promise has a world only while a system runs it');
  return world;
}
