/** What a signal knows. */
import type { Strength } from './decay.ts';

/** The five sorts of events, in the order of the specification. */
export const EVENT_TYPES = ['proposal', 'ready', 'test', 'reward', 'penalty'] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** A signal between its birth and the moment it has become too weak. */
export interface LivingSignal extends Strength {
  /** UUID of this life; one that comes again after it was gone has another. */
  readonly id: string;
  /** Unix ms of the last event that changed it. */
  readonly lastUpdated: number;
  /** The rules' weight of a reward; a weight for one event only is not kept. */
  readonly alpha: number;
}

/** Where a signal is found. */
export interface SignalName {
  readonly scope: string;
  readonly pattern: string;
}

/** An event that waits until the other signals it touches have heard of it. */
export interface Waiting {
  /** When the event happened, Unix ms. */
  readonly at: number;
  /** Of those that have not. */
  readonly left: number;
  readonly touches: readonly Touch[];
}

/** What an event did to one signal. */
export interface Touch extends SignalName {
  /** Id of the signal's life; null when there was nothing to act on, and nothing came up. */
  readonly id: string | null;
  /** Strength before, decay included; 0 when there was no signal. */
  readonly from: number;
  readonly to: number;
}

/** The fact `touched`: what happened to a signal and why, for its history, its index and the streams. */
export interface Touched extends Touch {
  readonly event_id: string;
  readonly cause: EventType;
  /** Null when it is gone now. */
  readonly signal: LivingSignal | null;
  /** Unix ms at which it is gone (`endOf`), and at which it would have been; null when there was or is no signal. */
  readonly ends: number | null;
  readonly ended: number | null;
}

export interface SignalContext extends SignalName {
  readonly id: string;
  /** Null before the first event that brings it up, and after a penalty that takes all of it. */
  readonly living: LivingSignal | null;
  readonly waiting: Readonly<Record<string, Waiting>>;
  /** Unix ms. */
  readonly createdAt: number;
}

export interface SignalInput extends SignalName {
  readonly id: string;
  /** Unix ms. */
  readonly at: number;
}

/** Longest id that says the name itself: with four others it must fit in one key of the store. */
const MAX_NAME_CHARS = 200;

/**
 * The id of the actor of a signal: readable when it is short and plain, otherwise a hash.
 *
 * @param hash SHA-256, hex
 */
export function signalActorId({ scope, pattern }: SignalName, hash: (text: string) => string): string {
  const name = JSON.stringify([scope, pattern]);
  return name.length <= MAX_NAME_CHARS && /^[\x20-\x7e]*$/.test(name) ? name : `sha256:${hash(name)}`;
}
