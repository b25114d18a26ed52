/** Deadlines of many waiting callers with one timer: callers are grouped into slots, a slot expires as a whole. */
import type { Clock } from './ports.ts';

/** Callers expire at most this late. */
const SLOT_MS = 50;

export class Deadlines<T extends object> {
  readonly #clock: Clock;
  readonly #expire: (item: T) => void;
  readonly #slots = new Map<number, Set<T>>();
  readonly #slotOf = new WeakMap<T, number>();
  #timer: { cancel(): void } | null = null;

  constructor(clock: Clock, expire: (item: T) => void) {
    this.#clock = clock;
    this.#expire = expire;
  }

  add(item: T, delayMs: number): void {
    const slot = Math.ceil((this.#clock.monotonic() + delayMs) / SLOT_MS);
    const items = this.#slots.get(slot) ?? new Set();
    this.#slots.set(slot, items.add(item));
    this.#slotOf.set(item, slot);
    this.#timer ??= this.#clock.setTimeout(() => this.#tick(), SLOT_MS);
  }

  /** Forgets a caller that got its answer. */
  delete(item: T): void {
    const slot = this.#slotOf.get(item);
    if (slot === undefined) return;
    const items = this.#slots.get(slot);
    items?.delete(item);
    if (items?.size === 0) this.#slots.delete(slot);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #tick(): void {
    this.#timer = null;
    const now = this.#clock.monotonic() / SLOT_MS;
    for (const [slot, items] of this.#slots) {
      if (slot > now) continue;
      this.#slots.delete(slot);
      for (const item of items) this.#expire(item);
    }
    if (this.#slots.size > 0) this.#timer = this.#clock.setTimeout(() => this.#tick(), SLOT_MS);
  }
}
