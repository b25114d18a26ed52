/** The shapes of webhooks on the wire. */
import { z } from 'zod';
import { EVENT_TYPES } from '../../../actors/kinds/signal/model.ts';
import {
  type Delivery,
  MAX_GLOB_LENGTH,
  MAX_SCOPES,
  type WebhookContext,
} from '../../../actors/kinds/webhook/model.ts';
import { MAX_URL_LENGTH } from '../../webhooks/address-guard.ts';
import { isSecret } from '../../webhooks/signature.ts';
import { eventType } from '../environment/shapes.ts';
import { name } from '../schemas.ts';

export const url = name(MAX_URL_LENGTH).describe('Absolute http or https URL, without credentials.');

export const types = z
  .array(eventType)
  .max(100)
  .transform((list) => EVENT_TYPES.filter((type) => list.includes(type)))
  .describe('Types to deliver; empty: all.');

export const scopes = z
  .array(name(MAX_GLOB_LENGTH))
  .max(MAX_SCOPES)
  .transform((list) => [...new Set(list)])
  .describe(
    'Scopes to deliver; empty: all. `ui` is that one scope, `ui.*` all below it, `*.login` has one segment before ' +
      'it, `**` stands for any segments, `user-*` for part of one.',
  );

export const secret = z
  .string()
  .max(200)
  .refine(isSecret, 'whsec_ and 24 to 64 bytes in base64 wanted')
  .describe('A secret of your own: `whsec_` and 24 to 64 bytes in base64. Default: a random one.');

const core = z.object({
  id: z.string(),
  url: z.string(),
  events: z.array(z.enum(EVENT_TYPES)),
  scopes: z.array(z.string()),
  active: z.boolean(),
  created_at: z.iso.datetime(),
});

/** A webhook and, this once, its secret. */
export const created = core.extend({
  secret: z.string().describe('Signs every delivery. It is not shown again.'),
});

export const webhook = core.extend({
  status: z.enum(['active', 'waiting', 'disabled']).describe('`waiting`: the next event failed and is tried again.'),
  disabled_reason: z
    .enum(['paused', 'gone', 'failures'])
    .nullable()
    .describe('`gone`: the receiver answered 410; `failures`: too many deliveries failed in a row.'),
  next_attempt_at: z.iso.datetime().nullable(),
  consecutive_failures: z.int().describe('Deliveries given up since the last one that succeeded.'),
  delivered_total: z.int(),
  failed_total: z.int(),
  previous_secret_expires_at: z.iso.datetime().nullable().describe('Until then deliveries are signed twice.'),
});

export const delivery = z.object({
  delivery_id: z.string().describe('The `webhook-id` header: the same in every attempt.'),
  event_id: z.string(),
  event_type: z.string(),
  attempt: z.int().min(1),
  outcome: z.enum(['delivered', 'retrying', 'failed']),
  status: z.int().nullable().describe('HTTP status; null when there was no answer.'),
  error: z.string().nullable(),
  duration_ms: z.number(),
  timestamp: z.iso.datetime(),
});

const iso = (ms: number) => new Date(ms).toISOString();

export function coreOf({ id, url, events, scopes, disabled, createdAt }: WebhookContext): z.input<typeof core> {
  return { id, url, events: [...events], scopes: [...scopes], active: disabled === null, created_at: iso(createdAt) };
}

/** @param now Unix ms */
export function webhookOf(context: WebhookContext, now: number): z.input<typeof webhook> {
  const { disabled, pending, failures, delivered, failed, secrets } = context;
  const previous = secrets.find(({ until }) => until !== null && until > now);
  return {
    ...coreOf(context),
    status: disabled ? 'disabled' : pending ? 'waiting' : 'active',
    disabled_reason: disabled?.reason ?? null,
    next_attempt_at: disabled || !pending ? null : iso(pending.dueAt),
    consecutive_failures: failures,
    delivered_total: delivered,
    failed_total: failed,
    previous_secret_expires_at: previous ? iso(previous.until!) : null,
  };
}

export function deliveryOf(entry: Delivery): z.input<typeof delivery> {
  return {
    delivery_id: entry.id,
    event_id: entry.event,
    event_type: entry.type,
    attempt: entry.attempt,
    outcome: entry.outcome,
    status: entry.status,
    error: entry.error,
    duration_ms: entry.ms,
    timestamp: iso(entry.at),
  };
}
