/** What a request is for and where it comes from, read from parts that the client writes freely. */
import type { IncomingMessage } from 'node:http';
import { AppError } from '../../actors/errors.ts';

export interface Target {
  /** Still percent-encoded: an encoded slash must not separate segments. */
  readonly path: string;
  /** Without the question mark. */
  readonly search: string;
}

export function readPathAndQuery(url: string): Target {
  // A proxy's absolute form, `GET http://host/path`.
  const target = url.startsWith('/') ? url : url.replace(/^\w+:\/\/[^/?#]*/, '');
  const mark = target.indexOf('?');
  const path = mark === -1 ? target : target.slice(0, mark);
  return { path, search: mark === -1 ? '' : target.slice(mark + 1) };
}

/** @throws AppError MALFORMED when the path cannot be decoded, or hides a NUL */
export function requireDecodable(path: string): void {
  if (!path.includes('%')) return;
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch (cause) {
    throw new AppError('MALFORMED', 'Path is not valid percent-encoded UTF-8', { cause });
  }
  if (decoded.includes('\0')) throw new AppError('MALFORMED', 'Path contains a NUL character');
}

/**
 * The client's address. Behind a trusted proxy it is the last entry of `X-Forwarded-For`, the one the proxy wrote
 * itself: earlier entries are whatever the client sent.
 */
export function clientAddress(req: IncomingMessage, trustProxy: boolean): string {
  const direct = req.socket.remoteAddress ?? '';
  if (!trustProxy) return direct;
  const forwarded = String(req.headers['x-forwarded-for'] ?? '');
  const nearest = forwarded.slice(forwarded.lastIndexOf(',') + 1).trim();
  return nearest || String(req.headers['x-real-ip'] ?? '').trim() || direct;
}
