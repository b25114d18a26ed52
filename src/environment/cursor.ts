/**
 * Places in the order of events, as clients name them: an event's id, or what the server gave them to go on from. The
 * latter need not be an event that was shown: a filter may have passed over it.
 */
import { AppError } from '../../actors/errors.ts';

/** Longest place a client may name. */
export const MAX_CURSOR = 512;

const AFTER_SEQ = /^seq:(\d{1,15})$/;

/** @param seq sequence number in the tenant's log */
export function cursorOf(seq: number): string {
  return `seq:${seq}`;
}

/**
 * @param seqOf sequence number of an event
 * @param name of the parameter, for the message
 * @throws AppError INVALID for a place nobody knows
 */
export function readCursor(text: string, seqOf: (id: string) => number | undefined, name: string): number {
  const seq = AFTER_SEQ.exec(text)?.[1];
  const place = seq === undefined ? seqOf(text) : Number(seq);
  if (place === undefined) throw new AppError('INVALID', `${name}: event "${text}" is not known`);
  return place;
}
