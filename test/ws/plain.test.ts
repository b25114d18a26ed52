/** Plain HTTP where a WebSocket is: who forgot to upgrade is told so. */
import { describe, expect, it } from 'vitest';
import { serve } from '../support/server.ts';

describe('a request without an upgrade', () => {
  it.each(['/stream', '/stream/', '/ws', '/api/ws', '/api/ws/'])('for %s is answered with 426', async (path) => {
    const server = await serve();
    for (const method of ['GET', 'POST']) {
      const reply = await fetch(server.url + path, { method });
      expect([reply.status, reply.headers.get('upgrade')]).toEqual([426, 'websocket']);
      const sentence = expect.stringMatching(/^This is a WebSocket: connect with ws:/);
      const words = path.startsWith('/stream') ? { detail: sentence, status: 426 } : { message: sentence };
      expect(await reply.json()).toMatchObject({ code: 'UPGRADE_REQUIRED', ...words });
    }
  });

  it.each(['/ws/more', '/wss', '/streams', '/v1/ws'])('for %s, where nothing is, with 404 as ever', async (path) => {
    const server = await serve();
    const reply = await fetch(server.url + path);
    expect([reply.status, reply.headers.get('upgrade')]).toEqual([404, null]);
  });

  it('for GraphQL is a query, and reaches it', async () => {
    const server = await serve();
    for (const path of ['/graphql', '/api/graphql']) {
      expect((await fetch(server.url + path)).status).toBe(401);
    }
  });
});
