import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { serve, synod, tempDir } from './synod.ts';

const lastLine = (text: string) => text.trimEnd().split('\n').at(-1)!;

describe('synod token', () => {
  it('makes the key only its owner can read, and prints the token as the last line', async () => {
    const key = join(await tempDir(), 'keys', 'key.jwk');
    const { code, stdout } = await synod(['token', '--subject', 'alice', '--tier', 'pro', '--key', key]);
    expect(code).toBe(0);
    const claims = JSON.parse(Buffer.from(lastLine(stdout).split('.')[1]!, 'base64url').toString()) as object;
    expect(claims).toMatchObject({ sub: 'alice', tier: 'pro' });
    expect((await stat(key)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(key, 'utf8'))).toMatchObject({ kty: 'OKP', crv: 'Ed25519' });
  });

  it('keeps a key that is there, and lets the token live as long as asked', async () => {
    const key = join(await tempDir(), 'key.jwk');
    const args = ['token', '--subject', 'bob', '--tier', 'community', '--key', key];
    await synod(args);
    const before = await readFile(key, 'utf8');
    const { stdout } = await synod([...args, '--ttl', '60']);
    const payload = Buffer.from(lastLine(stdout).split('.')[1]!, 'base64url').toString();
    const { iat, exp } = JSON.parse(payload) as { iat: number; exp: number };
    expect(exp - iat).toBe(60);
    expect(await readFile(key, 'utf8')).toBe(before);
  });

  it('is accepted by a server with the same key, and by no other', async () => {
    const dir = await tempDir();
    const [mine, other] = [join(dir, 'mine.jwk'), join(dir, 'other.jwk')];
    const mint = async (key: string) =>
      lastLine((await synod(['token', '--subject', 'alice', '--tier', 'pro', '--key', key])).stdout);
    const [good, bad] = [await mint(mine), await mint(other)];
    const server = await serve(['--data', ':memory:', '--key', mine]);
    const ask = async (token: string) => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      return (await fetch(`${server.url}/v1/run`, { method: 'POST', headers, body: '{"message":"hello"}' })).status;
    };
    expect([await ask(good), await ask(bad)]).toEqual([200, 401]);
    await server.stop();
  });

  it('says in one line that a key file is none', async () => {
    const key = join(await tempDir(), 'key.jwk');
    await writeFile(key, 'hello');
    const { code, stderr } = await synod(['token', '--subject', 'alice', '--tier', 'pro', '--key', key]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `synod: key file ${key}: not JSON, an Ed25519 JWK or a JWK set wanted\n`,
    });
  });
});
