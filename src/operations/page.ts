/** Lists of a caller's actors, a page at a time. */
import { z } from 'zod';
import type { Context } from './operation.ts';
import { id, maybe, whole } from './schemas.ts';

/** Actors of one answer. */
const MAX_LIST = 1_000;

/** @param what plural, for the documentation: `clusters` */
export const pageQuery = (what: string) =>
  z.object({
    limit: whole(1, MAX_LIST).default(MAX_LIST),
    after: maybe(id).describe(`Only ${what} with a greater id: the last one of the page before.`),
  });

/** The caller's actors of a kind as of their last durable turns, by id. */
export async function readPage<C>(
  { caller: { tenant }, services: { system } }: Context,
  kind: string,
  { limit, after }: z.output<ReturnType<typeof pageQuery>>,
): Promise<C[]> {
  const ids = system.list({ tenant, kind, limit, ...(after === undefined ? {} : { after }) });
  const views = await Promise.all(ids.map((id) => system.read<C>({ tenant, kind, id })));
  // One may be deleted between the list and the look.
  return views.flatMap((view) => (view ? [view.context] : []));
}
