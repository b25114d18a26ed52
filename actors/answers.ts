/** Answers between actors, as messages. */
import { createHash } from 'node:crypto';
import { type Address, formatAddress } from './address.ts';
import type { AppError } from './errors.ts';
import { RUNTIME_KIND } from './kind.ts';
import type { Message, ReplyTo } from './ports.ts';

export type AskingActor = Extract<ReplyTo, { to: 'actor' }>;

export type AnswerEvent =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly code: string; readonly message: string };

export function errorEvent(error: AppError): AnswerEvent {
  return { ok: false, code: error.code, message: error.message };
}

export function answerMessage(
  from: Address,
  revision: number,
  index: number,
  replyTo: AskingActor,
  answer: AnswerEvent,
  correlationId: string | null,
): Message {
  return {
    id: `${formatAddress(from)}:${revision}:${index}`,
    from,
    fromRevision: revision,
    fromIndex: index,
    to: replyTo.address,
    event: answer.ok
      ? { type: `${replyTo.as}.reply`, value: answer.value }
      : { type: `${replyTo.as}.error`, code: answer.code, message: answer.message },
    correlationId,
    replyTo: replyTo.parent,
    answer: true,
  };
}

/**
 * Tells an actor that nobody will answer it any more, because `message` was not taken. Such an answer is its own
 * sender: the revision of the actor that did not take the message does not move.
 */
export function regret(message: Message, replyTo: AskingActor, error: AppError): Message {
  const id = createHash('sha256').update(message.id).digest('hex');
  const from = { tenant: message.to.tenant, kind: RUNTIME_KIND, id };
  return answerMessage(from, 0, 0, replyTo, errorEvent(error), message.correlationId);
}
