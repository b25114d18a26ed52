/** Messages nobody will handle, kept for whoever wants to know why: the newest thousand of each tenant. */
import type { DeadLetter } from '../../actors/ports.ts';
import type { Op, Store } from '../store/store.ts';
import { decode, encode } from './codec.ts';

/** Letters kept per tenant. */
const KEPT = 1_000;

export class DeadLetters {
  readonly #store: Store;
  readonly #ride: (ops: readonly Op[]) => void;
  readonly #next = new Map<string, number>();

  /** @param ride takes rows along with the next commit; nobody waits for a dead letter */
  constructor(store: Store, ride: (ops: readonly Op[]) => void) {
    this.#store = store;
    this.#ride = ride;
  }

  bury(letter: DeadLetter): void {
    const { tenant } = letter.address;
    const number = this.#next.get(tenant) ?? this.#newest(tenant) + 1;
    this.#next.set(tenant, number + 1);
    this.#ride([
      { op: 'put', table: 'deadletter', key: [tenant, number], value: encode(letter) },
      { op: 'del', table: 'deadletter', key: [tenant, number - KEPT] },
    ]);
  }

  /** Newest first. */
  list(tenant: string, limit: number): DeadLetter[] {
    const letters: DeadLetter[] = [];
    for (const { value } of this.#store.range('deadletter', { prefix: [tenant], reverse: true, limit })) {
      letters.push(decode<DeadLetter>(value));
    }
    return letters;
  }

  #newest(tenant: string): number {
    for (const { key } of this.#store.range('deadletter', { prefix: [tenant], reverse: true, limit: 1 })) {
      return key[1] as number;
    }
    return 0;
  }
}
