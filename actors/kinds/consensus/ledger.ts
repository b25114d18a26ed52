/** The trust ledger as a value: reading it, and moving many entries at once. */
import { INITIAL_TRUST } from '../../trust.ts';
import { MAX_TRUSTED, type Trusted } from './model.ts';

type Ledger = readonly Trusted[];

const byInstance = (a: { instance: string }, b: { instance: string }) =>
  a.instance < b.instance ? -1 : a.instance > b.instance ? 1 : 0;

/** Ascending by instance, as code units: the same on every machine. */
export function ordered<T extends { readonly instance: string }>(entries: readonly T[]): T[] {
  return [...entries].sort(byInstance);
}

/** Looks trust up for many. */
export function trustOf(ledger: Ledger): (instance: string) => number {
  const known = new Map(ledger.map(({ instance, trust }) => [instance, trust]));
  return (instance) => known.get(instance) ?? INITIAL_TRUST;
}

/** @returns the ledger with these entries replaced or added, within its bound */
export function moved(ledger: Ledger, changes: ReadonlyMap<string, number>): Ledger {
  const all = new Map(ledger.map(({ instance, trust }) => [instance, trust]));
  for (const [instance, trust] of changes) all.set(instance, trust);
  let entries = [...all].map(([instance, trust]) => ({ instance, trust }));
  if (entries.length > MAX_TRUSTED) {
    const knownBest = (a: Trusted, b: Trusted) =>
      Math.abs(b.trust - INITIAL_TRUST) - Math.abs(a.trust - INITIAL_TRUST) || byInstance(a, b);
    entries = entries.sort(knownBest).slice(0, MAX_TRUSTED);
  }
  return ordered(entries);
}
