/** Bytes from outside to a JSON value that cannot hurt: bounded depth, valid UTF-8, no keys that reach a prototype. */
import { isUtf8 } from 'node:buffer';
import { AppError } from '../../actors/errors.ts';

/** Deeper than any honest request; well below where recursive code (schemas, JSON.stringify) runs out of stack. */
export const MAX_JSON_DEPTH = 100;

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
  if (bytes.length > MAX_JSON_DEPTH && isTooDeep(bytes)) {
    throw invalid(`JSON is nested deeper than ${MAX_JSON_DEPTH} levels`);
  }
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

/** Counts open brackets outside strings. */
function isTooDeep(bytes: Buffer): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index];
    if (inString) {
      if (byte === 0x5c) index++;
      else if (byte === 0x22) inString = false;
    } else if (byte === 0x22) inString = true;
    else if (byte === 0x5b || byte === 0x7b) {
      if (++depth > MAX_JSON_DEPTH) return true;
    } else if (byte === 0x5d || byte === 0x7d) depth--;
  }
  return false;
}

/** Called by JSON.parse from the leaves up; returning undefined leaves the key out. */
function withoutPrototypeKeys(key: string, value: unknown): unknown {
  if (key === '__proto__') return undefined;
  if (key === 'constructor' && typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype')) {
    return undefined;
  }
  return value;
}
