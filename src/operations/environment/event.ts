/** One event, and those it is connected with. */
import { z } from 'zod';
import { AppError } from '../../../actors/errors.ts';
import type { Lineage } from '../../environment/lineage.ts';
import { Answer, operation } from '../operation.ts';
import { whole } from '../schemas.ts';
import { limit, MAX_PAGE } from './paging.ts';
import { eventId, sempEvent } from './shapes.ts';

const common = { dialect: 'sel', access: 'tenant', mutates: false, owned: ['path.id'] } as const;
const path = z.object({ id: eventId });
const example = { path: { id: '$event' } };

/** Somebody else's looks like none. */
function absent(): AppError {
  return new AppError('NOT_FOUND', 'Event not found');
}

export const getEvent = operation({
  ...common,
  name: 'events.get',
  summary: 'Get one event',
  http: { method: 'GET', path: '/api/events/{id}', aliases: ['/events/{id}'], status: 200 },
  input: { path },
  output: sempEvent,
  example,
  run: async ({ caller, services }, { path }) => {
    const found = services.environment.event(caller.tenant, path.id);
    if (!found) throw absent();
    return found.event;
  },
});

const lineageQuery = z.object({
  limit: limit(MAX_PAGE),
  depth: whole(1, MAX_PAGE).default(MAX_PAGE).describe('Steps away at most.'),
});
const CUT = '`X-Truncated: true` says that there are more than `limit`, or some further away than `depth`.';

function answer(lineage: Lineage | undefined): Answer {
  if (!lineage) throw absent();
  const { events, complete } = lineage;
  return new Answer(
    events.map(({ event }) => event),
    { headers: complete ? {} : { 'X-Truncated': 'true' } },
  );
}

export const getAncestors = operation({
  ...common,
  name: 'events.ancestors',
  summary: 'List the events this one follows from',
  description: `Along \`parent_ids\`, the nearest first, each once. Parents that are no events are passed over. ${CUT}`,
  http: { method: 'GET', path: '/api/events/{id}/ancestors', aliases: ['/events/{id}/ancestors'], status: 200 },
  input: { path, query: lineageQuery },
  output: z.array(sempEvent),
  heavy: true,
  example,
  run: async ({ caller, services }, { path, query }) =>
    answer(await services.environment.ancestors(caller.tenant, path.id, query)),
});

export const getDescendants = operation({
  ...common,
  name: 'events.descendants',
  summary: 'List the events that follow from this one',
  description: `Those that name it in their \`parent_ids\`, and so on; the nearest first, each once. ${CUT}`,
  http: { method: 'GET', path: '/api/events/{id}/descendants', aliases: ['/events/{id}/descendants'], status: 200 },
  input: { path, query: lineageQuery },
  output: z.array(sempEvent),
  heavy: true,
  example,
  run: async ({ caller, services }, { path, query }) =>
    answer(await services.environment.descendants(caller.tenant, path.id, query)),
});
