/** Minting: what a license says, and what no license can say. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_ADDRESS_PART_BYTES } from '../../actors/address.ts';
import { type KeyRing, loadOrCreateKey, type MintOptions, mintToken } from '../../src/auth/index.ts';

const NOW = Date.UTC(2027, 0, 1) + 999;
let dir: string;
let key: KeyRing;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'synod-token-'));
  key = await loadOrCreateKey(join(dir, 'license.jwk'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const mint = (options: Partial<MintOptions> = {}) =>
  mintToken({ key, subject: 'ada', tier: 'pro', clock: { now: () => NOW }, ...options });

describe('a minted token', () => {
  it('carries the published claims and lives 30 days', async () => {
    const token = await mint();
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'EdDSA', typ: 'JWT', kid: key.signing?.kid });
    expect(decodeJwt(token)).toEqual({
      sub: 'ada',
      tier: 'pro',
      products: ['semvec', 'cortex', 'coding'],
      iat: Date.UTC(2027, 0, 1) / 1000,
      exp: Date.UTC(2027, 0, 31) / 1000,
      jti: expect.stringMatching(/^[\da-f-]{36}$/),
    });
  });

  it('takes another life and other products', async () => {
    const { iat = 0, exp, products } = decodeJwt(await mint({ ttlSeconds: 60, products: ['cortex'] }));
    expect(exp).toBe(iat + 60);
    expect(products).toEqual(['cortex']);
  });

  it('differs from the next one', async () => {
    expect(decodeJwt(await mint()).jti).not.toBe(decodeJwt(await mint()).jti);
  });

  it('takes a subject as long as an address allows', async () => {
    const subject = 'é'.repeat(MAX_ADDRESS_PART_BYTES / 2);
    expect(decodeJwt(await mint({ subject })).sub).toBe(subject);
  });
});

describe('minting refuses', () => {
  const cases: readonly (readonly [string, object, string])[] = [
    ['an empty subject', { subject: '' }, 'the subject is empty'],
    ['a blank subject', { subject: ' ' }, 'the subject is empty'],
    [
      'two bytes beyond that',
      { subject: 'é'.repeat(MAX_ADDRESS_PART_BYTES / 2 + 1) },
      `at most ${MAX_ADDRESS_PART_BYTES} wanted`,
    ],
    ['a NUL', { subject: 'a\0b' }, 'the subject has control characters'],
    ['a line break', { subject: 'a\nb' }, 'the subject has control characters'],
    ['DEL', { subject: 'a\x7f' }, 'the subject has control characters'],
    ['half a surrogate pair', { subject: 'a\ud800' }, 'the subject is not well-formed Unicode'],
    ['the anonymous tenant', { subject: 'anonymous' }, 'the subject anonymous is reserved'],
    ['a subject that is a number', { subject: 7 }, 'the subject is not a string'],
    ['an unknown tier', { tier: 'gold' }, 'the tier is unknown, one of community, pro, enterprise wanted'],
    ['a tier every object has', { tier: 'constructor' }, 'the tier is unknown'],
    ['no life', { ttlSeconds: 0 }, 'the life of the token is 0 seconds, a positive whole number'],
    ['a life that is over', { ttlSeconds: -1 }, 'is -1 seconds'],
    ['half a second', { ttlSeconds: 0.5 }, 'is 0.5 seconds'],
    ['NaN', { ttlSeconds: Number.NaN }, 'is NaN seconds'],
    ['eternity', { ttlSeconds: Number.POSITIVE_INFINITY }, 'is Infinity seconds'],
    ['two centuries', { ttlSeconds: 2 * 3_153_600_000 }, 'at most 3153600000 wanted'],
    ['a life in words', { ttlSeconds: '60' }, 'a positive whole number'],
  ];
  for (const [what, options, message] of cases) {
    it(`${what}`, async () => {
      await expect(mint(options)).rejects.toMatchObject({ code: 'INVALID', message: expect.stringContaining(message) });
    });
  }
});
