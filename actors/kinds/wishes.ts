/** What a command comes to: the next context, and what it wants from the world, as data. */
import type { AskParams, PublishParams, RefuseParams, SendParams, TimerParams } from '../effects.ts';
import type { ErrorCode } from '../errors.ts';

export type Wish =
  | { readonly type: 'reply'; readonly params: object | null }
  | { readonly type: 'refuse'; readonly params: RefuseParams }
  | { readonly type: 'send'; readonly params: SendParams }
  | { readonly type: 'ask'; readonly params: AskParams }
  | { readonly type: 'timer'; readonly params: TimerParams }
  | { readonly type: 'cancelTimer'; readonly params: { readonly id: string } }
  | { readonly type: 'publish'; readonly params: PublishParams };

export interface Step<C> {
  readonly context: C;
  readonly wishes: readonly Wish[];
}

export const reply = (value: object | null): Wish => ({ type: 'reply', params: value });

export const publish = (type: string, payload: object): Wish => ({ type: 'publish', params: { type, payload } });

export const send = (kind: string, id: string, event: SendParams['event']): Wish => ({
  type: 'send',
  params: { to: { kind, id }, event },
});

export const ask = (kind: string, id: string, event: SendParams['event'], as: string): Wish => ({
  type: 'ask',
  params: { to: { kind, id }, event, as },
});

export const timer = (id: string, delayMs: number, event: TimerParams['event']): Wish => ({
  type: 'timer',
  params: { id, delayMs, event },
});

export const cancelTimer = (id: string): Wish => ({ type: 'cancelTimer', params: { id } });

export function refused<C>(context: C, code: ErrorCode, message: string): Step<C> {
  return { context, wishes: [{ type: 'refuse', params: { code, message } }] };
}
