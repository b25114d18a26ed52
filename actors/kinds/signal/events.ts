/** What a signal takes in: events of its own, shares in those of others, and what the others answered. */
import { z } from 'zod';
import { EVENT_TYPES } from './model.ts';
import { signalRules } from './rules.ts';

/** Unix ms, put on by the runtime. */
const at = z.number();
const type = z.enum(EVENT_TYPES);

/** What an event means to each signal it touches. */
const deposit = z.object({
  type,
  /** Magnitude of a reward or penalty, from 0. */
  value: z.number().min(0),
  /** Weight of this reward alone; null: that of the rules. */
  alpha: z.number().gt(0).max(10).nullable(),
  /** Initial strength the client wishes (profile `site`); null: that of the profile. */
  strength: z.number().min(0).max(1).nullable(),
  rules: signalRules,
  /** Id of the signal should it come up with this event. */
  signal_id: z.string().min(1).max(100),
});
export type Deposit = z.output<typeof deposit>;

/** Another signal an event touches: the id of its actor, and its scope. */
const other = z.object({ actor: z.string().min(1).max(300), scope: z.string().min(1), deposit });

/** An event of the shared environment, as its clients know it; `timestamp` is the `at` of the turn. */
const sempEvent = z.object({
  id: z.string().min(1).max(100),
  type,
  scope: z.string().min(1),
  trace_id: z.string().min(1),
  agent_id: z.string().min(1),
  parent_ids: z.array(z.string()),
  payload: z.record(z.string(), z.unknown()),
});
export type SempRecord = z.output<typeof sempEvent>;

export const schemas = {
  /** An event is recorded here. `deposit` null: it touches no signal at all. */
  post: z.object({ at, semp: sempEvent, deposit: deposit.nullable(), others: z.array(other).max(256) }),
  /** The share of this signal in an event that another one recorded. */
  share: z.object({ at, event_id: z.string().min(1), deposit }),
} as const;

export type CommandName = keyof typeof schemas;
export type Payload<N extends CommandName> = z.output<(typeof schemas)[N]>;

/** From a signal that was told its share; the middle of the type is the event's id. */
export interface ShareAnswer {
  readonly type: `shared.${string}`;
  readonly at: number;
  /** A `Touch`; absent when it could not take its share. */
  readonly value?: unknown;
}

export type SignalEventIn = { [N in CommandName]: { readonly type: N } & Payload<N> }[CommandName] | ShareAnswer;
