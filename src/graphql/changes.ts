/**
 * Subscriptions: records of the log as events and signals. They are pulled, so what a slow client has not taken waits in
 * the bounded buffer of its subscription, and after that in the log.
 */
import type { Touched } from '../../actors/kinds/signal/model.ts';
import type { LogRecord, StreamItem, Subscription } from '../../actors/ports.ts';
import { eventOf, POST, SIGNAL_KIND, TOUCHED } from '../environment/event.ts';
import { createRules } from '../environment/rules.ts';
import { type Signal, toSignal } from '../environment/signals.ts';
import type { Services } from '../operations/services.ts';

/** Records that may wait in memory for one subscription. */
const CAPACITY = 256;

type InScope = (scope: string) => boolean;

/** Events from now on. */
export function eventsOf({ system }: Services, tenant: string, inScope: InScope) {
  const filter = { tenant, kinds: [SIGNAL_KIND], types: [POST] };
  return pulled(system.subscribe(filter, { capacity: CAPACITY }), ({ type, time, payload }) => {
    const event = eventOf({ type, at: time, event: payload as { type: string } })!;
    return inScope(event.scope) ? { eventCreated: event } : undefined;
  });
}

/** What events have changed of signals from now on; one that is gone comes once more with strength 0. */
export function changesOf({ system, config }: Services, tenant: string, inScope: InScope) {
  const rulesOf = createRules(config.signals);
  const filter = { tenant, kinds: [SIGNAL_KIND], types: [TOUCHED] };
  const gone = ({ id, scope, pattern }: Touched, at: number): Signal => {
    const { alpha, lambda } = rulesOf(scope);
    return { id: id!, scope, pattern, strength: 0, last_updated: new Date(at).toISOString(), alpha, lambda };
  };
  return pulled(system.subscribe(filter, { capacity: CAPACITY }), ({ time, payload }) => {
    const touched = payload as Touched;
    const { scope, pattern, from, to, signal } = touched;
    if (!inScope(scope)) return undefined;
    // A second proposal, say, leaves a signal as it was.
    if (signal && from === to && signal.lastUpdated !== time) return undefined;
    return { signalChanged: signal ? toSignal({ scope, pattern }, signal, to) : gone(touched, time) };
  });
}

/**
 * Not an async generator: one that waits for its next item would hear of the end only with that item, and an unsubscribed
 * client would hold its subscription until somebody posts.
 *
 * @param of undefined: not wanted
 */
function pulled<T>(subscription: Subscription, of: (record: LogRecord) => T | undefined): AsyncIterableIterator<T> {
  const items: AsyncIterator<StreamItem> = subscription[Symbol.asyncIterator]();
  const end: IteratorReturnResult<undefined> = { done: true, value: undefined };
  return {
    async next() {
      for (;;) {
        const { done, value } = await items.next();
        if (done) return end;
        // What a reader lagged behind follows from the log: nothing is missing.
        const found = value.type === 'record' ? of(value.record) : undefined;
        if (found !== undefined) return { done: false, value: found };
      }
    },
    async return() {
      subscription.close();
      return end;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
