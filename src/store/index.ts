/** Picks the store that belongs to a data directory's name. */
import { openLmdbStore } from './lmdb.ts';
import { createMemoryStore } from './memory.ts';
import type { Store } from './store.ts';

/**
 * Opens the store of `config.data`; `:memory:` gives one that keeps nothing.
 *
 * @throws AppError UNAVAILABLE when the directory is in use, not accessible, damaged, or of a newer format
 */
export async function openStore(config: { readonly data: string; readonly readOnly?: boolean }): Promise<Store> {
  if (config.data === ':memory:') return createMemoryStore();
  return openLmdbStore({ path: config.data, readOnly: config.readOnly ?? false });
}
