/** What each command does to a webhook. Pure: time, chance and what the receiver answered are on the event. */
import { publish, refused, reply, type Step, type Wish } from '../wishes.ts';
import { type CommandName, type Payload, schemas, type WebhookEvent } from './events.ts';
import {
  BACKOFF_MS,
  type Delivery,
  JITTER,
  MAX_ATTEMPTS,
  MAX_DELIVERIES,
  MAX_FAILURES,
  type WebhookContext,
} from './model.ts';

/** The receiver says that it is no more. */
const GONE = 410;

type Done = Step<WebhookContext>;
type Handlers = { readonly [N in CommandName]: (context: WebhookContext, event: Payload<N>) => Done };

const answered = (context: WebhookContext, value: object | null = null, facts: readonly Wish[] = []): Done => ({
  context,
  wishes: [...facts, reply(value)],
});

/** @returns ms from an attempt to the next: 1, 2, 4, 8 s, and up to a quarter more */
function backoff(attempts: number, jitter: number): number {
  return Math.round(BACKOFF_MS * 2 ** (attempts - 1) * (1 + JITTER * jitter));
}

function attempted(context: WebhookContext, event: Payload<'attempted'>): Done {
  const { seq, status, error, at } = event;
  if (seq <= context.cursor) return refused(context, 'STALE', `record ${seq} is dealt with, up to ${context.cursor}`);
  const attempt = (context.pending?.seq === seq ? context.pending.attempts : 0) + 1;
  const { configuration = context.configuration } = event;
  // Its owner changed it meanwhile: perhaps it has another receiver by now, and this one speaks for nobody.
  const overtaken = configuration < context.configuration;
  const gone = status === GONE;
  const last = !overtaken && (gone || attempt >= MAX_ATTEMPTS);
  const outcome = error === null ? 'delivered' : last ? 'failed' : 'retrying';
  const entry: Delivery = {
    id: event.delivery,
    event: event.event,
    type: event.event_type,
    attempt,
    status,
    error,
    ms: event.ms,
    at,
    outcome,
  };
  const kept = context.deliveries.slice(context.deliveries.length < MAX_DELIVERIES ? 0 : 1);
  const next = { ...context, deliveries: [...kept, entry] };
  if (outcome === 'delivered') {
    return answered({ ...next, cursor: seq, pending: null, failures: 0, delivered: next.delivered + 1 });
  }
  if (overtaken) return answered(next);
  if (outcome === 'retrying') {
    return answered({ ...next, pending: { seq, attempts: attempt, dueAt: at + backoff(attempt, event.jitter) } });
  }
  const failures = next.failures + 1;
  const failed = { ...next, pending: null, failures, failed: next.failed + 1 };
  const facts = [
    publish('delivery.failed', { delivery: event.delivery, event: event.event, attempts: attempt, error }),
  ];
  // Whoever is gone gets this event once it is back, so the cursor stays in front of it.
  const after = gone ? failed : { ...failed, cursor: seq };
  const reason = gone ? 'gone' : failures >= MAX_FAILURES ? 'failures' : null;
  if (reason === null || context.disabled !== null) return answered(after, null, facts);
  facts.push(publish('webhook.disabled', { reason, failures }));
  return answered({ ...after, disabled: { reason, at } }, null, facts);
}

function skip(context: WebhookContext, { cursor }: Payload<'skip'>): Done {
  if (cursor <= context.cursor) return refused(context, 'STALE', `the cursor is ${context.cursor} already`);
  const passed = context.pending !== null && context.pending.seq <= cursor;
  return answered({ ...context, cursor, pending: passed ? null : context.pending });
}

/** With a new receiver or filter, and after a rest, nothing of the attempts so far counts, nor of one under way. */
function update(context: WebhookContext, event: Payload<'update'>): Done {
  const { url = context.url, events = context.events, scopes = context.scopes, cursor = 0 } = event;
  const configuration = context.configuration + 1;
  const anew = { pending: null, cursor: Math.max(context.cursor, cursor), configuration };
  const next = { ...context, url, events, scopes, ...anew };
  if (event.active === true && context.disabled) return answered({ ...next, disabled: null, failures: 0 });
  if (event.active === false && context.disabled?.reason !== 'paused') {
    return answered({ ...next, disabled: { reason: 'paused', at: event.at } });
  }
  return answered(next);
}

function rotate(context: WebhookContext, { at, sealed, graceMs }: Payload<'rotate'>): Done {
  const previousUntil = graceMs === 0 ? null : at + graceMs;
  const previous = previousUntil === null ? [] : [{ sealed: context.secrets[0]!.sealed, until: previousUntil }];
  return answered({ ...context, secrets: [{ sealed, until: null }, ...previous] }, { sealed, previousUntil });
}

const handlers: Handlers = { attempted, skip, update, rotate };

export function handle(context: WebhookContext, event: WebhookEvent): Done {
  const checked = schemas[event.type].safeParse(event);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    const where = issue?.path.join('.') ?? '';
    return refused(context, 'INVALID', `${event.type}: ${where} ${issue?.message ?? 'wrong shape'}`);
  }
  return (handlers[event.type] as (context: WebhookContext, event: unknown) => Done)(context, checked.data);
}
