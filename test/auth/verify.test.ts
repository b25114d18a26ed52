/** Authentication: whom a token lets in, and the exact words for whom it does not. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { CompactSign, importJWK, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MAX_ADDRESS_PART_BYTES as LONGEST } from '../../actors/address.ts';
import {
  type AuthHeaders,
  createVerifier,
  type KeyRing,
  loadKey,
  mintToken,
  type VerifierOptions,
} from '../../src/auth/index.ts';

const START = Date.UTC(2027, 0, 1);
const SECONDS = START / 1000;
const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
const strangerJwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
let now: number;
let dir: string;
let ring: KeyRing;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'synod-verify-'));
  await writeFile(join(dir, 'license.jwk'), JSON.stringify(jwk));
  ring = await loadKey(join(dir, 'license.jwk'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));
beforeEach(() => {
  now = START;
});

const verifierWith = (options: Partial<VerifierOptions> = {}) =>
  createVerifier({
    keys: ring.verification,
    clock: { now: () => now },
    renewUrl: 'https://synod.example/renew',
    allowAnonymous: false,
    ...options,
  });
const mint = (subject: string, ttlSeconds = 3_600) =>
  mintToken({ key: ring, subject, tier: 'pro', ttlSeconds, clock: { now: () => now } });
/** A well-signed token with these claims over good ones; `undefined` leaves one out. */
const signed = async (claims: object, header: object = {}) =>
  new SignJWT({ sub: 'ada', tier: 'pro', exp: SECONDS + 60, ...claims })
    .setProtectedHeader({ alg: 'EdDSA', ...header })
    .sign(await importJWK(jwk, 'EdDSA'));
const rawSigned = async (payload: string | Uint8Array) =>
  new CompactSign(typeof payload === 'string' ? new TextEncoder().encode(payload) : payload)
    .setProtectedHeader({ alg: 'EdDSA' })
    .sign(await importJWK(jwk, 'EdDSA'));
const failureOf = (headers: AuthHeaders, options: Partial<VerifierOptions> = {}): Promise<unknown> =>
  verifierWith(options)
    .authenticate(headers)
    .then(
      (identity) => expect.fail(`let in as ${inspect(identity)}`),
      (error: unknown) => error,
    );
const MISSING = { code: 'UNAUTHENTICATED', message: 'Missing license token' };
const ANONYMOUS = { tenant: 'anonymous', tier: 'community', anonymous: true };

describe('a good token', () => {
  it('lets its subject in with its tier, from either header', async () => {
    const token = await mint('ada');
    const ada = { tenant: 'ada', tier: 'pro', anonymous: false };
    for (const headers of [
      { authorization: `Bearer ${token}` },
      { authorization: `bEARER   ${token} ` },
      { 'x-api-key': token },
      { 'x-api-key': ` ${token} `, authorization: 'Basic cHJveHk6cHJveHk=' },
      { 'x-api-key': token, authorization: 'Bearer ' },
    ]) {
      expect(await verifierWith().authenticate(headers)).toEqual(ada);
    }
  });

  it('in Authorization goes before another one in X-API-Key', async () => {
    const headers = { authorization: `Bearer ${await mint('ada')}`, 'x-api-key': await mint('bob') };
    expect(await verifierWith().authenticate(headers)).toMatchObject({ tenant: 'ada' });
  });

  it('is community without a tier', async () => {
    const token = await signed({ tier: undefined });
    expect(await verifierWith().authenticate({ 'x-api-key': token })).toMatchObject({ tier: 'community' });
  });

  it('may name its key differently, or its algorithm by the newer name', async () => {
    for (const header of [{ kid: 'somebody’s name for it' }, { alg: 'Ed25519' }]) {
      const token = await signed({}, header);
      expect(await verifierWith().authenticate({ 'x-api-key': token })).toMatchObject({ tenant: 'ada' });
    }
  });

  it('is good until the very second it expires', async () => {
    const token = await mint('ada', 60);
    now += 59_999;
    expect(await verifierWith().authenticate({ 'x-api-key': token })).toMatchObject({ tenant: 'ada' });
    now += 1;
    expect(await failureOf({ 'x-api-key': token })).toMatchObject({ code: 'EXPIRED' });
  });
});

describe('an expired token', () => {
  it('is told when it expired and where to renew', async () => {
    const token = await mint('ada', 60);
    now += 90_000;
    expect(await failureOf({ authorization: `Bearer ${token}` })).toMatchObject({
      code: 'EXPIRED',
      status: 402,
      message: 'License expired at 2027-01-01T00:01:00.000Z; renew at https://synod.example/renew',
    });
  });

  it('is invalid rather than expired when the signature is not ours', async () => {
    const claims = { sub: 'ada', tier: 'pro', exp: SECONDS - 60 };
    const key = await importJWK(strangerJwk, 'EdDSA');
    const token = await new SignJWT(claims).setProtectedHeader({ alg: 'EdDSA' }).sign(key);
    expect(await failureOf({ 'x-api-key': token })).toMatchObject({ code: 'UNAUTHENTICATED' });
  });
});

describe('no token', () => {
  it('is missing, also beside a scheme that carries no license', async () => {
    for (const authorization of [undefined, '', 'Basic YTpi', 'Digest x', 'Bearerish x', 'eyJhbGciOiJFZERTQSJ9']) {
      expect(await failureOf({ authorization })).toMatchObject(MISSING);
    }
  });
});

describe('a bad token', () => {
  const hmacWith = (secret: string | Uint8Array) =>
    new SignJWT({ sub: 'ada', tier: 'pro', exp: SECONDS + 60 })
      .setProtectedHeader({ alg: 'HS256', kid: ring.verification[0]!.kid })
      .sign(typeof secret === 'string' ? new TextEncoder().encode(secret) : secret);
  const cases: readonly (readonly [string, () => string | Promise<string>, string])[] = [
    ['empty', () => '', 'the token is empty'],
    ['a word', () => 'opensesame', 'not a JWT'],
    ['three words', () => 'a.b.c', 'not a JWT'],
    ['a space inside', () => signed({}).then((token) => token.replace(/.{9}$/, ' $&')), 'not a JWT'],
    ['dots', () => '..', 'not a JWT'],
    ['five parts, encrypted', () => `${btoa('{"alg":"dir","enc":"A256GCM"}')}.a.b.c.d`, 'not a JWT'],
    ['a header that is a list', () => `${btoa('[]')}.e30.AAAA`, 'not a JWT'],
    [
      'extensions nobody knows',
      () => signed({}).then((t) => withHeader(t, { alg: 'EdDSA', crit: ['x'], x: 1 })),
      'not a JWT',
    ],
    ['longer than any license', () => 'x'.repeat(8_193), 'the token has more than 8192 characters'],
    ['unsecured', () => new UnsecuredJWT({ sub: 'ada' }).encode(), 'it is not signed with EdDSA'],
    ['alg None', () => signed({}).then((token) => withHeader(token, { alg: 'None' })), 'it is not signed with EdDSA'],
    ['no alg', () => signed({}).then((token) => withHeader(token, {})), 'it is not signed with EdDSA'],
    ['HMAC with the public key', () => hmacWith(Buffer.from(jwk.x!, 'base64url')), 'it is not signed with EdDSA'],
    ['HMAC with its JWK', () => hmacWith(JSON.stringify({ ...jwk, d: undefined })), 'it is not signed with EdDSA'],
    [
      'signed by a stranger',
      async () => {
        const key = await importJWK(strangerJwk, 'EdDSA');
        const header = { alg: 'EdDSA', kid: ring.verification[0]!.kid, jwk: { ...strangerJwk, d: undefined } };
        return new SignJWT({ sub: 'ada', exp: SECONDS + 60 }).setProtectedHeader(header as { alg: string }).sign(key);
      },
      'the signature does not verify',
    ],
    [
      'changed',
      () => signed({}).then((token) => withPayload(token, { sub: 'root', exp: SECONDS + 60 })),
      'the signature does not verify',
    ],
    ['without a signature', () => signed({}).then((t) => t.replace(/[^.]*$/, '')), 'the signature does not verify'],
    ['claims that are text', () => rawSigned('hello'), 'the claims are not a JSON object'],
    ['claims that are a list', () => rawSigned('["ada"]'), 'the claims are not a JSON object'],
    ['claims that are null', () => rawSigned('null'), 'the claims are not a JSON object'],
    [
      'claims that are not UTF-8',
      () => rawSigned(Buffer.from('{"sub":"\xff"}', 'latin1')),
      'the claims are not a JSON object',
    ],
    ['no subject', () => signed({ sub: undefined }), 'the subject is missing'],
    ['a null subject', () => signed({ sub: null }), 'the subject is missing'],
    ['an empty subject', () => signed({ sub: '' }), 'the subject is empty'],
    ['a number for a subject', () => signed({ sub: 7 }), 'the subject is not a string'],
    ['a list for a subject', () => signed({ sub: ['ada'] }), 'the subject is not a string'],
    [
      'a subject too long for an address',
      () => signed({ sub: 'a'.repeat(LONGEST + 1) }),
      `the subject has ${LONGEST + 1} bytes, at most ${LONGEST} wanted`,
    ],
    ['a NUL in the subject', () => signed({ sub: 'a\0b' }), 'the subject has control characters'],
    [
      'half a character',
      () => rawSigned('{"sub":"a\\ud800","exp":9999999999}'),
      'the subject is not well-formed Unicode',
    ],
    ['the anonymous tenant', () => signed({ sub: 'anonymous' }), 'the subject anonymous is reserved'],
    ['an unknown tier', () => signed({ tier: 'gold' }), 'the tier is unknown'],
    ['a tier every object has', () => signed({ tier: 'toString' }), 'the tier is unknown'],
    ['a null tier', () => signed({ tier: null }), 'the tier is unknown'],
    ['a list of tiers', () => signed({ tier: ['pro'] }), 'the tier is unknown'],
    ['no expiry', () => signed({ exp: undefined }), 'the expiry is missing'],
    ['an expiry in words', () => rawSigned('{"sub":"a","exp":"never"}'), 'the expiry is not a time'],
    ['an expiry no calendar holds', () => rawSigned('{"sub":"a","exp":-1e300}'), 'the expiry is not a time'],
    ['an infinite expiry', () => rawSigned('{"sub":"a","exp":1e999}'), 'the expiry is not a time'],
    ['not valid yet', () => signed({ nbf: SECONDS + 1 }), 'it is not valid yet'],
    [
      'a start in words',
      () => rawSigned(`{"sub":"a","exp":${SECONDS + 60},"nbf":"now"}`),
      'the start of validity is not a time',
    ],
  ];
  for (const [what, make, reason] of cases) {
    it(`is invalid and not quoted: ${what}`, async () => {
      const token = await make();
      const error = await failureOf({ authorization: `Bearer ${token}` });
      expect(error).toMatchObject({ code: 'UNAUTHENTICATED', message: `Invalid license: ${reason}` });
      if (token.length > 9) expect(inspect(error, { depth: 9 })).not.toContain(token.slice(-9));
    });
  }

  it('is what any token is to a server without keys', async () => {
    expect(await failureOf({ 'x-api-key': await mint('ada') }, { keys: [] })).toMatchObject({
      message: 'Invalid license: this server has no key to verify it with',
    });
  });
});

describe('anonymous mode', () => {
  it('serves callers without a token as the anonymous tenant', async () => {
    for (const headers of [{}, { authorization: 'Basic YTpi' }]) {
      expect(await verifierWith({ allowAnonymous: true }).authenticate(headers)).toEqual(ANONYMOUS);
    }
  });

  it('still knows who sends a good token', async () => {
    const headers = { 'x-api-key': await mint('ada') };
    expect(await verifierWith({ allowAnonymous: true }).authenticate(headers)).toMatchObject({ tenant: 'ada' });
  });

  it('does not let a bad, empty or expired token slip into the anonymous tenant', async () => {
    const expired = await mint('ada', 1);
    now += 2_000;
    const options = { allowAnonymous: true };
    expect(await failureOf({ authorization: 'Bearer x' }, options)).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await failureOf({ authorization: 'Bearer' }, options)).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await failureOf({ 'x-api-key': expired }, options)).toMatchObject({ code: 'EXPIRED' });
    expect(await failureOf({ 'x-api-key': await signed({ sub: 'anonymous' }) }, options)).toMatchObject({
      code: 'UNAUTHENTICATED',
    });
  });

  it('without keys bypasses verification', async () => {
    const verifier = verifierWith({ allowAnonymous: true, keys: [] });
    expect(await verifier.authenticate({ authorization: `Bearer ${await mint('ada')}` })).toEqual(ANONYMOUS);
    expect(await verifier.authenticate({ 'x-api-key': 'x' })).toEqual(ANONYMOUS);
  });
});

function withHeader(token: string, header: object): string {
  return token.replace(/^[^.]*/, Buffer.from(JSON.stringify(header)).toString('base64url'));
}

function withPayload(token: string, claims: object): string {
  return token.replace(/\.[^.]*\./, `.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.`);
}
