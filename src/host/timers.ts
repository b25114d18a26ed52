/**
 * Durable timers: one clock timer for the earliest row of the table, whatever their number.
 *
 * W1  Rows before the cursor were handed over or turned away; rows from it on were not looked at.
 * W2  A timer handed over is not handed over again, unless somebody asks for it, until its row is gone.
 */
import { type Address, formatAddress } from '../../actors/address.ts';
import type { Clock, TimerSet, Turn } from '../../actors/ports.ts';
import type { Key, Store } from '../store/store.ts';
import { decodeRow } from './codec.ts';
import { timerKey } from './rows.ts';

/** Longest sleep: after a clock jump timers are late by at most this. */
const MAX_SLEEP_MS = 30_000;
/** Timers handed over before the event loop gets a chance. */
const BURST = 512;

interface Fired {
  readonly address: Address;
  readonly timer: TimerSet;
}

export class Timers {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #onFault: (error: unknown) => void;
  readonly #fire: (address: Address, timer: TimerSet) => boolean;
  /** Handed over, and not yet gone from the store (W2). */
  readonly #fired = new Map<string, Fired>();
  /** Receivers that turned one away, by address. Their rows are before the cursor. */
  readonly #turnedAway = new Map<string, Address>();
  /** Keys of rows that rotted while we ran. */
  readonly #unreadable = new Set<string>();
  /** The next row to look at (W1); undefined before the first. */
  #cursor: Key | undefined;
  #sleep: { cancel(): void } | null = null;
  #wakeAt = Number.POSITIVE_INFINITY;
  #running = false;

  /**
   * @param fire answers whether the receiver took it
   * @param onFault told about rows that cannot be read; at the start they are thrown instead
   */
  constructor(
    store: Store,
    clock: Clock,
    fire: (address: Address, timer: TimerSet) => boolean,
    onFault: (error: unknown) => void,
  ) {
    this.#onFault = onFault;
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
      if (op === 'cancel') {
        this.#fired.delete(name(turn.address, timer));
        continue;
      }
      // One that is due already belongs before the cursor (W1).
      const key = timerKey(turn.address, timer);
      if (this.#cursor && comesBefore(key, this.#cursor)) this.#cursor = key;
      if (timer.due < this.#wakeAt) this.#sleepUntil(timer.due);
    }
  }

  /** Hands over again what these receivers did not consume, and what they turned away. */
  again(matches: (address: Address) => boolean): void {
    if (!this.#running) return;
    let rescan = false;
    for (const [key, address] of this.#turnedAway) {
      if (!matches(address)) continue;
      this.#turnedAway.delete(key);
      rescan = true;
    }
    if (rescan) {
      this.#cursor = undefined;
      this.#sleepUntil(this.#clock.now());
    }
    const fired = [...this.#fired].filter(([, { address }]) => matches(address));
    for (const [key] of fired) this.#fired.delete(key);
    for (const [key, { address, timer }] of fired) this.#hand(key, address, timer);
  }

  #sleepUntil(due: number): void {
    if (!this.#running) return;
    this.#sleep?.cancel();
    const ms = Math.min(MAX_SLEEP_MS, Math.max(0, due - this.#clock.now()));
    this.#wakeAt = due;
    this.#sleep = this.#clock.setTimeout(() => this.#wake(), ms);
  }

  /** A row that rotted while we ran is told and passed over: the others fire all the same. */
  #wake(): void {
    try {
      this.#tick();
    } catch (error) {
      this.#unreadable.add(JSON.stringify(this.#cursor));
      this.#onFault(error);
      this.#sleepUntil(this.#clock.now());
    }
  }

  #tick(): void {
    if (!this.#running) return;
    const now = this.#clock.now();
    let burst = 0;
    let next = Number.POSITIVE_INFINITY;
    const from = this.#cursor ? { from: this.#cursor } : {};
    for (const { key, value } of this.#store.range('timer', { prefix: [], ...from })) {
      const [due, tenant, kind, id] = key as [number, string, string, string];
      this.#cursor = key;
      if (this.#unreadable.size > 0 && this.#unreadable.has(JSON.stringify(key))) continue;
      if (due > now || burst === BURST) {
        next = due;
        break;
      }
      const address = { tenant, kind, id };
      const timer = decodeRow<TimerSet>('timer', key, value);
      const known = name(address, timer);
      if (this.#fired.has(known) || this.#turnedAway.has(formatAddress(address))) continue;
      burst++;
      this.#hand(known, address, timer);
    }
    this.#wakeAt = Number.POSITIVE_INFINITY;
    if (next < Number.POSITIVE_INFINITY) this.#sleepUntil(next);
  }

  #hand(known: string, address: Address, timer: TimerSet): void {
    if (this.#fire(address, timer)) this.#fired.set(known, { address, timer });
    else this.#turnedAway.set(formatAddress(address), address);
  }
}

/** The order of `timer` rows, as far as it matters: which of two keys is the earlier one. */
function comesBefore(a: Key, b: Key): boolean {
  for (let i = 0; i < a.length; i++) {
    if (a[i] === b[i]) continue;
    // Strings compare by code point there and by code unit here: the moment decides, the rest only has to be on the
    // safe side.
    return i > 0 || (a[i] as number) < (b[i] as number);
  }
  return false;
}

function name(address: Address, timer: TimerSet): string {
  return JSON.stringify([address.tenant, address.kind, address.id, timer.id, timer.revision]);
}
