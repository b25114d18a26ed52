/** Canonical JSON and the checksum over it. */
import { createHash } from 'node:crypto';

/**
 * JSON with sorted keys and no white space; numbers as JavaScript prints them, which is the shortest form that reads
 * back to the same double. Keys sort by UTF-16 code unit, as in RFC 8785.
 *
 * @param value plain JSON data
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`;
}

/** Hex SHA-256 of the canonical JSON of everything but `checksum` itself. */
export function checksumOf(dict: Readonly<Record<string, unknown>>): string {
  const { checksum: _own, ...rest } = dict;
  return createHash('sha256').update(canonicalJson(rest)).digest('hex');
}
