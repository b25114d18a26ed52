/**
 * Whose turn it is on the one thread. A request that costs a millisecond would by itself be nothing, but hundreds of them
 * arrive at once and the event loop runs them all before it looks at anything else; a create, a read or a health check
 * behind them would wait as long as the last of them.
 *
 * L1  Light requests never wait here. Heavy ones go in the order of their arrival, as many per turn of the event loop as
 *     fit into about a millisecond, so that what has arrived meanwhile gets its turn in between.
 * L2  A heavy request that finds nobody before it goes on at once.
 */
export interface HeavyLane {
  /** Resolves when it is the caller's turn; undefined when it is now. */
  enter(): Promise<void> | undefined;
  /** Requests that wait. */
  readonly waiting: number;
}

/** What a turn of the event loop should take. */
const TURN_MS = 1;
/** Requests per turn at most, however light they turn out to be. */
const MOST = 8;

/** @param now ms, monotonic */
export function createHeavyLane(now: () => number = () => performance.now()): HeavyLane {
  let waiting: (() => void)[] = [];
  /** Of `waiting`: shifting a long array would cost more than it saves. */
  let first = 0;
  /** Whether somebody went on in this turn of the event loop, or will in the next. */
  let taken = false;
  /** How many go on per turn: learned from how long the turns take. */
  let share = 1;
  let began = 0;

  function next(): void {
    const took = now() - began;
    began += took;
    if (took < TURN_MS) share = Math.min(MOST, share + 1);
    else if (took > 2 * TURN_MS) share = Math.max(1, share - 1);
    if (first === waiting.length) {
      waiting = [];
      first = 0;
      taken = false;
      return;
    }
    setImmediate(next);
    for (let n = 0; n < share && first < waiting.length; n++) waiting[first++]!();
    if (first < 1_024) return;
    waiting = waiting.slice(first);
    first = 0;
  }

  return {
    enter() {
      if (taken) return new Promise((resolve) => waiting.push(resolve));
      taken = true;
      setImmediate(next);
      return undefined;
    },
    get waiting() {
      return waiting.length - first;
    },
  };
}
