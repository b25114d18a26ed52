/** The WebSocket examples of the published interface, word for word, against this server. */
import { readFileSync } from 'node:fs';
import { createContext, runInContext } from 'node:vm';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { eventually } from '../support/eventually.ts';
import { serveAnonymous } from '../support/server.ts';
import { post } from './semp-listener.ts';

const example = (name: string) => readFileSync(new URL(`./fixtures/seed-003-${name}.txt`, import.meta.url), 'utf8');

/** Runs examples as a page would that finds this server where they look for it. */
function page(url: string, globals: object = {}) {
  const opened: WebSocket[] = [];
  class Socket extends WebSocket {
    constructor(address: string) {
      super(address.replace('http', 'ws').replace('ws://localhost:5000', url.replace('http', 'ws')));
      opened.push(this);
      // Without a listener of the page an error would be one of this process.
      this.on('error', () => {});
    }
  }
  const logged: string[] = [];
  const console = { log: (line: string) => logged.push(line), error: () => logged.push('error') };
  const context = createContext({ WebSocket: Socket, console, ...globals });
  onTestFinished(() => opened.forEach((socket) => void socket.terminate()));
  return { logged, opened, run: (code: string): unknown => runInContext(code, context) };
}

describe('the examples of seed 003', () => {
  it('connect, say so, and say when it ended', async () => {
    const server = await serveAnonymous();
    const { logged, run } = page(server.url);
    run(example('connect'));
    await eventually(() => expect(logged).toEqual(['Connected to SEL/SEMP']));
    await server.close();
    await eventually(() => expect(logged).toEqual(['Connected to SEL/SEMP', 'Disconnected from SEL/SEMP']));
  });

  it('hand events to the handler of their type', async () => {
    const server = await serveAnonymous();
    const handled: [string, unknown][] = [];
    const { logged, run } = page(server.url, {
      handleProposal: (event: unknown) => handled.push(['proposal', event]),
      handleReward: (event: unknown) => handled.push(['reward', event]),
    });
    run(example('connect') + example('messages'));
    await eventually(() => expect(logged).toHaveLength(1));
    const proposal = await post(server.anonymous);
    await post(server.anonymous, { type: 'test' });
    const reward = await post(server.anonymous, { type: 'reward', payload: { value: 0.5 } });
    await eventually(() => expect(handled).toHaveLength(2));
    expect(handled).toEqual([
      ['proposal', proposal],
      ['reward', reward],
    ]);
  });

  it('connect again after the server was gone, later and later, and then hear again', async () => {
    const server = await serveAnonymous();
    const delays: number[] = [];
    const heard: unknown[] = [];
    const waiting: (() => void)[] = [];
    const { logged, opened, run } = page(server.url, {
      heard,
      setTimeout: (again: () => void, ms: number) => {
        delays.push(ms);
        waiting.push(again);
      },
    });
    run(`${example('reconnect')}semp.handleMessage = (event) => heard.push(JSON.parse(event.data));`);
    await eventually(() => expect(logged).toEqual(['Connected']));
    await server.close();
    for (let attempt = 1; attempt <= 3; attempt++) {
      await eventually(() => expect(delays).toHaveLength(attempt));
      if (attempt < 3) waiting.shift()!();
    }
    expect(delays).toEqual([1_000, 2_000, 4_000]);
    const again = await serveAnonymous({ port: Number(new URL(server.url).port) });
    waiting.shift()!();
    await eventually(() => expect(logged.at(-1)).toBe('Connected'));
    const event = await post(again.anonymous);
    await eventually(() => expect(heard).toEqual([{ type: 'event', data: event }]));
    expect(opened).toHaveLength(4);
  });
});
