/** Events of the shared environment: posting one, and the lists the published interface knows. */
import { z } from 'zod';
import type { EventQuery } from '../../environment/events.ts';
import { type Context, operation } from '../operation.ts';
import { eventDraft, MAX_EVENT_BYTES, scopeName, sempEvent, traceName } from './shapes.ts';

/** Events of the plain list. */
const WINDOW = 100;
/** Events of the lists of a scope and of a trace. */
const MAX_LIST = 1_000;

export const createEvent = operation({
  name: 'events.create',
  dialect: 'sel',
  summary: 'Post an event',
  description:
    'The event and what it does to signals are one commit: both are on the disk, and visible, when this answers. Which ' +
    'signals it touches, the first of these that finds any: `payload.targetSignalId`; `payload.pattern` or ' +
    '`payload.action` in its scope; those its parents touched; those the last event of its trace and scope touched; ' +
    'the only one alive in its scope; `default`. Proposals, ready and test bring a signal up, rewards strengthen it by ' +
    '`payload.value` (1 when absent) times α, penalties take `payload.value` away.',
  http: { method: 'POST', path: '/api/events', aliases: ['/events'], status: 201, maxBodyBytes: MAX_EVENT_BYTES },
  input: { body: eventDraft },
  output: sempEvent,
  access: 'tenant',
  mutates: true,
  example: {
    body: {
      type: 'proposal',
      scope: 'ui.login',
      trace_id: 'trace-001',
      agent_id: 'my-agent',
      payload: { action: 'improve_ux' },
    },
  },
  owned: [],
  run: async ({ caller, services }, { body }) => (await services.environment.post(caller, body)).event,
});

async function list({ caller, services }: Context, query: EventQuery) {
  const { events } = await services.environment.events(caller.tenant, query);
  return events.map(({ event }) => event);
}

const common = {
  dialect: 'sel',
  output: z.array(sempEvent),
  access: 'tenant',
  mutates: false,
  owned: [],
} as const;

export const listEvents = operation({
  ...common,
  name: 'events.list',
  summary: 'List the newest events',
  http: { method: 'GET', path: '/api/events', aliases: ['/events'], status: 200 },
  input: {},
  example: {},
  run: (context) => list(context, { limit: WINDOW }),
});

export const listScope = operation({
  ...common,
  name: 'events.scope',
  summary: 'List the events of a scope',
  http: { method: 'GET', path: '/api/events/scope/{scope}', aliases: ['/events/scope/{scope}'], status: 200 },
  input: { path: z.object({ scope: scopeName }) },
  example: { path: { scope: 'ui.login' } },
  run: (context, { path }) => list(context, { scope: path.scope, limit: MAX_LIST }),
});

export const listTrace = operation({
  ...common,
  name: 'events.trace',
  summary: 'List the events of a trace',
  http: { method: 'GET', path: '/api/events/trace/{traceId}', aliases: ['/events/trace/{traceId}'], status: 200 },
  input: { path: z.object({ traceId: traceName }) },
  example: { path: { traceId: 'trace-001' } },
  run: (context, { path }) => list(context, { trace: path.traceId, limit: MAX_LIST }),
});
