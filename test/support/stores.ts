/** Stores a test can hold back, break, copy and put into a directory of their own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLmdbStore } from '../../src/store/lmdb.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { type Op, type Store, TABLES } from '../../src/store/store.ts';

/** Everything in a store. */
export type Dump = readonly Op[];

export function dump(store: Store): Dump {
  return TABLES.flatMap((table) =>
    [...store.range(table, { prefix: [] })].map(({ key, value }) => ({ op: 'put' as const, table, key, value })),
  );
}

/** A store with the content another one had. */
export async function storeOf(content: Dump): Promise<Store> {
  const store = createMemoryStore();
  await store.commit(content);
  return store;
}

export interface ControlledStore {
  readonly store: Store;
  /** Commits wait from now on. */
  hold(): void;
  /** Lets the waiting commits go, and all that follow. */
  letGo(): void;
  /** Commits fail while this is true. */
  failing: boolean;
  /** Called before each commit takes effect, with the store as it is without it. */
  onCommit: ((ops: readonly Op[]) => void) | null;
  /** Commits that took effect. */
  committed: number;
}

/** A memory store whose commits do what the test says. */
export function controlledStore(): ControlledStore {
  let gate: Promise<void> | null = null;
  let open = () => {};
  const control: ControlledStore = {
    store: createMemoryStore({
      beforeCommit: async (ops) => {
        if (gate) await gate;
        if (control.failing) throw new Error('no space left on device');
        control.onCommit?.(ops);
        control.committed++;
      },
    }),
    hold() {
      gate ??= new Promise((resolve) => {
        open = resolve;
      });
    },
    letGo() {
      gate = null;
      open();
    },
    failing: false,
    onCommit: null,
    committed: 0,
  };
  return control;
}

/** An LMDB store in a directory of its own. */
export async function temporaryLmdb(): Promise<{ store: Store; reopen(): Promise<Store>; destroy(): Promise<void> }> {
  const path = mkdtempSync(join(tmpdir(), 'synod-test-'));
  const opened = { store: await openLmdbStore({ path }) };
  return {
    store: opened.store,
    async reopen() {
      await opened.store.close();
      opened.store = await openLmdbStore({ path });
      return opened.store;
    },
    async destroy() {
      await opened.store.close();
      rmSync(path, { recursive: true, force: true });
    },
  };
}
