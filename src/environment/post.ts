/** Takes an event in: finds the signals it touches, and has the first of them record it. When it returns, all is durable. */
import type { Deposit } from '../../actors/kinds/signal/events.ts';
import type { Touch } from '../../actors/kinds/signal/model.ts';
import type { SignalRules } from '../../actors/kinds/signal/rules.ts';
import { intake } from '../../actors/plain.ts';
import type { ActorSystem, Clock } from '../../actors/ports.ts';
import { createIds } from '../http/idempotency.ts';
import type { Caller } from '../operations/operation.ts';
import { type EventDraft, POST, type SempEvent, SIGNAL_KIND, toEvent, touchesOf } from './event.ts';
import type { Events } from './events.ts';
import { strictly } from './strict.ts';
import { DEFAULT_PATTERN, type Target, type Targets, toTarget } from './targets.ts';

export interface Posted {
  readonly event: SempEvent;
  /** What it did, signal by signal. */
  readonly touches: readonly Touch[];
}

export type Poster = Pick<Caller, 'tenant' | 'requestId' | 'idempotencyKey' | 'newId'>;

export interface PostOptions {
  readonly system: ActorSystem;
  readonly clock: Pick<Clock, 'now'>;
  readonly events: Events;
  readonly targets: Targets;
  readonly rulesOf: (scope: string) => SignalRules;
  /** Whether `strictly` is asked of every event. */
  readonly strict: boolean;
}

/** Strongest value that counts: far above what saturates a signal, far below where sums lose their meaning. */
const MAX_VALUE = 1e6;
const MAX_ALPHA = 10;

export async function post(options: PostOptions, poster: Poster, draft: EventDraft): Promise<Posted> {
  const { clock, targets, strict } = options;
  const wanted = strict ? strictly(draft) : draft;
  const id = poster.newId();
  return (
    repeated(options, poster, id) ?? record(options, poster, id, wanted, targets.of(poster.tenant, wanted, clock.now()))
  );
}

/** Under the same key the ids are the same; the signals an event finds may be others by now. */
export function repeated({ events }: PostOptions, { tenant, idempotencyKey }: Poster, id: string): Posted | undefined {
  const found = idempotencyKey === undefined ? undefined : events.find(tenant, id);
  return found && { event: found.event, touches: touchesOf(found.folded) };
}

/** @param found the signals it touches; none: it is only recorded */
export async function record(
  { system, rulesOf }: PostOptions,
  poster: Poster,
  id: string,
  draft: EventDraft,
  found: readonly Target[],
): Promise<Posted> {
  const { tenant, requestId, idempotencyKey } = poster;
  const [first = toTarget({ scope: draft.scope, pattern: DEFAULT_PATTERN }), ...others] = found;
  // From the event's own id, so that a repetition that begins elsewhere draws no id another event has.
  const newId = createIds(tenant, idempotencyKey === undefined ? undefined : `signals ${id}`);
  const share = (target: Target): Deposit => depositOf(draft, rulesOf(target.scope), newId());
  const { type, scope, trace_id, agent_id, parent_ids = [], payload } = draft;
  // In the form in which it is stored, so that the answer says what every later reader is told.
  const semp = intake({ id, type, scope, trace_id, agent_id, parent_ids: [...parent_ids], payload }).value;
  const event = {
    type: POST,
    semp,
    deposit: found.length > 0 ? share(first) : null,
    others: others.map((other) => ({ actor: other.actor, scope: other.scope, deposit: share(other) })),
  };
  const { reply } = await system.ask({ tenant, kind: SIGNAL_KIND, id: first.actor }, event, {
    correlationId: requestId,
    ...(idempotencyKey === undefined ? {} : { idempotencyKey: `post:${id}` }),
    ...birthOf(first),
  });
  const { at, touches } = reply as { at: number; touches: readonly Touch[] };
  return { event: toEvent(at, semp), touches };
}

function birthOf({ scope, pattern }: Target): { create?: object } {
  return pattern === undefined ? {} : { create: { scope, pattern } };
}

function depositOf({ type, payload }: EventDraft, rules: SignalRules, signalId: string): Deposit {
  const value = numberIn(payload, 'value') ?? 1;
  const alpha = numberIn(payload, 'α') ?? numberIn(payload, 'alpha');
  const strength = numberIn(payload, 'strength');
  return {
    type,
    value: Math.min(Math.abs(value), MAX_VALUE),
    alpha: alpha !== null && alpha > 0 ? Math.min(alpha, MAX_ALPHA) : null,
    strength: strength === null ? null : Math.min(1, Math.max(0, strength)),
    rules,
    signal_id: signalId,
  };
}

function numberIn(payload: EventDraft['payload'], key: string): number | null {
  const value = payload[key];
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
