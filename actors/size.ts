/** A cheap estimate of what a value weighs, for mailbox and commit budgets. */

const OBJECT_OVERHEAD = 16;

/**
 * Estimates the bytes a plain value takes when stored: exact for typed arrays and ASCII strings, a few percent off
 * otherwise. Cycles do not occur in events.
 */
export function estimateBytes(value: unknown): number {
  if (typeof value === 'string') return value.length + 4;
  if (typeof value !== 'object' || value === null) return 8;
  if (ArrayBuffer.isView(value)) return value.byteLength + 8;
  let bytes = OBJECT_OVERHEAD;
  if (Array.isArray(value)) for (const item of value) bytes += estimateBytes(item);
  else for (const key in value) bytes += key.length + estimateBytes((value as Record<string, unknown>)[key]);
  return bytes;
}
