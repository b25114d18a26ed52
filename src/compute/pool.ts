/**
 * Tasks on worker threads: first in, first out, bounded, every one with a deadline.
 *
 * P1  A task is settled once: with its result, its own error, at its deadline, or when its threads died.
 * P2  No more tasks are under way than there are threads, so nothing waits where there is no deadline.
 * P3  At its deadline a task is asked to stop through a flag it looks at per block; if it does not, its thread is killed.
 *     Until then it keeps its thread, so that a stuck kernel does not make room for the next.
 * P4  A task whose thread died is tried once more, ahead of the others. Kernels only compute, so that does no harm.
 * P5  After a death the pool waits before it goes on, longer each time; when threads keep dying it refuses for a while.
 */
import { AppError } from '../../actors/errors.ts';
import type { Clock } from '../../actors/ports.ts';
import { afterCrash, DEFAULT_RESTARTS, NO_CRASHES } from '../../actors/restarts.ts';
import { ThreadCrash, type Threads } from './threads.ts';
import { errorOf, type Task } from './wire.ts';

export interface PoolOptions {
  readonly threads: Threads;
  /** Tasks under way at once. */
  readonly max: number;
  /** Tasks that may wait. */
  readonly queue: number;
  readonly clock: Clock;
  /** Time a task has to notice that it is cancelled before its thread is killed, ms. Default 500. */
  readonly graceMs?: number;
}

interface Job {
  readonly task: Task;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: { cancel(): void };
  readonly kill: AbortController;
  /** Runs from the deadline on (P3). */
  grace: { cancel(): void } | null;
  settled: boolean;
  deaths: number;
}

/** Retry-after of a refusal, ms: never so short that it makes a storm, never longer than a caller would wait. */
const LEAST_WAIT_MS = 50;
const MOST_WAIT_MS = 30_000;
const ATTEMPTS = 2;

export class Pool {
  readonly #options: Required<PoolOptions>;
  #waiting: Job[] = [];
  #running = 0;
  #crashes = NO_CRASHES;
  /** Until then, in monotonic ms, no task starts (P5). */
  #pausedUntil = 0;
  #failing = false;
  #closed = false;
  /** Smoothed time a task takes, ms. */
  #taskMs = 10;
  readonly #onIdle: (() => void)[] = [];
  readonly counts = { pooled: 0, crashes: 0, refused: 0, expired: 0 };

  constructor(options: PoolOptions) {
    this.#options = { graceMs: 500, ...options };
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  get running(): number {
    return this.#running;
  }

  /** False while threads keep dying (P5). */
  get healthy(): boolean {
    return !this.#failing || this.#options.clock.monotonic() >= this.#pausedUntil;
  }

  /** @throws AppError OVERLOADED, DEADLINE, UNAVAILABLE; and what the kernel throws */
  run(kernel: string, args: readonly unknown[], deadlineMs: number): Promise<unknown> {
    const refusal = this.#refusal(kernel);
    if (refusal) return Promise.reject(refusal);
    this.counts.pooled++;
    return new Promise((resolve, reject) => {
      const job: Job = {
        task: { kernel, args, cancel: new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) },
        resolve,
        reject,
        timer: this.#options.clock.setTimeout(() => this.#expire(job, deadlineMs), deadlineMs),
        kill: new AbortController(),
        grace: null,
        settled: false,
        deaths: 0,
      };
      this.#waiting.push(job);
      this.#dispatch();
    });
  }

  /** Takes no more, works off what waits (their deadlines bound it), ends the threads. */
  async close(): Promise<void> {
    this.#closed = true;
    // Nobody waits for a pause any more, and its timer would not keep the process alive.
    this.#pausedUntil = 0;
    this.#dispatch();
    if (this.#running + this.#waiting.length > 0) await new Promise<void>((resolve) => this.#onIdle.push(resolve));
    await this.#options.threads.close();
  }

  #refusal(kernel: string): AppError | null {
    const { clock, queue, max } = this.#options;
    if (this.#closed) return new AppError('UNAVAILABLE', `kernel ${kernel}: the pool was closed`);
    if (!this.healthy) {
      const retryAfterMs = Math.ceil(this.#pausedUntil - clock.monotonic());
      return new AppError('UNAVAILABLE', `kernel ${kernel}: worker threads keep dying`, { retryAfterMs });
    }
    if (this.#waiting.length < queue || this.#running < max) return null;
    this.counts.refused++;
    const wait = (this.#taskMs * (this.#waiting.length + 1)) / max;
    const retryAfterMs = Math.ceil(Math.min(MOST_WAIT_MS, Math.max(LEAST_WAIT_MS, wait)));
    return new AppError('OVERLOADED', `kernel ${kernel}: ${this.#waiting.length} tasks wait already`, { retryAfterMs });
  }

  /** P2, P5 */
  #dispatch(): void {
    const { max, clock } = this.#options;
    while (this.#running < max && this.#waiting.length > 0 && clock.monotonic() >= this.#pausedUntil) {
      void this.#start(this.#waiting.shift()!);
    }
    if (this.#running + this.#waiting.length === 0) for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  async #start(job: Job): Promise<void> {
    const { threads, clock } = this.#options;
    this.#running++;
    const started = clock.monotonic();
    try {
      const outcome = await threads.run(job.task, job.kill.signal);
      this.#taskMs += 0.1 * (clock.monotonic() - started - this.#taskMs);
      this.#settle(job, () => (outcome.ok ? job.resolve(outcome.value) : job.reject(errorOf(outcome))));
    } catch (error) {
      if (error instanceof ThreadCrash) this.#died(job, error);
      else this.#settle(job, () => job.reject(error as Error));
    } finally {
      // The thread is somebody else's now.
      job.grace?.cancel();
      this.#running--;
      this.#dispatch();
    }
  }

  /** P1 */
  #settle(job: Job, how: () => void): void {
    if (job.settled) return;
    job.settled = true;
    job.timer.cancel();
    how();
  }

  /** P3 */
  #expire(job: Job, deadlineMs: number): void {
    const { clock, graceMs } = this.#options;
    this.counts.expired++;
    const at = this.#waiting.indexOf(job);
    const message = `kernel ${job.task.kernel} was not done within ${deadlineMs} ms`;
    this.#settle(job, () => job.reject(new AppError('DEADLINE', message)));
    if (at >= 0) {
      this.#waiting.splice(at, 1);
      this.#dispatch();
      return;
    }
    Atomics.store(job.task.cancel, 0, 1);
    job.grace = clock.setTimeout(() => job.kill.abort(), graceMs);
  }

  /** P4, P5 */
  #died(job: Job, cause: ThreadCrash): void {
    // We killed it ourselves.
    if (job.kill.signal.aborted) return;
    this.counts.crashes++;
    job.deaths++;
    this.#pause();
    if (job.settled) return;
    if (job.deaths < ATTEMPTS && !this.#failing) {
      this.#waiting.unshift(job);
      return;
    }
    const message = `kernel ${job.task.kernel}: its worker thread died ${job.deaths} times (${cause.message})`;
    this.#settle(job, () => job.reject(new AppError('UNAVAILABLE', message, { cause })));
  }

  /** P5 */
  #pause(): void {
    if (this.#closed) return;
    const { clock } = this.#options;
    const now = clock.monotonic();
    // Threads share nothing that could make them fall together, so no jitter.
    const verdict = afterCrash(DEFAULT_RESTARTS, this.#crashes, now, 0.5);
    this.#crashes = verdict.record;
    this.#failing = !verdict.restart;
    const delay = verdict.restart ? verdict.delayMs : DEFAULT_RESTARTS.withinMs;
    this.#pausedUntil = now + delay;
    clock.setTimeout(() => this.#dispatch(), delay);
    if (verdict.restart) return;
    const error = new AppError('UNAVAILABLE', 'worker threads keep dying', { retryAfterMs: delay });
    for (const waiting of this.#waiting.splice(0)) this.#settle(waiting, () => waiting.reject(error));
  }
}
