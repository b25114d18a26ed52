/**
 * The system's own parts as a supervision tree, rest for one: what was started after a failed part may rest on it, so
 * all of that is stopped, last first, and started again together with it. In the manner of Erlang's supervisors.
 *
 * V1  Parts start in the order given and stop in reverse; a part is stopped only if its start was begun.
 * V2  One thing happens at a time: a failure reported during a start, a stop or a restart waits for its end.
 * V3  Too many restarts in a while, and everything is stopped and the owner told: starting again would not help.
 */
import { AppError, messageOf } from './errors.ts';
import type { Clock } from './ports.ts';
import { afterCrash, DEFAULT_RESTARTS, NO_CRASHES, type RestartPolicy } from './restarts.ts';
import type { SystemLogger } from './supervisor.ts';

/** A part of the system: store, timers, compute, kinds, fronts... */
export interface Component {
  readonly name: string;
  start(): Promise<void>;
  /** Also called when `start` failed halfway; must then let go of what it took. */
  stop(): Promise<void>;
}

export interface SupervisionTreeOptions {
  /** In the order in which they rest on each other. */
  readonly components: readonly Component[];
  readonly clock: Clock;
  readonly logger: SystemLogger;
  /** Called once, when restarting did not help (V3). */
  readonly onExhausted: (error: AppError) => void;
  readonly restarts?: RestartPolicy;
  /** Uniform in [0, 1), for jitter only. */
  readonly random?: () => number;
}

export type TreeState = 'stopped' | 'starting' | 'running' | 'restarting' | 'stopping' | 'exhausted';

export class SupervisionTree {
  readonly #options: Required<SupervisionTreeOptions>;
  #state: TreeState = 'stopped';
  /** How many components, from the first, are running or were begun (V1). */
  #begun = 0;
  #crashes = NO_CRASHES;
  /** Lowest component that failed and was not brought back yet. */
  #failed: number | null = null;
  #work: Promise<void> = Promise.resolve();
  #endWait: (() => void) | null = null;

  constructor(options: SupervisionTreeOptions) {
    this.#options = { restarts: DEFAULT_RESTARTS, random: Math.random, ...options };
    const names = options.components.map((component) => component.name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) throw new TypeError(`two components are called "${twice}"`);
  }

  get state(): TreeState {
    return this.#state;
  }

  /**
   * Starts everything in order. A part that cannot start at all is not tried again: what was started is stopped.
   *
   * @throws whatever the part's start threw
   */
  start(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#state !== 'stopped') throw new TypeError(`the tree is ${this.#state}, it starts once when stopped`);
      this.#state = 'starting';
      this.#crashes = NO_CRASHES;
      this.#failed = null;
      try {
        await this.#startRest();
        if (this.#is('stopping')) throw new AppError('UNAVAILABLE', 'stopped before everything was started');
        this.#state = 'running';
      } catch (error) {
        await this.#stopDownTo(0);
        if (!this.#is('stopping')) this.#state = 'stopped';
        throw error;
      }
    });
  }

  /**
   * Reports that a part failed: it and everything after it is stopped and started again.
   *
   * @returns a promise that resolves when the tree runs again or was given up; nobody has to wait for it
   * @throws TypeError for a name that is none
   */
  fail(name: string, error: unknown): Promise<void> {
    const index = this.#options.components.findIndex((component) => component.name === name);
    if (index < 0) throw new TypeError(`there is no component "${name}"`);
    this.#options.logger.error({ component: name, error: messageOf(error) }, 'component failed');
    // A restart under way that begins at or below it brings it back anyway.
    this.#failed = Math.min(this.#failed ?? index, index);
    return this.#inTurn(() => this.#restart(error));
  }

  /** Stops everything in reverse order; a restart under way ends first, its waiting is cut short. */
  stop(): Promise<void> {
    if (this.#state !== 'exhausted' && this.#state !== 'stopped') this.#state = 'stopping';
    this.#endWait?.();
    return this.#inTurn(async () => {
      await this.#stopDownTo(0);
      if (this.#state === 'stopping') this.#state = 'stopped';
    });
  }

  /** V2 */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#work.then(work);
    this.#work = done.catch(() => {});
    return done;
  }

  async #restart(reason: unknown): Promise<void> {
    for (let cause = reason; this.#failed !== null && this.#awake; ) {
      const { clock, restarts, random, logger } = this.#options;
      const verdict = afterCrash(restarts, this.#crashes, clock.monotonic(), random());
      this.#crashes = verdict.record;
      this.#state = 'restarting';
      await this.#stopDownTo(this.#failed);
      if (!verdict.restart) {
        await this.#giveUp(cause);
        return;
      }
      await this.#wait(verdict.delayMs);
      if (!this.#awake) return;
      // One further down may have failed while we waited.
      await this.#stopDownTo(this.#failed);
      this.#failed = null;
      try {
        await this.#startRest();
        if (this.#awake) this.#state = 'running';
      } catch (error) {
        const index = this.#begun - 1;
        const { name } = this.#options.components[index]!;
        logger.error({ component: name, error: messageOf(error) }, 'component did not start again');
        this.#failed = Math.min(this.#failed ?? index, index);
        cause = error;
      }
    }
  }

  /** Whether restarting is still wanted. */
  get #awake(): boolean {
    return this.#is('running') || this.#is('restarting');
  }

  /** The state may have changed during an await, which the compiler does not know. */
  #is(state: TreeState): boolean {
    return this.#state === state;
  }

  async #startRest(): Promise<void> {
    const { components } = this.#options;
    while (this.#begun < components.length && !this.#is('stopping')) {
      const component = components[this.#begun++]!;
      await component.start();
    }
  }

  async #stopDownTo(index: number): Promise<void> {
    while (this.#begun > index) {
      const component = this.#options.components[--this.#begun]!;
      try {
        await component.stop();
      } catch (error) {
        // The others must stop all the same.
        const facts = { component: component.name, error: messageOf(error) };
        this.#options.logger.error(facts, 'component did not stop cleanly');
      }
    }
  }

  /** V3 */
  async #giveUp(cause: unknown): Promise<void> {
    await this.#stopDownTo(0);
    this.#state = 'exhausted';
    const message = `restarting did not help: ${messageOf(cause)}`;
    this.#options.onExhausted(new AppError('UNAVAILABLE', message, { cause }));
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.setTimeout(() => this.#endWait?.(), ms);
      this.#endWait = () => {
        timer.cancel();
        this.#endWait = null;
        resolve();
      };
    });
  }
}
