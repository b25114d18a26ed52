/** A real embeddings server on the loopback for tests, and a clock that only moves when told to. */
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { expect } from 'vitest';
import { AppError } from '../../actors/errors.ts';
import type { Clock } from '../../actors/ports.ts';
import type { Embedder } from '../../src/embedding/embedder.ts';
import { createOpenAiEmbedder, type OpenAiEmbedderOptions } from '../../src/embedding/openai.ts';

/** One request the peer got. */
export interface Asked {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: { model: string; input: string[]; encoding_format: string; dimensions?: number };
  readonly response: ServerResponse;
}
export type Handler = (asked: Asked) => void;

export const KEY = 'sk-very-secret-key';

/** The server, what it was asked, and embedders that ask it. */
export class Peer {
  readonly clock = manualClock();
  readonly asked: Asked[] = [];
  /** Answers the next request. */
  handler: Handler = answerWell;
  base = '';
  readonly #embedders: Embedder[] = [];
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = JSON.parse(Buffer.concat(chunks).toString());
        const one = { url: request.url ?? '', headers: request.headers, body, response };
        this.asked.push(one);
        this.handler(one);
      });
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.base = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  /** Closes the embedders too; may be called twice. */
  async close(): Promise<void> {
    await Promise.all(this.#embedders.map((embedder) => embedder.close()));
    await this.hangUp();
  }

  /** Only the server goes. */
  async hangUp(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  embedder(options: Partial<OpenAiEmbedderOptions> = {}): Embedder {
    const given = { url: this.base, model: 'm', dimension: 2, apiKey: KEY, clock: this.clock };
    const embedder = createOpenAiEmbedder({ ...given, ...options });
    this.#embedders.push(embedder);
    return embedder;
  }

  /** Fails the next request, then goes on with `next`. */
  failOnce(status: number, headers: Record<string, string> = {}, next: Handler = answerWell): void {
    this.handler = ({ response }) => {
      this.handler = next;
      send(response, {}, status, headers);
    };
  }

  /** Until it has been asked so often. */
  async askedTimes(times: number): Promise<void> {
    while (this.asked.length < times) await turnOfTheLoop();
  }

  /** Until so many requests wait for their second try, this many ms long. */
  async backingOff(times: number, ms = 250): Promise<void> {
    while (this.clock.waiting(ms) < times) await turnOfTheLoop();
  }
}

/** Answers `x,y` with that vector in base64. */
export function answerWell({ body, response }: Asked): void {
  const data = body.input.map((text, index) => {
    return {
      object: 'embedding',
      index,
      embedding: float32(text.includes(',') ? text.split(',').map(Number) : [1, 0]),
    };
  });
  send(response, { object: 'list', data, model: body.model, usage: { prompt_tokens: 1, total_tokens: 1 } });
}

export function send(
  response: ServerResponse,
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

export function float32(numbers: readonly number[]): string {
  const bytes = Buffer.alloc(numbers.length * 4);
  for (const [at, number] of numbers.entries()) bytes.writeFloatLE(number, at * 4);
  return bytes.toString('base64');
}

export function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail('it worked'),
    (error: unknown) => error,
  );
}

export function expectDiscreet(error: unknown): void {
  expect(error).toBeInstanceOf(AppError);
  const all = inspect(error, { depth: 9 });
  expect(all).not.toContain(KEY);
  expect(all).not.toContain('secret text');
}

export function turnOfTheLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}

/** A clock whose time stands still between two `advance`s. */
function manualClock() {
  let time = Date.UTC(2027, 0, 1);
  const timers = new Set<{ ms: number; due: number; fn: () => void }>();
  const clock: Clock = {
    now: () => time,
    monotonic: () => time,
    setTimeout(fn, ms) {
      const timer = { ms, due: time + ms, fn };
      timers.add(timer);
      return { cancel: () => timers.delete(timer) };
    },
  };
  return {
    ...clock,
    /** Timers that were set to so many ms; without an argument all. */
    waiting: (ms?: number) => [...timers].filter((timer) => ms === undefined || timer.ms === ms).length,
    advance(ms: number) {
      time += ms;
      for (const timer of [...timers]) if (timer.due <= time && timers.delete(timer)) timer.fn();
    },
  };
}
