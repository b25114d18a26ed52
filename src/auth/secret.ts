/** Secrets that are compared rather than verified: constant-time equality, and Basic credentials for `/metrics`. */
import { createHash, timingSafeEqual } from 'node:crypto';

export interface BasicCredentials {
  readonly user: string;
  readonly password: string;
}

/**
 * Compares two secrets in a time that tells nothing about where they differ. Both are hashed first, since
 * `timingSafeEqual` needs equal lengths and would give the length away.
 */
export function secretsEqual(given: string, wanted: string): boolean {
  return timingSafeEqual(digest(given), digest(wanted));
}

/**
 * Reads an `Authorization: Basic` header, RFC 7617: UTF-8, the user ends at the first colon, no control characters.
 *
 * @returns `undefined` when it is absent, of another scheme or not well-formed
 */
export function parseBasicAuth(header: string | undefined): BasicCredentials | undefined {
  const encoded = /^basic[ \t]+([\w+/-]+={0,2})$/i.exec(header?.trim() ?? '')?.[1];
  if (encoded === undefined) return undefined;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(encoded, 'base64'));
  } catch {
    return undefined;
  }
  const colon = text.indexOf(':');
  if (colon < 0 || /\p{Cc}/u.test(text)) return undefined;
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** Whether a header carries these credentials. Both halves are always compared. */
export function basicAuthMatches(header: string | undefined, wanted: BasicCredentials): boolean {
  const given = parseBasicAuth(header);
  const user = secretsEqual(given?.user ?? '', wanted.user);
  const password = secretsEqual(given?.password ?? '', wanted.password);
  return given !== undefined && user && password;
}

function digest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
