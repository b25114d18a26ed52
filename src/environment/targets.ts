/**
 * Which signals an event touches; the first rule that finds any decides:
 *
 * 1. `payload.targetSignalId` (or `target_signal_id`) is the id of one; that of an earlier life, or of none, finds nothing;
 * 2. `payload.pattern`, else `payload.action`: the one of that name in the event's scope;
 * 3. the parents' ones, in whatever scope, each once;
 * 4. those of the last event of the same trace and scope that touched any;
 * 5. the only one alive in the scope;
 * 6. `default` in the scope; for a penalty none.
 */
import type { SignalName } from '../../actors/kinds/signal/model.ts';
import { decode } from '../host/codec.ts';
import type { Store } from '../store/store.ts';
import { actorIdOf, type EventDraft } from './event.ts';
import type { Events } from './events.ts';
import { keys, type TouchedActor } from './index-rows.ts';
import type { Signals } from './signals.ts';

/** Longest name of a signal, in UTF-16 units; a longer action is cut off. */
export const MAX_PATTERN = 256;
export const DEFAULT_PATTERN = 'default';

/** A signal to be touched. */
export interface Target extends TouchedActor {
  /** Absent for one that is known to have an actor. */
  readonly pattern?: string;
}

export class Targets {
  readonly #store: Store;
  readonly #events: Events;
  readonly #signals: Signals;

  constructor(store: Store, events: Events, signals: Signals) {
    this.#store = store;
    this.#events = events;
    this.#signals = signals;
  }

  /** @param now Unix ms @returns none for an event that touches nothing */
  of(tenant: string, draft: EventDraft, now: number): Target[] {
    const { scope, type } = draft;
    const named = this.named(tenant, draft);
    if (named) return [named];
    const inherited = this.#inherited(tenant, draft);
    if (inherited.length > 0) return inherited;
    const [only, second] = this.#signals.few(tenant, scope, now, 2);
    if (only && !second) return [toTarget(only)];
    return type === 'penalty' ? [] : [toTarget({ scope, pattern: DEFAULT_PATTERN })];
  }

  /** The one its payload names (rules 1 and 2). */
  named(tenant: string, { scope, payload }: EventDraft): Target | undefined {
    const id = payload.targetSignalId ?? payload.target_signal_id;
    const found = typeof id === 'string' ? this.#signals.latest(tenant, id.toWellFormed()) : undefined;
    if (found) return found;
    const pattern = patternOf(payload);
    return pattern === null ? undefined : toTarget({ scope, pattern });
  }

  #inherited(tenant: string, { scope, trace_id, parent_ids = [] }: EventDraft): Target[] {
    const targets = new Map<string, Target>();
    for (const parent of new Set(parent_ids)) {
      if (targets.size >= MAX_TARGETS) break;
      for (const one of this.#events.touched(tenant, parent)) targets.set(one.actor, one);
    }
    if (targets.size === 0) {
      const bytes = this.#store.get('index', keys.touch(tenant, trace_id, scope));
      for (const one of bytes ? decode<TouchedActor[]>(bytes) : []) targets.set(one.actor, one);
    }
    return [...targets.values()].slice(0, MAX_TARGETS);
  }
}

/** Signals one event touches at most. */
const MAX_TARGETS = 256;

export function toTarget({ scope, pattern }: SignalName): Target {
  return { actor: actorIdOf({ scope, pattern }), scope, pattern };
}

/** What is no text becomes its JSON. */
function patternOf({ pattern, action }: EventDraft['payload']): string | null {
  const given = [pattern, action].find((one) => one !== undefined && one !== null && one !== '');
  if (given === undefined) return null;
  const text = typeof given === 'string' ? given : JSON.stringify(given);
  return text.slice(0, MAX_PATTERN).toWellFormed();
}
