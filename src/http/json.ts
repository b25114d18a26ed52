/** Bytes from outside to a JSON value that cannot hurt: bounded depth and number, valid UTF-8, no keys that reach a prototype. */
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

/**
 * Parses a request body.
 *
 * @returns undefined for an empty body
 * @throws AppError INVALID
 */
export function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  if (!isUtf8(bytes)) throw invalid('body is not valid UTF-8');
  const trouble = bytes.length > MAX_JSON_DEPTH ? shapeTrouble(bytes) : null;
  if (trouble !== null) throw invalid(trouble);
  let text = bytes.toString('utf8');
  if (text.charCodeAt(0) === BOM) text = text.slice(1);
  // The reviver is ten times slower than plain parsing, so only a text that could spell such a key pays for it.
  const suspicious = /__proto__|prototype|\\u00[4-7]/i.test(text);
  try {
    return suspicious ? JSON.parse(text, withoutPrototypeKeys) : JSON.parse(text);
  } catch {
    throw invalid('JSON decode error', 'Invalid JSON');
  }
}

function invalid(msg: string, message = `Invalid JSON: ${msg}`): AppError {
  return new AppError('INVALID', message, { details: [{ loc: ['body'], msg, type: 'json_invalid' }] });
}

/** Counts brackets, commas and colons outside strings. @returns what would make the text too expensive to parse, or null */
function shapeTrouble(bytes: Buffer): string | null {
  let depth = 0;
  let containers = 0;
  let commas = 0;
  let colons = 0;
  let inString = false;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index];
    if (inString) {
      if (byte === 0x5c) index++;
      else if (byte === 0x22) inString = false;
    } else if (byte === 0x22) inString = true;
    else if (byte === 0x2c) {
      if (++commas >= MAX_JSON_VALUES) return `JSON has more than ${MAX_JSON_VALUES} values`;
    } else if (byte === 0x3a) {
      if (++colons > MAX_JSON_NAMES) return `JSON has more than ${MAX_JSON_NAMES} names`;
    } else if (byte === 0x5b || byte === 0x7b) {
      if (++depth > MAX_JSON_DEPTH) return `JSON is nested deeper than ${MAX_JSON_DEPTH} levels`;
      if (++containers > MAX_JSON_CONTAINERS) return `JSON has more than ${MAX_JSON_CONTAINERS} lists and objects`;
    } else if (byte === 0x5d || byte === 0x7d) depth--;
  }
  return null;
}

/** Called by JSON.parse from the leaves up; returning undefined leaves the key out. */
function withoutPrototypeKeys(key: string, value: unknown): unknown {
  if (key === '__proto__') return undefined;
  if (key === 'constructor' && typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype')) {
    return undefined;
  }
  return value;
}
