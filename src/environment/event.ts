/** An event of the shared environment as its clients see it, and what they may send to make one. */
import { createHash } from 'node:crypto';
import type { SempRecord } from '../../actors/kinds/signal/events.ts';
import { type EventType, type SignalName, signalActorId } from '../../actors/kinds/signal/model.ts';
import type { FoldedEvent } from '../../actors/ports.ts';

/** Kind and type of the log records that are events, and the type of the facts about signals beside them. */
export const SIGNAL_KIND = 'signal';
export const POST = 'post';
export const TOUCHED = 'touched';

export interface SempEvent {
  /** UUID v4. */
  readonly id: string;
  readonly type: EventType;
  readonly scope: string;
  readonly trace_id: string;
  readonly agent_id: string;
  readonly parent_ids: readonly string[];
  /** ISO 8601 in UTC with milliseconds. */
  readonly timestamp: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** An event before the server has given it an id and a time. */
export interface EventDraft {
  readonly type: EventType;
  readonly scope: string;
  readonly trace_id: string;
  readonly agent_id: string;
  readonly parent_ids?: readonly string[] | undefined;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** An event with its place in the log. */
export interface StoredEvent {
  /** Sequence number in the tenant's log. */
  readonly seq: number;
  readonly event: SempEvent;
}

/** @param at Unix ms @param semp as the record of its signal holds it */
export function toEvent(at: number, semp: SempRecord): SempEvent {
  const { id, type, scope, trace_id, agent_id, parent_ids, payload } = semp;
  return { id, type, scope, trace_id, agent_id, parent_ids, timestamp: new Date(at).toISOString(), payload };
}

/** The event in a folded one; undefined when it is none. */
export function eventOf(folded: Pick<FoldedEvent, 'type' | 'at' | 'event'>): SempEvent | undefined {
  if (folded.type !== POST) return undefined;
  return toEvent(folded.at, (folded.event as { semp: SempRecord }).semp);
}

/** Id of the actor behind a signal. */
export function actorIdOf(name: SignalName): string {
  return signalActorId(name, sha256Hex);
}

export function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
