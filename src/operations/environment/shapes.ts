/** The shapes of events and signals on the wire. */
import { z } from 'zod';
import { EVENT_TYPES, type EventType } from '../../../actors/kinds/signal/model.ts';
import { name } from '../schemas.ts';

/** Longest scope, trace and agent, in UTF-16 units. */
export const MAX_NAME = 512;
export const MAX_PARENTS = 256;
/** As JSON. */
const MAX_PAYLOAD_BYTES = 256 * 1_024;
/** What the longest escape, `\u0041`, makes of a character. */
const ESCAPED = 6;
/** The largest payload and the longest names, whatever way they are written. */
export const MAX_EVENT_BYTES = ESCAPED * (MAX_PAYLOAD_BYTES + (MAX_PARENTS + 4) * MAX_NAME) + 4_096;

/** The one problem whose sentence is published. */
const wrongType = {
  error: (issue: { input?: unknown }) => (issue.input === undefined ? undefined : 'Invalid event type'),
};

/** Any case comes in, the lower one goes on. */
export const eventType = z
  .string(wrongType)
  .toLowerCase()
  .pipe(z.enum(EVENT_TYPES, wrongType))
  .meta({ enum: [...EVENT_TYPES] }) as unknown as z.ZodType<EventType, EventType>;

export const scopeName = name(MAX_NAME).describe('Dotted: `ui.login`.');
export const scopeFilter = scopeName
  .optional()
  .describe(
    'Exact, or a glob: `*` is one segment, a trailing `.*` one or more, `**` any number, and inside a segment `*` stands ' +
      'for any characters: `user-*`.',
  );
export const traceName = name(MAX_NAME).describe('One per workflow.');
export const agentName = name(MAX_NAME);
export const eventId = name(MAX_NAME).describe('Event id.');

export const signalId = name(MAX_NAME).describe('Signal id.');

/** Any text: parents need not exist. */
const parentId = z
  .string()
  .max(MAX_NAME)
  .overwrite((value) => value.toWellFormed())
  .refine((value) => !value.includes('\0'), 'String should not contain a NUL character');

const payload = z
  .record(z.string(), z.unknown())
  .refine(
    (value) => Buffer.byteLength(JSON.stringify(value)) <= MAX_PAYLOAD_BYTES,
    `at most ${MAX_PAYLOAD_BYTES} bytes of JSON`,
  );

/** Unknown keys are dropped, `id` and `timestamp` among them: they are the server's. */
export const eventDraft = z.object({
  type: eventType,
  scope: scopeName,
  trace_id: traceName,
  agent_id: agentName,
  parent_ids: z.array(parentId).max(MAX_PARENTS).optional().describe('Events this one follows from.'),
  payload,
});

export const sempEvent = z.object({
  id: z.uuid(),
  type: z.enum(EVENT_TYPES),
  scope: z.string(),
  trace_id: z.string(),
  agent_id: z.string(),
  parent_ids: z.array(z.string()),
  timestamp: z.iso.datetime(),
  payload: z.record(z.string(), z.unknown()),
});

export const signal = z.object({
  id: z.uuid(),
  scope: z.string(),
  pattern: z.string(),
  strength: z.number().describe('As of now, [0.01, 1].'),
  last_updated: z.iso.datetime().describe('The last event that changed it.'),
  alpha: z.number(),
  lambda: z.number().describe('Share that is left after one interval.'),
});

/** What an event did to one signal. */
export const touch = z.object({
  id: z.uuid(),
  scope: z.string(),
  pattern: z.string(),
  from: z.number().describe('Strength before, decay included; 0: there was none.'),
  to: z.number().describe('Strength after.'),
});

/** One event in the history of a signal. */
export const historyEntry = z.object({
  event_id: z.uuid(),
  type: z.enum(EVENT_TYPES),
  timestamp: z.iso.datetime(),
  agent_id: z.string(),
  trace_id: z.string(),
  scope: z.string().describe('Of the event.'),
  value: z.number().nullable().describe('Magnitude of a reward or penalty.'),
  alpha: z.number().nullable().describe('Weight of a reward.'),
  decay: z
    .object({
      from: z.number(),
      to: z.number(),
      seconds: z.number(),
      lambda: z.number(),
      interval_seconds: z.number(),
      stepped: z.boolean(),
    })
    .nullable()
    .describe('Since the change before: `to` = `from` × `lambda` ^ (`seconds` / `interval_seconds`).'),
  before: z.number().describe('Strength just before; 0 at the beginning.'),
  after: z.number().describe('Strength just after.'),
});
