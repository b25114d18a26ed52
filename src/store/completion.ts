/**
 * Keeps a data file as long as it says it is. LMDB does not write pages at the end that were used and freed in one
 * transaction, and a file that is too short is read whole at the next start, to know that nothing in use is missing.
 */
import { messageOf } from '../../actors/errors.ts';
import { completeDataFile } from './datafile.ts';

/** Looking costs some 30 µs, so it is not done after every commit. What a crash finds undone costs a slower start. */
const EVERY_MS = 1_000;

/** To be called only while nothing is being written. */
export class Completion {
  readonly #directory: string;
  /** Monotonic ms. */
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(directory: string) {
    this.#directory = directory;
  }

  whenDue(): void {
    if (performance.now() - this.#lookedAt >= EVERY_MS) this.now();
  }

  now(): void {
    this.#lookedAt = performance.now();
    try {
      completeDataFile(this.#directory);
    } catch (error) {
      process.emitWarning(`data file in ${this.#directory} could not be completed: ${messageOf(error)}`);
    }
  }
}
