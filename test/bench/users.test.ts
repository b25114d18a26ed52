import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Client, createClient } from '../../bench/load/client.ts';
import { clear, prefill } from '../../bench/load/prefill.ts';
import { type Plan, simulate } from '../../bench/load/users.ts';

interface Call {
  readonly method: string;
  readonly path: string;
  readonly body: string | undefined;
}

/** A server that answers at once, in this process. */
function twin(statusOf: (call: Call, index: number) => string = () => '200') {
  const calls: Call[] = [];
  const client: Client = {
    call: async (method, path, body) => {
      const call = { method, path, body };
      const status = statusOf(call, calls.length);
      calls.push(call);
      await new Promise(setImmediate);
      const text = JSON.stringify({ session_id: `s${calls.length}`, state_dict: {} });
      return { status, ok: status === '200', bytes: 10, ms: 1, text, retryMs: null };
    },
    close: () => {},
  };
  return { client, calls };
}

const PLAN: Plan = {
  stages: [
    { seconds: 0, users: 3 },
    { seconds: 0.2, users: 3 },
  ],
  turns: [2, 4],
  thinkMs: 0,
  users: 3,
  seconds: 0.2,
  maxRequests: 10_000,
  sessions: null,
};

describe('virtual users', () => {
  it('create a session, run in it, delete it; nothing is ever stored', async () => {
    const { client, calls } = twin();
    const { samples, requests, errors, bytes } = await simulate(client, { ...PLAN, users: 1 });
    const story = calls.map(({ method, path }) => (method === 'DELETE' ? 'd' : path.endsWith('create') ? 'c' : 'r'));
    expect(story.join('')).toMatch(/^(cr{2,4}d)+(cr{0,4}d)?$/);
    expect(samples.store.ms).toEqual([]);
    expect([requests, bytes]).toEqual([calls.length, 10 * calls.length]);
    expect(errors).toEqual({});
    const run = JSON.parse(calls[1]!.body!) as { session_id: string; message: string };
    expect(run.session_id).toBe('s1');
    expect(run.message.split(' ').length).toBeGreaterThanOrEqual(200);
  });

  it('run and store in their full session in turn, and create and delete others', async () => {
    const { client, calls } = twin();
    await simulate(client, { ...PLAN, sessions: ['full-0', 'full-1', 'full-2'] });
    const told = calls.filter(({ path }) => /run|store/.test(path));
    const sessions = told.map(({ body }) => (JSON.parse(body!) as { session_id: string }).session_id);
    expect([...new Set(sessions)].sort()).toEqual(['full-0', 'full-1', 'full-2']);
    const own = told.filter((_, i) => sessions[i] === 'full-1').map(({ path }) => path);
    expect(own.slice(0, 4)).toEqual(['/v1/run', '/v1/store', '/v1/run', '/v1/store']);
    expect(calls.some(({ method, path }) => method === 'DELETE' && path.includes('full'))).toBe(false);
  });

  it('stop by count, but for deleting what they created', async () => {
    const { client, calls } = twin();
    await simulate(client, { ...PLAN, maxRequests: 0 });
    expect(calls).toEqual([]);
    await simulate(client, { ...PLAN, maxRequests: 20 });
    expect(calls.filter(({ method }) => method !== 'DELETE').length).toBeLessThanOrEqual(20);
    expect(calls.length).toBeLessThanOrEqual(20 + PLAN.users);
  });

  it('stop by time, even in the middle of a long thought', async () => {
    const { client, calls } = twin();
    const { seconds } = await simulate(client, { ...PLAN, thinkMs: 3_600_000 });
    expect(seconds).toBeLessThan(60);
    expect(calls.filter(({ path }) => path === '/v1/run')).toHaveLength(3);
  });

  it('count refusals by status, leave them out of the latencies, and do not hammer', async () => {
    const { client, calls } = twin(({ path }, index) => (path === '/v1/run' && index % 2 === 0 ? '429' : '200'));
    const { errors, samples } = await simulate(client, { ...PLAN, users: 1 });
    const refused = errors['429'] ?? 0;
    expect(samples.run.ms.length + refused).toBe(calls.filter(({ path }) => path === '/v1/run').length);
    // At least 100 ms after each, within 200 ms: the third may just have begun.
    expect(refused).toBeLessThanOrEqual(3);
    const broken = twin(() => '503');
    expect((await simulate(broken.client, PLAN)).samples.run.ms).toEqual([]);
    expect(broken.calls.length).toBeLessThanOrEqual(9);
  });
});

describe('filling somebody else’s server', () => {
  it('fills one session, copies it, and removes them all again', async () => {
    const { client, calls } = twin();
    const made: string[] = [];
    await prefill(client, 5, 7, made);
    const count = (pattern: RegExp) => calls.filter(({ path }) => pattern.test(path)).length;
    expect([count(/create$/), count(/store$/), count(/export$/), count(/import$/)]).toEqual([5, 7, 1, 4]);
    expect(new Set(made).size).toBe(5);
    await clear(client, made);
    expect(calls.filter(({ method }) => method === 'DELETE')).toHaveLength(5);
  });

  it('says what was answered when it is not let in', async () => {
    const { client } = twin(() => '401');
    await expect(prefill(client, 1, 1, [])).rejects.toThrow('answered 401');
  });
});

describe('the client', () => {
  it('counts bytes of head and body, sends the token, and survives a server that goes away', async () => {
    const heads: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      heads.push(request.headers.authorization);
      if (request.url === '/cut') request.socket.destroy();
      else {
        response.sendDate = false;
        response.setHeader('content-length', 2);
        response.setHeader('retry-after', '3');
        response.writeHead(429, 'No');
        response.end('ok');
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const client = createClient({ url, token: 'secret', keepAlive: false, deadlineMs: 5_000 });
    onTestFinished(() => {
      client.close();
      server.close();
    });
    const answer = await client.call('POST', '/', '{}');
    // "HTTP/1.1 429 No", "content-length: 2", "retry-after: 3", "Connection: close", each with CRLF, CRLF, "ok".
    expect(answer).toMatchObject({
      status: '429',
      ok: false,
      text: 'ok',
      retryMs: 3_000,
      bytes: 17 + 19 + 16 + 19 + 2 + 2,
    });
    expect(heads).toEqual(['Bearer secret']);
    expect(await client.call('GET', '/cut')).toMatchObject({ ok: false, status: 'ECONNRESET' });
  });
});
