/**
 * Turns that need a look at the session before they are sent: the answer to a pending message is embedded together with
 * that message, and by the time it arrives another caller may have replaced it (STALE).
 *
 * T1  The first attempt is free: it only waits while somebody has the session alone.
 * T2  A turn that came too late gets the session alone and tries again, against those only that were under way already;
 *     so it comes through however many agents share the session.
 */
import { formatAddress } from '../../../actors/address.ts';
import { AppError } from '../../../actors/errors.ts';
import type { Context } from '../operation.ts';
import type { Services } from '../services.ts';
import { sessionAddress } from './access.ts';

/** More than the turns of one session that can be under way when it is closed to others, short of a flood. */
const MAX_ATTEMPTS = 256;

/** For each server, the end of the queue before every session that somebody wants alone. */
const queues = new WeakMap<Services, Map<string, Promise<void>>>();

function queuesOf(services: Services): Map<string, Promise<void>> {
  const known = queues.get(services);
  if (known) return known;
  const made = new Map<string, Promise<void>>();
  queues.set(services, made);
  return made;
}

function isStale(error: unknown): boolean {
  return error instanceof AppError && error.code === 'STALE';
}

/** Runs attempts at a turn, each with a fresh look, until one is not too late. */
export async function untilFresh<T>(context: Context, id: string, attempt: () => Promise<T>): Promise<T> {
  const waiting = queuesOf(context.services);
  const key = formatAddress(sessionAddress(context, id));
  for (let busy = waiting.get(key); busy; busy = waiting.get(key)) await busy;
  try {
    return await attempt();
  } catch (error) {
    if (!isStale(error)) throw error;
  }
  const turn = (waiting.get(key) ?? Promise.resolve()).then(() => again(attempt));
  const done = turn.then(
    () => {},
    () => {},
  );
  waiting.set(key, done);
  try {
    return await turn;
  } finally {
    if (waiting.get(key) === done) waiting.delete(key);
  }
}

async function again<T>(attempt: () => Promise<T>): Promise<T> {
  for (let number = 1; ; number++) {
    try {
      return await attempt();
    } catch (error) {
      if (!isStale(error) || number === MAX_ATTEMPTS) throw error;
    }
  }
}
