/** What an ant sees of the world: events and signals of a server, through the client any application has. */
import { AppError } from '../../../../actors/errors.ts';
import { type Client, createClient, SynodError } from '../../../client/index.ts';
import { inWords } from '../client.ts';

export interface EventDraft {
  readonly type: 'proposal' | 'ready' | 'test' | 'reward' | 'penalty';
  readonly scope: string;
  readonly trace_id: string;
  readonly agent_id: string;
  readonly parent_ids: string[];
  readonly payload: Record<string, unknown>;
}

export interface PostedEvent extends EventDraft {
  readonly id: string;
}

export interface Signal {
  readonly scope: string;
  readonly pattern: string;
  /** As of the answer, [0.01, 1]. */
  readonly strength: number;
}

/** All an ant has to do with others. */
export interface Environment {
  /** @returns the events as they were recorded, in the order given */
  post(drafts: readonly EventDraft[]): Promise<readonly PostedEvent[]>;
  /** Those alive in a scope. */
  signals(scope: string): Promise<readonly Signal[]>;
  /** Those of a scope, newest first. */
  events(scope: string): Promise<readonly PostedEvent[]>;
}

/** @throws AppError UNAVAILABLE or UNAUTHENTICATED, in words for whoever typed the command */
export class RemoteEnvironment implements Environment {
  readonly #client: Client;
  #requests = 0;

  constructor(server: string, token?: string) {
    this.#client = createClient(server, token === undefined ? {} : { token });
  }

  /** Calls so far; one that had to be repeated counts once. */
  get requests(): number {
    return this.#requests;
  }

  /** In one request, which may record them in any order: those of one call are about different signals. */
  async post(drafts: readonly EventDraft[]): Promise<readonly PostedEvent[]> {
    if (drafts.length === 0) return [];
    const { results } = await this.#ask(() => this.#client.events.batch({ events: [...drafts], ordered: false }));
    return results.map(({ status, event, message }) => {
      if (event !== undefined) return event;
      throw new AppError('UNAVAILABLE', `${this.#client.url} refused an event with ${status}: ${message}`);
    });
  }

  signals(scope: string): Promise<readonly Signal[]> {
    return this.#ask(() => this.#client.signals.list({ scope }));
  }

  events(scope: string): Promise<readonly PostedEvent[]> {
    return this.#ask(() => this.#client.events.scope({ scope }));
  }

  async #ask<T>(call: () => Promise<T>): Promise<T> {
    this.#requests++;
    try {
      return await call();
    } catch (error) {
      throw error instanceof SynodError ? inWords(error, this.#client.url) : error;
    }
  }
}
