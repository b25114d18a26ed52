/** Data directories as the commands beside the server see them: read-only, also while a server writes there. */
import { AppError } from '../../actors/errors.ts';
import { type ChainReport, verifyChain } from '../host/chain.ts';
import { openStore } from '../store/index.ts';
import type { Store, Table } from '../store/store.ts';
import { type Option, UsageError } from './options.ts';

export const DATA_OPTION: Option = { name: 'data', value: 'DIR', help: 'Data directory.', default: './data' };

/** The directory an option names; memory cannot be shared between processes. */
export function directoryOf(data: unknown): string {
  if (typeof data !== 'string' || data === '' || data === ':memory:') {
    throw new UsageError(`--data is "${data}", wanted a directory`);
  }
  return data;
}

/**
 * Lets `read` look at a data directory. Whatever it reads before it awaits anything is of one moment: LMDB keeps a read
 * transaction for one turn of the event loop, and `read` is not given the chance to await.
 *
 * @throws AppError UNAVAILABLE when the directory cannot be read, is damaged, or belongs to a newer program
 */
export async function withData<T>(data: string, read: (store: Store) => T): Promise<T> {
  const store = await openStore({ data, readOnly: true });
  try {
    return read(store);
  } catch (error) {
    // To a command, unreadable data is bad luck and never wrong usage.
    if (error instanceof AppError && error.code === 'INVALID') {
      throw new AppError('CORRUPTED', `data directory ${data}: ${error.message}`, { cause: error });
    }
    throw error;
  } finally {
    await store.close();
  }
}

/** The first parts of a table's keys, each once, in order: jumps from one to the next, whatever lies between. */
export function* firstParts(store: Store, table: Table): Generator<string> {
  let after: string | undefined;
  for (;;) {
    // No string that is not `after` starts with it and a zero, and everything below `after` comes before that.
    const from = after === undefined ? {} : { from: [`${after}\0`] };
    let next: string | undefined;
    for (const { key } of store.range(table, { prefix: [], limit: 1, ...from })) next = String(key[0]);
    if (next === undefined) return;
    yield next;
    after = next;
  }
}

/** Every tenant that ever did anything here; of one whose log is gone, the actors still tell. */
export function tenantsOf(store: Store): string[] {
  return [...new Set([...firstParts(store, 'log'), ...firstParts(store, 'actor')])].sort();
}

/** Whether a tenant's log is whole, and there at all when there are actors. */
export function chainOf(store: Store, tenant: string): ChainReport {
  const report = verifyChain(store, tenant);
  if (report.records > 0) return report;
  return { ...report, faults: [...report.faults, 'there are actors and no log'] };
}
