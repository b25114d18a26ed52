/** A WebSocket client that remembers what it was told and waits for what it wants to hear. */
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { type ClientOptions, WebSocket } from 'ws';

/** What any message may have. */
export interface Message {
  readonly type: string;
  readonly cursor?: number;
  readonly message?: string;
}

export class Listener<M extends Message> {
  readonly socket: WebSocket;
  /** Everything so far, as it came. */
  readonly heard: M[] = [];
  /** Resolves with the close code. */
  readonly closed: Promise<number>;
  #wake: (() => void)[] = [];

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('message', (data) => {
      this.heard.push(JSON.parse(String(data)) as M);
      for (const wake of this.#wake.splice(0)) wake();
    });
    this.closed = once(socket, 'close').then(([code]) => {
      for (const wake of this.#wake.splice(0)) wake();
      return code as number;
    });
    onTestFinished(() => socket.terminate());
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

  of(type: string): M[] {
    return this.heard.filter((message) => message.type === type);
  }

  /** Waits for messages until something holds. @throws Error when the connection ends first */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      if (this.socket.readyState === WebSocket.CLOSED) {
        throw new Error(`closed after ${JSON.stringify(this.heard.at(-1))?.slice(0, 300)}`);
      }
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }
}

/** What `/stream` says. */
export interface Heard extends Message {
  readonly missed?: number;
  readonly data?: {
    readonly seq: number;
    readonly kind: string;
    readonly id: string;
    readonly type: string;
    readonly state: unknown;
    readonly payload: unknown;
    readonly revision: number;
    readonly hash: string;
  };
}

export class StreamListener extends Listener<Heard> {
  get records(): NonNullable<Heard['data']>[] {
    return this.heard.flatMap(({ data }) => (data ? [data] : []));
  }
}

/** A connection that is not open yet. @param url of the HTTP server */
export function dial(url: string, headers: Readonly<Record<string, string>>, path: string): WebSocket {
  const options: ClientOptions = { headers: { ...headers } };
  return new WebSocket(url.replace('http', 'ws') + path, options);
}

/** @param url of the HTTP server */
export async function connect(
  url: string,
  headers: Readonly<Record<string, string>> = {},
  path = '/stream',
): Promise<StreamListener> {
  const listener = new StreamListener(dial(url, headers, path));
  await once(listener.socket, 'open');
  return listener;
}

/** What a refused upgrade is answered with. */
export function refusal(
  url: string,
  headers: Readonly<Record<string, string>> = {},
  path = '/stream',
): Promise<{ status: number; body: unknown; retryAfter?: string }> {
  return new Promise((resolve, reject) => {
    const socket = dial(url, headers, path);
    socket.on('error', () => {});
    socket.on('open', () => {
      socket.terminate();
      reject(new Error('the upgrade was not refused'));
    });
    socket.on('unexpected-response', (_request, response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      const retryAfter = response.headers['retry-after'];
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          body: JSON.parse(text) as unknown,
          ...(retryAfter === undefined ? {} : { retryAfter }),
        }),
      );
    });
  });
}
