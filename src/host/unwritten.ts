/** What relaxed durability acknowledged and the store has not written yet: it counts all the same. */
import { type Address, formatAddress } from '../../actors/address.ts';
import type { RememberedReply, Turn } from '../../actors/ports.ts';

export class Unwritten {
  readonly #turns = new Map<string, number>();
  readonly #replies = new Map<string, RememberedReply>();
  readonly #waiting = new Map<string, (() => void)[]>();

  add(turn: Turn): void {
    const key = formatAddress(turn.address);
    this.#turns.set(key, (this.#turns.get(key) ?? 0) + 1);
    for (const reply of turn.replies) this.#replies.set(replyName(turn.address.tenant, reply.key), reply);
  }

  /** It is written, or lost. */
  delete(turn: Turn): void {
    if (this.#turns.size === 0) return;
    const key = formatAddress(turn.address);
    const left = (this.#turns.get(key) ?? 0) - 1;
    for (const reply of turn.replies) {
      const name = replyName(turn.address.tenant, reply.key);
      if (this.#replies.get(name) === reply) this.#replies.delete(name);
    }
    if (left > 0) {
      this.#turns.set(key, left);
      return;
    }
    this.#turns.delete(key);
    for (const resolve of this.#waiting.get(key) ?? []) resolve();
    this.#waiting.delete(key);
  }

  /** Resolves when nothing of an actor is open; undefined when that is so now. */
  settled(address: Address): Promise<void> | undefined {
    if (this.#turns.size === 0) return undefined;
    const key = formatAddress(address);
    if (!this.#turns.has(key)) return undefined;
    return new Promise((resolve) => this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), resolve]));
  }

  reply(tenant: string, key: string): RememberedReply | undefined {
    return this.#replies.size === 0 ? undefined : this.#replies.get(replyName(tenant, key));
  }
}

function replyName(tenant: string, key: string): string {
  return JSON.stringify([tenant, key]);
}
