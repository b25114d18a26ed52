/**
 * Holds the index of events and signals against the log, both ways: each row says what the log says, and the log has no
 * event without its rows. Written from the description of the rows, not with the code that makes them.
 */
import type { LogRecord } from '../../actors/ports.ts';
import { decode } from '../../src/host/codec.ts';
import { readRecords } from '../../src/host/log.ts';
import type { Store } from '../../src/store/store.ts';

interface Post {
  readonly semp: {
    readonly id: string;
    readonly type: string;
    readonly scope: string;
    readonly trace_id: string;
    readonly agent_id: string;
    readonly parent_ids: readonly string[];
  };
  readonly others: readonly { readonly actor: string; readonly scope: string }[];
}

interface Fact {
  readonly scope: string;
  readonly pattern: string;
  readonly id: string;
  readonly from: number;
  readonly signal: { readonly id: string } | null;
  readonly ends: number | null;
}

const QUARTER = 15 * 60_000;
/** Names beyond 256 bytes stand in keys as their hashes, which begin with this. */
const HASH = '\0';

const nameOf = (text: string) => (Buffer.byteLength(text) > 256 ? HASH : text);
/** Hashes are not made here: two names that are hashed count as the same, and the values tell them apart. */
const keyOf = (parts: readonly (string | number)[]) =>
  JSON.stringify(parts.map((part) => (typeof part === 'string' && part.startsWith(HASH) ? HASH : part)));

/** Key (as text) and value of every row the log asks for. */
function wanted(records: readonly LogRecord[]): Map<string, unknown[]> {
  const rows = new Map<string, unknown[]>();
  const put = (key: readonly (string | number)[], value: unknown, again: 'add' | 'replace' = 'add') =>
    rows.set(keyOf(key), again === 'replace' ? [value] : [...(rows.get(keyOf(key)) ?? []), value]);
  const living = new Map<string, { actor: string; fact: Fact }>();
  records.forEach(({ seq, address: { id: actor, kind }, type, revision, payload }, index) => {
    if (kind !== 'signal') return;
    if (type === 'post') {
      const { semp, others } = payload as Post;
      const { id, scope, trace_id: trace, agent_id: agent } = semp;
      const pointer = [actor, revision, semp.type, scope, trace, agent];
      put(['event', seq], pointer);
      put(['scope', nameOf(scope), seq], pointer);
      put(['trace', nameOf(trace), seq], pointer);
      for (const parent of new Set(semp.parent_ids)) put(['child', nameOf(parent), seq], pointer);
      const next = records[index + 1];
      const own = next?.type === 'touched' && next.revision === revision && next.address.id === actor;
      const touched = [
        ...(own ? [{ actor, scope: (next.payload as Fact).scope }] : []),
        ...others.map((other) => ({ actor: other.actor, scope: other.scope })),
      ];
      put(['id', id], [seq, actor, revision, touched]);
      const hashed = [trace, scope].some((name) => nameOf(name) === HASH);
      if (touched.length > 0) put(['touch', nameOf(trace), nameOf(scope)], touched, hashed ? 'add' : 'replace');
    }
    if (type === 'touched') {
      const fact = payload as Fact;
      living.set(actor, { actor, fact });
      if (fact.from === 0 && fact.signal) {
        put(['signal', fact.signal.id], { actor, scope: fact.scope });
        put(['life', actor], fact.signal.id, 'replace');
      }
    }
  });
  for (const { actor, fact } of living.values()) {
    const { scope, pattern, signal, ends } = fact;
    if (signal === null || ends === null) continue;
    const slot = Math.ceil(ends / QUARTER) * QUARTER;
    put(['live', slot, actor], { scope, pattern, signal });
    put(['live-in', nameOf(scope), slot, actor], { scope, pattern, signal });
  }
  return rows;
}

/** @returns what does not fit; empty when the index says exactly what the log says */
export function auditIndex(store: Store, tenant: string): string[] {
  const faults: string[] = [];
  const rows = wanted(readRecords(store, tenant, 0, Number.MAX_SAFE_INTEGER));
  const hashedTouches = new Set<string>();
  for (const { key, value } of store.range('index', { prefix: [tenant] })) {
    const name = keyOf(key.slice(1));
    const found = JSON.stringify(decode(value));
    const candidates = rows.get(name);
    const at = candidates?.findIndex((candidate) => JSON.stringify(candidate) === found) ?? -1;
    if (at < 0) faults.push(`row ${name} says ${found}, the log says ${JSON.stringify(candidates)}`);
    else candidates!.splice(at, 1);
    // Of several names that are hashed only the newest entry each is there; which is whose cannot be told here.
    if (key[1] === 'touch' && name.includes('\\u0000')) hashedTouches.add(name);
  }
  for (const [name, left] of rows) {
    if (left.length > 0 && !hashedTouches.has(name)) faults.push(`row ${name} is missing: ${JSON.stringify(left)}`);
  }
  return faults;
}
