/** A worker thread with the kernels, and with some that misbehave. */
import { handlerFor } from '../../dist/src/compute/handler.js';
import { checkpoint } from '../../dist/workers/cancellation.js';
import { KERNELS } from '../../dist/workers/index.js';

export default handlerFor({
  ...KERNELS,
  echo: (value) => value,
  exit: () => process.exit(3),
  /** Dies the first time it is tried. @param tries one number in shared memory */
  exitOnce: (tries) => (Atomics.add(tries, 0, 1) === 0 ? process.exit(3) : 'done'),
  /** Answers with what cannot be posted: an uncaught exception. */
  unpostable: () => () => {},
  /** Answers, then dies of an uncaught exception. */
  aftermath: () => {
    setTimeout(() => {
      throw new Error('nobody caught this');
    }, 0);
    return 'done';
  },
  throws: () => {
    throw new RangeError('out of range');
  },
  /** Writes its name down, then runs until somebody says so. @param gate [open, next line]; 0 keeps it shut */
  hold: (gate, order, name) => {
    order[Atomics.add(gate, 1, 1)] = name;
    Atomics.notify(gate, 1);
    Atomics.wait(gate, 0, 0);
    return name;
  },
  /** Runs until it is cancelled. @param seen becomes 1 at the start and 2 at the end */
  patient: (seen) => {
    Atomics.store(seen, 0, 1);
    try {
      for (;;) checkpoint();
    } finally {
      Atomics.store(seen, 0, 2);
    }
  },
  /** Runs for ever. */
  stubborn: (seen) => {
    Atomics.store(seen, 0, 1);
    for (;;);
  },
});
