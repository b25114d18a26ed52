/** Token buckets over the wire: per tier as published, and off where they would only be in the way. */
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/settings.ts';
import type { Client, Reply } from '../support/client.ts';
import { serve, serveAnonymous } from '../support/server.ts';

/** As many cheap requests as asked for, one after the other. */
async function knock(client: Client, times: number): Promise<Reply[]> {
  const replies: Reply[] = [];
  for (let i = 0; i < times; i++) replies.push(await client.get('/v1/metrics/none'));
  return replies;
}

const refused = (replies: readonly Reply[]) => replies.filter(({ status }) => status === 429);

describe('rate limits', () => {
  it('let a community caller send 50 at once, and then say when to come back', async () => {
    const server = await serve({ rateLimit: 'auto' });
    const ada = await server.as('ada', 'community');
    const burst = await knock(ada, 50);
    expect(refused(burst)).toEqual([]);
    expect(burst[0]!.headers.get('ratelimit-limit')).toBe('50');
    expect(burst[0]!.headers.get('ratelimit-remaining')).toBe('49');
    expect(burst[0]!.headers.get('ratelimit-policy')).toBe('"default";q=50;w=10');
    // Five a second come back while we knock.
    const [first] = refused(await knock(ada, 40));
    expect(first).toBeDefined();
    expect(first!.body).toEqual({ detail: 'Rate limit exceeded' });
    expect(first!.headers.get('retry-after')).toBe('1');
    expect(first!.headers.get('ratelimit-remaining')).toBe('0');
    expect(Number(first!.headers.get('ratelimit-reset'))).toBeGreaterThanOrEqual(8);
    const bob = await server.as('bob', 'community');
    expect(refused(await knock(bob, 5))).toEqual([]);
    expect((await server.anonymous.get('/v1/health')).status).toBe(200);
  });

  it('do not let a refused request take effect', async () => {
    const server = await serve({ rateLimit: 'on' });
    const ada = await server.as('ada', 'community');
    const id = await ada.create();
    let refusedStores = 0;
    for (let i = 0; i < 80; i++) {
      const { status } = await ada.post('/v1/store', { session_id: id, response: `answer number ${i}` });
      if (status === 429) refusedStores++;
    }
    expect(refusedStores).toBeGreaterThan(0);
    const view = await server.running.runtime.system.read<{ turns: number }>({ tenant: 'ada', kind: 'session', id });
    expect(view!.context.turns).toBe(80 - refusedStores);
  });

  it('give a pro caller 2,000 and an enterprise caller no limit', async () => {
    const server = await serve({ rateLimit: 'auto' });
    const pro = await knock(await server.as('pat', 'pro'), 60);
    expect(refused(pro)).toEqual([]);
    expect(pro[0]!.headers.get('ratelimit-limit')).toBe('2000');
    const free = await knock(await server.as('eve', 'enterprise'), 60);
    expect(refused(free)).toEqual([]);
    expect(free[0]!.headers.get('ratelimit-limit')).toBeNull();
  });

  it('are off when the server is told so', async () => {
    const { rateLimit } = loadConfig({}, { SYNOD_RATE_LIMIT: 'off' });
    const server = await serve({ rateLimit });
    const replies = await knock(await server.as('ada', 'community'), 60);
    expect(refused(replies)).toEqual([]);
    expect(replies[0]!.headers.get('ratelimit-limit')).toBeNull();
  });

  it('are off for anonymous callers on loopback, unless the server is told otherwise', async () => {
    const { anonymous } = await serveAnonymous({ rateLimit: 'auto' });
    expect(refused(await knock(anonymous, 60))).toEqual([]);
    const limited = await serveAnonymous({ rateLimit: 'on' });
    expect(refused(await knock(limited.anonymous, 90)).length).toBeGreaterThan(0);
  });
});

describe('the limits of the environment', () => {
  const knocks = async (client: Client, path: string, times: number) => {
    const replies: Reply[] = [];
    for (let i = 0; i < times; i++) replies.push(await client.get(path));
    return replies;
  };

  it('let a community caller have 100 a minute, on top of what the sessions allow', async () => {
    const server = await serve({ rateLimit: 'on' });
    const ada = await server.as('ada', 'community');
    const replies = await knocks(ada, '/api/events', 100);
    expect(refused(replies)).toEqual([]);
    expect(Object.fromEntries([...replies[0]!.headers].filter(([name]) => name.includes('ratelimit')))).toEqual({
      'ratelimit-policy': '"default";q=100;w=60',
      ratelimit: '"default";r=99;t=1',
      'ratelimit-limit': '100',
      'ratelimit-remaining': '99',
      'ratelimit-reset': '1',
      'x-ratelimit-limit': '100',
      'x-ratelimit-remaining': '99',
      'x-ratelimit-reset': '1',
    });
    // One comes back every 0.6 s while we knock.
    const [first] = refused(await knocks(ada, '/events', 40));
    expect(first!.body).toMatchObject({ message: 'Rate limit exceeded', code: 'RATE_LIMITED' });
    expect(first!.headers.get('retry-after')).toBe('1');
    expect(first!.headers.get('x-ratelimit-remaining')).toBe('0');
    const sessions = await knock(ada, 5);
    expect(refused(sessions)).toEqual([]);
    expect(sessions[0]!.headers.get('ratelimit-remaining')).toBe('49');
    expect(sessions[0]!.headers.get('x-ratelimit-limit')).toBeNull();
    expect((await ada.get('/health')).status).toBe(200);
  });

  it('let a pro caller have 1,000 a minute and an enterprise caller as many as it wants', async () => {
    const server = await serve({ rateLimit: 'on' });
    const [pro] = await knocks(await server.as('pat', 'pro'), '/api/signals', 1);
    expect(pro!.headers.get('ratelimit-policy')).toBe('"default";q=1000;w=60');
    const free = await knocks(await server.as('eve', 'enterprise'), '/api/signals', 120);
    expect(refused(free)).toEqual([]);
    expect(free[0]!.headers.get('x-ratelimit-limit')).toBeNull();
  });

  it('are off for anonymous callers on loopback', async () => {
    const { anonymous } = await serveAnonymous({ rateLimit: 'auto' });
    expect(refused(await knocks(anonymous, '/api/signals', 120))).toEqual([]);
  });
});
