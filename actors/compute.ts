/**
 * The compute port: kernels by name, wherever they run. A result does not depend on where: kernels sum in a fixed order.
 *
 * Large inputs belong in shared memory (`createSlab`): then offsets travel to a worker thread and not the numbers.
 */
import type { KernelName, Kernels } from '../workers/index.ts';

export { createSlab } from '../workers/row-math.ts';

export type KernelArgs<K extends KernelName> = Parameters<Kernels[K]>;
export type KernelResult<K extends KernelName> = ReturnType<Kernels[K]>;

export interface RunOptions {
  /** From the call on, waiting included; for a kernel run inline it cannot be kept. Default: a setting, 10,000. */
  readonly deadlineMs?: number;
  /** Default: by how many numbers the kernel has to read. */
  readonly where?: 'inline' | 'pool';
}

export interface ComputeReport {
  readonly inline: number;
  readonly pooled: number;
  readonly waiting: number;
  readonly running: number;
  /** Worker threads that died in the middle of a task. */
  readonly crashes: number;
  /** Tasks refused because the queue was full. */
  readonly refused: number;
  /** Tasks given up at their deadline. */
  readonly expired: number;
}

export interface Compute {
  /**
   * Runs a kernel. What it throws comes back as the same kind of error; memory that is not shared is copied.
   *
   * @throws TypeError for a kernel there is not, and from the kernel for shapes that do not fit
   * @throws AppError OVERLOADED when too many wait (with the time to wait first), DEADLINE, UNAVAILABLE when two worker
   *   threads died over it, when worker threads keep dying, and after the end
   * @example
   * const { vector } = await compute.run('geometricMedian', [rows, 384, { weights }]);
   */
  run<K extends KernelName>(kernel: K, args: KernelArgs<K>, options?: RunOptions): Promise<KernelResult<K>>;
  inspect(): ComputeReport;
  /** False while worker threads keep dying. */
  healthy(): boolean;
  /** Takes no more, works off what waits, ends the threads. */
  close(): Promise<void>;
}

/**
 * Rows in shared memory for one task, all zeros; for rows that stay, `createSlab` is faster.
 *
 * @returns row-major, shape [n, d]
 */
export function sharedRows(n: number, d: number): Float32Array {
  return new Float32Array(new SharedArrayBuffer(n * d * Float32Array.BYTES_PER_ELEMENT));
}
