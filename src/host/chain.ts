/** Whether a log is whole: its chain of hashes, the contents it vouches for, and its end. */
import type { Address } from '../../actors/address.ts';
import { messageOf } from '../../actors/errors.ts';
import type { StoredSnapshot } from '../../actors/ports.ts';
import type { Key, Store } from '../store/store.ts';
import { decode, encode, sha256, unseal } from './codec.ts';
import { type ActorRow, CHECKSUM_BYTES, EVENT, GENESIS, type Header, link, readActor, readEvent } from './log.ts';

export interface ChainReport {
  readonly records: number;
  /** Records whose payload was erased on purpose (their actor was removed). */
  readonly erased: number;
  /** Empty when the chain holds. */
  readonly faults: readonly string[];
}

/** Whether a payload went with its actor: it is gone now, or this is its next life. */
function wasErased(store: Store, address: Address, revision: number): boolean {
  const row = readActor(store, address);
  return row !== undefined && (row.removed || revision < row.born);
}

/** Walks a tenant's whole log, recomputes every hash, and asks the actors whether anything came after its end. */
export function verifyChain(store: Store, tenant: string): ChainReport {
  const faults: string[] = [];
  let previous = GENESIS;
  let expected = 1;
  let erased = 0;
  const newest: Newest = new Map();
  for (const { key, value } of store.range('log', { prefix: [tenant] })) {
    const seq = key[1] as number;
    if (seq !== expected) faults.push(`record ${expected} is missing, found ${seq}`);
    expected = seq + 1;
    const header = value.subarray(32);
    const own = value.subarray(0, 32);
    const fits = Buffer.compare(link(previous, header).subarray(0, 32), own) === 0;
    previous = own.slice();
    if (!fits) {
      // Such a header says nothing one could go by.
      faults.push(`record ${seq}: hash does not fit`);
      continue;
    }
    const [kind, id, revision, index, , , content] = decode<Header>(header);
    newest.set(nameOf(kind, id), { revision, index });
    const row = store.get('event', [tenant, kind, id, revision]);
    if (!row) {
      if (wasErased(store, { tenant, kind, id }, revision)) erased++;
      else faults.push(`record ${seq}: the payload of ${kind} "${id}" revision ${revision} is missing`);
      continue;
    }
    if (!contentFits(row, revision, index, content)) faults.push(`record ${seq}: content does not match its hash`);
  }
  faults.push(...missingEnd(store, tenant, newest));
  return { records: expected - 1, erased, faults };
}

/** The newest record of each actor. */
type Newest = Map<string, { readonly revision: number; readonly index: number }>;

const nameOf = (kind: string, id: string) => JSON.stringify([kind, id]);

/**
 * A chain says nothing about what followed its last record. The actors do: each knows by its events, its snapshot or
 * its end how far it got, and the log must have got as far. Data of an older day, put back as a whole, looks whole.
 */
function missingEnd(store: Store, tenant: string, newest: Newest): string[] {
  const faults: string[] = [];
  for (const { key, value } of store.range('actor', { prefix: [tenant] })) {
    const [, kind, id] = key as [string, string, string];
    const name = `${kind} "${id}"`;
    const logged = newest.get(nameOf(kind, id));
    const [event] = store.range('event', { prefix: key, reverse: true, limit: 1 });
    const last = event ? (event.key[3] as number) : 0;
    const snapshot = snapshotRevision(store, key, name, faults);
    const revision = Math.max(decode<ActorRow>(value).revision, last, snapshot);
    if (!logged || logged.revision < revision) {
      const end = logged ? `the log ends with its revision ${logged.revision}` : 'the log does not know it';
      faults.push(`the end is missing: ${name} is at revision ${revision}, ${end}`);
    } else if (event && last === logged.revision && logged.index + 1 < factsOf(last, event.value)) {
      faults.push(`the end is missing: revision ${last} of ${name} has more facts than the log`);
    }
  }
  return faults;
}

/** @returns 0 without a snapshot, and for one that rotted, which is a fault */
function snapshotRevision(store: Store, key: Key, name: string, faults: string[]): number {
  const sealed = store.get('snapshot', key);
  if (!sealed) return 0;
  try {
    return unseal<StoredSnapshot>(sealed, `snapshot of ${name}`).revision;
  } catch (error) {
    faults.push(messageOf(error));
    return 0;
  }
}

/** @returns 0 for an event that rotted: that is a fault already */
function factsOf(revision: number, row: Uint8Array): number {
  try {
    return readEvent(revision, row).facts.length;
  } catch {
    return 0;
  }
}

function contentFits(row: Uint8Array, revision: number, index: number, content: Uint8Array): boolean {
  try {
    if (index !== EVENT) {
      const fact = encode(readEvent(revision, row).facts[index]?.payload);
      return Buffer.compare(sha256(fact), content) === 0;
    }
    if (Buffer.compare(row.subarray(0, CHECKSUM_BYTES), content.subarray(0, CHECKSUM_BYTES)) !== 0) return false;
    return Buffer.compare(sha256(row.subarray(CHECKSUM_BYTES)), content) === 0;
  } catch {
    // Not even its own checksum holds.
    return false;
  }
}
