/** Makes license tokens, and says what a subject and a tier may be. */
import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { MAX_ADDRESS_PART_BYTES } from '../../actors/address.ts';
import { AppError } from '../../actors/errors.ts';
import type { Clock } from '../../actors/ports.ts';
import type { KeyRing } from './keys.ts';

/** The published tiers, smallest first. */
export const TIERS = ['community', 'pro', 'enterprise'] as const;
export type Tier = (typeof TIERS)[number];

/** What a license covers. */
export const PRODUCTS = ['semvec', 'cortex', 'coding'] as const;
export type Product = (typeof PRODUCTS)[number];

/**
 * Tenant of callers without a token in anonymous mode. No token may name it, in any mode: a data directory outlives the
 * mode, and a license holder would otherwise see what anonymous callers left there.
 */
export const ANONYMOUS_TENANT = 'anonymous';

const DEFAULT_TTL_SECONDS = 30 * 86_400;
/** A century: beyond any license, and far below what a Date can say. */
const MAX_TTL_SECONDS = 100 * 365 * 86_400;

export interface MintOptions {
  /** Must hold a private key. */
  readonly key: KeyRing;
  /** The tenant: at most as many UTF-8 bytes as a part of an address. */
  readonly subject: string;
  readonly tier: Tier;
  /** Whole seconds. Default 30 days, the published life of a license. */
  readonly ttlSeconds?: number;
  /** Default: all. */
  readonly products?: readonly Product[];
  /** Default: the system's. */
  readonly clock?: Pick<Clock, 'now'>;
}

/**
 * Makes a license token: an EdDSA JWT with `sub`, `tier`, `products`, `iat`, `exp` and `jti`.
 *
 * @throws AppError INVALID when the subject, tier or life cannot be, or the key file has no private key
 */
export async function mintToken(options: MintOptions): Promise<string> {
  const { key, subject, tier, ttlSeconds = DEFAULT_TTL_SECONDS, products = PRODUCTS, clock = Date } = options;
  const problem = subjectProblem(subject);
  if (problem !== undefined) throw new AppError('INVALID', problem);
  if (!isTier(tier)) throw new AppError('INVALID', `the tier is unknown, one of ${TIERS.join(', ')} wanted`);
  if (!Number.isInteger(ttlSeconds) || ttlSeconds < 1 || ttlSeconds > MAX_TTL_SECONDS) {
    const wanted = `a positive whole number of at most ${MAX_TTL_SECONDS} wanted`;
    throw new AppError('INVALID', `the life of the token is ${ttlSeconds} seconds, ${wanted}`);
  }
  if (key.signing === undefined) {
    throw new AppError('INVALID', 'the key file holds public keys only, a private key wanted to make a token');
  }
  const issuedAt = Math.floor(clock.now() / 1000);
  return new SignJWT({ tier, products: [...products] })
    .setProtectedHeader({ alg: 'EdDSA', typ: 'JWT', kid: key.signing.kid })
    .setSubject(subject)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + ttlSeconds)
    .setJti(randomUUID())
    .sign(key.signing.privateKey);
}

/** Whether a value is the name of a tier. */
export function isTier(value: unknown): value is Tier {
  return (TIERS as readonly unknown[]).includes(value);
}

/**
 * What keeps a value from being a subject, hence a tenant.
 *
 * @returns a phrase that does not quote the value; `undefined` when it may be one
 */
export function subjectProblem(subject: unknown): string | undefined {
  if (subject === undefined || subject === null) return 'the subject is missing';
  if (typeof subject !== 'string') return 'the subject is not a string';
  if (subject.trim() === '') return 'the subject is empty';
  const bytes = Buffer.byteLength(subject);
  if (bytes > MAX_ADDRESS_PART_BYTES) {
    return `the subject has ${bytes} bytes, at most ${MAX_ADDRESS_PART_BYTES} wanted`;
  }
  if (/\p{Cc}/u.test(subject)) return 'the subject has control characters';
  // Half a surrogate pair has no UTF-8 form: two different subjects would share one key in the store.
  if (/\p{Cs}/u.test(subject)) return 'the subject is not well-formed Unicode';
  if (subject === ANONYMOUS_TENANT) return `the subject ${ANONYMOUS_TENANT} is reserved`;
  return undefined;
}
