/** Where the secrets of webhooks may be read: in the answers that show them, and nowhere on the disk. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openServer, tempDir } from '../support/server.ts';

it('under an idempotency key a secret is answered again, and is not on the disk', async () => {
  const data = await tempDir();
  const server = await openServer({ data, webhooks: { allowPrivate: true } });
  const alice = await server.as('alice');
  const ask = async (path: string, body: object, key: string) => {
    const { status, headers, body: answer } = await alice.post(path, body, { 'idempotency-key': key });
    expect(status).toBeLessThan(300);
    return { again: headers.get('idempotent-replayed') === 'true', answer: answer as { id: string; secret: string } };
  };
  const secrets: string[] = [];
  try {
    const hook = { url: 'http://127.0.0.1:9/hook', events: ['reward'] };
    const made = await ask('/api/webhooks', hook, 'make');
    expect(await ask('/api/webhooks', hook, 'make')).toEqual({ ...made, again: true });
    const rotated = await ask(`/api/webhooks/${made.answer.id}/rotate`, {}, 'turn');
    expect(await ask(`/api/webhooks/${made.answer.id}/rotate`, {}, 'turn')).toEqual({ ...rotated, again: true });
    secrets.push(made.answer.secret, rotated.answer.secret);
  } finally {
    await server.close();
  }
  const stored = await readFile(join(data, 'data.mdb'));
  expect(stored.includes('127.0.0.1:9/hook')).toBe(true);
  for (const secret of secrets) {
    expect(secret).toMatch(/^whsec_.{20,}/);
    expect(stored.includes(secret.slice('whsec_'.length))).toBe(false);
  }
});
