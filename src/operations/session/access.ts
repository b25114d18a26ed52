/** How operations reach a session: by the caller's own address, so a foreign id is simply not there. */
import type { Address } from '../../../actors/address.ts';
import { AppError } from '../../../actors/errors.ts';
import type { CommandEvent, CommandName } from '../../../actors/kinds/session/events.ts';
import type { SessionContext } from '../../../actors/kinds/session/model.ts';
import type { Outcomes } from '../../../actors/kinds/session/outcomes.ts';
import { keyed } from '../keyed.ts';
import { activeUser, hasUsers } from '../network/active-user.ts';
import type { Context } from '../operation.ts';

export interface Told<N extends CommandName> {
  readonly outcome: Outcomes[N];
  /** The session as the command left it. */
  readonly session: SessionContext;
  readonly revision: number;
}

export function sessionAddress({ caller }: Context, id: string): Address {
  return { tenant: caller.tenant, kind: 'session', id };
}

/** The one wording for a session that is not there, or not the caller's: it must not tell which. */
export function noSession(): AppError {
  return new AppError('NOT_FOUND', 'Session not found');
}

/**
 * A session of the caller, and of the user that is active now: one that was set aside is not there.
 *
 * @throws AppError NOT_FOUND
 */
export async function readSession(context: Context, id: string): Promise<SessionContext> {
  const view = await context.services.system.read<SessionContext>(sessionAddress(context, id));
  if (!view || (hasUsers(context) && !(await isReachable(context, view.context)))) throw noSession();
  return view.context;
}

async function isReachable(context: Context, { user }: SessionContext): Promise<boolean> {
  return user === null || user === (await activeUser(context));
}

/**
 * For commands that go to a session without a look at it. Costs nothing where nobody ever switched users.
 *
 * @throws AppError NOT_FOUND for a session that was set aside
 */
export async function requireReachable(context: Context, id: string): Promise<void> {
  if (hasUsers(context)) await readSession(context, id);
}

/** The event of a command; the runtime adds `at`. */
type Told0<N extends CommandName> = Omit<CommandEvent<N>, 'at'>;

/**
 * Sends a command and waits until it is durable.
 *
 * @throws AppError NOT_FOUND for an absent session, and whatever code the session refuses with
 */
export async function tellSession<N extends CommandName>(
  context: Context,
  id: string,
  event: Told0<N>,
): Promise<Told<N>> {
  const { services } = context;
  const address = sessionAddress(context, id);
  await requireReachable(context, id);
  const answered = await services.system
    .ask<SessionContext>(address, event as { type: N }, keyed(context, event.type))
    .catch((error: unknown) => {
      const missing = error instanceof AppError && error.code === 'NOT_FOUND';
      // A session can be there and refuse because something in it is not.
      throw missing && !services.system.exists(address) ? noSession() : error;
    });
  return { outcome: answered.reply as Outcomes[N], session: answered.context, revision: answered.revision };
}

/** @throws AppError INVALID naming the field, when a vector has another length than the session's dimension */
export function toVector(
  values: readonly number[],
  dimension: number,
  ...loc: readonly (string | number)[]
): Float32Array {
  if (values.length !== dimension) {
    const msg = `vector has ${values.length} numbers, ${dimension} wanted`;
    throw new AppError('INVALID', msg, { details: [{ loc: ['body', ...loc], msg, type: 'value_error' }] });
  }
  return Float32Array.from(values);
}
