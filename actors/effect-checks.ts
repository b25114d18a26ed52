/** Effects are checked before any of them is carried out: one that could not be must leave no trace of the others. */
import { addressPartTrouble } from './address.ts';
import { ERROR_CODES, messageOf } from './errors.ts';
import { intake } from './plain.ts';
import type { Effect } from './statechart.ts';

/** Effects whose parameters are stored or reach somebody else, who must not share memory with this actor. */
const CARRIED = new Set(['send', 'ask', 'timer', 'publish']);

/**
 * The effect as it is carried out: parameters checked and copied.
 *
 * @param replyStored whether the reply is kept or goes to another actor; one to an outside caller goes as it is
 * @throws TypeError for parameters the runtime could not carry out
 */
export function checked(effect: Effect, replyStored: boolean): Effect {
  check(effect);
  if (!CARRIED.has(effect.type) && !(effect.type === 'reply' && replyStored)) return effect;
  const { params } = effect as { params: unknown };
  try {
    return { ...effect, params: intake(params).value } as Effect;
  } catch (error) {
    throw new TypeError(`effect "${effect.type}": ${messageOf(error)}`, { cause: error });
  }
}

function check(effect: Effect): void {
  const { type } = effect;
  const params = ('params' in effect ? (effect.params ?? {}) : effect) as Record<string, unknown>;
  const want = (ok: boolean, what: string) => {
    if (!ok) throw new TypeError(`effect "${type}" needs ${what}`);
  };
  if (type === 'send' || type === 'ask') {
    const to = params.to as { kind?: unknown; id?: unknown } | undefined;
    want(!addressPartTrouble(to?.kind) && !addressPartTrouble(to?.id), 'to: { kind, id }, neither empty nor too long');
  }
  if (type === 'send' || type === 'ask' || type === 'timer') {
    want(sendable(params.event), 'event: { type }, none of the names of XState itself');
  }
  if (type === 'refuse') {
    want(String(params.code) in ERROR_CODES && typeof params.message === 'string', 'a known code and a message');
  }
  if (type === 'ask') want(typeof params.as === 'string', 'as: string');
  if (type === 'publish') want(typeof params.type === 'string', 'type: string');
  if (type === 'timer' || type === 'after') want(Number.isFinite(params.delayMs), 'delayMs: number (ms)');
  if (type === 'timer' || type === 'after' || type === 'cancelTimer') {
    want(!addressPartTrouble(params.id), 'an id, neither empty nor too long');
  }
}

function sendable(event: unknown): boolean {
  const type = (event as { type?: unknown } | null | undefined)?.type;
  return typeof type === 'string' && type.length > 0 && !type.startsWith('xstate.');
}
