/**
 * What may enter an actor: plain data and typed arrays, in the very form in which it comes back from the store. What a
 * turn folds live and what a replay folds are then the same thing.
 */
import { AppError } from './errors.ts';

/** Deepest nesting; a cycle ends here too. */
const MAX_DEPTH = 100;
const OBJECT_OVERHEAD = 16;

interface Plain<T> {
  readonly value: T;
  /** What it weighs, estimated as in `size.ts`. */
  readonly bytes: number;
}

/**
 * Copies a value, so that its sender cannot change it any more, and mends what a store would not give back as it was:
 * -0 becomes 0, half a surrogate pair becomes U+FFFD.
 *
 * @throws AppError INVALID for functions, symbols, instances of classes, Map, Set, cycles and a key `__proto__`
 */
export function intake<T>(value: T): Plain<T> {
  const total = { bytes: 0 };
  return { value: copy(value, 0, total) as T, bytes: total.bytes };
}

function copy(value: unknown, depth: number, total: { bytes: number }): unknown {
  if (typeof value === 'string') {
    total.bytes += value.length + 4;
    return wellFormed(value);
  }
  if (typeof value === 'function' || typeof value === 'symbol') throw invalid(`a ${typeof value}`);
  if (typeof value !== 'object' || value === null) {
    total.bytes += 8;
    // Adding zero makes 0 of -0.
    return typeof value === 'number' ? value + 0 : value;
  }
  if (depth === MAX_DEPTH) throw invalid(`a cycle, or more than ${MAX_DEPTH} levels`);
  if (ArrayBuffer.isView(value)) {
    total.bytes += value.byteLength + 8;
    return copyBytes(value);
  }
  total.bytes += OBJECT_OVERHEAD;
  if (Array.isArray(value)) return value.map((item) => copy(item, depth + 1, total));
  if (value instanceof Date) return new Date(value);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    throw invalid(`an instance of ${(value.constructor as { name?: string } | undefined)?.name ?? 'a class'}`);
  }
  const result: Record<string, unknown> = {};
  for (const key in value) {
    if (key === '__proto__') throw invalid('a key "__proto__"');
    total.bytes += key.length;
    result[wellFormed(key)] = copy((value as Record<string, unknown>)[key], depth + 1, total);
  }
  return result;
}

function copyBytes(view: ArrayBufferView): unknown {
  if (view instanceof DataView) throw invalid('a DataView');
  // A Buffer's own slice would share its memory.
  if (Buffer.isBuffer(view)) return Buffer.from(view);
  return (view as Float32Array).slice();
}

/** In Node 20, though not in the ES2023 typings. */
interface WellFormed {
  isWellFormed(): boolean;
  toWellFormed(): string;
}

function wellFormed(text: string): string {
  const string = text as unknown as WellFormed;
  return string.isWellFormed() ? text : string.toWellFormed();
}

function invalid(what: string): AppError {
  return new AppError('INVALID', `plain data and typed arrays are wanted, found ${what}`);
}
