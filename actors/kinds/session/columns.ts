/**
 * What every turn asks of all memories, in columns beside the list: a walk over a few hundred objects, each somewhere
 * else in memory, costs more than what is done with them.
 *
 * C1  Columns are derived from the list alone and say nothing of their own; whoever has none makes them anew.
 * C2  They belong to one list and move on to the list made from it, so that a turn changes a few numbers. The older list
 *     has none after that.
 */
import { unitCosines, unitSlabCosines } from '../../../workers/vector.ts';
import type { Memory, Tier } from './model.ts';
import { type Pack, packOf } from './packs.ts';

/** Place of a tier in `TIERS`. */
export const RANK: Readonly<Record<Tier, number>> = { short_term: 0, medium_term: 1, long_term: 2 };

/** The first 8 hex digits: tells nearly all names apart, and whoever finds one looks at the whole name. */
const startOf = (hex: string): number => Number.parseInt(hex.slice(0, 8), 16) >>> 0;

export class Columns {
  count = 0;
  /** Start of `hash` and of `fingerprint`. */
  hashes = new Uint32Array(0);
  prints = new Uint32Array(0);
  /** Place of the tier in `TIERS`. */
  tiers = new Uint8Array(0);
  episodes = new Float64Array(0);
  importance = new Float64Array(0);
  access = new Float64Array(0);
  used = new Float64Array(0);
  /** Row in the pack, ascending; meaningless when `pack` is null. */
  rows = new Int32Array(0);
  /** The pack that holds all vectors; null when one lies elsewhere. */
  pack: Pack | null;

  constructor(memories: readonly Memory[]) {
    this.pack = packOf(memories);
    this.#grow(memories.length);
    for (const memory of memories) this.push(memory);
  }

  push(memory: Memory): void {
    if (this.count === this.hashes.length) this.#grow(this.count + (this.count >> 2) + 8);
    const at = this.count++;
    this.hashes[at] = startOf(memory.hash);
    this.prints[at] = startOf(memory.fingerprint);
    this.tiers[at] = RANK[memory.tier];
    this.episodes[at] = memory.episode;
    this.set(at, memory);
    if (this.pack === null) return;
    const { embedding } = memory;
    const row = embedding.byteOffset / (this.pack.d * embedding.BYTES_PER_ELEMENT);
    const follows = embedding.buffer === this.pack.rows.buffer && (at === 0 || row > this.rows[at - 1]!);
    if (follows) this.rows[at] = row;
    else this.pack = null;
  }

  /** What a recall changes. */
  set(at: number, { importance, access, used }: Memory): void {
    this.importance[at] = importance;
    this.access[at] = access;
    this.used[at] = used;
  }

  remove(at: number): void {
    for (const column of this.#all()) column.copyWithin(at, at + 1, this.count);
    this.count--;
  }

  /** Places of the memories with a name. @param memories the list these columns belong to */
  named(memories: readonly Memory[], hash: string): number[] {
    return find(this.hashes, this.count, hash).filter((at) => memories[at]!.hash === hash);
  }

  /** Places of the memories that say the same. @param memories the list these columns belong to */
  saying(memories: readonly Memory[], fingerprint: string): number[] {
    return find(this.prints, this.count, fingerprint).filter((at) => memories[at]!.fingerprint === fingerprint);
  }

  #all() {
    return [this.hashes, this.prints, this.tiers, this.episodes, this.importance, this.access, this.used, this.rows];
  }

  #grow(length: number): void {
    const [hashes, prints, tiers, episodes, importance, access, used, rows] = this.#all();
    this.hashes = copied(new Uint32Array(length), hashes!);
    this.prints = copied(new Uint32Array(length), prints!);
    this.tiers = copied(new Uint8Array(length), tiers!);
    this.episodes = copied(new Float64Array(length), episodes!);
    this.importance = copied(new Float64Array(length), importance!);
    this.access = copied(new Float64Array(length), access!);
    this.used = copied(new Float64Array(length), used!);
    this.rows = copied(new Int32Array(length), rows!);
  }
}

function find(starts: Uint32Array, count: number, hex: string): number[] {
  const start = startOf(hex);
  const found: number[] = [];
  for (let at = starts.indexOf(start); at >= 0 && at < count; at = starts.indexOf(start, at + 1)) found.push(at);
  return found;
}

function copied<T extends { set(from: ArrayLike<number>): void }>(to: T, from: ArrayLike<number>): T {
  to.set(from);
  return to;
}

const owned = new WeakMap<readonly Memory[], Columns>();

export function columnsOf(memories: readonly Memory[]): Columns {
  let columns = owned.get(memories);
  if (columns === undefined) {
    columns = new Columns(memories);
    owned.set(memories, columns);
  }
  return columns;
}

/** Hands the columns of a list on to the list made from it, after `change` has brought them up to date (C2). */
export function handOn<T extends readonly Memory[]>(before: readonly Memory[], after: T, columns: Columns): T {
  owned.delete(before);
  owned.set(after, columns);
  return after;
}

/**
 * Cosine of every memory with a vector, in the order of the memories.
 *
 * @param query shape [d], unit length or all zeros, like the memories' own vectors
 * @returns shape [n], each in [-1, 1]; 0 for a memory of another dimension
 */
export function memoryCosines(memories: readonly Memory[], query: Float32Array | Float64Array): Float64Array {
  const { pack, rows, count } = columnsOf(memories);
  if (pack === null || pack.d !== query.length || count === 0) {
    return unitCosines(
      memories.map(({ embedding }) => embedding),
      query,
    );
  }
  const first = rows[0]!;
  const last = rows[count - 1]!;
  // Rows of memories that have left lie between those that stay.
  const all = unitSlabCosines(pack.rows.subarray(first * pack.d, (last + 1) * pack.d), query);
  if (all.length === count) return all;
  const result = new Float64Array(count);
  for (let i = 0; i < count; i++) result[i] = all[rows[i]! - first]!;
  return result;
}
