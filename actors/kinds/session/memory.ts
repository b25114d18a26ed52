/**
 * The three tiers: what enters, what moves on and what leaves.
 *
 * A memory is worth 0.40·importance + 0.35·recency + 0.25·access, each in [0, 1]:
 * importance cut off at 1, recency 16/(16 + turns since last used), access a/(a + 2). Both curves are plain fractions,
 * because `Math.exp` may differ in the last bit between machines and a replay must not.
 */
import { hash } from 'node:crypto';
import { type Columns, columnsOf, handOn, RANK } from './columns.ts';
import { type Capacities, type Memory, TIERS, type Tier } from './model.ts';
import { append } from './packs.ts';

/** Turns after which recency is half: about as many as the short-term tier holds. */
const RECENCY_HALF_TURNS = 16;
/** Recalls after which access counts half. */
const ACCESS_HALF = 2;

export interface Eviction {
  readonly hash: string;
  /** The tier it left. */
  readonly tier: Tier;
}

/**
 * Names a memory for good: first 32 hex digits of SHA-256(session id | seq | text).
 */
export function hashMemory(sessionId: string, seq: number, text: string): string {
  return hash('sha256', `${sessionId}|${seq}|${text}`).slice(0, 32);
}

/**
 * How much a memory is worth keeping, in [0, 1].
 *
 * @param turn stored turns so far
 */
export function keepScore(memory: Pick<Memory, 'importance' | 'access' | 'used'>, turn: number): number {
  const age = Math.max(0, turn - memory.used);
  return (
    0.4 * Math.min(1, memory.importance) +
    (0.35 * RECENCY_HALF_TURNS) / (RECENCY_HALF_TURNS + age) +
    (0.25 * memory.access) / (memory.access + ACCESS_HALF)
  );
}

/** A place in the list of memories, and what the memory there is worth. */
interface Place {
  readonly index: number;
  readonly score: number;
}

const NOWHERE: Place = { index: -1, score: Number.POSITIVE_INFINITY };

/** The less valuable of two; of equals the older, which comes first in the list. */
function lesser(a: Place, b: Place): Place {
  return b.score < a.score || (b.score === a.score && b.index < a.index) ? b : a;
}

/** Counts each tier and finds its least valuable memory, the newest left out, in one pass. */
function survey(columns: Columns, turn: number) {
  const { tiers, importance, access, used, count } = columns;
  const counts = TIERS.map(() => 0);
  const lowest = TIERS.map(() => NOWHERE);
  for (let index = 0; index < count; index++) {
    const rank = tiers[index]!;
    counts[rank]!++;
    if (index === count - 1) continue;
    const score = keepScore({ importance: importance[index]!, access: access[index]!, used: used[index]! }, turn);
    if (score < lowest[rank]!.score) lowest[rank] = { index, score };
  }
  return { counts, lowest };
}

/**
 * Adds the newest memory to its tier. A tier over its capacity hands its least valuable memory to the next one, and
 * the last one lets it go; the memory just added stays where it was put.
 *
 * @param memories oldest first
 * @param turn stored turns so far
 * @returns a new list, and what left it
 */
export function insert(
  memories: readonly Memory[],
  memory: Memory,
  capacities: Capacities,
  turn: number,
): { readonly memories: readonly Memory[]; readonly evicted: Eviction | null } {
  const result = append(memories, memory);
  const columns = followed(memories, result);
  const { counts, lowest } = survey(columns, turn);
  let moved = NOWHERE;
  for (let rank = RANK[memory.tier]; rank < TIERS.length; rank++) {
    const tier = TIERS[rank]!;
    const held = counts[rank]! + (moved.index < 0 ? 0 : 1);
    if (held <= capacities[tier]) break;
    moved = lesser(lowest[rank]!, moved);
    const next = TIERS[rank + 1];
    if (next === undefined) {
      const [gone] = result.splice(moved.index, 1);
      columns.remove(moved.index);
      return { memories: result, evicted: { hash: gone!.hash, tier } };
    }
    result[moved.index] = { ...result[moved.index]!, tier: next };
    columns.tiers[moved.index] = rank + 1;
  }
  return { memories: result, evicted: null };
}

/** The columns of a list one memory longer than the one before. */
function followed(before: readonly Memory[], after: readonly Memory[]): Columns {
  // All vectors have moved.
  if (before[0]?.embedding.buffer !== after[0]!.embedding.buffer) return columnsOf(after);
  const columns = columnsOf(before);
  columns.push(after.at(-1)!);
  handOn(before, after, columns);
  return columns;
}

/** Counts a recall of the named memories; unknown names are ignored. */
export function recall(memories: readonly Memory[], hashes: readonly string[], turn: number): readonly Memory[] {
  if (hashes.length === 0) return memories;
  const columns = columnsOf(memories);
  const result = memories.slice();
  for (const hash of new Set(hashes)) {
    for (const at of columns.named(memories, hash)) {
      result[at] = { ...memories[at]!, access: memories[at]!.access + 1, used: turn };
      columns.set(at, result[at]);
    }
  }
  return handOn(memories, result, columns);
}

/** Counts a memory that came again: used now, and as important as the more important of the two. */
export function refresh(
  memories: readonly Memory[],
  index: number,
  importance: number,
  turn: number,
): readonly Memory[] {
  const memory = memories[index]!;
  const again = {
    ...memory,
    access: memory.access + 1,
    used: turn,
    importance: Math.max(memory.importance, importance),
  };
  const columns = columnsOf(memories);
  columns.set(index, again);
  return handOn(memories, memories.with(index, again), columns);
}
