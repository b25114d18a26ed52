/** The Python client (`clients/python`) under the machine's own `python3`: its own tests, then against this server. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadOrCreateKey } from '../../src/auth/keys.ts';
import { mintToken } from '../../src/auth/token.ts';
import { serve, serveAnonymous, type TestServer } from '../support/server.ts';
import { PACKAGE, python, runPython } from './python.ts';

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** Passes everything on, but cuts the first answers off: the server has done what it was asked, and nobody hears of it. */
async function lossyPort(server: TestServer, losses: number): Promise<{ url: string; lost: () => number }> {
  const sockets = new Set<Socket>();
  let lost = 0;
  const proxy = createServer((client) => {
    const upstream = connect(Number(new URL(server.url).port), '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => [client, upstream].map((each) => each.destroy()));
    }
    client.pipe(upstream);
    upstream.on('data', (data) => {
      if (lost === losses) return void client.write(data);
      lost++;
      client.destroy();
    });
  }).listen(0, '127.0.0.1');
  onTestFinished(() => {
    proxy.close();
    for (const socket of sockets) socket.destroy();
  });
  await once(proxy, 'listening');
  return { url: `http://127.0.0.1:${(proxy.address() as { port: number }).port}`, lost: () => lost };
}

describe('the Python client', () => {
  it('passes its own tests', async () => {
    await runPython(['-m', 'unittest', '-q']);
  }, 180_000);

  it('posts, lists and moves signals', async () => {
    const server = await serveAnonymous();
    await runPython([here('rest.py'), '-q'], { SYNOD_URL: server.url });
  });

  it('manages webhooks, and their deliveries can be verified', async () => {
    const server = await serveAnonymous({ webhooks: { allowPrivate: true } });
    await runPython([here('webhooks.py'), '-q'], { SYNOD_URL: server.url });
  });

  it('runs the examples of its README', async () => {
    const server = await serveAnonymous();
    const readme = readFileSync(join(PACKAGE, 'README.md'), 'utf8');
    const [first, second, ...more] = [...readme.matchAll(/```python\n(.*?)```/gs)].map(([, code]) =>
      code!.replace('http://localhost:5000', server.url).replace('SEMPClient()', `SEMPClient('${server.url}')`),
    );
    expect(more).toEqual([]);
    const script = python(['-c', first!]);
    await script.line(/^0\.9$/m);
    expect(await runPython(['-c', second!])).toMatch(/^[0-9a-f-]{36}\n$/);
    script.signal('SIGINT');
    expect((await script.ended).code).toBe(0);
  });

  it('posts and lists with a token, and nothing without', async () => {
    const server = await serve();
    const key = await loadOrCreateKey(server.config.key!);
    const token = await mintToken({ key, subject: 'ada', tier: 'enterprise' });
    await runPython([here('rest.py'), '-q'], { SYNOD_URL: server.url, SYNOD_TOKEN: token });
    const ask = `from semp_sdk import *
with SEMPClient('${server.url}') as client:
    try: client.get_events()
    except SEMPError as error: print(error.status, error.code)`;
    expect(await runPython(['-c', ask])).toBe('401 UNAUTHENTICATED\n');
  });

  it('counts a reward once, though its answer was lost twice', async () => {
    const server = await serveAnonymous();
    const { url, lost } = await lossyPort(server, 2);
    const reward = `from semp_sdk import SEMPClient
with SEMPClient('${url}') as client:
    client.create_event(type='reward', scope='ui', trace_id='t', agent_id='a',
                        payload={'action': 'improve', 'value': 0.1})`;
    await runPython(['-c', reward]);
    expect(lost()).toBe(2);
    const { body: events } = await server.anonymous.get<{ id: string }[]>('/api/events');
    const { body: signals } = await server.anonymous.get<{ strength: number }[]>('/api/signals');
    expect(events).toHaveLength(1);
    // It begins at 0.3; 0.1 · 1.2 comes on top, once.
    expect(signals.map(({ strength }) => strength)).toEqual([expect.closeTo(0.42, 2)]);
  });
});
