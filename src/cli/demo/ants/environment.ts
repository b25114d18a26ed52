/** What an ant sees of the world: events and signals of a server, over HTTP as any other client. */
import { DemoClient } from '../client.ts';

export interface EventDraft {
  readonly type: 'proposal' | 'ready' | 'reward' | 'penalty';
  readonly scope: string;
  readonly trace_id: string;
  readonly agent_id: string;
  readonly parent_ids: readonly string[];
  readonly payload: Readonly<Record<string, unknown>>;
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

/** Events of one ant that are on their way at the same time. */
const AT_ONCE = 8;

export class HttpEnvironment implements Environment {
  readonly #client: DemoClient;
  #requests = 0;

  constructor(base: string, token?: string) {
    this.#client = new DemoClient(base, token);
  }

  /** Requests so far. */
  get requests(): number {
    return this.#requests;
  }

  async post(drafts: readonly EventDraft[]): Promise<readonly PostedEvent[]> {
    const posted: PostedEvent[] = [];
    let next = 0;
    const sender = async () => {
      while (next < drafts.length) {
        const place = next++;
        this.#requests++;
        posted[place] = await this.#client.post<PostedEvent>('/api/events', drafts[place]);
      }
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, drafts.length) }, sender));
    return posted;
  }

  async signals(scope: string): Promise<readonly Signal[]> {
    this.#requests++;
    const found = await this.#client.get<readonly Signal[]>(`/api/signals?scope=${encodeURIComponent(scope)}`);
    return found.filter((signal) => signal.scope === scope);
  }

  events(scope: string): Promise<readonly PostedEvent[]> {
    this.#requests++;
    return this.#client.get(`/api/events/scope/${encodeURIComponent(scope)}`);
  }
}
