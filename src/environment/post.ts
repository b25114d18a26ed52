/** Takes an event in: finds the signals it touches, and has the first of them record it. When it returns, all is durable. */
import { isDeepStrictEqual } from 'node:util';
import { AppError } from '../../actors/errors.ts';
import type { Deposit, SempRecord } from '../../actors/kinds/signal/events.ts';
import type { Touch } from '../../actors/kinds/signal/model.ts';
import type { SignalRules } from '../../actors/kinds/signal/rules.ts';
import { intake } from '../../actors/plain.ts';
import type { ActorSystem, Clock } from '../../actors/ports.ts';
import { createIds } from '../http/idempotency.ts';
import type { Caller } from '../operations/operation.ts';
import { REPLAY_MS } from '../replay.ts';
import { type EventDraft, POST, type SempEvent, SIGNAL_KIND, toEvent } from './event.ts';
import type { Events, FoundEvent } from './events.ts';
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
  const { id, found } = draw(options, poster);
  if (found) return again(options, poster, found, wanted);
  return record(options, poster, id, wanted, targets.of(poster.tenant, wanted, clock.now()));
}

/** Under a key the ids follow from the key; those of events from before the day it counts for are passed over. */
export function draw({ events, clock }: PostOptions, poster: Poster): { id: string; found?: FoundEvent | undefined } {
  const { tenant, idempotencyKey } = poster;
  for (;;) {
    const id = poster.newId();
    const found = idempotencyKey === undefined ? undefined : events.find(tenant, id);
    if (!found || clock.now() - found.folded.at < REPLAY_MS) return { id, found };
  }
}

/**
 * What was answered when this event was posted. The signals it would find may be others by now, so it is not looked at
 * as a new one; and its own remembers the answer.
 *
 * @throws AppError IDEMPOTENCY_REUSED for another event; IDEMPOTENCY_IN_FLIGHT while signals still take their share
 */
export async function again(
  { system }: PostOptions,
  { tenant }: Poster,
  { event, actor }: FoundEvent,
  draft: EventDraft,
): Promise<Posted> {
  checkSame(event, draft);
  const address = { tenant, kind: SIGNAL_KIND, id: actor };
  // Kept for longer than a day, in the commit of the event; without it this would be refused, as it holds no event.
  const { reply } = await system.ask(address, { type: POST }, { idempotencyKey: askedUnder(event.id) });
  return { event, touches: (reply as Reply).touches };
}

function checkSame(event: SempEvent, draft: EventDraft): void {
  const { timestamp: _, ...known } = event;
  if (isDeepStrictEqual(known, toRecord(event.id, draft))) return;
  throw new AppError('IDEMPOTENCY_REUSED', 'Idempotency-Key was used for a different event');
}

const askedUnder = (id: string) => `post:${id}`;

/** In the form in which it is stored, so that the answer says what every later reader is told. */
function toRecord(id: string, { type, scope, trace_id, agent_id, parent_ids = [], payload }: EventDraft): SempRecord {
  return intake({ id, type, scope, trace_id, agent_id, parent_ids: [...parent_ids], payload }).value;
}

interface Reply {
  readonly at: number;
  readonly touches: readonly Touch[];
}

/** @param found the signals it touches; none: it is only recorded */
export async function record(
  { system, rulesOf, events }: PostOptions,
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
  const semp = toRecord(id, draft);
  const event = {
    type: POST,
    semp,
    deposit: found.length > 0 ? share(first) : null,
    others: others.map((other) => ({ actor: other.actor, scope: other.scope, deposit: share(other) })),
  };
  const { reply } = await system.ask({ tenant, kind: SIGNAL_KIND, id: first.actor }, event, {
    correlationId: requestId,
    ...(idempotencyKey === undefined ? {} : { idempotencyKey: askedUnder(id) }),
    ...birthOf(first),
  });
  const { at, touches } = reply as Reply;
  // Two under one key at the same time share an answer; which of them it is for stands in the log.
  if (idempotencyKey !== undefined) checkSame(events.find(tenant, id)!.event, draft);
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
