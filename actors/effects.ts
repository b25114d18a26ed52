/**
 * What a statechart may want from the world. Each is a custom action without a body: the adapter hands it to the
 * runtime as data, and the runtime carries it out after the turn is durable.
 *
 * In a machine: `setup({ actions: { ...effects } })`, then
 * `actions: [assign(...), { type: 'reply', params: ({ context }) => context.outcome }]`. Parameters must be plain data.
 */
import type { ErrorCode } from './errors.ts';

/** A message for another actor; travels through the outbox, effectively once. */
export interface SendParams {
  /** Always an actor of the sender's own tenant. */
  readonly to: { readonly kind: string; readonly id: string };
  readonly event: { readonly type: string; readonly [key: string]: unknown };
}

/** A question to another actor. The answer comes back as `<as>.reply` ({value}) or `<as>.error` ({code, message}). */
export interface AskParams extends SendParams {
  readonly as: string;
}

/** A durable timer; setting the same id again replaces it. */
export interface TimerParams {
  readonly id: string;
  readonly delayMs: number;
  readonly event: { readonly type: string; readonly [key: string]: unknown };
}

/** A fact for the log and its readers, beside the event itself. */
export interface PublishParams {
  readonly type: string;
  readonly payload: unknown;
}

/**
 * The command cannot be done: nothing of this event is kept — no state, no record, no other effect — and whoever sent it
 * gets the error.
 */
export interface RefuseParams {
  readonly code: ErrorCode;
  readonly message: string;
}

/** What a reply may carry. Not `unknown`, because that would leave `params: ({ context }) => …` without its types. */
export type ReplyValue = object | string | number | boolean | null | undefined;

const effect =
  <P>() =>
  (_args: unknown, _params: P): void => {};

export const effects = {
  /** Answers the command being handled with `params` as the value. */
  reply: effect<ReplyValue>(),
  /** Undoes the event and fails the call. */
  refuse: effect<RefuseParams>(),
  send: effect<SendParams>(),
  ask: effect<AskParams>(),
  timer: effect<TimerParams>(),
  cancelTimer: effect<{ readonly id: string }>(),
  publish: effect<PublishParams>(),
};
