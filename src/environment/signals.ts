/** Reads signals as they are at a given moment. Nobody has to be woken for it: what decays stands in the index. */
import { setImmediate as breathe } from 'node:timers/promises';
import { GONE_BELOW, strengthAt } from '../../actors/kinds/signal/decay.ts';
import type { LivingSignal, SignalName } from '../../actors/kinds/signal/model.ts';
import { decode } from '../host/codec.ts';
import type { Store } from '../store/store.ts';
import { keys, type LiveRow, type TouchedActor } from './index-rows.ts';

/** A signal as its clients see it: exactly the published keys. */
export interface Signal extends SignalName {
  /** UUID. */
  readonly id: string;
  /** As of the moment asked for, [0.01, 1]. */
  readonly strength: number;
  /** ISO 8601: the last event that changed it. */
  readonly last_updated: string;
  readonly alpha: number;
  readonly lambda: number;
}

/** A signal's name, or its id. */
export type SignalKey = SignalName | { readonly id: string };

export interface SignalQuery {
  /** Exact. */
  readonly scope?: string | undefined;
  /** Whether a scope is wanted. Default: all. */
  readonly inScope?: ((scope: string) => boolean) | undefined;
  readonly pattern?: string | undefined;
  /** Default: all that live. */
  readonly minStrength?: number | undefined;
  /** Of each pattern only the strongest. Default false. */
  readonly rollup?: boolean | undefined;
  /** The strongest so many. Default: all. */
  readonly limit?: number | undefined;
  /** Told how many index rows were read, bit by bit. What it throws ends the reading. */
  readonly onRows?: ((rows: number) => void) | undefined;
  /** Unix ms. */
  readonly asOf: number;
}

/** Rows read at once: others get the thread in between. */
const ROWS = 2_048;
/** Rows of signals that ended a moment ago, passed over before giving up. */
const MAX_ENDED = 64;
/** Signals put in order at once. */
const AT_ONCE = 16_384;

export class Signals {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Those that live, strongest first, then by scope and pattern. */
  async list(tenant: string, query: SignalQuery): Promise<Signal[]> {
    const { scope, asOf } = query;
    const prefix = scope === undefined ? keys.live(tenant) : keys.liveIn(tenant, scope);
    const pages: Signal[][] = [];
    let from = [...prefix, asOf];
    for (;;) {
      let rows = 0;
      const found: Signal[] = [];
      for (const { key, value } of this.#store.range('index', { prefix, from, limit: ROWS })) {
        rows++;
        from = [...key, ''];
        const row = decode<LiveRow>(value);
        const signal = asSignal(row, asOf);
        if (signal && fits(signal, query)) found.push(signal);
      }
      query.onRows?.(rows);
      if (found.length > 0) pages.push(found.sort(compare));
      if (rows < ROWS) return top(await merged(pages), query);
      await breathe();
    }
  }

  /**
   * Of one scope, at most `limit` in no order: enough to know whether there is exactly one. None where it would take long
   * to find out: many signals of the scope have just ended.
   */
  few(tenant: string, scope: string, asOf: number, limit: number): Signal[] {
    const prefix = keys.liveIn(tenant, scope);
    const found: Signal[] = [];
    let ended = 0;
    for (const { value } of this.#store.range('index', { prefix, from: [...prefix, asOf] })) {
      const signal = asSignal(decode<LiveRow>(value), asOf);
      if (!signal && ++ended > MAX_ENDED) return [];
      if (signal && signal.scope === scope && found.push(signal) === limit) break;
    }
    return found;
  }

  /** The actor of a signal whose latest life has this id. */
  latest(tenant: string, id: string): TouchedActor | undefined {
    const found = this.actorOf(tenant, id);
    const life = found && this.#store.get('index', keys.life(tenant, found.actor));
    return life && decode<string>(life) === id ? found : undefined;
  }

  /** The actor of a signal, living or gone. */
  actorOf(tenant: string, id: string): TouchedActor | undefined {
    const bytes = this.#store.get('index', keys.signal(tenant, id));
    return bytes && decode<TouchedActor>(bytes);
  }
}

/** Sorted lists as one. Sorting a hundred thousand at once would hold the thread for a tenth of a second. */
async function merged(pages: readonly Signal[][]): Promise<Signal[]> {
  let lists = pages;
  while (lists.length > 1) {
    const pairs: Signal[][] = [];
    for (let i = 0; i < lists.length; i += 2) pairs.push(await mergedTwo(lists[i]!, lists[i + 1] ?? []));
    lists = pairs;
  }
  return lists[0] ?? [];
}

async function mergedTwo(a: readonly Signal[], b: readonly Signal[]): Promise<Signal[]> {
  const both: Signal[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const first = j === b.length || (i < a.length && compare(a[i]!, b[j]!) <= 0);
    both.push(first ? a[i++]! : b[j++]!);
    if (both.length % AT_ONCE === 0) await breathe();
  }
  return both;
}

/** @returns undefined when it is gone at that moment */
export function asSignal({ scope, pattern, signal }: LiveRow, asOf: number): Signal | undefined {
  const strength = strengthAt(signal, asOf);
  return strength < GONE_BELOW ? undefined : toSignal({ scope, pattern }, signal, strength);
}

export function toSignal({ scope, pattern }: SignalName, signal: LivingSignal, strength: number): Signal {
  const { id, lastUpdated, alpha, lambda } = signal;
  return { id, scope, pattern, strength, last_updated: new Date(lastUpdated).toISOString(), alpha, lambda };
}

/** Those a query wants, strongest first. */
export function select(signals: readonly Signal[], query: Omit<SignalQuery, 'asOf'>): Signal[] {
  return top(signals.filter((signal) => fits(signal, query)).sort(compare), query);
}

/** @param sorted strongest first */
function top(sorted: Signal[], { rollup, limit }: Omit<SignalQuery, 'asOf'>): Signal[] {
  if (!rollup) return sorted.slice(0, limit);
  const strongest = new Map<string, Signal>();
  for (const signal of sorted) if (!strongest.has(signal.pattern)) strongest.set(signal.pattern, signal);
  return [...strongest.values()].slice(0, limit);
}

function fits(signal: Signal, { scope, inScope, pattern, minStrength }: Omit<SignalQuery, 'asOf'>): boolean {
  if (scope !== undefined && signal.scope !== scope) return false;
  if (pattern !== undefined && signal.pattern !== pattern) return false;
  if (minStrength !== undefined && signal.strength < minStrength) return false;
  return inScope?.(signal.scope) ?? true;
}

/** Strongest first, then by scope and pattern. */
function compare(a: Signal, b: Signal): number {
  return b.strength - a.strength || order(a.scope, b.scope) || order(a.pattern, b.pattern);
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
