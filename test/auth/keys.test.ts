/** Key files: made once, read back, and refused without giving anything away. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../actors/errors.ts';
import { createVerifier, loadKey, loadOrCreateKey, mintToken } from '../../src/auth/index.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'synod-keys-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const makeJwk = () => generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
async function fileWith(content: unknown): Promise<string> {
  const path = join(dir, 'given.jwk');
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

describe('a new key file', () => {
  it('is a private JWK that only its owner can read, in directories made for it', async () => {
    const path = join(dir, 'deep', 'er', 'license.jwk');
    const keys = await loadOrCreateKey(path);
    expect(keys.created).toBe(true);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const jwk = JSON.parse(await readFile(path, 'utf8'));
    expect(jwk).toMatchObject({ kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig', kid: keys.signing?.kid });
    expect(Buffer.from(jwk.d, 'base64url')).toHaveLength(32);
    expect(await readdir(join(dir, 'deep', 'er'))).toEqual(['license.jwk']);
  });

  it('is kept: the next start finds the same key', async () => {
    const path = join(dir, 'license.jwk');
    const first = await loadOrCreateKey(path);
    const second = await loadOrCreateKey(path);
    expect(second.created).toBe(false);
    expect(second.signing?.kid).toBe(first.signing?.kid);
  });

  it('is made by one of many who start at once, and used by all', async () => {
    const path = join(dir, 'license.jwk');
    const all = await Promise.all(Array.from({ length: 8 }, () => loadOrCreateKey(path)));
    expect(all.filter((keys) => keys.created)).toHaveLength(1);
    expect(new Set(all.map((keys) => keys.signing?.kid)).size).toBe(1);
    expect(await readdir(dir)).toEqual(['license.jwk']);
  });

  it('does not replace a file that is no key', async () => {
    const path = await fileWith('my novel');
    await expect(loadOrCreateKey(path)).rejects.toMatchObject({ code: 'MALFORMED' });
    expect(await readFile(path, 'utf8')).toBe('my novel');
  });

  it('says so when it cannot be written', async () => {
    const path = join(await fileWith('a file, not a directory'), 'license.jwk');
    await expect(loadOrCreateKey(path)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(loadOrCreateKey('/proc/x/license.jwk')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('is not made behind a link that points nowhere', async () => {
    const path = join(dir, 'license.jwk');
    await symlink(join(dir, 'gone.jwk'), path);
    await expect(loadOrCreateKey(path)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await readdir(dir)).toEqual(['license.jwk']);
  });
});

describe('a given key file', () => {
  it('may hold the public half only: it verifies and does not sign', async () => {
    const { d: _, ...publicJwk } = makeJwk();
    const keys = await loadKey(await fileWith({ ...publicJwk, kid: 'license-1', alg: 'EdDSA' }));
    expect(keys.verification.map((key) => key.kid)).toEqual(['license-1']);
    expect(keys.signing).toBeUndefined();
    await expect(mintToken({ key: keys, subject: 'ada', tier: 'pro' })).rejects.toMatchObject({
      code: 'INVALID',
      message: 'the key file holds public keys only, a private key wanted to make a token',
    });
  });

  it('without a kid goes by its RFC 7638 thumbprint', async () => {
    // The key and thumbprint of RFC 8037, appendix A.1 to A.3.
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };
    const keys = await loadKey(await fileWith(jwk));
    expect(keys.verification[0]?.kid).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
  });

  it('may be a set: tokens of the old and of the new key are accepted, the first private key signs', async () => {
    const retired = makeJwk();
    const current = { ...makeJwk(), kid: 'current' };
    const old = await loadKey(await fileWith(retired));
    const oldToken = await mintToken({ key: old, subject: 'ada', tier: 'pro' });
    const { d: _, ...retiredPublic } = retired;
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' });
    const keys = await loadKey(await fileWith({ keys: [rsa, retiredPublic, current, { ...makeJwk(), kid: 'next' }] }));
    expect(keys.verification).toHaveLength(3);
    expect(keys.signing?.kid).toBe('current');
    const verifier = createVerifier({ keys: keys.verification, clock: Date, renewUrl: 'x', allowAnonymous: false });
    const newToken = await mintToken({ key: keys, subject: 'bob', tier: 'pro' });
    expect(await verifier.authenticate({ 'x-api-key': oldToken })).toMatchObject({ tenant: 'ada' });
    expect(await verifier.authenticate({ 'x-api-key': newToken })).toMatchObject({ tenant: 'bob' });
  });
});

describe('a file that is no key', () => {
  const secret = makeJwk();
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
  const x25519 = generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' });
  const pem = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' });
  const cases: readonly (readonly [string, unknown, string])[] = [
    ['empty', '', 'not JSON'],
    ['a PEM', pem, 'not JSON'],
    ['a JWK cut short', JSON.stringify(secret).slice(0, -1), 'not JSON'],
    ['a list', [secret], 'not a JSON object'],
    ['null', 'null', 'not a JSON object'],
    ['an object of something else', { name: 'synod' }, 'not a JWK (it has no kty)'],
    ['an EC key', ec, 'a key of another type'],
    ['a key for key agreement', x25519, 'a key of another type'],
    ['a shared secret', { kty: 'oct', k: secret.d }, 'a key of another type'],
    ['for another algorithm', { ...secret, alg: 'HS256' }, 'made for another alg'],
    ['short of an x', { ...secret, x: secret.x?.slice(1) }, 'x is not 32 bytes'],
    ['without an x', { ...secret, x: undefined }, 'x is not 32 bytes'],
    ['with a number for d', { ...secret, d: 7 }, 'd is not 32 bytes'],
    ['two halves of different keys', { ...secret, x: makeJwk().x }, 'x is not the public half of d'],
    ['an empty set', { keys: [] }, 'the set has no Ed25519 key'],
    ['a set of other keys', { keys: [ec, null, 7] }, 'the set has no Ed25519 key'],
    ['a set with a broken key', { keys: [secret, { ...secret, x: '' }] }, 'key 1: x is not 32 bytes'],
  ];
  for (const [what, content, reason] of cases) {
    it(`is refused and not quoted: ${what}`, async () => {
      const path = await fileWith(content);
      const error = await loadKey(path).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(AppError);
      expect(error).toMatchObject({ code: 'MALFORMED', message: expect.stringContaining(reason) });
      expect(error).toMatchObject({ message: expect.stringContaining(path) });
      expect(inspect(error, { depth: 9 })).not.toContain(secret.d?.slice(0, 8));
    });
  }

  it('is told apart from one that is missing or cannot be read', async () => {
    await expect(loadKey(join(dir, 'none.jwk'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await mkdir(join(dir, 'folder.jwk'));
    await expect(loadKey(join(dir, 'folder.jwk'))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('cannot be read (EISDIR)'),
    });
  });

  it('is told apart from one that cannot be read', async () => {
    // A path through a file: unlike file modes, that stops even root.
    const path = await fileWith(secret);
    await expect(loadKey(join(path, 'key.jwk'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});
