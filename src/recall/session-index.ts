/** The lexical index of one session, kept in step with the snapshots it is asked about. */
import type { Memory } from '../../actors/kinds/session/model.ts';
import { Bm25, type Bm25Settings } from './bm25.ts';
import { type Links, linkMemories } from './structure.ts';

/**
 * Invariants: (I1) after `sync(m)` the index holds exactly the texts of `m`, whatever snapshot came before, newer or
 * older; (I2) a memory is known by its hash alone, so one that only changed tier, use or importance costs nothing.
 */
export class SessionIndex {
  /** By position in the snapshot. */
  links: Links = linkMemories([]);
  readonly #bm25: Bm25;
  readonly #freeSlots: number[] = [];
  /** Slots ever used. */
  #used = 0;
  #memories: readonly Memory[] = [];
  /** By position in the snapshot. */
  #slots = new Int32Array(0);
  #bySlot = new Float64Array(0);

  constructor(settings: Bm25Settings) {
    this.#bm25 = new Bm25(settings);
  }

  /** How many texts it holds. */
  get size(): number {
    return this.#memories.length;
  }

  /** Brings the index up to date; snapshots are immutable, so the same array again means nothing to do. */
  sync(memories: readonly Memory[]): void {
    const old = this.#memories;
    if (memories === old) return;
    const oldSlots = this.#slots;
    const slots = new Int32Array(memories.length);
    const added: number[] = [];
    let moved = memories.length !== old.length;
    // Both are in order of arrival, so one walk along the two finds what stayed; what left makes room before others come.
    let beside = 0;
    for (let position = 0; position < memories.length; position++) {
      const memory = memories[position]!;
      while (beside < old.length && old[beside] !== memory && old[beside]!.seq < memory.seq) {
        this.#leave(oldSlots[beside++]!);
        moved = true;
      }
      const kept = old[beside];
      if (kept === memory || kept?.hash === memory.hash) {
        moved ||= kept !== memory && kept.episode !== memory.episode;
        slots[position] = oldSlots[beside++]!;
      } else added.push(position);
    }
    while (beside < old.length) this.#leave(oldSlots[beside++]!);
    for (const position of added) slots[position] = this.#add(memories[position]!.text);
    if (moved || added.length > 0) this.links = linkMemories(memories);
    this.#slots = slots;
    this.#memories = memories;
  }

  /**
   * BM25 of every memory, by position, and what a memory with each query term once would get.
   *
   * @param query distinct terms, as in `Reading.terms`
   */
  score(query: Uint32Array): { own: Float64Array; ideal: number } {
    if (this.#bySlot.length < this.#used) this.#bySlot = new Float64Array(this.#used + (this.#used >> 2));
    else this.#bySlot.fill(0);
    const ideal = this.#bm25.score(query, this.#bySlot);
    const own = new Float64Array(this.#slots.length);
    for (let position = 0; position < own.length; position++) own[position] = this.#bySlot[this.#slots[position]!]!;
    return { own, ideal };
  }

  #add(text: string): number {
    const slot = this.#freeSlots.pop() ?? this.#used++;
    this.#bm25.add(slot, text);
    return slot;
  }

  #leave(slot: number): void {
    this.#bm25.remove(slot);
    this.#freeSlots.push(slot);
  }
}
