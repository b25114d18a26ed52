/** A client of `/ws` that remembers what it was told, and a poster beside it. */
import { once } from 'node:events';
import type { SempEvent } from '../../src/environment/event.ts';
import type { Signal } from '../../src/environment/signals.ts';
import type { Client } from '../support/client.ts';
import { dial, Listener, type Message } from './listener.ts';

export interface SempMessage extends Message {
  readonly data?: SempEvent & Signal;
  readonly dropped?: number;
}

export class SempListener extends Listener<SempMessage> {
  get events(): SempEvent[] {
    return this.of('event').map(({ data }) => data!);
  }

  get ids(): string[] {
    return this.events.map(({ id }) => id);
  }

  /** Everything the server had to say before now has come. */
  async settled(): Promise<void> {
    const before = this.of('pong').length;
    this.send({ type: 'ping' });
    await this.until(() => this.of('pong').length > before);
  }
}

/** @param url of the HTTP server */
export async function listen(
  url: string,
  headers: Readonly<Record<string, string>> = {},
  path = '/ws',
): Promise<SempListener> {
  const listener = new SempListener(dial(url, headers, path));
  await once(listener.socket, 'open');
  return listener;
}

const EVENT = { type: 'proposal', scope: 'ui.login', trace_id: 't', agent_id: 'a', payload: { action: 'improve' } };

/** Posts an event. @returns as it was answered */
export function post(client: Client, changes: object = {}): Promise<SempEvent> {
  return client.ok<SempEvent>('POST', '/api/events', { ...EVENT, ...changes });
}
