/** What a command of a cluster comes to: the next context, and what it wants from the world. */
import type { AskParams, PublishParams, RefuseParams, SendParams } from '../../effects.ts';
import type { ErrorCode } from '../../errors.ts';
import type { ClusterContext } from './model.ts';

export type Wish =
  | { readonly type: 'reply'; readonly params: object | null }
  | { readonly type: 'refuse'; readonly params: RefuseParams }
  | { readonly type: 'send'; readonly params: SendParams }
  | { readonly type: 'ask'; readonly params: AskParams }
  | { readonly type: 'publish'; readonly params: PublishParams };

export interface Step {
  readonly context: ClusterContext;
  readonly wishes: readonly Wish[];
}

export const reply = (value: object | null): Wish => ({ type: 'reply', params: value });

export const publish = (type: string, payload: object): Wish => ({ type: 'publish', params: { type, payload } });

export const send = (kind: string, id: string, event: SendParams['event']): Wish => ({
  type: 'send',
  params: { to: { kind, id }, event },
});

export function refused(context: ClusterContext, code: ErrorCode, message: string): Step {
  return { context, wishes: [{ type: 'refuse', params: { code, message } }] };
}
