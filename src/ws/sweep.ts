/**
 * Pings for any number of connections by one timer. Each connection is pinged once in an interval, and ended when
 * nothing was heard from it since the ping before. They take turns in slots, so that ten thousand are not pinged at once.
 */

/** Below the 60 s after which most proxies drop silent connections. */
const INTERVAL_MS = 30_000;
const SLOTS = 30;

export interface Peer {
  /** Set to true whenever something was heard from it. */
  alive: boolean;
  ping(): void;
  terminate(): void;
}

export class Sweep {
  readonly #slots = Array.from({ length: SLOTS }, () => new Set<Peer>());
  readonly #timer: NodeJS.Timeout;
  #next = 0;
  #turn = 0;

  /** @param intervalMs between two pings of a connection. Default 30,000. */
  constructor(intervalMs = INTERVAL_MS) {
    this.#timer = setInterval(() => this.#sweep(), intervalMs / SLOTS);
    this.#timer.unref();
  }

  /** @returns ends it */
  add(peer: Peer): () => void {
    const slot = this.#slots[this.#next++ % SLOTS]!;
    slot.add(peer);
    return () => void slot.delete(peer);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #sweep(): void {
    for (const peer of this.#slots[this.#turn++ % SLOTS]!) {
      if (peer.alive) {
        peer.alive = false;
        peer.ping();
      } else peer.terminate();
    }
  }
}
