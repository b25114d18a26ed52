/** What a command carries of the request it belongs to. */
import type { AskOptions } from '../../actors/ports.ts';
import type { Context } from './operation.ts';

/**
 * The options of a command that takes effect once under the caller's key.
 *
 * @param command tells two of one request apart, as each needs a key of its own
 */
export function keyed({ caller }: Pick<Context, 'caller'>, command: string): AskOptions {
  return {
    correlationId: caller.requestId,
    ...(caller.idempotencyKey === undefined ? {} : { idempotencyKey: `${command}:${caller.idempotencyKey}` }),
  };
}
