/** What a client of `/ws` may ask for, and which events that is. */
import { z } from 'zod';
import { AppError } from '../../actors/errors.ts';
import type { EventQuery } from '../environment/events.ts';
import type { FeedItem } from '../environment/feed.ts';
import { compileScopeGlobs } from '../environment/scope-glob.ts';
import { eventType, MAX_NAME } from '../operations/environment/shapes.ts';

const MAX_SCOPES = 32;

const name = z.string().min(1).max(MAX_NAME);

const subscribe = z.object({
  /** Globs, by the table of `scope-glob.ts`: `ui.*`, `user-*`. None: every scope. */
  scopes: z.array(name).max(MAX_SCOPES).nullish(),
  /** None: every type. */
  types: z.array(eventType).max(MAX_SCOPES).nullish(),
  trace_id: name.nullish(),
  agent_id: name.nullish(),
  /** Id of the last event the client has, or a `cursor` it was told. Absent: from now on. */
  since: z.union([z.string().min(1).max(100), z.int().min(0)], 'the id of an event or a cursor wanted').nullish(),
  /** Also signals as they change. Default false. */
  signals: z.boolean().nullish(),
});

/** What a client wants to hear. */
export interface Wanted {
  /** The same for all that want the same. */
  readonly key: string;
  readonly filter: (item: FeedItem) => boolean;
  /** Whether signals may pass the filter. */
  readonly signals: boolean;
  /** The same for events that are in the log. */
  readonly query: Omit<EventQuery, 'limit'>;
}

/** Every event and no signals: what clients hear that ask for nothing. */
export const EVERYTHING: Wanted = { key: '', filter: ({ event }) => event !== undefined, signals: false, query: {} };

/**
 * Reads a subscription.
 *
 * @throws AppError INVALID, with the name of the field
 */
export function readSubscribe(message: unknown): { wanted: Wanted; since: string | number | undefined } {
  const parsed = subscribe.safeParse(message);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new AppError('INVALID', `${issue?.path.join('.') || 'message'}: ${issue?.message}`);
  }
  return { wanted: wantedOf(parsed.data), since: parsed.data.since ?? undefined };
}

function wantedOf({ scopes, types, trace_id, agent_id, signals }: z.output<typeof subscribe>): Wanted {
  const inScope = scopes && scopes.length > 0 ? compileScopeGlobs(scopes) : undefined;
  const ofTypes = types && types.length > 0 ? types : undefined;
  const trace = trace_id ?? undefined;
  const agent = agent_id ?? undefined;
  const withSignals = signals === true;
  const query = { inScope, types: ofTypes, trace, agent };
  if (!withSignals && Object.values(query).every((part) => part === undefined)) return EVERYTHING;
  const filter = ({ event, signal }: FeedItem) => {
    if (!event) return withSignals && (inScope?.(signal.scope) ?? true);
    if (ofTypes && !ofTypes.includes(event.type)) return false;
    if (trace !== undefined && event.trace_id !== trace) return false;
    if (agent !== undefined && event.agent_id !== agent) return false;
    return inScope?.(event.scope) ?? true;
  };
  return { key: JSON.stringify([scopes, ofTypes, trace, agent, withSignals]), filter, signals: withSignals, query };
}
