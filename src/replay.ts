/** Answers kept under idempotency keys, in the same store as everything else. */
import type { Clock } from '../actors/ports.ts';
import { decode, encode } from './host/codec.ts';
import type { ReplayStore, StoredResponse } from './http/ports.ts';
import type { Store } from './store/store.ts';

/** How long a client may repeat a request. */
export const REPLAY_MS = 24 * 3_600_000;

interface Row {
  /** Unix ms. */
  readonly at: number;
  readonly response: StoredResponse;
}

export function createReplayStore(store: Store, clock: Clock): ReplayStore {
  return {
    get(tenant, key) {
      const bytes = store.get('replay', [tenant, 'http', key]);
      if (!bytes) return undefined;
      const { at, response } = decode<Row>(bytes);
      return clock.now() - at < REPLAY_MS ? response : undefined;
    },
    async put(tenant, key, response) {
      const value = encode({ at: clock.now(), response } satisfies Row);
      await store.commit([{ op: 'put', table: 'replay', key: [tenant, 'http', key], value }]);
    },
  };
}
