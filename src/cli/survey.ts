/** What is in a data directory, counted. */
import type { DeadLetter } from '../../actors/ports.ts';
import type { ChainReport } from '../host/chain.ts';
import { decode } from '../host/codec.ts';
import { type ActorRow, readHead } from '../host/log.ts';
import { FORMAT } from '../store/lock.ts';
import { type Store, TABLES } from '../store/store.ts';
import { chainOf, firstParts, tenantsOf } from './data.ts';

/** Dead letters shown. */
const LETTERS = 5;

export interface TenantSurvey {
  readonly tenant: string;
  /** Number of its newest log record. */
  readonly head: number;
  /** Living actors by kind. */
  readonly actors: Readonly<Record<string, number>>;
  /** Present when asked for. */
  readonly chain?: ChainReport;
}

export interface Survey {
  readonly data: string;
  readonly format: number;
  readonly size_bytes: number;
  readonly rows: Readonly<Record<string, number>>;
  readonly kinds: readonly { kind: string; version: number; origin: string; actors: number }[];
  readonly tenants: readonly TenantSurvey[];
  readonly timers: { readonly set: number; readonly due: number };
  readonly outbox: number;
  readonly dead_letters: readonly DeadLetter[];
}

export interface SurveyOptions {
  /** Only this one. */
  readonly tenant: string | undefined;
  /** Also recompute every hash of the log. */
  readonly verify: boolean;
  /** Unix ms. */
  readonly now: number;
}

/** Takes stock of a store. */
export function survey(store: Store, data: string, { tenant, verify, now }: SurveyOptions): Survey {
  const names = tenantsOf(store).filter((name) => tenant === undefined || name === tenant);
  const tenants = names.map((name) => ({
    tenant: name,
    head: readHead(store, name).seq,
    actors: countActors(store, name),
    ...(verify ? { chain: chainOf(store, name) } : {}),
  }));
  return {
    data,
    // A directory of another format does not open.
    format: FORMAT,
    size_bytes: store.sizeBytes(),
    rows: Object.fromEntries(TABLES.map((table) => [table, store.count(table)])),
    kinds: kindsOf(store, tenants),
    tenants,
    timers: countTimers(store, tenant, now),
    outbox: countOutbox(store, tenant),
    dead_letters: newestLetters(store, tenant),
  };
}

function countActors(store: Store, tenant: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { key, value } of store.range('actor', { prefix: [tenant] })) {
    if (decode<ActorRow>(value).removed) continue;
    const kind = String(key[1]);
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

function kindsOf(store: Store, tenants: readonly TenantSurvey[]): Survey['kinds'] {
  const kinds: { kind: string; version: number; origin: string; actors: number }[] = [];
  for (const { key, value } of store.range('meta', { prefix: ['kind'] })) {
    const kind = String(key[1]);
    const actors = tenants.reduce((sum, tenant) => sum + (tenant.actors[kind] ?? 0), 0);
    kinds.push({ kind, ...decode<{ version: number; origin: string }>(value), actors });
  }
  return kinds;
}

function countTimers(store: Store, tenant: string | undefined, now: number): Survey['timers'] {
  let set = 0;
  let due = 0;
  for (const { key } of store.range('timer', { prefix: [] })) {
    if (tenant !== undefined && key[1] !== tenant) continue;
    set++;
    if ((key[0] as number) <= now) due++;
  }
  return { set, due };
}

function countOutbox(store: Store, tenant: string | undefined): number {
  if (tenant === undefined) return store.count('outbox');
  let count = 0;
  for (const _ of store.range('outbox', { prefix: [tenant] })) count++;
  return count;
}

function newestLetters(store: Store, tenant: string | undefined): DeadLetter[] {
  const letters: DeadLetter[] = [];
  for (const name of tenant === undefined ? firstParts(store, 'deadletter') : [tenant]) {
    for (const { value } of store.range('deadletter', { prefix: [name], reverse: true, limit: LETTERS })) {
      letters.push(decode<DeadLetter>(value));
    }
  }
  return letters.sort((a, b) => b.at - a.at).slice(0, LETTERS);
}
