/** Signals of the shared environment: what events have left, and how strong it still is. */
import { z } from 'zod';
import { AppError } from '../../../actors/errors.ts';
import { compileScopeGlobs, isScopeGlob } from '../../environment/scope-glob.ts';
import type { Signal } from '../../environment/signals.ts';
import { MAX_PATTERN } from '../../environment/targets.ts';
import { Answer, operation } from '../operation.ts';
import { flag, name, whole } from '../schemas.ts';
import { cursor, limit, MAX_PAGE, nextPage } from './paging.ts';
import { historyEntry, scopeFilter, scopeName, signal, signalId } from './shapes.ts';

const common = { dialect: 'sel', access: 'tenant', mutates: false } as const;
const pattern = name(MAX_PATTERN);

const UNIX_SECONDS = /^\d{1,12}(?:\.\d{1,6})?$/;

/** ISO 8601 with a zone, or Unix seconds; becomes Unix ms. */
const asOf = z
  .union([z.string().regex(UNIX_SECONDS), z.iso.datetime({ offset: true })], {
    error: 'Input should be Unix seconds or ISO 8601 with a time zone',
  })
  .transform((text) => (UNIX_SECONDS.test(text) ? Math.round(Number(text) * 1_000) : Date.parse(text)))
  .optional()
  .describe(
    'Unix seconds, or ISO 8601 with a time zone. A past moment is answered from the log, a later one as if nothing happened until then.',
  );

/** Signals of one answer: turning more into text would hold the thread for long. */
const MAX_LIST = 10_000;

const listQuery = z.object({
  scope: scopeFilter,
  pattern: pattern.optional(),
  min_strength: z.coerce.number().min(0).max(1).optional(),
  as_of: asOf,
  limit: whole(1, MAX_LIST)
    .default(MAX_LIST)
    .describe('The strongest so many. Ask scope by scope when there are more.'),
  rollup: flag.optional().describe('Of each pattern the strongest in `scope` or below it; without a scope, of all.'),
});

/** Under a rollup a scope stands for itself and what lies below. */
function scoped({ scope, rollup }: z.output<typeof listQuery>) {
  if (scope === undefined) return {};
  if (isScopeGlob(scope)) {
    if (rollup) throw new AppError('INVALID', 'rollup: wants one scope, without *');
    return { inScope: compileScopeGlobs([scope]) };
  }
  return rollup ? { inScope: compileScopeGlobs([scope, `${scope}.*`]) } : { scope };
}

export const listSignals = operation({
  ...common,
  name: 'signals.list',
  summary: 'List the signals that live',
  description:
    'Strongest first, then by scope and pattern. A signal below 0.01 is gone. Of a past moment, with `as_of`, at most ' +
    '20,000 events back; one signal can be asked for as of any time.',
  http: { method: 'GET', path: '/api/signals', aliases: ['/signals'], status: 200 },
  input: { query: listQuery },
  output: z.array(signal),
  example: {},
  owned: [],
  run: ({ caller, services }, { query }) =>
    services.environment.signals(caller.tenant, {
      ...scoped(query),
      pattern: query.pattern,
      minStrength: query.min_strength,
      asOf: query.as_of,
      rollup: query.rollup,
      limit: query.limit,
    }),
});

/** Somebody else's looks like none. */
function required(found: Signal | undefined): Signal {
  if (!found) throw new AppError('NOT_FOUND', 'Signal not found');
  return found;
}

export const lookUpSignal = operation({
  ...common,
  name: 'signals.lookup',
  summary: 'Get the signal of a scope and pattern',
  http: { method: 'GET', path: '/api/signals/lookup', aliases: ['/signals/lookup'], status: 200 },
  input: { query: z.object({ scope: scopeName, pattern, as_of: asOf }) },
  output: signal,
  errors: [404],
  example: { query: { scope: 'ui.login', pattern: 'improve_ux' } },
  owned: [],
  run: async ({ caller, services }, { query: { scope, pattern, as_of } }) =>
    required(await services.environment.signal(caller.tenant, { scope, pattern }, as_of)),
});

const path = z.object({ id: signalId });

export const getSignal = operation({
  ...common,
  name: 'signals.get',
  summary: 'Get one signal',
  description: 'Gone ones are not found; their history is.',
  http: { method: 'GET', path: '/api/signals/{id}', aliases: ['/signals/{id}'], status: 200 },
  input: { path, query: z.object({ as_of: asOf }) },
  output: signal,
  example: { path: { id: '$signal' } },
  owned: ['path.id'],
  run: async ({ caller, services }, { path, query }) =>
    required(await services.environment.signal(caller.tenant, path, query.as_of)),
});

const AFTER_REVISION = /^rev:(\d{1,15})$/;

export const getHistory = operation({
  ...common,
  name: 'signals.history',
  summary: 'Explain how the strength of a signal came about',
  description:
    'Every event that touched it, oldest first, with the decay between any two and the strength before and after; also ' +
    'of a signal that is gone. When there may be more, `X-Next-Cursor` says where to go on and `Link` leads there.',
  http: { method: 'GET', path: '/api/signals/{id}/history', aliases: ['/signals/{id}/history'], status: 200 },
  input: {
    path,
    query: z.object({ limit: limit(MAX_PAGE), after: cursor.optional().describe('An `X-Next-Cursor`.') }),
  },
  output: z.array(historyEntry),
  heavy: true,
  example: { path: { id: '$signal' } },
  owned: ['path.id'],
  run: async ({ caller, services }, { path, query }) => {
    const revision = query.after === undefined ? '0' : AFTER_REVISION.exec(query.after)?.[1];
    // Whether the cursor is one is no secret, whether the signal exists is.
    const after = Number(revision ?? 0);
    const history = await services.environment.history(caller.tenant, path.id, { after, limit: query.limit });
    if (!history) throw new AppError('NOT_FOUND', 'Signal not found');
    if (revision === undefined) throw new AppError('INVALID', `after: "${query.after}" is no cursor of a history`);
    const { entries, next } = history;
    return new Answer(entries, { headers: nextPage({ ...query }, 'after', next === null ? null : `rev:${next}`) });
  },
});
