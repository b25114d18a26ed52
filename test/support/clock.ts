/** A clock that moves only when told. */
import type { Clock } from '../../actors/ports.ts';

export class FakeClock implements Clock {
  #now: number;
  #elapsed = 0;
  #timers: { at: number; fn: () => void; cancelled: boolean }[] = [];

  constructor(now = 1_700_000_000_000) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  setTimeout(fn: () => void, ms: number): { cancel(): void } {
    const timer = { at: this.#elapsed + ms, fn, cancelled: false };
    this.#timers.push(timer);
    return {
      cancel: () => {
        timer.cancelled = true;
      },
    };
  }

  /** Moves on, firing what comes due in order and letting pending I/O finish in between. */
  async advance(ms: number): Promise<void> {
    const until = this.#elapsed + ms;
    for (;;) {
      await settle();
      this.#timers = this.#timers.filter((timer) => !timer.cancelled);
      const next = this.#timers.filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#timers.splice(this.#timers.indexOf(next), 1);
      this.#step(Math.max(0, next.at - this.#elapsed));
      next.fn();
    }
    this.#step(until - this.#elapsed);
    await settle();
  }

  /** The wall clock jumps; durations do not notice. */
  jump(ms: number): void {
    this.#now += ms;
  }

  #step(ms: number): void {
    this.#elapsed += ms;
    this.#now += ms;
  }
}

/** Lets promises and I/O callbacks that are already due run. */
export async function settle(rounds = 10): Promise<void> {
  for (let i = 0; i < rounds; i++) await new Promise((resolve) => setImmediate(resolve));
}
