/** Which `Host` anonymous callers may come with: none that a page elsewhere could have had resolved to this machine. */
import { describe, expect, it } from 'vitest';
import { createHostCheck } from '../../src/http/host.ts';
import { rawRequest, serve, serveAnonymous } from '../support/server.ts';

const config = { host: '127.0.0.1', corsOrigins: ['https://app.example:8443'], forceAnonymous: false };

describe('a Host', () => {
  it.each([
    'localhost',
    'LOCALHOST:8080',
    'synod.localhost:8080',
    '127.0.0.1:8080',
    '127.9.9.9',
    '[::1]:8080',
    'app.example',
    undefined,
  ])('%s is known', (host) => {
    expect(createHostCheck(config)(host)).toBe(true);
  });

  it.each([
    'evil.example:8080',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'notlocalhost',
    'evil.example:80@127.0.0.1',
    '127.0.0.1#.evil.example',
    '',
    '[localhost',
  ])('"%s" is not', (host) => {
    expect(createHostCheck(config)(host)).toBe(false);
  });

  it('may be any when anonymous mode is forced onto the network, or every origin may call', () => {
    expect(createHostCheck({ ...config, forceAnonymous: true })('synod.intern')).toBe(true);
    expect(createHostCheck({ ...config, corsOrigins: ['*'] })('evil.example')).toBe(true);
  });
});

describe('a page whose name was made to resolve to this machine', () => {
  it.each(['/v1/state/context?session_id=s', '/v1/session/s/export'])('cannot read %s', async (path) => {
    const server = await serveAnonymous();
    const host = `evil.example:${new URL(server.url).port}`;
    const reply = await rawRequest(server.url, 'GET', path, { host });
    expect([reply.status, reply.text]).toEqual([
      403,
      expect.stringContaining(`Host ${host} is not a name of this server`),
    ]);
  });

  it('cannot write', async () => {
    const server = await serveAnonymous();
    const host = `evil.example:${new URL(server.url).port}`;
    const headers = { host, origin: `http://${host}`, 'content-type': 'application/json' };
    expect((await rawRequest(server.url, 'POST', '/v1/run', headers, '{"message":"hi"}')).status).toBe(403);
    expect(server.running.runtime.system.count('session')).toBe(0);
  });

  it('is none of our business when callers need a token', async () => {
    const server = await serve();
    const { headers } = await server.as('ada');
    const reply = await rawRequest(server.url, 'GET', '/v1/metrics/x', { ...headers, host: 'synod.example' });
    expect(reply.status).toBe(404);
  });
});
