/** Who is asking: finds the license token in the headers, verifies it and turns it into an identity. */
import { createHash } from 'node:crypto';
import { compactVerify, decodeProtectedHeader, errors } from 'jose';
import { AppError } from '../../actors/errors.ts';
import type { Clock } from '../../actors/ports.ts';
import type { VerificationKey } from './keys.ts';
import { ANONYMOUS_TENANT, isTier, subjectProblem, type Tier } from './token.ts';

/** Who is asking. */
export interface Identity {
  /** The token's subject: owner of everything the caller may see. */
  readonly tenant: string;
  readonly tier: Tier;
  readonly anonymous: boolean;
}

/** The request headers that may carry a token, by their lower-case names. */
export interface AuthHeaders {
  readonly authorization?: string | undefined;
  readonly 'x-api-key'?: string | undefined;
}

export interface Verifier {
  /**
   * Answers who sent these headers. `Authorization: Bearer` goes before `X-API-Key`; another scheme (Basic of a proxy,
   * say) carries no license and counts as none, an empty token as a bad one.
   *
   * @throws AppError UNAUTHENTICATED `Missing license token` or `Invalid license: <reason>`
   * @throws AppError EXPIRED when the signature is good and the time is over
   */
  authenticate(headers: AuthHeaders): Promise<Identity>;
}

export interface VerifierOptions {
  /** Whose tokens are accepted; empty: nobody's. */
  readonly keys: readonly VerificationKey[];
  readonly clock: Pick<Clock, 'now'>;
  /** Where an expired caller is sent. */
  readonly renewUrl: string;
  /**
   * Callers without a token are the tenant `anonymous`, community tier. A token is still verified as usual, so that a
   * caller with a wrong one does not write into the shared tenant by accident; without any keys tokens are ignored.
   */
  readonly allowAnonymous: boolean;
  /** Verified tokens remembered. Default 1,000. */
  readonly cacheSize?: number;
}

/** A token whose signature and claims are good; its times are checked at every use. */
interface License {
  readonly identity: Identity;
  readonly notBeforeMs: number;
  readonly expiresMs: number;
}

const ANONYMOUS: Identity = Object.freeze({ tenant: ANONYMOUS_TENANT, tier: 'community', anonymous: true });
/** `Ed25519` is the name RFC 9864 gives to the same algorithm. A closed list: `none` and HMAC never get to a key. */
const ALGORITHMS = ['EdDSA', 'Ed25519'];
/** Three parts in base64url. Decoders overlook a stray space, and one token would go by many spellings. */
const COMPACT = /^[\w-]+\.[\w-]*\.[\w-]*$/;
/** Ours have about 400. A bound keeps the hashing of junk cheap. */
const MAX_TOKEN_CHARS = 8_192;
/** The largest distance from 1970 a Date can hold, ECMA-262 §21.4.1.1. */
const MAX_DATE_MS = 8.64e15;

/** Makes the one place where tokens are checked. */
export function createVerifier(options: VerifierOptions): Verifier {
  const { keys, clock, renewUrl, allowAnonymous, cacheSize = 1_000 } = options;
  // An EdDSA verification costs about 100 µs, a SHA-256 of the token 2 µs. Only verified tokens get in.
  const cache = new Map<string, License>();

  async function licenseOf(token: string): Promise<License> {
    const fingerprint = createHash('sha256').update(token).digest('base64');
    const license = cache.get(fingerprint) ?? readClaims(await verifiedPayload(token, keys));
    cache.delete(fingerprint);
    cache.set(fingerprint, license);
    if (cache.size > cacheSize) cache.delete(cache.keys().next().value!);
    return license;
  }

  return {
    async authenticate(headers) {
      const token = tokenOf(headers);
      if (allowAnonymous && (token === undefined || keys.length === 0)) return ANONYMOUS;
      if (token === undefined) throw new AppError('UNAUTHENTICATED', 'Missing license token');
      if (token === '') throw invalid('the token is empty');
      if (token.length > MAX_TOKEN_CHARS) throw invalid(`the token has more than ${MAX_TOKEN_CHARS} characters`);
      if (keys.length === 0) throw invalid('this server has no key to verify it with');
      const license = await licenseOf(token);
      const now = clock.now();
      if (now >= license.expiresMs) {
        const when = new Date(license.expiresMs).toISOString();
        throw new AppError('EXPIRED', `License expired at ${when}; renew at ${renewUrl}`);
      }
      if (now < license.notBeforeMs) throw invalid('it is not valid yet');
      return license.identity;
    },
  };
}

/** @returns `undefined` when no header carries a token, '' when one does and it is empty */
function tokenOf(headers: AuthHeaders): string | undefined {
  const match = /^bearer(?:[ \t]+(.*))?$/i.exec(headers.authorization?.trim() ?? '');
  const bearer = match === null ? undefined : (match[1] ?? '');
  return bearer || (headers['x-api-key']?.trim() ?? bearer);
}

async function verifiedPayload(token: string, keys: readonly VerificationKey[]): Promise<Uint8Array> {
  const header = headerOf(token);
  if (!ALGORITHMS.includes(header.alg ?? '')) throw invalid('it is not signed with EdDSA');
  const named = keys.filter((key) => key.kid === header.kid);
  // A kid is a hint: tokens made elsewhere may call our key by another name.
  for (const key of named.length > 0 ? named : keys) {
    try {
      return (await compactVerify(token, key.publicKey, { algorithms: ALGORITHMS })).payload;
    } catch (error) {
      if (error instanceof errors.JWSSignatureVerificationFailed) continue;
      if (error instanceof errors.JOSEError) throw invalid('not a JWT');
      throw error;
    }
  }
  throw invalid('the signature does not verify');
}

function headerOf(token: string): { readonly alg?: string; readonly kid?: string } {
  try {
    if (!COMPACT.test(token)) throw new TypeError('not of the compact form');
    return decodeProtectedHeader(token);
  } catch {
    // Without the cause, here and below: a parser quotes what it read.
    throw invalid('not a JWT');
  }
}

function readClaims(payload: Uint8Array): License {
  let claims: Record<string, unknown>;
  try {
    claims = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
    if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) throw new TypeError('claims');
  } catch {
    throw invalid('the claims are not a JSON object');
  }
  const { sub, tier = 'community', exp, nbf = 0 } = claims;
  const problem = subjectProblem(sub);
  if (problem !== undefined) throw invalid(problem);
  if (!isTier(tier)) throw invalid('the tier is unknown');
  // A token without an end could only be taken back by changing the key.
  if (exp === undefined) throw invalid('the expiry is missing');
  if (!isTime(exp)) throw invalid('the expiry is not a time');
  if (!isTime(nbf)) throw invalid('the start of validity is not a time');
  return {
    identity: Object.freeze({ tenant: sub as string, tier, anonymous: false }),
    notBeforeMs: nbf * 1000,
    expiresMs: exp * 1000,
  };
}

function isTime(seconds: unknown): seconds is number {
  return typeof seconds === 'number' && Math.abs(seconds * 1000) <= MAX_DATE_MS;
}

function invalid(reason: string): AppError {
  return new AppError('UNAUTHENTICATED', `Invalid license: ${reason}`);
}
