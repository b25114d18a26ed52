/** The published TypeScript and WebSocket examples, as they are printed but for the address of the server. */
import { spawn } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { SEMPClient, type SempEvent } from '../../src/client/index.ts';
import { eventually } from '../support/eventually.ts';
import { serveAnonymous } from '../support/server.ts';
import { makeConsumer, tsc } from '../synod/consumer.ts';
import { temporaryDirectory } from '../synod/machines.ts';
import { startWire } from './wire.ts';

const SCRIPT = `
import { SEMPClient } from '@semp/sdk';
const client = new SEMPClient('http://localhost:5000');
// Create event
const event = await client.createEvent({
type: 'proposal',
scope: 'ui.login',
trace_id: 'trace-001',
agent_id: 'my-agent',
payload: {
action: 'improve_ux'
}
});
// Get events
const events = await client.getEvents();
// Filter by scope
const loginEvents = await client.getEventsByScope('ui.login');
// Get signals
const signals = await client.getSignals();
// Listen for real-time events
client.on('event', (event) => {
console.log('New event:', event);
});
`;

const CONNECTION = `
const ws = new WebSocket('ws://localhost:5000/ws');
ws.onopen = () => {
console.log('Connected to SEL/SEMP');
};
ws.onclose = () => {
console.log('Disconnected from SEL/SEMP');
};
ws.onerror = (error) => {
console.error('WebSocket error:', error);
};
ws.onmessage = (event) => {
const message = JSON.parse(event.data);
if (message.type === 'event') {
const sempEvent = message.data;
switch (sempEvent.type) {
case 'proposal':
handleProposal(sempEvent);
break;
case 'reward':
handleReward(sempEvent);
break;
// ... other types
}
}
};
`;

const RECONNECTING = `
class SEMPWebSocket {
constructor(url) {
this.url = url;
this.ws = null;
this.reconnectDelay = 1000;
this.maxReconnectDelay = 30000;
this.connect();
}
connect() {
this.ws = new WebSocket(this.url);
this.ws.onopen = () => {
console.log('Connected');
this.reconnectDelay = 1000;
};
this.ws.onclose = () => {
console.log('Disconnected, reconnecting...');
setTimeout(() => this.connect(), this.reconnectDelay);
this.reconnectDelay = Math.min(
this.reconnectDelay * 2,
this.maxReconnectDelay
);
};
this.ws.onmessage = (event) => {
this.handleMessage(event);
};
}
handleMessage(event) {
// Process message
}
}
const semp = new SEMPWebSocket('ws://localhost:5000/ws');
`;

/** Runs a script of a page, with these names in it. @returns the value of its variable */
function runPage(source: string, url: string, names: Readonly<Record<string, unknown>>, variable: string): unknown {
  const text = `${source.replace('ws://localhost:5000', url.replace('http', 'ws'))}\nreturn ${variable};`;
  return new Function(...Object.keys(names), text)(...Object.values(names));
}

const proposal = { type: 'proposal', scope: 'ui.login', trace_id: 't', agent_id: 'a', payload: {} } as const;

describe('the published examples', () => {
  it('run in TypeScript, under the published name', async () => {
    const { url } = await serveAnonymous();
    const directory = temporaryDirectory();
    await makeConsumer(directory);
    // As `npm install @semp/sdk@npm:synod` lays it out.
    const app = join(directory, 'app');
    mkdirSync(join(app, 'node_modules', '@semp'), { recursive: true });
    symlinkSync(directory, join(app, 'node_modules', '@semp', 'sdk'));
    writeFileSync(join(app, 'package.json'), '{"type":"module"}');
    writeFileSync(join(app, 'script.ts'), SCRIPT.replace('http://localhost:5000', url));
    const options = [
      '--ignoreConfig',
      '--strict',
      '--target',
      'es2022',
      '--module',
      'nodenext',
      '--types',
      'node',
      '--skipLibCheck',
    ];
    expect(await tsc(app, ...options, 'script.ts')).toEqual({ code: 0, output: '' });

    const script = spawn(process.execPath, ['script.js'], { cwd: app, stdio: ['ignore', 'pipe', 'pipe'] });
    onTestFinished(() => void script.kill());
    let output = '';
    for (const stream of [script.stdout, script.stderr])
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    const other = new SEMPClient(url);
    await eventually(async () => expect(await other.getEvents(), output).not.toEqual([]));
    expect(await other.getEvents()).toMatchObject([{ type: 'proposal', agent_id: 'my-agent' }]);
    await vi.waitFor(
      async () => {
        await other.createEvent({ ...proposal, type: 'test' });
        expect(output).toMatch(/^New event: \{[^}]*type: 'test'/);
      },
      { timeout: 30_000, interval: 100 },
    );
  });

  it('run over a WebSocket', async () => {
    const { url } = await serveAnonymous();
    const proposals: SempEvent[] = [];
    const rewards: SempEvent[] = [];
    const said: unknown[] = [];
    const note = (text: unknown) => void said.push(text);
    const names = {
      WebSocket,
      console: { log: note, error: note },
      handleProposal: (event: SempEvent) => proposals.push(event),
      handleReward: (event: SempEvent) => rewards.push(event),
    };
    const ws = runPage(CONNECTION, url, names, 'ws') as WebSocket;
    onTestFinished(() => ws.terminate());
    await eventually(() => expect(said).toEqual(['Connected to SEL/SEMP']));
    const client = new SEMPClient(url);
    const proposed = await client.createEvent(proposal);
    await client.createEvent({ ...proposal, type: 'penalty' });
    const rewarded = await client.createEvent({ ...proposal, type: 'reward', payload: { value: 0.5 } });
    await eventually(() => expect(rewards).toEqual([rewarded]));
    expect(proposals).toEqual([proposed]);
    ws.close();
    await eventually(() => expect(said.at(-1)).toBe('Disconnected from SEL/SEMP'));
  });

  it('come back when they are cut off', async () => {
    const { url } = await serveAnonymous();
    const wire = await startWire(url);
    const said: unknown[] = [];
    const names = { WebSocket, console: { log: (text: unknown) => said.push(text) } };
    const semp = runPage(RECONNECTING, wire.url, names, 'semp') as {
      ws: WebSocket;
      reconnectDelay: number;
      connect: () => void;
      handleMessage: (event: { data: string }) => void;
    };
    const messages: string[] = [];
    semp.handleMessage = ({ data }) => messages.push(data);
    await eventually(() => expect(said).toEqual(['Connected']));
    wire.pull();
    await eventually(() => expect(said).toEqual(['Connected', 'Disconnected, reconnecting...', 'Connected']));
    expect(semp.reconnectDelay).toBe(1_000);
    const event = await new SEMPClient(url).createEvent(proposal);
    await eventually(() => expect(messages.map((text) => JSON.parse(text))).toEqual([{ type: 'event', data: event }]));
    semp.connect = () => {};
    semp.ws.terminate();
  });
});
