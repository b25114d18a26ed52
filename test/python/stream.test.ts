/** The Python client on `/ws`, under the machine's own `python3`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadOrCreateKey } from '../../src/auth/keys.ts';
import { mintToken } from '../../src/auth/token.ts';
import { spawnServer } from '../support/process.ts';
import { serve, serveAnonymous, tempDir } from '../support/server.ts';
import { PACKAGE, python, type Script } from './python.ts';

const LISTEN = fileURLToPath(new URL('listen.py', import.meta.url));

/** @returns its id */
async function post(url: string, fields: object = {}, headers: Record<string, string> = {}): Promise<string> {
  const event = { type: 'proposal', scope: 'ui.login', trace_id: 't', agent_id: 'a', payload: { action: 'improve' } };
  const response = await fetch(`${url}/api/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ ...event, ...fields }),
  });
  expect(response.status).toBe(201);
  return ((await response.json()) as { id: string }).id;
}

async function several(count: number, make: (n: number) => Promise<string>): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n++) ids.push(await make(n));
  return ids;
}

/** What it printed so far, word for word. */
function wordsOf(stdout: string, first: string): string[][] {
  return stdout
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([word]) => word === first)
    .map(([, ...rest]) => rest);
}

/** Ends it by Ctrl-C, which must be quiet. */
async function stop(script: Script) {
  script.signal('SIGINT');
  const { code, stdout, stderr } = await script.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return {
    ids: wordsOf(stdout, 'event').map(([id]) => id),
    lagged: wordsOf(stdout, 'lagged').map(([dropped]) => Number(dropped)),
    signals: wordsOf(stdout, 'signal'),
    opened: wordsOf(stdout, 'open').length,
  };
}

describe('the Python client on the stream', () => {
  it('runs the published example', async () => {
    const server = await serveAnonymous();
    const text = readFileSync(join(PACKAGE, 'tests', 'published_example.py'), 'utf8');
    const script = python(['-c', text.replace('http://localhost:5000', server.url)]);
    const heard = script.line(/^New event: \{'id': '(.+?)'/m);
    const posted = [];
    // It does not say when it listens.
    for (let done = false; !done; ) {
      posted.push(await post(server.url, { scope: 'ui.logout' }));
      done = await Promise.race([heard.then(() => true), new Promise<false>((later) => setTimeout(later, 100, false))]);
    }
    expect(posted).toContain((await heard)[1]);
    script.signal('SIGINT');
    const { code, stderr } = await script.ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { body } = await server.anonymous.get<{ payload: object }[]>('/api/events/scope/ui.login');
    expect(body.map(({ payload }) => payload)).toEqual([{ action: 'improve_ux' }]);
  });

  it('hears every event once and in order though the server is killed twice', async () => {
    const data = join(await tempDir(), 'data');
    let server = await spawnServer(data);
    const { url } = server;
    const script = python([LISTEN], { SYNOD_URL: url });
    await script.line(/^open$/m);
    const posted: string[] = [];
    for (let round = 0; round < 3; round++) {
      if (round > 0) {
        await server.kill();
        server = await spawnServer(data, ['--port', new URL(url).port]);
      }
      // Of these the first are there before the client is back.
      posted.push(...(await several(20, () => post(url))));
      await script.line(new RegExp(`^event ${posted.at(-1)}`, 'm'));
    }
    const { ids, opened } = await stop(script);
    expect(ids).toEqual(posted);
    expect(opened).toBe(3);
  });

  it('hears what it asks for, signals too, with a token', async () => {
    const server = await serve();
    const key = await loadOrCreateKey(server.config.key!);
    const token = await mintToken({ key, subject: 'ada', tier: 'enterprise' });
    const headers = { authorization: `Bearer ${token}` };
    const first = await post(server.url, { type: 'reward' }, headers);
    await post(server.url, { type: 'test' }, headers);
    const before = await post(server.url, { type: 'reward', agent_id: 'before' }, headers);
    const wishes = { scopes: ['ui.*'], types: ['reward'], since: first };
    const script = python([LISTEN], {
      SYNOD_URL: server.url,
      SYNOD_TOKEN: token,
      SYNOD_WISHES: JSON.stringify(wishes),
      SYNOD_SIGNALS: '1',
    });
    await script.line(new RegExp(`^event ${before} before$`, 'm'));
    await post(server.url, { type: 'reward', scope: 'api' }, headers);
    await post(server.url, { type: 'proposal' }, headers);
    const last = await post(server.url, { type: 'reward', payload: { pattern: 'dark', value: 0.5 } }, headers);
    await script.line(/^signal dark 0.9$/m);
    await script.line(new RegExp(`^event ${last}`, 'm'));
    const { ids, signals } = await stop(script);
    expect(ids).toEqual([before, last]);
    expect(signals.map(([pattern]) => pattern)).toEqual(expect.arrayContaining(['dark']));
  });

  it('hears everything in the end when its handler is slow', async () => {
    const server = await serveAnonymous();
    const go = join(await tempDir(), 'go');
    const script = python([LISTEN], { SYNOD_URL: server.url, SYNOD_STALL: go });
    await script.line(/^open$/m);
    // Far beyond what sockets hold.
    const payload = { action: 'improve', text: 'x'.repeat(200_000) };
    const posted = await several(80, () => post(server.url, { payload }));
    writeFileSync(go, '');
    posted.push(await post(server.url));
    await script.line(new RegExp(`^event ${posted.at(-1)}`, 'm'));
    const { ids, lagged } = await stop(script);
    expect(ids).toEqual(posted);
    expect(Math.max(...lagged)).toBeGreaterThan(0);
  });

  it('says so and ends when the server does not let it in', async () => {
    const server = await serve();
    const { code, stderr } = await python([LISTEN], { SYNOD_URL: server.url }).ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/semp_sdk\.errors\.SEMPError: 401 Missing/);
  });
});
