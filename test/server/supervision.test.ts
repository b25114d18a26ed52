import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type RunningServer, startServer } from '../../src/server.ts';
import { loadConfig } from '../../src/settings.ts';

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

describe('a server whose part failed', () => {
  const data = mkdtempSync(join(tmpdir(), 'synod-parts-'));
  let running: RunningServer | undefined;

  afterEach(async () => {
    await running?.close();
    running = undefined;
    rmSync(data, { recursive: true, force: true });
  });

  async function serve(): Promise<RunningServer> {
    const options = { host: '127.0.0.1', port: '0', data, 'allow-anonymous': true, 'log-level': 'silent' };
    running = await startServer(loadConfig(options, {}), SILENT);
    return running;
  }

  const post = async (url: string, path: string, body: object) => {
    const response = await fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as { session_id: string; context: string } };
  };

  it.each(['fronts', 'runtime'] as const)(
    'serves again on the same port after its %s failed, nothing lost',
    async (part) => {
      const server = await serve();
      const { body } = await post(server.url, '/v1/run', { message: 'Which port?' });
      await post(server.url, '/v1/store', { session_id: body.session_id, response: 'Port 8080.' });
      const before = server.runtime;
      await server.fail(part, new Error('gone'));
      expect(server.runtime === before).toBe(part === 'fronts');
      const again = await post(server.url, '/v1/run', { session_id: body.session_id, message: 'Which port?' });
      expect(again).toMatchObject({ status: 200, body: { context: expect.stringContaining('Port 8080.') } });
    },
  );

  it('gives up, with the reason, when restarting does not help', async () => {
    const server = await serve();
    const { port } = new URL(server.url);
    // Stopped from inside, the fronts leave their port to somebody else, and cannot have it back.
    const thief = createServer();
    const failing = server.fail('fronts', new Error('gone'));
    await new Promise<void>((resolve) => {
      const steal = () => thief.listen(Number(port), '127.0.0.1', resolve);
      thief.on('error', () => setImmediate(steal));
      steal();
    });
    await failing;
    expect(await server.failed).toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('is in use') });
    await new Promise((resolve) => thief.close(resolve));
  });
});
