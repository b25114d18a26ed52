/** Answers kept under idempotency keys, in the same store as everything else; those with a secret are encrypted. */
import type { Clock } from '../actors/ports.ts';
import { decode, encode } from './host/codec.ts';
import type { ReplayStore, StoredResponse } from './http/ports.ts';
import type { Seal } from './seal.ts';
import type { Store } from './store/store.ts';

/** How long a client may repeat a request. */
export const REPLAY_MS = 24 * 3_600_000;

interface Row {
  /** Unix ms. */
  readonly at: number;
  readonly response: StoredResponse;
}

export function createReplayStore(store: Store, clock: Clock, seal: Seal): ReplayStore {
  /** No key has a space. */
  const ownerOf = (tenant: string, key: string) => `replay ${key} ${tenant}`;
  return {
    get(tenant, key) {
      const bytes = store.get('replay', [tenant, 'http', key]);
      if (!bytes) return undefined;
      const { at, response } = decode<Row>(bytes);
      if (clock.now() - at >= REPLAY_MS) return undefined;
      const { secret, body } = response;
      return secret && typeof body === 'string'
        ? { ...response, body: seal.open(body, ownerOf(tenant, key)) }
        : response;
    },
    async put(tenant, key, response) {
      const { secret, body } = response;
      const kept = secret && typeof body === 'string' ? seal.seal(body, ownerOf(tenant, key)) : body;
      const value = encode({ at: clock.now(), response: { ...response, body: kept } } satisfies Row);
      await store.commit([{ op: 'put', table: 'replay', key: [tenant, 'http', key], value }]);
    },
  };
}
