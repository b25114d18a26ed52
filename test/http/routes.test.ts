/** Which operation a method and path lead to, and what an odd path leads to. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createRoutes } from '../../src/http/routes.ts';
import { fake, serve } from './harness.ts';

const id = { path: z.object({ id: z.string() }) };
const operations = [
  fake('DELETE', '/v1/session/{id}', { input: id }),
  fake('POST', '/v1/session/create'),
  fake('GET', '/v1/session/{id}/entities'),
  fake('DELETE', '/v1/session/{id}/entities/{key:path}', {
    input: { path: z.object({ id: z.string(), key: z.string() }) },
  }),
  fake('POST', '/v1/cluster/', { http: { aliases: ['/v1/team'] } }),
  fake('GET', '/v1/cluster/{id}', { input: id }),
  fake('GET', '/v1/cluster/{id}/members/all', { name: 'literal' }),
  fake('GET', '/v1/cluster/{id}/members/{sid}', { name: 'parameter' }),
  fake('GET', '/api/events', { dialect: 'sel' }),
  fake('GET', '/api/v1/agents/{id}', { dialect: 'cellstate', input: id }),
];

describe('a path', () => {
  const routes = createRoutes(operations);
  const found = (method: string, path: string) => {
    const match = routes.match(method, path);
    return match.kind === 'found' ? [match.route.operation.name, match.params] : match.kind;
  };

  it.each([
    ['POST', '/v1/session/create', 'post.v1.session.create', {}],
    ['POST', '/v1/session/create/', 'post.v1.session.create', {}],
    ['DELETE', '/v1/session/create', 'delete.v1.session.id', { id: 'create' }],
    ['POST', '/v1/cluster', 'post.v1.cluster', {}],
    ['POST', '/v1/cluster/', 'post.v1.cluster', {}],
    ['POST', '/v1/team', 'post.v1.cluster', {}],
    ['HEAD', '/v1/cluster/c1', 'get.v1.cluster.id', { id: 'c1' }],
    ['GET', '/v1/cluster/a%2Fb', 'get.v1.cluster.id', { id: 'a/b' }],
    ['GET', '/v1/cluster/..', 'get.v1.cluster.id', { id: '..' }],
    ['GET', '/v1/cluster/c/members/all', 'literal', { id: 'c' }],
    ['GET', '/v1/cluster/c/members/s', 'parameter', { id: 'c', sid: 's' }],
    [
      'DELETE',
      '/v1/session/s/entities/src/a.ts',
      'delete.v1.session.id.entities.key.path',
      { id: 's', key: 'src/a.ts' },
    ],
    [
      'DELETE',
      '/v1/session/s/entities/src%2Fa.ts',
      'delete.v1.session.id.entities.key.path',
      { id: 's', key: 'src/a.ts' },
    ],
    ['DELETE', '/v1/session/s/entities/a//b/', 'delete.v1.session.id.entities.key.path', { id: 's', key: 'a//b/' }],
  ])('%s %s leads to %s', (method, path, name, params) => {
    expect(found(method, path)).toEqual([name, params]);
  });

  it.each([
    '/',
    '//',
    '/v1',
    '//v1/cluster',
    '/v1//cluster',
    '/V1/cluster',
    '/v1/cluster/a/b',
    '/v1/cluster//',
    '*',
    '',
  ])('leads nowhere: %s', (path) => expect(found('GET', path)).toMatch(/none|method/));

  it('cannot belong to two operations', () => {
    const twice = [fake('GET', '/a/{x}', { name: 'one' }), fake('GET', '/a/{y}/', { name: 'two' })];
    expect(() => createRoutes(twice)).toThrow('GET /a/{} is claimed by both one and two');
  });

  it('cannot mix words and parameters in one segment', () => {
    expect(() => createRoutes([fake('GET', '/a/{x}.json')])).toThrow(TypeError);
  });
});

describe('a request', () => {
  it.each<[string, unknown, number?]>([
    ['/v1/nothing', { detail: 'Not Found' }],
    ['/api/v1/nothing', { code: 'ENTITY_NOT_FOUND', message: 'Not Found: no GET /api/v1/nothing here', details: null }],
    ['/api/nothing', expect.objectContaining({ message: 'Not Found: no GET /api/nothing here' })],
    ['/v1/cluster/%ff', { detail: 'Path is not valid percent-encoded UTF-8' }, 400],
    ['/nothing', expect.objectContaining({ status: 404, code: 'NOT_FOUND' })],
  ])('to the unknown path %s is refused in the shape of its neighbours', async (path, body, status = 404) => {
    const { call } = await serve(operations);
    const response = await call('GET', path);
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual(body);
  });

  it('with another method is told which ones there are', async () => {
    const { call } = await serve(operations);
    const response = await call('PATCH', '/v1/session/create');
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('DELETE, OPTIONS, POST');
    expect(await response.json()).toEqual({ detail: 'Method Not Allowed' });
  });

  it.each([
    ['/v1/cluster/%ff', 400],
    ['/v1/cluster/%', 400],
    ['/v1/cluster/%zz', 400],
    ['/v1/cluster/a%00b', 400],
    ['/v1/%2e%2e/%2e%2e/etc/passwd', 404],
    ['/v1/../v1/cluster/x', 404],
    ['//v1/cluster/x', 404],
    ['http://elsewhere.test/v1/cluster/x', 200],
    ['/v1/cluster/__proto__', 200],
    ['/v1/cluster/x?%ff=%&__proto__=1', 200],
  ])('for %s is answered with %i', async (target, status) => {
    const { raw } = await serve(operations);
    const answer = await raw(`GET ${target} HTTP/1.1\r\nHost: x\r\nX-API-Key: alice\r\nConnection: close\r\n\r\n`);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  it('with HEAD gets the headers of GET and no body', async () => {
    const { call } = await serve(operations);
    const response = await call('HEAD', '/v1/cluster/c1');
    expect(response.status).toBe(200);
    expect(Number(response.headers.get('content-length'))).toBeGreaterThan(2);
    expect(await response.text()).toBe('');
  });
});
