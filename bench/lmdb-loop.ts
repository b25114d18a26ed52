/** The baseline of `asks`: LMDB and nothing else, writing records of the same sizes with one fsync per group. */
import { open } from 'lmdb';
import { encodeKey } from '../src/store/key.ts';

/** Bytes of the two records an ask leaves. */
export interface RecordSizes {
  readonly event: number;
  readonly log: number;
}

export interface LmdbLoop {
  /** Resolves when the two records of this client's next write are on disk. */
  write(client: number): Promise<void>;
  close(): Promise<void>;
}

/** Everything that waits when a commit ends goes into the next one, as in the runtime's own group commit. */
export function createLmdbLoop(path: string, sizes: RecordSizes): LmdbLoop {
  const root = open({
    path,
    noSubdir: false,
    maxDbs: 4,
    encoding: 'binary',
    keyEncoding: 'binary',
    overlappingSync: false,
  });
  const tables = { encoding: 'binary', keyEncoding: 'binary' } as const;
  const events = root.openDB<Uint8Array, Uint8Array>({ name: 'event', ...tables });
  const log = root.openDB<Uint8Array, Uint8Array>({ name: 'log', ...tables });
  const event = Buffer.alloc(sizes.event, 1);
  const record = Buffer.alloc(sizes.log, 2);
  let waiting: { client: number; done: () => void }[] = [];
  let working: Promise<void> | undefined;
  let sequence = 0;

  async function work(): Promise<void> {
    await new Promise(setImmediate);
    while (waiting.length > 0) {
      const group = waiting;
      waiting = [];
      await root.batch(() => {
        for (const { client } of group) {
          sequence++;
          events.put(encodeKey(['anonymous', 'bench-counter', `counter-${client}`, sequence]), event);
          log.put(encodeKey(['anonymous', sequence]), record);
        }
      });
      await root.flushed;
      for (const { done } of group) done();
    }
    working = undefined;
  }

  return {
    write: (client) =>
      new Promise((resolve) => {
        waiting.push({ client, done: resolve });
        working ??= work();
      }),
    close: async () => {
      await working;
      await root.close();
    },
  };
}
