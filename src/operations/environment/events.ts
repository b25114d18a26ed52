/** The lists of events the published interface knows, with filters and pages. */
import { z } from 'zod';
import { cursorOf, readCursor } from '../../environment/cursor.ts';
import type { EventQuery } from '../../environment/events.ts';
import { compileScopeGlobs, isScopeGlob } from '../../environment/scope-glob.ts';
import { Answer, type Context, operation } from '../operation.ts';
import { cursor, holds, ifNoneMatch, limit, MAX_PAGE, nextPage, order, revalidated } from './paging.ts';
import { agentName, eventType, scopeFilter, scopeName, sempEvent, traceName } from './shapes.ts';

/** Events of the plain list. */
const WINDOW = 100;

/** What every list can be narrowed by. */
const filters = {
  before: cursor.optional().describe('Only events before this one: an event id, or an `X-Next-Cursor`.'),
  after: cursor.optional().describe('Only events after this one.'),
  type: z.array(eventType).max(20).optional().describe('May be repeated.'),
  agent_id: agentName.optional(),
  order,
};

interface ListQuery {
  readonly limit: number;
  readonly before?: string | undefined;
  readonly after?: string | undefined;
  readonly type?: EventQuery['types'];
  readonly agent_id?: string | undefined;
  readonly order: 'asc' | 'desc';
  readonly scope?: string | undefined;
  readonly trace_id?: string | undefined;
}

interface Wanted {
  readonly query: ListQuery;
  readonly headers: { readonly 'if-none-match'?: string | undefined };
}

/** @param fixed what the path says @throws AppError INVALID for an unknown place */
async function list(
  { caller: { tenant }, services: { environment } }: Context,
  { query, headers }: Wanted,
  fixed: Pick<EventQuery, 'scope' | 'trace'> = {},
) {
  const seqOf = (id: string) => environment.seqOf(tenant, id);
  const place = (name: 'before' | 'after') =>
    query[name] === undefined ? undefined : readCursor(query[name], seqOf, name);
  const { scope, trace_id: trace, order } = query;
  const wanted: EventQuery = {
    ...(scope !== undefined && isScopeGlob(scope) ? { inScope: compileScopeGlobs([scope]) } : { scope }),
    trace,
    types: query.type,
    agent: query.agent_id,
    before: place('before'),
    after: place('after'),
    ascending: order === 'asc',
    limit: query.limit,
    ...fixed,
  };
  // Before the list is read: what is committed in between makes the tag too old, never too new.
  const version = environment.version(tenant);
  const caching = revalidated(version);
  if (holds(version, headers['if-none-match'])) return new Answer(null, { status: 304, headers: caching });
  const { events, next } = await environment.events(tenant, wanted);
  const further = nextPage({ ...query }, order === 'asc' ? 'after' : 'before', next === null ? null : cursorOf(next));
  return new Answer(
    events.map(({ event }) => event),
    { headers: { ...caching, ...further } },
  );
}

const common = {
  dialect: 'sel',
  output: z.array(sempEvent),
  access: 'tenant',
  mutates: false,
  owned: [],
} as const;

const PAGES =
  'When there may be more, `X-Next-Cursor` says where to go on and `Link` leads there; a page may be short of `limit` ' +
  'when few events pass the filters. With `If-None-Match` of an earlier `ETag` it answers 304 while nothing has happened.';

export const listEvents = operation({
  ...common,
  name: 'events.list',
  summary: 'List events, the newest first',
  description: PAGES,
  http: { method: 'GET', path: '/api/events', aliases: ['/events'], status: 200 },
  input: {
    query: z.object({ limit: limit(WINDOW), ...filters, scope: scopeFilter, trace_id: traceName.optional() }),
    headers: ifNoneMatch,
  },
  example: {},
  run: (context, input) => list(context, input),
});

export const listScope = operation({
  ...common,
  name: 'events.scope',
  summary: 'List the events of exactly one scope',
  description: PAGES,
  http: { method: 'GET', path: '/api/events/scope/{scope}', aliases: ['/events/scope/{scope}'], status: 200 },
  input: {
    path: z.object({ scope: scopeName }),
    query: z.object({ limit: limit(MAX_PAGE), ...filters, trace_id: traceName.optional() }),
    headers: ifNoneMatch,
  },
  example: { path: { scope: 'ui.login' } },
  run: (context, input) => list(context, input, { scope: input.path.scope }),
});

export const listTrace = operation({
  ...common,
  name: 'events.trace',
  summary: 'List the events of a trace',
  description: PAGES,
  http: { method: 'GET', path: '/api/events/trace/{traceId}', aliases: ['/events/trace/{traceId}'], status: 200 },
  input: {
    path: z.object({ traceId: traceName }),
    query: z.object({ limit: limit(MAX_PAGE), ...filters, scope: scopeFilter }),
    headers: ifNoneMatch,
  },
  example: { path: { traceId: 'trace-001' } },
  run: (context, input) => list(context, input, { trace: input.path.traceId }),
});
