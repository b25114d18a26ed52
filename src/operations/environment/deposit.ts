/** `client.signal(…)` of the later site: a signal laid down without saying in which workflow, or by whom. */
import { z } from 'zod';
import type { EventDraft } from '../../environment/event.ts';
import { operation } from '../operation.ts';
import { asTouch } from './post.ts';
import { agentName, eventDraft, eventType, MAX_EVENT_BYTES, scopeName, sempEvent, touch, traceName } from './shapes.ts';

/** What is not said. */
const DEFAULT = 'default';

const body = z.object({
  type: eventType,
  payload: eventDraft.shape.payload.default({}),
  strength: z.number().min(0).max(1).optional().describe('Goes into the payload; counts with the profile `site`.'),
  scope: scopeName.optional().describe('Default: `payload.scope`, else `default`.'),
  trace_id: traceName.default(DEFAULT),
  agent_id: agentName.default(DEFAULT),
  parent_ids: eventDraft.shape.parent_ids,
});

export const createSignal = operation({
  name: 'signals.create',
  dialect: 'sel',
  summary: 'Post an event of which only the type need be said',
  description: 'As `POST /api/events`, whose validation is as strict as published; `signals` tells what it did.',
  http: { method: 'POST', path: '/api/signals', aliases: ['/signals'], status: 201, maxBodyBytes: MAX_EVENT_BYTES },
  input: { body },
  output: sempEvent.extend({ signals: z.array(touch) }),
  access: 'tenant',
  mutates: true,
  heavy: true,
  example: { body: { type: 'PROPOSAL', payload: { action: 'improve_ux' }, strength: 1 } },
  owned: [],
  run: async ({ caller, services }, { body }) => {
    const { event, touches } = await services.environment.post(caller, draftOf(body));
    return { ...event, signals: touches.map(asTouch) };
  },
});

function draftOf({ strength, scope, payload, ...rest }: z.output<typeof body>): EventDraft {
  const said = scopeName.safeParse(payload.scope);
  return {
    ...rest,
    scope: scope ?? (said.success ? said.data : DEFAULT),
    payload: strength === undefined || payload.strength !== undefined ? payload : { ...payload, strength },
  };
}
