/** The effects of one event on their way into the draft: messages, facts, and who gets which answer. */
import { type Address, formatAddress } from './address.ts';
import { type AnswerEvent, type AskingActor, answerMessage, errorEvent } from './answers.ts';
import type { Call, Entry } from './cell.ts';
import type { Draft } from './draft.ts';
import type { AskParams, PublishParams, SendParams } from './effects.ts';
import { AppError } from './errors.ts';
import type { ReplyTo, View } from './ports.ts';
import type { Effect } from './statechart.ts';
import type { TurnWorld } from './turn.ts';

export class Outgoing {
  readonly facts: { type: string; payload: unknown }[] = [];
  readonly #draft: Draft;
  readonly #entry: Entry;
  readonly #revision: number;
  readonly #world: TurnWorld;
  /** The outside caller this event came from. */
  readonly #caller: Call | null;
  /** Who waits for an answer to this event. */
  readonly #replyTo: ReplyTo | null;
  /** Whom the answers to this event's questions may answer: nobody when the event itself is answered. */
  readonly #owed: ReplyTo | null;
  readonly #reply: unknown;
  /** Whether this event answers. Not when it says nothing and asks others first, or waits for their other answers. */
  readonly #settles: boolean;
  #index = 0;

  constructor(draft: Draft, entry: Entry, revision: number, world: TurnWorld, effects: readonly Effect[]) {
    this.#draft = draft;
    this.#entry = entry;
    this.#revision = revision;
    this.#world = world;
    const { origin } = entry;
    this.#caller = origin.from === 'call' ? origin.call : null;
    this.#replyTo = origin.from === 'message' ? origin.message.replyTo : null;
    const reply = effects.findLast((effect) => effect.type === 'reply') as { params: unknown } | undefined;
    const asks = effects.some((effect) => effect.type === 'ask');
    const answered = origin.from === 'message' && origin.message.answer;
    this.#reply = reply?.params;
    this.#settles = reply !== undefined || !(asks || answered);
    this.#owed = reply || !asks ? null : this.#caller ? this.#park(this.#caller) : this.#replyTo;
    for (const effect of effects) this.#add(effect);
    if (this.#settles && this.#replyTo?.to === 'actor') {
      this.#answerActor(this.#replyTo, { ok: true, value: this.#reply });
    }
  }

  /** Answers the outside caller, if it is one who waits. @param view the state after the event */
  answerCall(view: View): void {
    if (!this.#settles) return;
    const reply = this.#reply;
    if (this.#caller) {
      const { key, address, type } = this.#caller;
      this.#draft.answers.push({ call: this.#caller, answer: { ...view, reply, repeated: false } });
      if (key !== null) this.#remember(key, address, type, false);
    } else if (this.#replyTo?.to === 'call') {
      const call = this.#world.parked(this.#replyTo.call);
      if (call) this.#draft.answers.push({ call, answer: { ...view, reply, repeated: false } });
      const { key, asked, type } = this.#replyTo;
      if (key !== null) this.#remember(key, asked, type, false);
    }
  }

  #add(effect: Effect): void {
    switch (effect.type) {
      case 'send':
        this.#send(effect.params as SendParams, null);
        break;
      case 'ask':
        this.#ask(effect.params as AskParams);
        break;
      case 'publish': {
        const { type, payload } = effect.params as PublishParams;
        this.facts.push({ type, payload });
        break;
      }
      case 'emit': {
        const { type, ...payload } = effect.event;
        this.facts.push({ type, payload });
        break;
      }
      case 'custom':
        this.#draft.customs.push(effect);
        break;
    }
  }

  #park(call: Call): ReplyTo {
    this.#draft.parked.push(call);
    if (call.key !== null) this.#remember(call.key, call.address, call.type, true);
    return {
      to: 'call',
      call: this.#world.park(call),
      key: call.key,
      asked: call.address,
      type: call.type,
    };
  }

  #remember(key: string, asked: Address, type: string, pending: boolean): void {
    const reply = pending ? null : (this.#reply ?? null);
    this.#draft.replies.push({ key, reply, revision: this.#revision, asked, type, pending });
  }

  #send(params: SendParams, replyTo: ReplyTo | null): void {
    const index = this.#index++;
    const from = this.#draft.cell.address;
    this.#draft.messages.push({
      id: `${this.#draft.cell.key}:${this.#revision}:${index}`,
      from,
      fromRevision: this.#revision,
      fromIndex: index,
      to: { tenant: from.tenant, kind: params.to.kind, id: params.to.id },
      event: params.event,
      correlationId: this.#entry.correlationId,
      replyTo,
      answer: false,
    });
  }

  #ask(params: AskParams): void {
    const self = this.#draft.cell.address;
    const to = { tenant: self.tenant, kind: params.to.kind, id: params.to.id };
    const target = formatAddress(to);
    const chain = [...(this.#replyTo?.to === 'actor' ? this.#replyTo.chain : []), this.#draft.cell.key];
    const replyTo = { to: 'actor' as const, address: self, as: params.as, chain, parent: this.#owed };
    if (!chain.includes(target)) {
      this.#send(params, replyTo);
      return;
    }
    const route = [...chain, target].join(' → ');
    const error = new AppError('CALL_CYCLE', `asking ${target} would wait for itself: ${route}`);
    this.#draft.letters.push({
      at: this.#world.now(),
      address: to,
      type: params.event.type,
      reason: 'call-cycle',
      detail: error.message,
      from: self,
    });
    this.#answerActor(replyTo, errorEvent(error));
  }

  #answerActor(replyTo: AskingActor, answer: AnswerEvent): void {
    const { cell } = this.#draft;
    const { correlationId } = this.#entry;
    this.#draft.messages.push(
      answerMessage(cell.address, this.#revision, this.#index++, replyTo, answer, correlationId),
    );
  }
}
