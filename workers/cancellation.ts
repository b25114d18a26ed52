/**
 * How a kernel that runs long learns that nobody waits for it any more: a flag in shared memory, looked at once per block.
 *
 * Whoever runs a kernel sets the flag before and clears it after; kernels are synchronous, so there is one at a time.
 */

let flag: Int32Array | null = null;

/** Thrown out of a kernel that was cancelled. */
export class Cancelled extends Error {
  constructor() {
    super('the kernel was cancelled');
    this.name = 'Cancelled';
  }
}

/**
 * Runs a kernel that can be cancelled.
 *
 * @param shared one number in shared memory; anything but 0 cancels
 * @throws Cancelled
 */
export function cancellable<T>(shared: Int32Array, run: () => T): T {
  flag = shared;
  try {
    return run();
  } finally {
    flag = null;
  }
}

/** A few ns; for loops whose rounds take µs. @throws Cancelled */
export function checkpoint(): void {
  if (flag !== null && Atomics.load(flag, 0) !== 0) throw new Cancelled();
}
