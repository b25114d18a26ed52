/** The cache of verified tokens: it saves signatures and changes no answer. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createVerifier, type KeyRing, loadOrCreateKey, mintToken } from '../../src/auth/index.ts';

const START = Date.UTC(2027, 0, 1);
let now: number;
let dir: string;
let ring: KeyRing;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'synod-cache-'));
  ring = await loadOrCreateKey(join(dir, 'license.jwk'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));
beforeEach(() => {
  now = START;
});
afterEach(() => vi.restoreAllMocks());

const clock = { now: () => now };
const verifierWith = (options: { cacheSize?: number } = {}) =>
  createVerifier({ keys: ring.verification, clock, renewUrl: 'https://x', allowAnonymous: false, ...options });
const mint = (subject: string, ttlSeconds = 3_600) => mintToken({ key: ring, subject, tier: 'pro', ttlSeconds, clock });

describe('the cache of verified tokens', () => {
  it('verifies a signature once and still honours the expiry', async () => {
    const verify = vi.spyOn(crypto.subtle, 'verify');
    const verifier = verifierWith();
    const headers = { 'x-api-key': await mint('ada', 60) };
    const first = await verifier.authenticate(headers);
    expect(await verifier.authenticate(headers)).toEqual(first);
    expect(verify).toHaveBeenCalledTimes(1);
    now += 60_000;
    await expect(verifier.authenticate(headers)).rejects.toMatchObject({ code: 'EXPIRED' });
    expect(verify).toHaveBeenCalledTimes(1);
  });

  it('honours a start in the future when the clock is set back', async () => {
    const verifier = verifierWith();
    const headers = {
      'x-api-key': await new SignJWT({ sub: 'ada', exp: START / 1000 + 60, nbf: START / 1000 })
        .setProtectedHeader({ alg: 'EdDSA' })
        .sign(ring.signing!.privateKey),
    };
    await verifier.authenticate(headers);
    now -= 1_000;
    await expect(verifier.authenticate(headers)).rejects.toMatchObject({
      message: 'Invalid license: it is not valid yet',
    });
  });

  it('forgets the token unused for longest', async () => {
    const verify = vi.spyOn(crypto.subtle, 'verify');
    const verifier = verifierWith({ cacheSize: 2 });
    const [ada, bob, eve] = [await mint('ada'), await mint('bob'), await mint('eve')];
    for (const token of [ada, bob, ada, eve, ada]) await verifier.authenticate({ 'x-api-key': token });
    expect(verify).toHaveBeenCalledTimes(3);
    expect(await verifier.authenticate({ 'x-api-key': bob })).toMatchObject({ tenant: 'bob' });
    expect(verify).toHaveBeenCalledTimes(4);
  });

  it('does not keep what did not verify', async () => {
    const verify = vi.spyOn(crypto.subtle, 'verify');
    const verifier = verifierWith();
    const [header, , signature] = (await mint('ada')).split('.');
    const forged = `${header}.${Buffer.from('{"sub":"root"}').toString('base64url')}.${signature}`;
    for (let n = 0; n < 2; n++) {
      await expect(verifier.authenticate({ 'x-api-key': forged })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    }
    expect(verify).toHaveBeenCalledTimes(2);
  });

  it('hands out identities nobody can change', async () => {
    const identity = await verifierWith().authenticate({ 'x-api-key': await mint('ada') });
    expect(Object.isFrozen(identity)).toBe(true);
  });
});
