/**
 * What happens in the shared environment, as it happens: the events of a tenant and the signals they changed, commit by
 * commit, for whoever listens.
 *
 * F1  Every event comes exactly once, in the order of the log, to all listeners of its tenant.
 * F2  It comes when it is durable, and before `Environment.post` answers for it: the listeners are called in the first
 *     round of microtasks after the commit, the answer needs several.
 * F3  All of a commit comes in one call, so that a front can encode and send it in one go. A listener is called in the
 *     path of every commit: it must be quick, and it must not wait for anybody.
 */
import type { Deposit } from '../../actors/kinds/signal/events.ts';
import type { Touched } from '../../actors/kinds/signal/model.ts';
import type { Host, LogRecord } from '../../actors/ports.ts';
import { eventOf, POST, type SempEvent, SIGNAL_KIND, TOUCHED } from './event.ts';
import { type Signal, toSignal } from './signals.ts';

export interface FeedEvent {
  /** Sequence number in the tenant's log. */
  readonly seq: number;
  readonly event: SempEvent;
  readonly signal?: never;
}

export interface FeedSignal {
  readonly seq: number;
  /** As its last event left it; strength 0 when that took all of it. */
  readonly signal: Signal;
  readonly event?: never;
}

export type FeedItem = FeedEvent | FeedSignal;

/** @param items of one tenant, by rising sequence number, at least one */
export type FeedListener = (items: readonly FeedItem[]) => void;

interface Channel {
  readonly listeners: Set<FeedListener>;
  pending: FeedItem[];
}

export interface FeedOptions {
  readonly host: Pick<Host, 'onRecord'>;
  /** Told about listeners that throw: the others hear all the same. */
  readonly onFault: (error: unknown) => void;
}

export class Feed {
  readonly #channels = new Map<string, Channel>();
  readonly #onFault: (error: unknown) => void;
  /** The record in front of the one that comes. */
  #before: LogRecord | null = null;

  constructor({ host, onFault }: FeedOptions) {
    this.#onFault = onFault;
    host.onRecord(
      (record) => this.#take(record),
      (tenant) => this.#channels.has(tenant),
    );
  }

  /** @returns stops it */
  listen(tenant: string, listener: FeedListener): () => void {
    const channel = this.#channels.get(tenant) ?? { listeners: new Set(), pending: [] };
    this.#channels.set(tenant, channel);
    channel.listeners.add(listener);
    return () => {
      channel.listeners.delete(listener);
      if (channel.listeners.size === 0 && this.#channels.get(tenant) === channel) this.#channels.delete(tenant);
    };
  }

  #take(record: LogRecord): void {
    const channel = this.#channels.get(record.address.tenant);
    const before = this.#before;
    this.#before = record;
    const item = channel && itemOf(record, before);
    if (!item) return;
    if (channel.pending.push(item) === 1) queueMicrotask(() => this.#flush(channel));
  }

  #flush(channel: Channel): void {
    const items = channel.pending;
    channel.pending = [];
    for (const listener of [...channel.listeners]) {
      try {
        listener(items);
      } catch (error) {
        this.#onFault(error);
      }
    }
  }
}

/**
 * @param before the record in front of it: of a fact, the event that it is a fact of
 * @returns undefined for a record that is neither an event nor the change of a signal
 */
function itemOf({ seq, address, time, type, payload }: LogRecord, before: LogRecord | null): FeedItem | undefined {
  if (address.kind !== SIGNAL_KIND) return undefined;
  if (type === POST) return { seq, event: eventOf({ type, at: time, event: payload })! };
  if (type !== TOUCHED) return undefined;
  const signal = signalOf(payload as Touched, time, before);
  return signal && { seq, signal };
}

/** @returns undefined for one the event left as it was */
function signalOf(touched: Touched, at: number, before: LogRecord | null): Signal | undefined {
  const { id, scope, pattern, from, to, signal } = touched;
  if (signal) return from === to && signal.lastUpdated !== at ? undefined : toSignal({ scope, pattern }, signal, to);
  if (!before) return undefined;
  const { alpha, lambda } = (before.payload as { deposit: Deposit }).deposit.rules;
  return { id: id!, scope, pattern, strength: 0, last_updated: new Date(at).toISOString(), alpha, lambda };
}
