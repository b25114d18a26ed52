/**
 * What makes a delivery trustworthy: the headers of Standard Webhooks, and those of the SEMP drafts beside them.
 *
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
import { createHash, createHmac, randomBytes } from 'node:crypto';

const PREFIX = 'whsec_';
/** As the standard recommends: 24 to 64. */
const SECRET_BYTES = 32;
const MIN_SECRET_BYTES = 24;
const MAX_SECRET_BYTES = 64;

/** A new secret: `whsec_` and 32 random bytes in base64. */
export function newSecret(): string {
  return PREFIX + randomBytes(SECRET_BYTES).toString('base64');
}

/** Whether a text is a secret: `whsec_` and 24 to 64 bytes in base64. */
export function isSecret(text: string): boolean {
  if (!text.startsWith(PREFIX)) return false;
  const bytes = keyOf(text);
  if (bytes.length < MIN_SECRET_BYTES || bytes.length > MAX_SECRET_BYTES) return false;
  // Decoding passes over what is no base64; another verifier might not.
  return bytes.toString('base64').replace(/=+$/, '') === text.slice(PREFIX.length).replace(/=+$/, '');
}

function keyOf(secret: string): Buffer {
  return Buffer.from(secret.slice(PREFIX.length), 'base64');
}

/**
 * The id of delivering one event to one webhook: the same in every attempt and after every restart, so a receiver that
 * remembers it takes nothing twice. `msg_` and 128 bits of a hash, without the full stop the standard forbids.
 */
export function deliveryId(webhook: string, event: string): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([webhook, event]))
    .digest();
  return `msg_${hash.subarray(0, 16).toString('base64url')}`;
}

export interface Signed {
  /** From {@link deliveryId}. */
  readonly id: string;
  /** Unix ms of this attempt: receivers refuse what is minutes old, so that nobody can send it again. */
  readonly at: number;
  readonly body: string;
  /** The event's type. */
  readonly type: string;
  /** Newest first; several while a rotation lasts. */
  readonly secrets: readonly string[];
}

/**
 * The headers of one attempt. During a rotation there are two secrets, the newest first.
 *
 * - `webhook-signature`, one for each secret, separated by a space: `v1,` and the base64 HMAC-SHA256 of `id.timestamp.body`, keyed with the secret's bytes
 * - `x-semp-signature`, for the older one, as its receivers compare it with a single text: `sha256=` and the hex HMAC-SHA256 of the body, keyed with the secret's text as it was given out
 */
export function signatureHeaders({ id, at, body, type, secrets }: Signed): Record<string, string> {
  const timestamp = Math.floor(at / 1_000);
  const standard = (secret: string) =>
    `v1,${createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
  const semp = (secret: string) => `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': secrets.map(standard).join(' '),
    'x-semp-signature': semp(secrets.at(-1)!),
    'x-semp-delivery': id,
    'x-semp-event': type,
  };
}
