/** The lexical index of one session, kept in step with the snapshots it is asked about. */
import type { Memory } from '../../actors/kinds/session/model.ts';
import { Bm25, type Bm25Settings } from './bm25.ts';
import { type Links, linkMemories } from './structure.ts';

/**
 * Invariants: (I1) after `sync(m)` the index holds exactly the texts of `m`, whatever snapshot came before, newer or
 * older; (I2) a memory is known by its hash alone, so a memory that only changed tier, use or importance costs
 * nothing but a map lookup.
 */
export class SessionIndex {
  /** By position in the snapshot. */
  links: Links = linkMemories([]);
  private readonly bm25: Bm25;
  private readonly slotOf = new Map<string, number>();
  private readonly textOf: string[] = [];
  private readonly freeSlots: number[] = [];
  /** By slot: the last synchronisation that saw it. */
  private readonly seen: number[] = [];
  private round = 0;
  private memories: readonly Memory[] = [];
  private slots = new Int32Array(0);
  private bySlot = new Float64Array(0);

  constructor(settings: Bm25Settings) {
    this.bm25 = new Bm25(settings);
  }

  /** How many texts it holds. */
  get size(): number {
    return this.slotOf.size;
  }

  /** Brings the index up to date; snapshots are immutable, so the same array again means nothing to do. */
  sync(memories: readonly Memory[]): void {
    if (memories === this.memories) return;
    this.round += 1;
    const { memories: old, slots: oldSlots } = this;
    const slots = new Int32Array(memories.length);
    let distinct = 0;
    // Both are in order of arrival: walking along the old snapshot finds nearly every memory without a lookup.
    let beside = 0;
    for (let position = 0; position < memories.length; position++) {
      const { hash, seq, text } = memories[position]!;
      while (beside < old.length && old[beside]!.seq < seq) beside++;
      const slot = old[beside]?.hash === hash ? oldSlots[beside]! : (this.slotOf.get(hash) ?? this.add(hash, text));
      slots[position] = slot;
      if (this.seen[slot] !== this.round) distinct += 1;
      this.seen[slot] = this.round;
    }
    this.slots = slots;
    if (this.slotOf.size > distinct) this.evict();
    this.links = linkMemories(memories);
    this.memories = memories;
  }

  /**
   * BM25 of every memory, by position, and what a memory with each query term once would get.
   *
   * @param query terms as `toTerms` makes them
   */
  score(query: readonly string[]): { own: Float64Array; ideal: number } {
    if (this.bySlot.length < this.textOf.length) this.bySlot = new Float64Array(this.textOf.length * 2);
    else this.bySlot.fill(0);
    const ideal = this.bm25.score(query, this.bySlot);
    const own = new Float64Array(this.slots.length);
    for (let position = 0; position < own.length; position++) own[position] = this.bySlot[this.slots[position]!]!;
    return { own, ideal };
  }

  private add(hash: string, text: string): number {
    const slot = this.freeSlots.pop() ?? this.textOf.length;
    this.slotOf.set(hash, slot);
    this.textOf[slot] = text;
    this.bm25.add(slot, text);
    return slot;
  }

  private evict(): void {
    for (const [hash, slot] of this.slotOf) {
      if (this.seen[slot] === this.round) continue;
      this.slotOf.delete(hash);
      this.bm25.remove(slot, this.textOf[slot]!);
      this.textOf[slot] = '';
      this.freeSlots.push(slot);
    }
  }
}
