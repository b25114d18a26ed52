/** Ed25519 key files: a JWK, or a JWK set when keys rotate. Nothing here ever prints what is inside a key. */
import { createPrivateKey, createPublicKey, randomUUID } from 'node:crypto';
import { link, open, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK } from 'jose';
import { AppError } from '../../actors/errors.ts';
import { makeDirectories } from '../directories.ts';

/** A key whose tokens are accepted. */
export interface VerificationKey {
  /** The file's `kid`, or the RFC 7638 thumbprint when it has none. */
  readonly kid: string;
  readonly publicKey: CryptoKey;
}

/** A key that makes tokens. */
export interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
}

/** What a key file holds. */
export interface KeyRing {
  /** At least one, in file order. */
  readonly verification: readonly VerificationKey[];
  /** The first private key of the file; `undefined` when it holds public keys only. */
  readonly signing: SigningKey | undefined;
}

/** 32 bytes in base64url without padding. */
const BYTES_32 = /^[\w-]{43}$/;
/** RFC 8037 says `EdDSA`; RFC 9864 renames it to `Ed25519`. */
const ALGORITHMS: readonly unknown[] = ['EdDSA', 'Ed25519'];

/**
 * Reads a key file: one Ed25519 JWK (private, or public only for a server that just verifies) or a JWK set
 * `{"keys": […]}`, whose keys are all accepted and whose first private key signs. Keys of other types in a set are
 * passed over, as RFC 7517 §5 asks.
 *
 * @throws AppError NOT_FOUND when there is no file, UNAVAILABLE when it cannot be read, MALFORMED when it holds no
 * usable key
 */
export async function loadKey(path: string): Promise<KeyRing> {
  const content = parse(path, await read(path));
  const isSet = Array.isArray(content.keys);
  const entries: readonly unknown[] = isSet ? (content.keys as unknown[]) : [content];
  const verification: VerificationKey[] = [];
  let signing: SigningKey | undefined;
  for (const [index, entry] of entries.entries()) {
    const where = isSet ? `key file ${path}, key ${index}` : `key file ${path}`;
    const jwk = isObject(entry) ? entry : {};
    if (isSet && !isEd25519(jwk)) continue;
    const { x, d } = checked(where, jwk);
    const okp = { kty: 'OKP', crv: 'Ed25519', x };
    const kid = typeof jwk.kid === 'string' && jwk.kid !== '' ? jwk.kid : await calculateJwkThumbprint(okp);
    verification.push({ kid, publicKey: (await importJWK(okp, 'EdDSA')) as CryptoKey });
    if (d !== undefined) signing ??= { kid, privateKey: (await importJWK({ ...okp, d }, 'EdDSA')) as CryptoKey };
  }
  if (verification.length === 0) throw malformed(`key file ${path}: the set has no Ed25519 key, at least one wanted`);
  return { verification, signing };
}

/**
 * Like {@link loadKey}; when there is no file, first makes a key and writes it as a private JWK that only its owner can
 * read (mode 600), parent directories included. Of several processes that start at once one wins and all use its key.
 *
 * @returns the keys, and whether this call made them
 * @throws AppError as loadKey, UNAVAILABLE when the file cannot be written
 */
export async function loadOrCreateKey(path: string): Promise<KeyRing & { readonly created: boolean }> {
  try {
    return { ...(await loadKey(path)), created: false };
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'NOT_FOUND')) throw error;
  }
  const created = await create(path);
  return { ...(await loadKey(path)), created };
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT')
      throw new AppError('NOT_FOUND', `key file ${path}: there is no such file`, { cause });
    throw new AppError('UNAVAILABLE', `key file ${path}: cannot be read (${errnoOf(cause)})`, { cause });
  }
}

function parse(path: string, text: string): Record<string, unknown> {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    // Without the cause: a SyntaxError quotes the text it stumbled over, which may be the private key.
    throw malformed(`key file ${path}: not JSON, an Ed25519 JWK or a JWK set wanted`);
  }
  if (!isObject(content)) throw malformed(`key file ${path}: not a JSON object, an Ed25519 JWK or a JWK set wanted`);
  return content;
}

function isEd25519(jwk: Record<string, unknown>): boolean {
  return jwk.kty === 'OKP' && jwk.crv === 'Ed25519';
}

function checked(where: string, jwk: Record<string, unknown>): { x: string; d: string | undefined } {
  const { kty, alg, x, d } = jwk;
  if (kty === undefined) throw malformed(`${where}: not a JWK (it has no kty), an Ed25519 JWK wanted`);
  if (!isEd25519(jwk)) throw malformed(`${where}: a key of another type, kty OKP and crv Ed25519 wanted`);
  if (alg !== undefined && !ALGORITHMS.includes(alg)) throw malformed(`${where}: made for another alg, EdDSA wanted`);
  if (typeof x !== 'string' || !BYTES_32.test(x)) throw malformed(`${where}: x is not 32 bytes in base64url`);
  if (d === undefined) return { x, d };
  if (typeof d !== 'string' || !BYTES_32.test(d)) throw malformed(`${where}: d is not 32 bytes in base64url`);
  // Node takes the private half at its word: a pair that does not belong together would sign tokens nobody accepts.
  const derived = createPublicKey(createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', x, d }, format: 'jwk' }));
  if (derived.export({ format: 'jwk' }).x !== x) throw malformed(`${where}: x is not the public half of d`);
  return { x, d };
}

async function create(path: string): Promise<boolean> {
  const { privateKey } = await generateKeyPair('EdDSA', { extractable: true });
  const jwk = await exportJWK(privateKey);
  const file = { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: 'EdDSA', use: 'sig' };
  const draft = `${path}.${randomUUID()}.tmp`;
  try {
    makeDirectories(dirname(path), 0o700);
    const handle = await open(draft, 'wx', 0o600);
    try {
      await handle.writeFile(`${JSON.stringify(file, null, 2)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    // A link appears whole or not at all and, unlike a rename, never replaces the key another process made meanwhile.
    await link(draft, path);
    return true;
  } catch (cause) {
    if (errnoOf(cause) === 'EEXIST') return false;
    throw new AppError('UNAVAILABLE', `key file ${path}: cannot be written (${errnoOf(cause)})`, { cause });
  } finally {
    await rm(draft, { force: true }).catch(() => undefined);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function errnoOf(error: unknown): string {
  return (error as NodeJS.ErrnoException | undefined)?.code ?? 'unknown';
}

function malformed(message: string): AppError {
  return new AppError('MALFORMED', message);
}
