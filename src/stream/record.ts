/** Records of the log as streams send them, over WebSockets and as server-sent events. */
import type { LogRecord } from '../../actors/ports.ts';

/** A log record as JSON: times in ISO 8601, vectors only by their length. */
export function describeRecord(record: LogRecord): object {
  return {
    seq: record.seq,
    time: new Date(record.time).toISOString(),
    kind: record.address.kind,
    id: record.address.id,
    revision: record.revision,
    type: record.type,
    state: record.state,
    payload: withoutVectors(record.payload),
    correlation_id: record.correlationId,
    causation_id: record.causationId,
    hash: record.hash,
  };
}

function withoutVectors(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (ArrayBuffer.isView(value)) return { vector: (value as Float32Array).length };
  if (Array.isArray(value)) return value.map(withoutVectors);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutVectors(item)]));
}
