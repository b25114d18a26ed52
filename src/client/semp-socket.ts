/**
 * The connection to `/ws` that comes back.
 *
 * E1  It asks for what came after the last event it handed on. Until the server has taken that in, events of the new
 *     connection are held: they come again with the answer, in their place.
 * E2  A server that knows nothing of subscriptions says nothing to that, on no connection. Then the held ones are all
 *     there is. One that has answered before and does not now is as good as gone.
 * E3  The wait before it connects again is that of the published clients: 1 s, doubling to 30 s, and 1 s again after it
 *     has been open; drawn from its upper half. A server that wants to be left alone for longer is.
 * E4  A server that answers pings and then does not is gone, though the connection may not know it.
 * E5  A server that refuses a connection is asked why. What would be refused again ends it for good, with one error.
 * E6  What it calls never throws: those who listen have somebody between.
 */
import { SynodError } from './error.ts';
import type { Backoff } from './options.ts';
import { failureOf, isUnreachable, networkError, type SocketTrouble } from './semp-refusal.ts';
import type { SempClosed, SempEvent } from './semp-types.ts';
import { findWebSocket, type Socket, type WebSocketConstructor } from './socket.ts';
import { backoffMs } from './wait.ts';

const BACKOFF = { firstMs: 1_000, maxMs: 30_000 };
/** How long a server may take to answer a subscription. */
const ANSWER_MS = 2_000;
const PING_MS = 30_000;
/** A day. Beyond 2^31 ms a timer would run out at once. */
const MAX_WAIT_MS = 86_400_000;
/** RFC 6455, section 7.1.5: there was no close frame. */
const ABNORMAL = 1006;

export interface EventSocketOptions {
  /** Asked before every connection. */
  readonly address: () => Promise<string>;
  /** Sends a request with the same token. @returns what the server has against it; null: nothing, or no answer */
  readonly ask: (signal: AbortSignal) => Promise<SynodError | null>;
  /** Whether the next address may bring another token. */
  readonly tokenChanges: boolean;
  readonly WebSocket: WebSocketConstructor | undefined;
  readonly backoff: Backoff | undefined;
  readonly event: (event: SempEvent) => void;
  readonly open: () => void;
  readonly close: (closed: SempClosed) => void;
  readonly error: (error: SynodError) => void;
  readonly lagged: (dropped: number) => void;
  /** Default 30,000. */
  readonly pingMs?: number;
}

interface Message {
  readonly type?: unknown;
  readonly data?: unknown;
  readonly cursor?: unknown;
  readonly dropped?: unknown;
}

interface CloseFrame {
  readonly code?: unknown;
  readonly reason?: unknown;
}

export class EventSocket {
  readonly #options: EventSocketOptions;
  #socket: Socket | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #beat: ReturnType<typeof setInterval> | undefined;
  #failures = 0;
  #closed = false;
  readonly #closing = new AbortController();
  /** Id of the last event handed on, or where the server said the first connection began. */
  #since: string | number | undefined;
  /** E1; null when events go straight on. */
  #held: SempEvent[] | null = null;
  /** Whether the server knows of subscriptions and pings. */
  #answers = false;
  /** E4: since the last ping. */
  #heard = false;

  constructor(options: EventSocketOptions) {
    this.#options = options;
    void this.#connect();
  }

  close(): void {
    this.#closed = true;
    this.#closing.abort();
    this.#leave()?.close();
  }

  /** Lets go of the present connection, whatever state it is in. */
  #leave(): Socket | null {
    clearTimeout(this.#timer);
    clearInterval(this.#beat);
    const socket = this.#socket;
    this.#socket = null;
    this.#held = null;
    return socket;
  }

  async #connect(): Promise<void> {
    try {
      const WebSocket = this.#options.WebSocket ?? (await findWebSocket());
      const address = await this.#options.address();
      if (this.#closed) return;
      this.#listen(new WebSocket(address));
    } catch (cause) {
      if (this.#closed) return;
      const message = cause instanceof Error ? cause.message : String(cause);
      this.#options.error(new SynodError('NETWORK', message, { status: 0, cause }));
      this.#again();
    }
  }

  #listen(socket: Socket): void {
    this.#socket = socket;
    const current = () => this.#socket === socket;
    let open = false;
    let trouble: SocketTrouble = {};
    socket.onopen = () => {
      open = true;
      if (current()) this.#opened(socket);
    };
    socket.onmessage = ({ data }: { data: unknown }) => current() && this.#take(parse(data));
    // Without it, an error of Node's would be one nobody handles.
    socket.onerror = (event: SocketTrouble) => {
      trouble = event;
      if (open && current()) this.#options.error(networkError(event));
    };
    socket.onclose = (event: CloseFrame) => {
      if (!current()) return;
      if (open) this.#lost(event);
      else void this.#refused(socket, trouble, event);
    };
  }

  /** E5. */
  async #refused(socket: Socket, trouble: SocketTrouble, event: CloseFrame): Promise<void> {
    const { ask, tokenChanges, error: tell } = this.#options;
    const answer = isUnreachable(trouble) ? null : await ask(this.#closing.signal);
    if (this.#socket !== socket) return;
    const { error, lasting } = failureOf(trouble, answer, tokenChanges);
    tell(error);
    // Whoever was told may have closed it.
    if (this.#socket !== socket) return;
    if (lasting) this.#closed = true;
    this.#lost(event, error.retryAfterMs);
  }

  #opened(socket: Socket): void {
    this.#failures = 0;
    if (this.#since !== undefined) {
      this.#held = [];
      this.#timer = setTimeout(() => (this.#answers ? this.#abandon(socket) : this.#release()), ANSWER_MS);
    }
    socket.send(JSON.stringify({ type: 'subscribe', since: this.#since }));
    this.#beat = setInterval(() => this.#ping(socket), this.#options.pingMs ?? PING_MS);
    this.#options.open();
  }

  #take(message: Message): void {
    this.#heard = true;
    if (message.type === 'event') {
      if (!isEvent(message.data)) return;
      const event = message.data;
      if (this.#held) this.#held.push(event);
      else this.#pass(event);
    } else if (message.type === 'subscribed') {
      this.#answers = true;
      clearTimeout(this.#timer);
      this.#held = null;
      if (typeof message.cursor === 'number') this.#since ??= message.cursor;
    } else if (message.type === 'error') {
      // The server does not know the event any more: its data began anew.
      this.#since = undefined;
      this.#release();
    } else if (message.type === 'lagged') {
      this.#options.lagged(Number(message.dropped));
    }
  }

  #pass(event: SempEvent): void {
    this.#options.event(event);
    this.#since = event.id;
  }

  /** E2. */
  #release(): void {
    clearTimeout(this.#timer);
    const held = this.#held ?? [];
    this.#held = null;
    for (const event of held) {
      if (this.#closed) return;
      this.#pass(event);
    }
  }

  #ping(socket: Socket): void {
    if (!this.#answers) return;
    if (this.#heard) {
      this.#heard = false;
      socket.send('{"type":"ping"}');
    } else {
      this.#abandon(socket);
    }
  }

  /** Does not wait for its goodbye, which would not come either. */
  #abandon(socket: Socket): void {
    this.#lost({ reason: 'no sign of life' });
    socket.close();
  }

  #lost({ code, reason }: CloseFrame, leastMs?: number): void {
    this.#leave();
    this.#options.close({
      code: typeof code === 'number' ? code : ABNORMAL,
      reason: typeof reason === 'string' ? reason : '',
      reconnecting: !this.#closed,
    });
    this.#again(leastMs);
  }

  #again(leastMs = 0): void {
    if (this.#closed) return;
    const delayMs = Math.max(backoffMs(this.#options.backoff ?? BACKOFF, ++this.#failures), leastMs);
    this.#timer = setTimeout(() => void this.#connect(), Math.min(delayMs, MAX_WAIT_MS));
  }
}

function isEvent(data: unknown): data is SempEvent {
  return typeof data === 'object' && data !== null && 'id' in data && typeof data.id === 'string';
}

/** @returns an empty message for what is none */
function parse(data: unknown): Message {
  try {
    const value: unknown = JSON.parse(String(data));
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
