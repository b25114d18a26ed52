/** The compute port over this process: small kernels at once, large ones on worker threads. */
import type { Compute, KernelArgs, KernelResult, RunOptions } from '../../actors/compute.ts';
import { AppError } from '../../actors/errors.ts';
import type { Clock } from '../../actors/ports.ts';
import type { KernelName } from '../../workers/index.ts';
import { costOf, requireKernel, runInline } from './inline.ts';
import { Pool } from './pool.ts';
import { createThreads } from './threads.ts';

export interface ComputeSettings {
  /** Worker threads at most; they start with the first task that needs them. */
  readonly threads: number;
  /** Numbers a kernel reads from which on it runs on a worker thread. */
  readonly threshold: number;
  /** Tasks that may wait for a thread. */
  readonly queue: number;
  /** Of calls that name none of their own. */
  readonly deadlineMs: number;
}

export interface ComputeOptions extends ComputeSettings {
  readonly clock: Clock;
  /** Module of the worker threads. Default: the kernels. */
  readonly worker?: URL;
  readonly graceMs?: number;
}

export function createCompute(options: ComputeOptions): Compute {
  const { threads, threshold, queue, deadlineMs, clock, worker, graceMs } = options;
  const pool = new Pool({
    threads: createThreads({ max: threads, ...(worker ? { worker } : {}) }),
    max: threads,
    queue,
    clock,
    ...(graceMs === undefined ? {} : { graceMs }),
  });
  let inline = 0;
  let closed = false;

  return {
    async run<K extends KernelName>(kernel: K, args: KernelArgs<K>, given: RunOptions = {}): Promise<KernelResult<K>> {
      requireKernel(kernel);
      const where = given.where ?? (costOf(kernel, args) < threshold ? 'inline' : 'pool');
      if (where === 'pool') return pool.run(kernel, args, given.deadlineMs ?? deadlineMs) as Promise<KernelResult<K>>;
      if (closed) throw new AppError('UNAVAILABLE', `kernel ${kernel}: compute was closed`);
      inline++;
      return runInline(kernel, args) as KernelResult<K>;
    },
    inspect: () => ({ inline, ...pool.counts, waiting: pool.waiting, running: pool.running }),
    healthy: () => pool.healthy,
    close: () => {
      closed = true;
      return pool.close();
    },
  };
}
