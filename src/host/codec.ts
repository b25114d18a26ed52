/**
 * Values to bytes and back. MessagePack with typed arrays that come back as what they were (lmdb's own encoding turns a
 * nested Float32Array into a Buffer), plain maps (no shared structures: every value can be read alone), no look at a
 * `toJSON`: what a client calls so is data like any other key.
 */
import { hash } from 'node:crypto';
import { Packr } from 'msgpackr';
import { AppError } from '../../actors/errors.ts';

const packr = new Packr({
  useRecords: false,
  moreTypes: true,
  copyBuffers: true,
  mapsAsObjects: true,
  useToJSON: false,
});

/** @throws AppError INVALID for what has no bytes: functions, symbols, cycles */
export function encode(value: unknown): Uint8Array {
  try {
    return packr.pack(value);
  } catch (error) {
    throw new AppError('INVALID', 'the value cannot be stored: plain data and typed arrays only', { cause: error });
  }
}

/** @throws AppError CORRUPTED when the bytes are not what {@link encode} made */
export function decode<T>(bytes: Uint8Array): T {
  try {
    return packr.unpack(bytes) as T;
  } catch (error) {
    throw new AppError('CORRUPTED', 'stored bytes cannot be decoded', { cause: error });
  }
}

/**
 * A row that says by itself where it belongs.
 *
 * @throws AppError CORRUPTED naming the row
 */
export function decodeRow<T>(table: string, key: readonly (string | number)[], bytes: Uint8Array): T {
  try {
    return decode<T>(bytes);
  } catch (cause) {
    throw new AppError('CORRUPTED', `row ${JSON.stringify(key)} of the table "${table}" cannot be decoded`, { cause });
  }
}

/** SHA-256, 32 bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return hash('sha256', bytes, 'buffer');
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

const CHECKSUM_BYTES = 32;

/** Value with its checksum in front, for rows nothing else vouches for. */
export function seal(value: unknown): Uint8Array {
  const body = encode(value);
  const sealed = new Uint8Array(CHECKSUM_BYTES + body.length);
  sealed.set(sha256(body));
  sealed.set(body, CHECKSUM_BYTES);
  return sealed;
}

/** @throws AppError CORRUPTED when the checksum does not fit */
export function unseal<T>(sealed: Uint8Array, what: string): T {
  const body = sealed.subarray(CHECKSUM_BYTES);
  if (Buffer.compare(sha256(body), sealed.subarray(0, CHECKSUM_BYTES)) !== 0) {
    throw new AppError('CORRUPTED', `${what}: the checksum does not match what is stored`);
  }
  return decode<T>(body);
}
