/** A client of `/ws` that remembers what it was told, and a poster beside it. */
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { type ClientOptions, WebSocket } from 'ws';
import type { SempEvent } from '../../src/environment/event.ts';
import type { Signal } from '../../src/environment/signals.ts';
import type { Client } from '../support/client.ts';

export interface SempMessage {
  readonly type: string;
  readonly data?: SempEvent & Signal;
  readonly cursor?: number;
  readonly dropped?: number;
  readonly message?: string;
}

export class SempListener {
  readonly socket: WebSocket;
  /** Everything so far, as it came. */
  readonly heard: SempMessage[] = [];
  /** Resolves with the close code. */
  readonly closed: Promise<number>;
  #wake: (() => void)[] = [];

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('message', (data) => {
      this.heard.push(JSON.parse(String(data)) as SempMessage);
      for (const wake of this.#wake.splice(0)) wake();
    });
    this.closed = once(socket, 'close').then(([code]) => {
      for (const wake of this.#wake.splice(0)) wake();
      return code as number;
    });
    onTestFinished(() => socket.terminate());
  }

  of(type: string): SempMessage[] {
    return this.heard.filter((message) => message.type === type);
  }

  get events(): SempEvent[] {
    return this.of('event').map(({ data }) => data!);
  }

  get ids(): string[] {
    return this.events.map(({ id }) => id);
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message));
  }

  /** Subscribes and waits until that has been confirmed. @returns the cursor */
  async subscribe(wanted: object = {}): Promise<number> {
    const confirmations = this.of('subscribed').length;
    this.send({ type: 'subscribe', ...wanted });
    await this.until(() => this.of('subscribed').length > confirmations);
    return this.of('subscribed').at(-1)!.cursor!;
  }

  /** Everything the server had to say before now has come. */
  async settled(): Promise<void> {
    const before = this.of('pong').length;
    this.send({ type: 'ping' });
    await this.until(() => this.of('pong').length > before);
  }

  /** Waits for messages until something holds. @throws Error when the connection ends first */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      if (this.socket.readyState === WebSocket.CLOSED)
        throw new Error(`closed after ${JSON.stringify(this.heard.at(-1))}`);
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }
}

/** @param url of the HTTP server */
export async function listen(
  url: string,
  headers: Readonly<Record<string, string>> = {},
  path = '/ws',
): Promise<SempListener> {
  const options: ClientOptions = { headers: { ...headers } };
  const listener = new SempListener(new WebSocket(url.replace('http', 'ws') + path, options));
  await once(listener.socket, 'open');
  return listener;
}

const EVENT = { type: 'proposal', scope: 'ui.login', trace_id: 't', agent_id: 'a', payload: { action: 'improve' } };

/** Posts an event. @returns as it was answered */
export function post(client: Client, changes: object = {}): Promise<SempEvent> {
  return client.ok<SempEvent>('POST', '/api/events', { ...EVENT, ...changes });
}
