/**
 * Keys as bytes: byte order is key order, and every key of every store goes through here, so that the two stores agree
 * on the order and on what is no key.
 *
 * Not lmdb's own `ordered-binary`: from 64 characters on it leaves U+0000..U+0004 unescaped, so that
 * `['a\0b…']` and `['a', 'b…']` become the same key and short and long strings order differently; it also writes a
 * lone surrogate as U+FFFD, reads `-0` back as text, and `['a']` as `'a'` (measured with lmdb 3.5.6).
 *
 * A number is 0x01 and its eight bytes, big-endian, with the sign bit turned (all bits for a negative one); a string
 * is 0x02, its UTF-8 with 00 written as 01 01 and 01 as 01 02, and 0x00. Hence every part ends itself, and the keys
 * that start with the parts P are exactly the byte strings that start with the bytes of P. (FoundationDB's tuples, the
 * model, write 00 as 00 FF; there `['\0']` starts with the bytes of `['']`.)
 */
import { AppError } from '../../actors/errors.ts';
import type { Key, RangeOptions } from './store.ts';

/** lmdb's limit on a page of 4,096 bytes. The memory store keeps it too. */
export const MAX_KEY_BYTES = 1978;

const NUMBER = 1;
const STRING = 2;
// The longest string that is tried takes three bytes a character, behind parts that may fill a whole key already.
const scratch = Buffer.alloc(MAX_KEY_BYTES * 5);

function invalid(message: string): AppError {
  return new AppError('INVALID', message);
}

function writeString(part: string, at: number): number {
  const { length } = part;
  scratch[at] = STRING;
  // Nearly every part is short and plain; those take a fifth of the time this way.
  for (let i = 0; i < length; i++) {
    const unit = part.charCodeAt(i);
    if (unit < 2 || unit > 0x7f) return writeEscaped(part, at);
    scratch[at + 1 + i] = unit;
  }
  scratch[at + 1 + length] = 0;
  return at + length + 2;
}

function writeEscaped(part: string, at: number): number {
  if (/\p{Surrogate}/u.test(part)) throw invalid('a key must not contain half a surrogate pair');
  scratch[at++] = STRING;
  at += scratch.write(part.replaceAll('\x01', '\x01\x02').replaceAll('\0', '\x01\x01'), at);
  scratch[at++] = 0;
  return at;
}

function writeNumber(part: number, at: number): number {
  if (Number.isNaN(part)) throw invalid('a key must not contain NaN');
  scratch[at++] = NUMBER;
  // Adding zero makes 0 of -0: they are equal, so they must be one key.
  scratch.writeDoubleBE(part + 0, at);
  const mask = part < 0 ? 0xff : 0;
  if (mask === 0) scratch[at] = scratch[at]! ^ 0x80;
  else for (let i = at; i < at + 8; i++) scratch[i] = scratch[i]! ^ mask;
  return at + 8;
}

/** Writes the parts into the scratch bytes and tells where they end. */
function write(key: Key): number {
  let at = 0;
  for (const part of key) {
    if (typeof part === 'string' && part.length > MAX_KEY_BYTES) throw tooLong(part.length);
    at = typeof part === 'string' ? writeString(part, at) : writeNumber(part, at);
    if (at > MAX_KEY_BYTES) throw tooLong(at);
  }
  return at;
}

function tooLong(bytes: number): AppError {
  return invalid(`key has ${bytes} bytes or more, the store takes up to ${MAX_KEY_BYTES}`);
}

/**
 * The bytes of a key, in memory of their own.
 *
 * @throws AppError INVALID for a key that is empty or too long, for NaN, and for half a surrogate pair
 */
export function encodeKey(key: Key): Buffer {
  if (key.length === 0) throw invalid('a key needs at least one part');
  return Buffer.from(scratch.subarray(0, write(key)));
}

/** The key of these bytes; the inverse of `encodeKey`. */
export function decodeKey(bytes: Buffer): Key {
  const key: (string | number)[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (bytes[at++] === NUMBER) {
      const number = Buffer.from(bytes.subarray(at, at + 8));
      if (number[0]! & 0x80) number[0] = number[0]! ^ 0x80;
      else for (let i = 0; i < 8; i++) number[i] = number[i]! ^ 0xff;
      key.push(number.readDoubleBE());
      at += 8;
      continue;
    }
    const end = bytes.indexOf(0, at);
    const text = bytes.toString('utf8', at, end);
    key.push(text.includes('\x01') ? text.replaceAll('\x01\x01', '\0').replaceAll('\x01\x02', '\x01') : text);
    at = end + 1;
  }
  return key;
}

/** The least byte string above all that start with these bytes; never longer, so it is no longer than a key may be. */
function behind(prefix: Buffer): Buffer {
  let length = prefix.length;
  while (length > 0 && prefix[length - 1] === 0xff) length--;
  if (length === 0) return Buffer.of(0xff);
  const bytes = Buffer.from(prefix.subarray(0, length));
  bytes[length - 1] = bytes[length - 1]! + 1;
  return bytes;
}

/** The first and the one-past-last byte string of a range. */
export function rangeBounds(options: Pick<RangeOptions, 'prefix' | 'from' | 'to'>): { start: Buffer; end: Buffer } {
  const prefix = Buffer.from(scratch.subarray(0, write(options.prefix)));
  // Every key is above a single zero; lmdb takes no empty bound.
  let start: Buffer = prefix.length > 0 ? prefix : Buffer.of(0);
  let end = behind(prefix);
  if (options.from !== undefined && options.from.length > 0) {
    const from = encodeKey(options.from);
    if (Buffer.compare(from, start) > 0) start = from;
  }
  if (options.to !== undefined) {
    // Nothing is before the empty key.
    const to = options.to.length > 0 ? encodeKey(options.to) : Buffer.of(0);
    if (Buffer.compare(to, end) < 0) end = to;
  }
  return { start, end };
}
