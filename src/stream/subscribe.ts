/** What a client of the stream asks for, in the query of its upgrade or in a message. */
import { z } from 'zod';
import { AppError } from '../../actors/errors.ts';

/** At most 32 patterns of at most 300 characters. */
export const globs = z.array(z.string().min(1).max(300)).max(32).optional();

const subscribe = z.object({
  type: z.literal('subscribe'),
  kinds: globs,
  ids: globs,
  types: globs,
  since: z.int().min(0).optional(),
});

/** What a client wants to hear. */
export type Subscribe = z.output<typeof subscribe>;

/**
 * @returns null when the query asks for nothing
 * @throws AppError INVALID
 */
export function subscriptionOf(query: URLSearchParams): Subscribe | null {
  const lists = { kinds: query.getAll('kind'), ids: query.getAll('id'), types: query.getAll('type') };
  const since = query.get('since');
  const given = Object.entries(lists).filter(([, list]) => list.length > 0);
  if (given.length === 0 && since === null) return null;
  return readSubscription({
    type: 'subscribe',
    ...Object.fromEntries(given),
    ...(since === null ? {} : { since: Number(since) }),
  });
}

/** @throws AppError INVALID */
export function readSubscription(message: unknown): Subscribe {
  const parsed = subscribe.safeParse(message);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new AppError('INVALID', `${issue?.path.join('.') || 'message'}: ${issue?.message}`);
}
