/**
 * Where the vectors of memories lie: one behind the other in one stretch of memory, since a look at all of them that has
 * to jump from one to the next takes two to three times as long, and hundreds of small pieces cost memory of their own.
 *
 * P1  Numbers once written are never written over, so an older list (a turn that is not durable yet, a reader) stays
 *     what it was.
 * P2  Only places change, never a number: nothing durable and nothing computed depends on where a vector lies.
 */
import type { Memory } from './model.ts';

/** Rows of one length, some of them free. */
export interface Pack {
  readonly rows: Float32Array;
  /** Numbers of a row. */
  readonly d: number;
  /** Where the first free row begins. */
  end: number;
}

/** Below it a list is left as it is. */
const LEAST_MEMORIES = 16;
/** Free rows behind a new pack: a quarter of its memories, within these bounds. A full pack is made anew. */
const LEAST_SPARE = 8;
const MOST_SPARE = 64;

const packs = new WeakMap<ArrayBufferLike, Pack>();

/** The pack of the newest memory. */
export function packOf(memories: readonly Memory[]): Pack | null {
  const last = memories.at(-1);
  return (last && packs.get(last.embedding.buffer)) ?? null;
}

/** Adds a memory behind others, its vector behind theirs. @returns a new list */
export function append(memories: readonly Memory[], memory: Memory): Memory[] {
  const pack = packOf(memories);
  if (pack && pack.d === memory.embedding.length && pack.end + pack.d <= pack.rows.length) {
    return [...memories, place(pack, memory)];
  }
  return [...packed([...memories, memory])];
}

/** The same memories with their vectors in a pack of their own; the list itself where that is not worth it. */
export function packed(memories: readonly Memory[]): readonly Memory[] {
  const d = memories[0]?.embedding.length ?? 0;
  const { length } = memories;
  if (length < LEAST_MEMORIES || d === 0 || memories.some(({ embedding }) => embedding.length !== d)) return memories;
  const spare = Math.max(LEAST_SPARE, Math.min(MOST_SPARE, length >> 2));
  const pack = { rows: new Float32Array((length + spare) * d), d, end: 0 };
  packs.set(pack.rows.buffer, pack);
  return memories.map((memory) => place(pack, memory));
}

function place(pack: Pack, memory: Memory): Memory {
  const embedding = pack.rows.subarray(pack.end, pack.end + pack.d);
  embedding.set(memory.embedding);
  pack.end += pack.d;
  return { ...memory, embedding };
}
