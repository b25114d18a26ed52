/** What goes back over the wire, and how an operation's result becomes one. */
import type { Readable } from 'node:stream';
import { Answer, type Operation } from '../operations/operation.ts';

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** A stream is passed through and never kept for replay. */
  readonly body: string | Uint8Array | Readable | null;
}

const JSON_HEADERS = { 'Content-Type': 'application/json' } as const;
const NO_HEADERS = {} as const;

/** A JSON reply; the value is turned into text once, here. */
export function jsonReply(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = NO_HEADERS,
): Reply {
  return { status, headers: { ...JSON_HEADERS, ...headers }, body: JSON.stringify(value) ?? 'null' };
}

/** Encodes what `run` returned: a plain value becomes JSON, an {@link Answer} may say otherwise. */
export function encode(operation: Operation, value: unknown): Reply {
  if (value instanceof Answer) return encodeAnswer(operation, value);
  const { status } = operation.http;
  if (hasNoBody(status)) return { status, headers: NO_HEADERS, body: null };
  return { status, headers: JSON_HEADERS, body: JSON.stringify(value) ?? 'null' };
}

function encodeAnswer(operation: Operation, answer: Answer): Reply {
  const status = answer.status ?? operation.http.status;
  if (hasNoBody(status)) return { status, headers: answer.headers, body: null };
  const { body, contentType } = answer;
  if (contentType === undefined) return jsonReply(status, body, answer.headers);
  const headers = { 'Content-Type': contentType, ...answer.headers };
  if (body === null || body === undefined) return { status, headers, body: '' };
  if (typeof body === 'string' || body instanceof Uint8Array || isReadable(body)) return { status, headers, body };
  return { status, headers, body: JSON.stringify(body) };
}

function hasNoBody(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}

export function isReadable(body: unknown): body is Readable {
  return typeof body === 'object' && body !== null && 'pipe' in body;
}
