/**
 * The published SEMP client, over a Synod server or any other that speaks SEMP.
 *
 * A program that has `import { SEMPClient } from '@semp/sdk'` keeps that line: `npm install @semp/sdk@npm:synod` in Node, and
 * an alias of the bundler for a page, `{ '@semp/sdk': 'synod/client' }`.
 */
import { SynodError } from './error.ts';
import type { CallOptions, ClientOptions } from './options.ts';
import { type Route, requestOf } from './route.ts';
import { Listeners, type SempListeners } from './semp-listeners.ts';
import { EventSocket } from './semp-socket.ts';
import type {
  SempEvent,
  SempEventInput,
  SempEventQuery,
  SempSignal,
  SempSignalInput,
  SempSignalQuery,
} from './semp-types.ts';
import { Transport } from './transport.ts';

/** Errors have the published status and message in this dialect; problem details would not. */
const HEADERS = { accept: 'application/json' } as const;

/** How long a server may take to say why it lets no connection in. */
const OBJECTION_MS = 5_000;

/**
 * Posts events, reads events and signals, and hears events as they happen.
 *
 * Every method throws {@link SynodError} for an answer that is no success, and TypeError for arguments that cannot be sent.
 *
 * @example
 * const client = new SEMPClient('http://localhost:5000');
 * client.on('event', (event) => console.log(event.type, event.scope));
 * await client.createEvent({
 *   type: 'proposal', scope: 'ui.login', trace_id: 'trace-001', agent_id: 'my-agent', payload: { action: 'improve_ux' },
 * });
 */
export class SEMPClient {
  readonly #transport: Transport;
  readonly #listeners: Listeners;
  #socket: EventSocket | null = null;

  /**
   * @param url without `/api`; with it is good, too
   * @throws TypeError for what is no URL
   */
  constructor(url = 'http://localhost:5000', options: ClientOptions = {}) {
    this.#transport = new Transport(url.replace(/\/api\/*$/, ''), options);
    this.#listeners = new Listeners(`SEMPClient of ${this.#transport.url}`);
  }

  /** Posts an event; what it does to signals is done when this resolves. */
  createEvent(event: SempEventInput, options?: CallOptions): Promise<SempEvent> {
    return this.#send(
      'createEvent',
      { method: 'POST', path: '/api/events', body: 'fields', mutates: true },
      event,
      options,
    );
  }

  /** The newest events, newest first: 100 unless `limit` says otherwise. */
  getEvents(query: SempEventQuery = {}): Promise<SempEvent[]> {
    return this.#send('getEvents', { method: 'GET', path: '/api/events' }, query);
  }

  /** @returns null when there is none */
  getEvent(id: string): Promise<SempEvent | null> {
    return this.#send<SempEvent>('getEvent', { method: 'GET', path: '/api/events/{id}' }, { id }).catch(nullWhenAbsent);
  }

  /** The events of exactly this scope, newest first. */
  getEventsByScope(scope: string): Promise<SempEvent[]> {
    return this.#send('getEventsByScope', { method: 'GET', path: '/api/events/scope/{scope}' }, { scope });
  }

  /** The events of a workflow, newest first. */
  getEventsByTrace(traceId: string): Promise<SempEvent[]> {
    return this.#send('getEventsByTrace', { method: 'GET', path: '/api/events/trace/{traceId}' }, { traceId });
  }

  /** The signals that live, strongest first. */
  getSignals(query: SempSignalQuery = {}): Promise<SempSignal[]> {
    return this.#send('getSignals', { method: 'GET', path: '/api/signals' }, query);
  }

  /** @returns null when it does not live */
  getSignal(scope: string, pattern: string): Promise<SempSignal | null> {
    const route = { method: 'GET', path: '/api/signals/lookup' } as const;
    return this.#send<SempSignal>('getSignal', route, { scope, pattern }).catch(nullWhenAbsent);
  }

  /** Posts an event of which only the type and the payload have to be given; the server fills in `default` for the rest. */
  signal(signal: SempSignalInput, options?: CallOptions): Promise<SempEvent> {
    return this.#send(
      'signal',
      { method: 'POST', path: '/api/signals', body: 'fields', mutates: true },
      signal,
      options,
    );
  }

  /**
   * Listens. The first listener for events connects; a lost connection comes back by itself, after 1 s, doubling to 30 s,
   * and brings what was posted meanwhile: no event is missed, and none comes twice.
   *
   * What would be refused again, as without a valid token (401, 402, 403, 404), ends it: one `error` with the status and
   * the server's message, then `close` with `reconnecting: false`. The next listener for events tries anew.
   *
   * Every listener is called, whatever the others do: what one throws, or its promise rejects with, goes to the listeners
   * of `error`, and without any to the console, each cause once.
   *
   * @throws TypeError for a name there is not, or what is no function
   */
  on<K extends keyof SempListeners>(name: K, listener: SempListeners[K]): this {
    this.#listeners.add(name, listener);
    if (name === 'event') this.#socket ??= this.#connect();
    return this;
  }

  /**
   * Listens no more. Without a listener for events the connection ends.
   *
   * @throws TypeError for a name there is not
   */
  off<K extends keyof SempListeners>(name: K, listener: SempListeners[K]): this {
    const left = this.#listeners.delete(name, listener);
    if (name === 'event' && left === 0) this.#disconnect();
    return this;
  }

  /** Listens to nothing any more and ends the connection; requests go on working. */
  close(): void {
    this.#listeners.clear();
    this.#disconnect();
  }

  #disconnect(): void {
    this.#socket?.close();
    this.#socket = null;
  }

  #connect(): EventSocket {
    const transport = this.#transport;
    const listeners = this.#listeners;
    return new EventSocket({
      address: async () => {
        const token = await transport.token();
        // A browser cannot set headers on a WebSocket.
        const search = token === undefined ? '' : `?${new URLSearchParams({ token })}`;
        return `${transport.url.replace(/^http/, 'ws')}/ws${search}`;
      },
      ask: (signal) => this.#objection(signal),
      tokenChanges: typeof transport.options.token === 'function',
      WebSocket: transport.options.WebSocket,
      backoff: transport.options.backoff,
      event: (event) => listeners.tell('event', event),
      open: () => listeners.tell('open'),
      close: (closed) => {
        if (!closed.reconnecting) this.#socket = null;
        listeners.tell('close', closed);
      },
      error: (error) => listeners.tell('error', error),
      lagged: (dropped) => listeners.tell('lagged', dropped),
    });
  }

  /** What the server has against requests of this client, by one that costs it little. */
  async #objection(signal: AbortSignal): Promise<SynodError | null> {
    const request = requestOf('getEvents', { method: 'GET', path: '/api/events' }, { limit: 1 });
    const options = { headers: HEADERS, retries: 0, deadlineMs: OBJECTION_MS, signal };
    return this.#transport.send(request, options).then(
      () => null,
      (error: unknown) => (error instanceof SynodError ? error : null),
    );
  }

  async #send<T>(name: string, route: Route, input: object, options: CallOptions = {}): Promise<T> {
    const request = requestOf(name, route, input);
    const headers = { ...HEADERS, ...options.headers };
    return this.#transport.send(request, { ...options, headers }) as Promise<T>;
  }
}

function nullWhenAbsent(error: unknown): null {
  if (error instanceof SynodError && error.status === 404) return null;
  throw error;
}
