/** A client of `GET /v1/stream` that parses as the standard says, and remembers what it heard. */
import { get, type IncomingMessage } from 'node:http';
import { onTestFinished } from 'vitest';

export interface Event {
  /** The last id heard when it came. */
  readonly id: string;
  readonly event: string;
  readonly data: {
    readonly seq: number;
    readonly kind: string;
    readonly id: string;
    readonly type: string;
    readonly cursor?: number;
    readonly missed?: number;
    readonly payload: unknown;
  };
}

export class Reader {
  readonly response: IncomingMessage;
  readonly heard: Event[] = [];
  comments = 0;
  lastId = '';
  ended = false;
  /** Resolves when the connection is over, however it ended. */
  readonly closed: Promise<void>;
  #rest = '';
  #wake: (() => void)[] = [];

  constructor(response: IncomingMessage) {
    this.response = response;
    response.setEncoding('utf8').on('data', (text: string) => this.#take(text));
    response.on('end', () => {
      this.ended = true;
    });
    response.on('error', () => {});
    this.closed = new Promise((resolve) => response.on('close', resolve));
    void this.closed.then(() => this.#tell());
    onTestFinished(() => this.close());
  }

  get records(): Event['data'][] {
    return this.of('message').map(({ data }) => data);
  }

  get sequence(): number[] {
    return this.records.map(({ seq }) => seq);
  }

  of(name: string): Event[] {
    return this.heard.filter(({ event }) => event === name);
  }

  close(): void {
    this.response.destroy();
  }

  /** @throws Error when the connection ends first */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      if (this.response.closed) throw new Error(`closed after ${JSON.stringify(this.heard.at(-1))}`);
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  #tell(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  #take(text: string): void {
    const blocks = (this.#rest + text).split('\n\n');
    this.#rest = blocks.pop()!;
    for (const block of blocks) this.#block(block);
    this.#tell();
  }

  #block(block: string): void {
    let event = 'message';
    let data = '';
    for (const line of block.split('\n')) {
      const [, field, value] = /^(\w*): ?(.*)$/.exec(line) ?? [];
      if (field === '') this.comments++;
      if (field === 'id') this.lastId = value!;
      if (field === 'event') event = value!;
      if (field === 'data') data += value;
    }
    if (data !== '') this.heard.push({ id: this.lastId, event, data: JSON.parse(data) as Event['data'] });
  }
}

/** Sends a request for a stream. @returns the answer's head, whatever it is */
export function request(
  url: string,
  headers: Readonly<Record<string, string>>,
  path = '/v1/stream',
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // A connection of its own, as a browser gives each stream one.
    const sent = get(url + path, { headers, agent: false }, resolve);
    sent.on('error', reject);
    onTestFinished(() => void sent.destroy());
  });
}

/** Opens a stream and waits for its first event. */
export async function open(
  url: string,
  headers: Readonly<Record<string, string>>,
  path = '/v1/stream',
): Promise<Reader> {
  const response = await request(url, headers, path);
  if (response.statusCode !== 200) throw new Error(`answered ${response.statusCode}`);
  const reader = new Reader(response);
  await reader.until(() => reader.of('subscribed').length === 1);
  return reader;
}
