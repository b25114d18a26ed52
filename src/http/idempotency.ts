/**
 * `Idempotency-Key`: a request that is sent twice takes effect once and gets the same answer twice.
 *
 * 1. One request per tenant and key runs at a time; a second one is told to come back.
 * 2. An answer is stored before it is sent, so whoever has seen it will see it again.
 * 3. Only final answers are stored: success, and refusals that would be the same next time.
 * 4. Ids made under a key follow from the key. A crash between effect and stored answer therefore leads to the same
 *    actors when the request comes again, not to twins.
 */
import { createHash, randomUUID } from 'node:crypto';
import { AppError, messageOf } from '../../actors/errors.ts';
import type { Logger, ReplayStore, StoredResponse } from './ports.ts';
import { isReadable, type Reply } from './reply.ts';

/** One request made under a key. */
export interface KeyedRequest {
  readonly tenant: string;
  readonly key: string;
  readonly fingerprint: string;
  /** Whether the answer holds a secret. */
  readonly secret: boolean;
}

/** What `produce` came to: the reply, and whether it would be the same next time. */
export interface Produced {
  readonly reply: Reply;
  readonly final: boolean;
}

export interface Idempotency {
  /** @throws AppError IDEMPOTENCY_REUSED, IDEMPOTENCY_IN_FLIGHT */
  once(request: KeyedRequest, produce: () => Promise<Produced>): Promise<Reply>;
}

const VISIBLE_ASCII = /^[\x21-\x7e]{1,256}$/;

/** @throws AppError MALFORMED */
export function readIdempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  const key = String(header);
  if (VISIBLE_ASCII.test(key)) return key;
  throw new AppError('MALFORMED', 'Idempotency-Key wants 1 to 256 visible ASCII characters');
}

/** Hex SHA-256 that two requests share only when they are the same request. */
export function fingerprintOf(method: string, target: string, body: Uint8Array): string {
  return createHash('sha256').update(`${method} ${target}\n`).update(body).digest('hex');
}

/** Whether an error says something about the request and not about the moment. */
export function isFinal(error: unknown): boolean {
  if (!(error instanceof AppError) || error.retry) return false;
  return error.status < 500 && error.status !== 401 && error.status !== 402;
}

/** Random version 4 UUIDs or, under a key, a fixed sequence of them. */
export function createIds(tenant: string, key: string | undefined): () => string {
  if (key === undefined) return randomUUID;
  let counter = 0;
  // A key has no spaces, so no two tenants and keys spell the same text.
  return () => {
    const bytes = createHash('sha256').update(`${key} ${counter++} ${tenant}`).digest().subarray(0, 16);
    bytes[6] = (bytes[6]! & 0x0f) | 0x40;
    bytes[8] = (bytes[8]! & 0x3f) | 0x80;
    return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  };
}

export function createIdempotency(store: ReplayStore, logger: Logger): Idempotency {
  /** Fingerprints of what runs now, by tenant and key. */
  const inFlight = new Map<string, string>();

  return {
    async once({ tenant, key, fingerprint, secret }, produce) {
      const name = `${key} ${tenant}`;
      const running = inFlight.get(name);
      const stored = store.get(tenant, key);
      if ((running ?? stored?.fingerprint ?? fingerprint) !== fingerprint) {
        throw new AppError('IDEMPOTENCY_REUSED', 'Idempotency-Key was used for a different request');
      }
      if (running !== undefined) {
        const message = 'A request with this Idempotency-Key is still being answered';
        throw new AppError('IDEMPOTENCY_IN_FLIGHT', message, { retryAfterMs: 1_000 });
      }
      if (stored !== undefined) return replay(stored);

      inFlight.set(name, fingerprint);
      try {
        const { reply, final } = await produce();
        const { status, headers, body } = reply;
        if (!final || isReadable(body)) return reply;
        // The effect is durable already; without its stored answer a repetition runs again into the same ids.
        await store.put(tenant, key, { fingerprint, status, headers, body, secret }).catch((error: unknown) => {
          logger.warn({ err: messageOf(error) }, 'an answer could not be stored for replay');
        });
        return reply;
      } finally {
        inFlight.delete(name);
      }
    },
  };
}

function replay({ status, headers, body }: StoredResponse): Reply {
  return { status, headers: { ...headers, 'Idempotent-Replayed': 'true' }, body };
}
