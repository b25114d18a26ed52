/** The commands of a webhook as they come in: the shape of each event beside `type`. */
import { z } from 'zod';
import { EVENT_TYPES } from '../signal/model.ts';
import { MAX_GLOB_LENGTH, MAX_GRACE_MS, MAX_SCOPES } from './model.ts';

/** Unix ms, put on by the runtime. */
const at = z.number();
const seq = z.int().min(0);
const sealed = z.string().min(1).max(1_000);

export const schemas = {
  /** What came of one attempt to deliver an event. */
  attempted: z.object({
    at,
    seq: seq.describe('Place of the event in the log.'),
    delivery: z.string().min(1).max(100),
    event: z.string().min(1).max(300),
    event_type: z.string().max(100),
    status: z.int().min(100).max(999).nullable(),
    error: z.string().max(300).nullable().describe('Null: it was delivered.'),
    ms: z.number().min(0),
    jitter: z.number().min(0).max(1).describe('Chance, drawn outside.'),
    configuration: z.int().min(0).optional().describe('What it began under; absent: the present one.'),
  }),
  /** Nothing up to this record is wanted. */
  skip: z.object({ at, cursor: seq }),
  /** What is absent stays. */
  update: z.object({
    at,
    url: z.string().min(1).max(2_048).optional(),
    events: z.array(z.enum(EVENT_TYPES)).max(EVENT_TYPES.length).optional(),
    scopes: z.array(z.string().max(MAX_GLOB_LENGTH)).max(MAX_SCOPES).optional(),
    active: z.boolean().optional(),
    cursor: seq.optional().describe('Leaves out what came before; absent: nothing is left out.'),
  }),
  rotate: z.object({ at, sealed, graceMs: z.number().min(0).max(MAX_GRACE_MS) }),
} as const;

export type CommandName = keyof typeof schemas;
export type Payload<N extends CommandName> = z.output<(typeof schemas)[N]>;
export type WebhookEvent = { [N in CommandName]: { readonly type: N } & Payload<N> }[CommandName];

/** What a command is answered. */
export interface Outcomes {
  attempted: null;
  skip: null;
  update: null;
  /** The new secret as it is kept, and until when (Unix ms) the one before it is valid; null: no longer. */
  rotate: { readonly sealed: string; readonly previousUntil: number | null };
}
