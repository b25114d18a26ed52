/**
 * The worker threads: Piscina, kept from doing what a server cannot use. It starts with the first task, queues nothing
 * (its queue is not first in, first out under load, and has no deadlines), and keeps idle threads.
 */
import { fileURLToPath } from 'node:url';
import type { Piscina } from 'piscina';
import type { Outcome, Task } from './wire.ts';

/** The thread died, or never came up; the task may be tried on another one. */
export class ThreadCrash extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.name = 'ThreadCrash';
  }
}

export interface ThreadsOptions {
  readonly max: number;
  /** A module whose default export runs a task. Default: the kernels. */
  readonly worker?: URL;
}

export interface Threads {
  /**
   * Callers have at most `max` tasks under way.
   *
   * @param signal kills the thread, and with it the task
   * @throws ThreadCrash
   * @throws TypeError when the task cannot be posted
   */
  run(task: Task, signal: AbortSignal): Promise<Outcome>;
  /** Ends the threads; tasks under way fail. */
  close(): Promise<void>;
}

/** From sources (tests) the built worker runs: Node 20 loads no TypeScript. */
const WORKER = import.meta.url.endsWith('.ts')
  ? new URL('../../dist/src/compute/worker.js', import.meta.url)
  : new URL('./worker.js', import.meta.url);

export function createThreads({ max, worker = WORKER }: ThreadsOptions): Threads {
  let pool: Promise<Piscina> | undefined;

  async function open(): Promise<Piscina> {
    // Loaded when first needed: most processes never do.
    const library = await import('piscina');
    const opened = new library.Piscina({
      filename: fileURLToPath(worker),
      minThreads: 0,
      maxThreads: max,
      // While a thread starts, its task waits in Piscina's queue.
      maxQueue: max,
      idleTimeout: Number.POSITIVE_INFINITY,
      atomics: 'disabled',
      recordTiming: false,
      // Flags of this process (a loader, an inspector, --input-type) are not for kernels.
      execArgv: [],
    });
    // A thread died without a task. If it was starting, nobody would run what waits for it.
    opened.on('error', () => {
      if (opened.queueSize === 0) return;
      pool = undefined;
      void opened.destroy();
    });
    return opened;
  }

  return {
    async run(task, signal) {
      pool ??= open();
      try {
        return (await (await pool).run(task, { signal })) as Outcome;
      } catch (error) {
        if ((error as Error).name === 'DataCloneError') throw new TypeError((error as Error).message, { cause: error });
        throw new ThreadCrash(error);
      }
    },
    async close() {
      const last = pool;
      pool = undefined;
      await (await last)?.destroy();
    },
  };
}
