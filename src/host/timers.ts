/** Durable timers: one clock timer for the earliest row of the table, whatever their number. */
import type { Address } from '../../actors/address.ts';
import type { Clock, TimerSet, Turn } from '../../actors/ports.ts';
import type { Store } from '../store/store.ts';
import { decode } from './codec.ts';

/** Longest sleep: after a clock jump timers are late by at most this. */
const MAX_SLEEP_MS = 30_000;
/** Timers handed over before the event loop gets a chance. */
const BURST = 512;

export class Timers {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #fire: (address: Address, timer: TimerSet) => void;
  /** Handed over, and not yet gone from the store. */
  readonly #fired = new Map<string, Address>();
  #sleep: { cancel(): void } | null = null;
  #wakeAt = Number.POSITIVE_INFINITY;
  #running = false;

  constructor(store: Store, clock: Clock, fire: (address: Address, timer: TimerSet) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#fire = fire;
  }

  start(): void {
    this.#running = true;
    this.#tick();
  }

  stop(): void {
    this.#running = false;
    this.#sleep?.cancel();
  }

  /** Keeps up with what a commit changed. */
  committed(turn: Turn): void {
    for (const { op, timer } of turn.timers) {
      if (op === 'cancel') this.#fired.delete(name(turn.address, timer));
      else if (timer.due < this.#wakeAt) this.#sleepUntil(timer.due);
    }
  }

  /** Hands over again what these actors did not consume. */
  again(matches: (address: Address) => boolean): void {
    for (const [key, address] of this.#fired) if (matches(address)) this.#fired.delete(key);
    if (this.#running) this.#sleepUntil(this.#clock.now());
  }

  #sleepUntil(due: number): void {
    if (!this.#running) return;
    this.#sleep?.cancel();
    const ms = Math.min(MAX_SLEEP_MS, Math.max(0, due - this.#clock.now()));
    this.#wakeAt = due;
    this.#sleep = this.#clock.setTimeout(() => this.#tick(), ms);
  }

  #tick(): void {
    if (!this.#running) return;
    const now = this.#clock.now();
    let burst = 0;
    let next = Number.POSITIVE_INFINITY;
    for (const { key, value } of this.#store.range('timer', { prefix: [] })) {
      const [due, tenant, kind, id] = key as [number, string, string, string];
      if (due > now || burst === BURST) {
        next = due;
        break;
      }
      const address = { tenant, kind, id };
      const timer = decode<TimerSet>(value);
      const known = name(address, timer);
      if (this.#fired.has(known)) continue;
      this.#fired.set(known, address);
      burst++;
      this.#fire(address, timer);
    }
    this.#wakeAt = Number.POSITIVE_INFINITY;
    if (next < Number.POSITIVE_INFINITY) this.#sleepUntil(next);
  }
}

function name(address: Address, timer: TimerSet): string {
  return JSON.stringify([address.tenant, address.kind, address.id, timer.id, timer.revision]);
}
