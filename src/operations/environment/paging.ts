/** Pages of lists whose bodies are bare arrays: where to go on stands in the headers. */
import { z } from 'zod';
import { MAX_CURSOR } from '../../environment/cursor.ts';
import { name, whole } from '../schemas.ts';

/** Most of one page. */
export const MAX_PAGE = 1_000;

export const limit = (standard: number) => whole(1, MAX_PAGE).default(standard);
export const cursor = name(MAX_CURSOR);
export const order = z.enum(['asc', 'desc']).default('desc').describe('`asc`: oldest first.');

export const ifNoneMatch = z.object({ 'if-none-match': z.string().max(2_048).optional() });

type Query = Readonly<Record<string, unknown>>;

/**
 * `Link` and `X-Next-Cursor` of a page that is not the last one. The link is relative, a query alone: it leads to
 * whatever path was asked.
 *
 * @param query the request's own, @param parameter the one that takes the cursor
 */
export function nextPage(query: Query, parameter: string, cursor: string | null): Record<string, string> {
  if (cursor === null) return {};
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries({ ...query, [parameter]: cursor })) {
    if (value === undefined) continue;
    for (const one of [value].flat()) search.append(key, String(one));
  }
  return { Link: `<?${search}>; rel="next"`, 'X-Next-Cursor': cursor };
}

/** Headers of what may be kept, by its owner, if asked for again each time. */
export function revalidated(version: string): Record<string, string> {
  return { ETag: `W/"${version}"`, 'Cache-Control': 'private, no-cache' };
}

/** Whether the client holds this version. @see RFC 9110, section 13.1.2: weak comparison */
export function holds(version: string, header: string | undefined): boolean {
  if (header === undefined) return false;
  if (header.trim() === '*') return true;
  return header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === `"${version}"`);
}
