/**
 * What all lists of one request may cost together, however many fields ask for them: fields of a query are resolved at
 * the same time, so their lists are made one after the other.
 */
import { setImmediate as breathe } from 'node:timers/promises';
import { AppError } from '../../actors/errors.ts';

/** Events of one answer, in stored bytes. */
const MAX_BYTES = 16 * 2 ** 20;
/** Index rows that are looked through for one answer; some seconds of work, with others served in between. */
export const MAX_ROWS = 500_000;

export class Budget {
  #bytes = 0;
  #rows = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** Runs when the lists before it are made, and the event loop had its turn. */
  inTurn<T>(make: () => Promise<T>): Promise<T> {
    const made = this.#last
      .then(() => breathe())
      .then(() => {
        // What is used up stays so: the lists behind the one that was refused are not begun.
        this.takeBytes(0);
        this.takeRows(0);
        return make();
      });
    this.#last = made.catch(() => {});
    return made;
  }

  /** @throws AppError TOO_LARGE when all lists of the request together hold more than one answer may */
  takeBytes(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes <= MAX_BYTES) return;
    throw new AppError('TOO_LARGE', `The events hold more than ${MAX_BYTES} bytes; ask for fewer at a time`);
  }

  /** @throws AppError TOO_LARGE when all lists of the request together were looked for in more rows than they may */
  takeRows(rows: number): void {
    this.#rows += rows;
    if (this.#rows <= MAX_ROWS) return;
    const way = 'ask for fewer lists at a time, or by an exact scope or trace_id';
    throw new AppError('TOO_LARGE', `The lists of this request look through more than ${MAX_ROWS} entries; ${way}`);
  }
}
