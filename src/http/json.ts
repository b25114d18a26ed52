/**
 * Bytes from outside to a JSON value that cannot hurt and has lost nothing: bounded depth and number, valid UTF-8, no key
 * `__proto__`, every number finite. What cannot be kept is refused by name, never left out.
 */
import { isUtf8 } from 'node:buffer';
import { AppError } from '../../actors/errors.ts';

/** Deeper than any honest request; well below where recursive code (schemas, JSON.stringify) runs out of stack. */
export const MAX_JSON_DEPTH = 100;

/**
 * Lists and objects of one body; a full session has 20,000. A megabyte of `[],` becomes a hundred in memory, and 128 of
 * them kept the server busy for three quarters of a minute.
 */
export const MAX_JSON_CONTAINERS = 250_000;
/** Values of one body; two thousand vectors of 1,536 numbers have three million. */
export const MAX_JSON_VALUES = 4_000_000;

/** Names in all objects of one body; a full session has 200,000. Four million of them take seconds to tell apart. */
export const MAX_JSON_NAMES = 500_000;

const BOM = 0xfeff;

/** Of the largest finite number, written out. */
const MAX_DIGITS = 309;

/** Where a problem lies, for its `loc`. */
type Place = readonly (string | number)[];

interface Loss {
  readonly place: Place;
  readonly msg: string;
  readonly type: string;
}

/**
 * Parses a request body, or a part of a request that is JSON itself.
 *
 * @param at where the text stands
 * @returns undefined for an empty text
 * @throws AppError INVALID
 */
export function parseJson(bytes: Buffer, at: Place = ['body']): unknown {
  if (bytes.length === 0) return undefined;
  if (!isUtf8(bytes)) throw unreadable(at, 'Invalid JSON: body is not valid UTF-8', 'body is not valid UTF-8');
  const { trouble, mayOverflow } = survey(bytes);
  if (trouble !== null) throw refused(at, trouble, 'value_error');
  let text = bytes.toString('utf8');
  if (text.charCodeAt(0) === BOM) text = text.slice(1);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw unreadable(at, 'Invalid JSON', 'JSON decode error');
  }
  // A look at every value takes about as long as parsing, so only a text that could spell a loss pays for it.
  if (mayOverflow || /__proto__|\\u00[5-7]/.test(text)) refuseLosses(value, at);
  return value;
}

/**
 * Refuses a value that would not come back as it was sent: with a key `__proto__`, or a number that is not finite.
 *
 * @param value plain, and not deeper than {@link MAX_JSON_DEPTH}
 * @throws AppError INVALID, which names the place
 */
export function refuseLosses(value: unknown, at: Place): void {
  const loss = lossIn(value, at);
  if (loss !== null) throw refused(loss.place, `${spell(loss.place)}: ${loss.msg}`, loss.type, loss.msg);
}

function unreadable(at: Place, message: string, msg: string): AppError {
  return refused(at, at.length > 1 ? `${spell(at)}: ${message}` : message, 'json_invalid', msg);
}

function refused(loc: Place, message: string, type: string, msg = message): AppError {
  return new AppError('INVALID', message, { details: [{ loc, msg, type }] });
}

function spell(place: Place): string {
  return place.length > 1 ? place.slice(1).join('.') : String(place[0]);
}

interface Survey {
  /** What would make the text too expensive to parse. */
  readonly trouble: string | null;
  /** Whether it could spell a number that is not finite: by a positive exponent, or by sheer length. */
  readonly mayOverflow: boolean;
}

/** Counts brackets, commas and colons outside strings, and looks at the digits. */
function survey(bytes: Buffer): Survey {
  let depth = 0;
  let containers = 0;
  let commas = 0;
  let colons = 0;
  /** Where the digits began that are being passed over. */
  let start = 0;
  let mayOverflow = false;
  let inString = false;
  let trouble: string | null = null;
  for (let index = 0; index < bytes.length && trouble === null; index++) {
    const byte = bytes[index]!;
    if (inString) {
      if (byte === 0x5c) index++;
      else if (byte === 0x22) {
        inString = false;
        start = index + 1;
      }
      continue;
    }
    if (byte >= 0x30 && byte <= 0x39) continue;
    if (index - start >= MAX_DIGITS) mayOverflow = true;
    if (byte === 0x22) inString = true;
    else if (byte === 0x2c) {
      if (++commas >= MAX_JSON_VALUES) trouble = `JSON has more than ${MAX_JSON_VALUES} values`;
    } else if (byte === 0x3a) {
      if (++colons > MAX_JSON_NAMES) trouble = `JSON has more than ${MAX_JSON_NAMES} names`;
    } else if (byte === 0x5b || byte === 0x7b) {
      if (++depth > MAX_JSON_DEPTH) trouble = `JSON is nested deeper than ${MAX_JSON_DEPTH} levels`;
      else if (++containers > MAX_JSON_CONTAINERS) {
        trouble = `JSON has more than ${MAX_JSON_CONTAINERS} lists and objects`;
      }
    } else if (byte === 0x5d || byte === 0x7d) depth--;
    else if ((byte | 0x20) === 0x65 && index > start && bytes[index + 1] !== 0x2d) mayOverflow = true;
    start = index + 1;
  }
  return { trouble, mayOverflow: mayOverflow || bytes.length - start >= MAX_DIGITS };
}

/** The first of them. */
function lossIn(value: unknown, place: Place): Loss | null {
  if (typeof value === 'number') {
    return Number.isFinite(value) ? null : { place, msg: 'Input should be a finite number', type: 'finite_number' };
  }
  if (typeof value !== 'object' || value === null) return null;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const item: unknown = value[index];
      if (typeof item === 'number' && Number.isFinite(item)) continue;
      const loss = lossIn(item, []);
      if (loss !== null) return { ...loss, place: [...place, index, ...loss.place] };
    }
    return null;
  }
  for (const key of Object.keys(value)) {
    if (key === '__proto__') {
      return { place: [...place, key], msg: 'A key "__proto__" is not accepted', type: 'value_error' };
    }
    const loss = lossIn((value as Record<string, unknown>)[key], []);
    if (loss !== null) return { ...loss, place: [...place, key, ...loss.place] };
  }
  return null;
}
