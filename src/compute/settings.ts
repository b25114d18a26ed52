/** The settings of the pool, for the one table of settings. */
import { availableParallelism } from 'node:os';
import { whole } from '../parsers.ts';
import type { Setting } from '../setting.ts';

export const COMPUTE_SETTINGS: readonly Setting[] = [
  {
    path: 'compute.threads',
    option: 'compute-threads',
    env: ['SYNOD_COMPUTE_THREADS'],
    default: Math.max(1, availableParallelism() - 1),
    parse: whole(1, 256),
    value: 'N',
    help: 'Worker threads for vector math, started when needed; default: processors less one.',
  },
  {
    path: 'compute.threshold',
    option: 'compute-threshold',
    env: ['SYNOD_COMPUTE_THRESHOLD'],
    default: 65_536,
    parse: whole(0, Number.MAX_SAFE_INTEGER),
    value: 'N',
    help: 'Numbers to read from which on a calculation goes to a worker thread.',
  },
  {
    path: 'compute.queue',
    option: 'compute-queue',
    env: ['SYNOD_COMPUTE_QUEUE'],
    default: 256,
    parse: whole(1, 1_000_000),
    value: 'N',
    help: 'Calculations that may wait for a worker thread; more are refused.',
  },
  {
    path: 'compute.deadlineMs',
    option: 'compute-deadline',
    env: ['SYNOD_COMPUTE_DEADLINE'],
    default: 10_000,
    parse: whole(1, 3_600_000),
    value: 'MS',
    help: 'Time a calculation on a worker thread may take, waiting included.',
  },
];
