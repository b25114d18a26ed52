/** The commands of an observer as they come in: the shape of each event beside `type`, checked before it is handled. */
import { z } from 'zod';
import { addressPartTrouble } from '../../address.ts';
import { MAX_INTERVAL_MS, MIN_INTERVAL_MS, type Observation, type SampleReport } from './model.ts';

const region = z.string().refine((value) => addressPartTrouble(value) === null, 'cannot be an id');
/** Unix ms, put on by the runtime. */
const at = z.number();

export const schemas = {
  configure: z.object({ at, intervalMs: z.number().min(MIN_INTERVAL_MS).max(MAX_INTERVAL_MS) }),
  'region.register': z.object({ at, region }),
  'region.unregister': z.object({ at, region }),
  /** From a region that was deleted. */
  'region.gone': z.object({ at, region }),
  /** A sample somebody took by hand; `observation` is what `look` returned. */
  sample: z.object({
    at,
    observation: z.custom<Observation>((value) => typeof value === 'object' && value !== null),
  }),
  clear: z.object({ at }),
} as const;

export type CommandName = keyof typeof schemas;

/** The payload of a command, `at` included. */
export type Payload<N extends CommandName> = z.output<(typeof schemas)[N]>;

export type CommandEvent<N extends CommandName> = { readonly type: N } & Payload<N>;

/** What a region said to `observe`; the middle of the type is its id, which an error would not name. */
export type ObserveAnswer = {
  readonly type: `observe.${string}`;
  readonly at: number;
  readonly code?: string;
  readonly message?: string;
};

/** From the timer between two samples. */
export interface SampleDue {
  readonly type: 'sample.due';
  readonly at: number;
}

/** From the promise that looks. */
export interface Looked {
  readonly type: 'xstate.done.actor.look';
  readonly at: number;
  readonly output: Observation;
}

export type ObserverEvent = { [N in CommandName]: CommandEvent<N> }[CommandName] | ObserveAnswer | SampleDue | Looked;

/** Answers by command. */
export interface Outcomes {
  configure: null;
  /** `registered`: false when it was already, or when the region is not there (`error`). */
  'region.register': {
    readonly registered: boolean;
    readonly error?: { readonly code: string; readonly message: string };
  };
  'region.unregister': { readonly unregistered: boolean };
  'region.gone': { readonly unregistered: boolean };
  /** `total`: anomalies in the book afterwards, open and closed. */
  sample: SampleReport & { readonly total: number };
  clear: { readonly cleared: number };
}
