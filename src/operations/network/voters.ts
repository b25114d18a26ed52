/** Who votes on a proposal to the network, and where each of them stands. */

import { sharedRows } from '../../../actors/compute.ts';
import { AppError } from '../../../actors/errors.ts';
import { MAX_VOTERS, type Trusted } from '../../../actors/kinds/consensus/model.ts';
import type { SessionContext } from '../../../actors/kinds/session/model.ts';
import type { Context } from '../operation.ts';
import { readSession } from '../session/access.ts';
import { activeUser } from './active-user.ts';
import { sessionsOf } from './users.ts';

/** A session that can vote: it has a direction, of the length the proposal has. */
const canVote = (session: SessionContext, dimension: number) =>
  session.initialised && session.config.dimension === dimension;

/**
 * Sessions of the active user that have a direction: those that are trusted most first, then by id, at most 1,000.
 *
 * @param ledger whom the network knows
 */
export async function votersOf(
  context: Context,
  ledger: readonly Trusted[],
  dimension: number,
): Promise<SessionContext[]> {
  const found = new Map<string, SessionContext>();
  const best = [...ledger].sort((a, b) => b.trust - a.trust || (a.instance < b.instance ? -1 : 1));
  for (const { instance } of best.slice(0, MAX_VOTERS)) {
    // Instances of the ledger may be users, or sessions that are gone or set aside.
    const session = await readSession(context, instance).catch(unlessAbsent);
    if (session && canVote(session, dimension)) found.set(instance, session);
  }
  if (found.size < MAX_VOTERS) {
    for await (const session of sessionsOf(context, await activeUser(context))) {
      if (canVote(session, dimension)) found.set(session.id, session);
      if (found.size === MAX_VOTERS) break;
    }
  }
  return [...found.values()];
}

function unlessAbsent(error: unknown): undefined {
  if (!(error instanceof AppError && error.code === 'NOT_FOUND')) throw error;
}

export interface Stand {
  readonly votes: readonly { readonly instance: string; readonly approve: boolean }[];
  /** Mean pairwise cosine of the voters, [-1, 1]; 1 for fewer than two. */
  readonly agreement: number;
}

/** Every session votes by the cosine of its own direction to the target: it approves when (1 + cosine) / 2 ≥ 0.6. */
export async function standOf(
  { services }: Context,
  voters: readonly SessionContext[],
  target: Float64Array,
): Promise<Stand> {
  const d = target.length;
  const rows = sharedRows(voters.length, d);
  for (const [i, { state }] of voters.entries()) rows.set(state, i * d);
  const { votes } = await services.compute.run('approvals', [rows, target]);
  const agreement = await services.compute.run('meanPairwiseCosine', [rows, d]);
  return { votes: voters.map(({ id }, i) => ({ instance: id, approve: votes[i] === 1 })), agreement };
}
