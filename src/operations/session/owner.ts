/** Sessions that are a part of something larger: what has one as its own, and what has one as a member. */
import { AppError } from '../../../actors/errors.ts';
import { OBSERVER_ID, type ObserverContext } from '../../../actors/kinds/observer/model.ts';
import type { SessionContext } from '../../../actors/kinds/session/model.ts';
import type { Context } from '../operation.ts';

/** Kinds that have a session of their own, under their own id. */
const OWNERS = ['cluster', 'region'] as const;

/** What a session belongs to, so that it cannot be deleted alone. */
export async function ownerOf(
  { caller: { tenant }, services: { system } }: Context,
  id: string,
): Promise<string | null> {
  const owner = OWNERS.find((kind) => system.exists({ tenant, kind, id }));
  if (owner) return owner;
  const observer = await system.read<ObserverContext>({ tenant, kind: 'observer', id: OBSERVER_ID });
  return observer?.context.session === id ? 'observer' : null;
}

/**
 * Waits until the cluster of a deleted session knows. It was told with the commit of the deletion; asked as well, it
 * does not show a member any more that the caller knows to be gone.
 */
export async function tellCircle({ caller, services }: Context, { id, cluster }: SessionContext): Promise<void> {
  if (cluster === null || cluster === id) return;
  const address = { tenant: caller.tenant, kind: 'cluster', id: cluster };
  const event = { type: 'member.gone', session: id };
  await services.system.ask(address, event, { correlationId: caller.requestId }).catch((error: unknown) => {
    // Gone as well, or busy: then the message of the deletion does it.
    if (!(error instanceof AppError)) throw error;
  });
}
