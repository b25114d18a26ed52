/** What a system of actors needs, and how large it may grow. */
import type { Address } from './address.ts';
import { AppError } from './errors.ts';
import type { Kind } from './kind.ts';
import type { Clock, Host } from './ports.ts';
import { DEFAULT_RESTARTS, type RestartPolicy } from './restarts.ts';
import type { SystemLogger } from './supervisor.ts';
import type { World } from './world.ts';

export interface SystemOptions {
  readonly host: Host;
  readonly clock: Clock;
  readonly kinds: readonly Kind[];
  readonly logger: SystemLogger;
  /** Entries a mailbox holds. Default 1,024. */
  readonly mailbox?: number;
  /** Estimated bytes of all mailboxes and turns not yet durable. Default 256 MiB. */
  readonly budgetBytes?: number;
  /** Turns waiting for a commit. Default 20,000: far below the point where the store's own queue would block us. */
  readonly maxBacklog?: number;
  /** Actors in memory. Default 20,000. */
  readonly maxLive?: number;
  /** Idle time after which an actor leaves memory, ms. Default 300,000. */
  readonly idleMs?: number;
  /** Between two sweeps for idle actors, ms. Default 5,000. */
  readonly sweepMs?: number;
  readonly restarts?: RestartPolicy;
  /** Uniform in [0, 1), for jitter only. */
  readonly random?: () => number;
  /** Runs kernels for promises that statecharts invoked. Default: none, asking for one fails. */
  readonly compute?: World['compute'];
  /** Told when an actor leaves memory, so that caches about it can go too. */
  readonly onPassivated?: (address: Address) => void;
}

/** Where an option is not given. */
export const DEFAULTS = {
  mailbox: 1_024,
  budgetBytes: 256 * 2 ** 20,
  maxBacklog: 20_000,
  maxLive: 20_000,
  idleMs: 300_000,
  sweepMs: 5_000,
  restarts: DEFAULT_RESTARTS,
  random: Math.random,
  compute: {
    run: (kernel: string) => Promise.reject(new AppError('UNAVAILABLE', `kernel ${kernel}: no compute was given`)),
  } as World['compute'],
};
